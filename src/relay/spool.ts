/** Takes in what users of this host have left in the spool, each message once. */
import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { buildNotification } from '../mail/dsn.ts';
import type { Intake, Refusal } from '../protocols/smtp/server/state.ts';
import type { QueueStore, Receipt } from '../store/queue-store.ts';
import { atTheSocket, type Submitter } from './arrival.ts';
import { newId } from './intake.ts';
import type { Relay } from './relay.ts';
import type { World } from './settings.ts';
import { largestSpoolFile, readSpoolFile, relayEnvelope, type SpoolEnvelope } from './spool-file.ts';
import type { SpoolFolder } from './spool-folder.ts';

export interface SpoolParts {
  readonly folder: SpoolFolder;
  readonly store: Pick<QueueStore, 'receipt'>;
  readonly relay: Pick<Relay, 'submit'>;
  readonly world: World;
  /** What holds at the moment. */
  readonly terms: () => {
    readonly hostname: string;
    readonly maxMessageBytes: number;
    readonly maxRecipients: number;
  };
  readonly onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void;
  readonly onError: (what: string, error: unknown) => void;
}

export interface Spool {
  /** Tells those who drop messages what holds by now. */
  tell(): Promise<void>;
  /** Ends once what is being taken in is safe. */
  close(): Promise<void>;
}

/** Where nothing tells of new files they are found so late. */
const LOOK_EVERY_MS = 5_000;
/** One that could not be taken is tried again so late. */
const RETRY_MS = 30_000;
/** Messages of one look; those that could not be taken come on top of it. */
const AT_ONCE = 1_000;
const MOST_NAMES = 20_000;
/** So many are taken in side by side, so that they share commits; big ones one by one. */
const LANES = 8;
const SMALL_BYTES = 1_048_576;
/** So many strange files are worth a word. */
const MANY = 1_000;

/** Begins with what is there already. */
export async function startSpool(parts: SpoolParts): Promise<Spool> {
  const { folder, world, terms, onOddity, onError } = parts;
  const tell = (): Promise<void> => folder.tell(terms());
  await tell();
  /** When the next try is due of those that could not be taken. */
  let later = new Map<string, number>();
  let working: Promise<void> | undefined;
  let again = false;
  let closed = false;
  let toldOfMany = false;

  const takeAll = async (names: readonly string[], most: number): Promise<readonly string[]> => {
    const big: string[] = [];
    const rest = names.values();
    const lane = async (): Promise<void> => {
      for (const name of rest) {
        if (closed) return;
        const outcome = await takeIn(name, most, parts).catch((error: unknown) => {
          onError(`taking in ${name} of the spool`, error);
          return 'later' as const;
        });
        if (outcome === 'big') big.push(name);
        if (outcome === 'later') later.set(name, world.now() + RETRY_MS);
        else later.delete(name);
      }
    };
    await Promise.all(Array.from({ length: most > SMALL_BYTES ? 1 : LANES }, lane));
    return big;
  };
  /** @returns whether there may be more. */
  const look = async (): Promise<boolean> => {
    const now = world.now();
    const { names, others } = await folder.list(Math.min(AT_ONCE + later.size, MOST_NAMES), now);
    if (others > MANY && !toldOfMany)
      onOddity('the spool holds many files that are no mail', { folder: folder.drop, files: others });
    toldOfMany = others > MANY;
    const there = new Set(names);
    later = new Map([...later].filter(([name]) => there.has(name)));
    const due = names.filter((name) => (later.get(name) ?? 0) <= now);
    const big = await takeAll(due, SMALL_BYTES);
    await takeAll(big, largestSpoolFile(terms().maxMessageBytes));
    return due.length >= AT_ONCE;
  };
  const work = async (): Promise<void> => {
    while (again && !closed) {
      again = false;
      again = (await look()) || again;
    }
  };
  const wake = (): void => {
    again = true;
    if (closed || working !== undefined) return;
    working = work()
      .catch((error: unknown) => onError('looking into the spool', error))
      .finally(() => {
        working = undefined;
      });
  };
  const watcher = watchDrop(folder.drop, wake, parts);
  const timer = setInterval(wake, LOOK_EVERY_MS);
  wake();
  return {
    tell,
    async close() {
      closed = true;
      clearInterval(timer);
      watcher?.close();
      await working;
    },
  };
}

/** undefined: nothing tells of new files, and the timer has to find them. */
function watchDrop(drop: string, wake: () => void, { onError }: SpoolParts): FSWatcher | undefined {
  try {
    const watcher = watch(drop, { persistent: false }, wake);
    watcher.on('error', (error) => onError('watching the spool', error));
    return watcher;
  } catch (error) {
    onError('watching the spool; mail in it is found by looking every few seconds', error);
    return undefined;
  }
}

/** @param most octets of the file. */
async function takeIn(name: string, most: number, parts: SpoolParts): Promise<'done' | 'later' | 'big'> {
  const { folder, store, relay, world, terms, onOddity } = parts;
  const file = await folder.read(name, most);
  if (file.kind === 'gone') return 'done';
  if (file.kind === 'big' && most === SMALL_BYTES) return 'big';
  if (file.kind !== 'file') {
    const because = file.kind === 'big' ? `it has ${file.octets} octets` : file.because;
    return aside(name, file.owner, because, parts);
  }
  const message = readSpoolFile(file.bytes);
  if (message.kind === 'invalid') return aside(name, file.owner, message.because, parts);
  const { envelope, content } = message.value;
  const receipt = receiptOf(name, file.owner, file.bytes);
  // We were ended between keeping it and taking it away.
  const kept = await store.receipt({ ...receipt, now: world.now() });
  if (kept?.digest !== receipt.digest) {
    const { hostname, maxRecipients } = terms();
    const taken =
      envelope.recipients.length > maxRecipients
        ? tooMany(maxRecipients)
        : await relay.submit(relayEnvelope(envelope, hostname), content, submitterOf(file.owner, receipt));
    if (taken.kind === 'refused') {
      onOddity(`mail in the spool was not taken: ${taken.text}`, { file: name, uid: file.owner });
      if (taken.code < 500 || !(await giveBack(envelope, content, { name, taken, uid: file.owner }, parts)))
        return 'later';
    }
  }
  await folder.remove(name);
  return 'done';
}

async function aside(
  name: string,
  uid: number | undefined,
  because: string,
  { folder, onOddity }: SpoolParts,
): Promise<'done'> {
  await folder.putAside(name);
  onOddity(`a file in the spool is no mail and was put aside: ${because}`, { file: name, uid });
  return 'done';
}

function tooMany(most: number): Extract<Intake, { kind: 'refused' }> {
  return {
    kind: 'refused',
    code: 554,
    enhanced: '5.5.3',
    text: `the message has more than ${most} recipients`,
  };
}

/** Of what is dropped under one name, and by whom: names are random, so nobody drops two. */
function receiptOf(name: string, owner: number, bytes: Uint8Array): Receipt {
  return {
    account: `user id ${owner}`,
    key: name,
    digest: createHash('sha256').update(bytes).digest('hex'),
  };
}

function submitterOf(uid: number, receipt: Receipt | null): Submitter {
  return { ...atTheSocket, uid, said: { terms: { tls: null, tellOutcome: false, trace: null }, receipt } };
}

/** Tells the sender that we will not take it. @returns false where even that cannot be kept for now. */
async function giveBack(
  { sender, wishes, recipients }: SpoolEnvelope,
  content: Uint8Array,
  { name, taken, uid }: { readonly name: string; readonly taken: Refusal; readonly uid: number },
  { relay, world, terms, onOddity }: SpoolParts,
): Promise<boolean> {
  const { hostname } = terms();
  const told = recipients.filter(({ wishes: { notify } }) => notify === null || notify.includes('failure'));
  // From the null sender comes what nobody is told of (RFC 5321 §6.1).
  if (sender === null || told.length === 0) {
    onOddity('mail in the spool that was not taken is gone, as nobody wants to hear of it', {
      file: name,
      uid,
    });
    return true;
  }
  const now = world.now();
  const id = newId(now);
  const notification = buildNotification(
    {
      kind: 'failed',
      hostname,
      to: sender.text,
      id: name,
      envelopeId: wishes.envelopeId,
      arrivedAt: now,
      now,
      retryUntil: null,
      nextReports: false,
      recipients: told.map(({ mailbox }) => ({
        address: mailbox.text,
        originalRecipient: null,
        status: taken.enhanced,
        because: `the relay on this host did not take the message: ${taken.text}`,
        remote: null,
        reply: null,
        travel: null,
        tls: null,
        lastAttemptAt: now,
        nextAttemptAt: null,
      })),
      original: { kind: 'headers', message: content, whyNotAll: null },
    },
    id + newId(now),
  );
  const envelope = relayEnvelope(
    {
      sender: null,
      wishes: { ret: null, envelopeId: null },
      recipients: [{ mailbox: sender, wishes: { notify: [], originalRecipient: null } }],
    },
    hostname,
  );
  return (await relay.submit(envelope, notification, submitterOf(uid, null))).kind === 'kept';
}
