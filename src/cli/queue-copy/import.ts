/** Takes the messages of an export into a queue, each once. */
import { existsSync } from 'node:fs';
import { copyFile, opendir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DataFolder, flushFile, flushFolder } from '../../store/data-folder.ts';
import type { NewBody, QueueStore } from '../../store/queue-store.ts';
import { messageOf } from '../usage.ts';
import { type ExportedMessage, readEnvelopeLines } from './envelope-file.ts';

export interface Imported {
  readonly taken: number;
  /** Of these it is noted, or seen in the queue, that they were taken before. */
  readonly before: number;
  /** By file, why it could not be taken. */
  readonly failures: readonly { readonly file: string; readonly because: string }[];
}

const SUFFIX = '.ndjson';
const MAX_ENVELOPE_BYTES = 64 * 1024 * 1024;
/** Larger content is taken as a file. */
const INLINE_BYTES = 131_072;

/** @param now milliseconds since 1970. */
export async function importQueue(
  from: string,
  store: QueueStore,
  folder: Pick<DataFolder, 'incoming'>,
  now: () => number,
): Promise<Imported> {
  const failures: Imported['failures'][number][] = [];
  let taken = 0;
  let before = 0;
  for await (const { name } of await opendir(from)) {
    if (!name.endsWith(SUFFIX)) continue;
    const path = join(from, name.slice(0, -SUFFIX.length));
    try {
      if (await takeIn(path, store, folder, now)) taken += 1;
      else before += 1;
    } catch (error) {
      failures.push({ file: name, because: messageOf(error) });
    }
  }
  if (taken > 0) flushFolder(from);
  return { taken, before, failures };
}

/** @param path without its suffixes. @returns whether it is new. */
async function takeIn(
  path: string,
  store: QueueStore,
  folder: Pick<DataFolder, 'incoming'>,
  now: () => number,
): Promise<boolean> {
  const note = `${path}.imported`;
  if (existsSync(note)) return false;
  const { held, ...message } = await readEnvelope(path);
  const isNew = (await store.show(message.id)) === undefined;
  if (isNew) await store.accept({ ...message, body: await bodyOf(path, message, folder) });
  // No relay works on this queue, so nothing is delivered in between.
  if (held) await store.nudge({ what: 'hold', now: now(), of: { id: message.id } });
  await writeFile(note, '', { flush: true });
  return isNew;
}

async function readEnvelope(path: string): Promise<ExportedMessage> {
  const file = `${path}${SUFFIX}`;
  if ((await stat(file)).size > MAX_ENVELOPE_BYTES)
    throw new Error(`it has more than ${MAX_ENVELOPE_BYTES} octets`);
  const read = readEnvelopeLines(await readFile(file, 'utf8'));
  if (read.kind === 'invalid') throw new Error(read.because);
  if (!path.endsWith(`/${read.value.id}`)) throw new Error(`it is that of message ${read.value.id}`);
  return read.value;
}

async function bodyOf(
  path: string,
  { id, properties: { size } }: Pick<ExportedMessage, 'id' | 'properties'>,
  { incoming }: Pick<DataFolder, 'incoming'>,
): Promise<NewBody> {
  const content = `${path}.eml`;
  const found = (await stat(content)).size;
  if (found !== size) throw new Error(`its content has ${found} octets, the envelope says ${size}`);
  if (size <= INLINE_BYTES) return { kind: 'bytes', bytes: await readFile(content) };
  const copy = join(incoming, id);
  await copyFile(content, copy);
  flushFile(copy);
  return { kind: 'file', path: copy };
}
