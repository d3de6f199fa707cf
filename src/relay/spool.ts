/** Takes in what users of this host have left in the spool, each message once. */
import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { buildNotification } from '../mail/dsn.ts';
import type { Refusal } from '../protocols/smtp/server/state.ts';
import type { QueueStore, Receipt } from '../store/queue-store.ts';
import { atTheSocket, type Submitter } from './arrival.ts';
import { newId } from './intake.ts';
import type { Relay } from './relay.ts';
import type { World } from './settings.ts';
import {
  largestSpoolFile,
  readSpoolFile,
  relayEnvelope,
  type SpoolEnvelope,
  type SpoolMessage,
} from './spool-file.ts';
import type { SpoolFolder } from './spool-folder.ts';

export interface SpoolParts {
  readonly folder: SpoolFolder;
  readonly store: Pick<QueueStore, 'receipt'>;
  readonly relay: Pick<Relay, 'submit' | 'refusedOf'>;
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
  const { folder } = parts;
  const file = await folder.read(name, most);
  if (file.kind === 'gone') return 'done';
  if (file.kind === 'big' && most === SMALL_BYTES) return 'big';
  if (file.kind !== 'file') {
    const because = file.kind === 'big' ? `it has ${file.octets} octets` : file.because;
    return aside(name, file.owner, because, parts);
  }
  const message = readSpoolFile(file.bytes);
  if (message.kind === 'invalid') return aside(name, file.owner, message.because, parts);
  const receipt = receiptOf(name, file.owner, file.bytes);
  const outcome = await handOver(message.value, { name, uid: file.owner, receipt }, parts);
  if (outcome === 'later') return 'later';
  await (outcome === 'untold' ? folder.putAside(name) : folder.remove(name));
  return 'done';
}

/** Where a message comes from. */
interface Dropped {
  readonly name: string;
  readonly uid: number;
  readonly receipt: Receipt;
}

/** One that is not told of to anybody who should hear of it is `untold`. */
type HandedIn = 'done' | 'later' | 'untold';

/** Each step is taken once, also where we are ended in between. */
async function handOver(
  { envelope, content }: SpoolMessage,
  dropped: Dropped,
  parts: SpoolParts,
): Promise<HandedIn> {
  const { relay, terms } = parts;
  const { recipients } = envelope;
  if (await wasKept(dropped.receipt, parts)) return 'done';
  const { hostname, maxRecipients } = terms();
  if (recipients.length > maxRecipients) {
    const because = `the message has more than ${maxRecipients} recipients`;
    const refusal = { code: 554, enhanced: '5.5.3', text: because };
    return refuse(envelope, content, allRefused(envelope, refusal), dropped, parts);
  }
  const submitter = submitterOf(dropped.uid, dropped.receipt);
  const unknown = await relay.refusedOf(envelope, submitter);
  const refused = recipients.flatMap((recipient): readonly RefusedOne[] => {
    const own = unknown.find(({ mailbox }) => mailbox === recipient.mailbox);
    return own === undefined ? [] : [{ recipient, refusal: own.refusal }];
  });
  const told = refused.length === 0 ? 'done' : await refuse(envelope, content, refused, dropped, parts);
  const rest = recipients.filter((one) => !refused.some(({ recipient }) => recipient === one));
  if (told === 'later' || rest.length === 0) return told;
  const wanted = { ...envelope, recipients: rest };
  const taken = await relay.submit(relayEnvelope(wanted, hostname), content, submitter);
  if (taken.kind === 'kept') return told;
  const last = await refuse(wanted, content, allRefused(wanted, taken), dropped, parts);
  return last === 'done' ? told : last;
}

async function wasKept(receipt: Receipt, { store, world }: SpoolParts): Promise<boolean> {
  const kept = await store.receipt({ ...receipt, now: world.now() });
  return kept?.digest === receipt.digest;
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

interface RefusedOne {
  readonly recipient: SpoolEnvelope['recipients'][number];
  readonly refusal: Refusal;
}

function allRefused({ recipients }: SpoolEnvelope, refusal: Refusal): readonly RefusedOne[] {
  return recipients.map((recipient) => ({ recipient, refusal }));
}

/** Of what is dropped under one name, and by whom: names are random, so nobody drops two. */
function receiptOf(name: string, owner: number, bytes: Uint8Array): Receipt {
  return {
    account: `user id ${owner}`,
    key: name,
    digest: createHash('sha256').update(bytes).digest('hex'),
  };
}

function submitterOf(uid: number, receipt: Receipt): Submitter {
  return { ...atTheSocket, uid, said: { terms: { tls: null, tellOutcome: false, trace: null }, receipt } };
}

/** @param refused at least one. */
async function refuse(
  envelope: SpoolEnvelope,
  content: Uint8Array,
  refused: readonly RefusedOne[],
  dropped: Dropped,
  parts: SpoolParts,
): Promise<HandedIn> {
  const { name, uid } = dropped;
  const texts = new Set(refused.map(({ refusal }) => refusal.text));
  for (const text of texts) parts.onOddity(`mail in the spool was not taken: ${text}`, { file: name, uid });
  if (refused.some(({ refusal }) => refusal.code < 500)) return 'later';
  return giveBack(envelope, content, refused, dropped, parts);
}

/** Tells the sender that we will not take it. */
async function giveBack(
  { sender, wishes }: SpoolEnvelope,
  content: Uint8Array,
  refused: readonly RefusedOne[],
  { name, uid, receipt }: Dropped,
  parts: SpoolParts,
): Promise<HandedIn> {
  const { relay, world, terms, onOddity } = parts;
  const { hostname } = terms();
  const told = refused.filter(({ recipient: { wishes: own } }) => {
    return own.notify === null || own.notify.includes('failure');
  });
  // From the null sender comes what nobody is told of (RFC 5321 §6.1).
  if (sender === null || told.length === 0) {
    onOddity('mail in the spool that was not taken is gone, as nobody wants to hear of it', {
      file: name,
      uid,
    });
    return 'done';
  }
  // Once for those who do not exist, and once for the rest, should they be refused.
  const own = { ...receipt, key: `${name} refused ${told[0]?.recipient.mailbox.text ?? ''}` };
  if (await wasKept(own, parts)) return 'done';
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
      recipients: told.map(({ recipient: { mailbox }, refusal }) => ({
        address: mailbox.text,
        originalRecipient: null,
        status: refusal.enhanced,
        because: `the relay on this host did not take the message: ${refusal.text}`,
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
  const answer = await relay.submit(envelope, notification, submitterOf(uid, own));
  if (answer.kind === 'kept') return 'done';
  if (answer.code < 500) return 'later';
  onOddity(
    `mail in the spool was put aside, as its sender cannot be told that it was not taken: ${answer.text}`,
    {
      file: name,
      uid,
    },
  );
  return 'untold';
}
