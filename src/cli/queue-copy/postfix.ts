/** Takes what waits in the queue of a Postfix on this host; reads by its own programs, and changes nothing there. */
import { execFile } from 'node:child_process';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { octetFacts } from '../../mail/encodings.ts';
import { countHops } from '../../mail/headers.ts';
import { withCrlf } from '../../mail/line-endings.ts';
import { isAscii } from '../../names/domain.ts';
import { noTerms } from '../../names/message-terms.ts';
import { type DataFolder, flushFile } from '../../store/data-folder.ts';
import type { NewBody, NewMessage, QueueStore } from '../../store/queue-store.ts';
import { messageOf } from '../usage.ts';
import { type PostfixEnvelope, readPostcatEnvelope } from './postcat.ts';

/** How a program of Postfix ended. */
interface Ended {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs `postfix`, `postqueue` or `postcat`. */
export type RunPostfix = (command: string, args: readonly string[]) => Promise<Ended>;

export interface PostfixImported {
  /** Ids of Postfix's that are in our queue now, those from before among them: they may go there. */
  readonly ids: readonly string[];
  readonly taken: number;
  readonly before: number;
  /** By Postfix's id, why it could not be taken. */
  readonly failures: readonly { readonly id: string; readonly because: string }[];
}

/** In the data folder: what was taken, by our id, which has the time of arrival in it: Postfix uses its ids again. */
const NOTE = 'imported-postfix.txt';
const INLINE_BYTES = 131_072;
const MOST_OUTPUT = 2 ** 31 - 1;

const listed = z.looseObject({
  queue_name: z.string(),
  queue_id: z.string().regex(/^[A-Za-z0-9]{4,40}$/),
});

/** Runs them by the host's PATH. @param config Postfix's configuration directory. */
export function postfixOf(config: string, env: NodeJS.ProcessEnv): RunPostfix {
  return (command, args) =>
    new Promise((resolve) => {
      const options = { encoding: 'buffer', maxBuffer: MOST_OUTPUT, env: { ...env, TZ: 'UTC' } } as const;
      execFile(command, ['-c', config, ...args], options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 127;
        resolve({ code, stdout, stderr: stderr.length > 0 ? stderr.toString() : (error?.message ?? '') });
      });
    });
}

/**
 * @param now milliseconds since 1970.
 * @throws Error where Postfix runs, as it would deliver the same mail, or its queue cannot be listed.
 */
export async function importFromPostfix(
  run: RunPostfix,
  store: QueueStore,
  folder: Pick<DataFolder, 'path' | 'incoming'>,
  now: () => number,
): Promise<PostfixImported> {
  if ((await run('postfix', ['status'])).code === 0)
    throw new Error('Postfix runs, and would deliver the same mail: stop it first (postfix stop)');
  const queue = await run('postqueue', ['-j']);
  if (queue.code !== 0) throw new Error(`postqueue -j: ${queue.stderr.trim()}`);
  const note = join(folder.path, NOTE);
  const known = await takenBefore(note);
  const ids: string[] = [];
  const failures: PostfixImported['failures'][number][] = [];
  let taken = 0;
  for (const line of queue.stdout.toString().split('\n')) {
    if (line === '') continue;
    const { queue_name: queueName, queue_id: queueId } = listed.parse(JSON.parse(line));
    try {
      const envelope = await envelopeOf(queueId, run);
      if (envelope.recipients.length > 0) {
        const id = `pf-${queueId}-${envelope.receivedAt.toString(36)}`;
        const isNew = !known.has(id) && (await store.show(id)) === undefined;
        if (isNew) await store.accept(await messageOfPostfix(id, queueId, envelope, run, folder));
        // No relay works on this queue, so nothing is delivered in between.
        if (!known.has(id) && queueName === 'hold')
          await store.nudge({ what: 'hold', now: now(), of: { id } });
        if (!known.has(id)) await appendFile(note, `${id}\n`, { flush: true, mode: 0o600 });
        if (isNew) taken += 1;
        ids.push(queueId);
      }
    } catch (error) {
      failures.push({ id: queueId, because: messageOf(error) });
    }
  }
  return { ids, taken, before: ids.length - taken, failures };
}

async function envelopeOf(queueId: string, run: RunPostfix): Promise<PostfixEnvelope> {
  const shown = await run('postcat', ['-e', '-q', queueId]);
  if (shown.code !== 0) throw new Error(`postcat: ${shown.stderr.trim()}`);
  const envelope = readPostcatEnvelope(shown.stdout.toString());
  if (envelope.kind === 'invalid') throw new Error(envelope.because);
  return envelope.value;
}

async function messageOfPostfix(
  id: string,
  queueId: string,
  { receivedAt, sender, wishes, recipients }: PostfixEnvelope,
  run: RunPostfix,
  folder: Pick<DataFolder, 'incoming'>,
): Promise<NewMessage> {
  const shown = await run('postcat', ['-b', '-h', '-q', queueId]);
  if (shown.code !== 0) throw new Error(`postcat: ${shown.stderr.trim()}`);
  const content = withCrlf(shown.stdout);
  if (content.length === 0) throw new Error('postcat shows no content');
  const addresses = [sender?.text ?? '', ...recipients.map(({ address }) => address)];
  return {
    id,
    receivedAt,
    sender: sender?.text ?? '',
    wishes,
    terms: noTerms,
    recipients,
    body: await bodyOf(id, content, folder),
    properties: {
      ...octetFacts(content),
      size: content.length,
      hops: countHops(content),
      needsUtf8: !addresses.every(isAscii),
    },
    events: [],
  };
}

async function bodyOf(
  id: string,
  content: Buffer,
  { incoming }: Pick<DataFolder, 'incoming'>,
): Promise<NewBody> {
  if (content.length <= INLINE_BYTES) return { kind: 'bytes', bytes: content };
  const path = join(incoming, id);
  await writeFile(path, content, { mode: 0o600 });
  flushFile(path);
  return { kind: 'file', path };
}

/** @throws where there is a note that cannot be read: what it names would be taken twice. */
async function takenBefore(note: string): Promise<Set<string>> {
  try {
    return new Set((await readFile(note, 'utf8')).split('\n'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Set();
    throw error;
  }
}
