/** Writes each open message of a queue as files that people and other programs can read. */
import { appendFile, copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { flushFile, flushFolder } from '../../store/data-folder.ts';
import type { Claim, QueueStore } from '../../store/queue-store.ts';
import { formatMessageLine, formatRecipientLine } from './envelope-file.ts';

export interface Exported {
  readonly messages: number;
  readonly recipients: number;
}

const PRIVATE = 0o600;
const AT_ONCE = 50;
const LISTED_AT_ONCE = 200;
/** Everything is due by then. */
const FAR = Date.UTC(9000, 0);

/**
 * Empties the queue into the folder: only a claim says all that is known of a message, so this is for a copy.
 *
 * @param copy nobody else has it. @param to an empty folder.
 */
export async function exportQueue(copy: QueueStore, to: string): Promise<Exported> {
  const held = await heldByOperator(copy);
  for (const { destination } of await copy.pauses(0)) await copy.unpause(destination);
  for (let after: string | undefined; ; ) {
    const request = { what: 'release', now: FAR, of: 'all' } as const;
    const { next } = await copy.nudge(after === undefined ? request : { ...request, after });
    if (next === null) break;
    after = next;
  }
  const known = new Set<string>();
  let recipients = 0;
  for (;;) {
    const claims = await copy.claim({
      now: FAR,
      leaseEnds: FAR + 1,
      most: AT_ONCE,
      perDestination: AT_ONCE,
      recipientsPerClaim: 1_000,
    });
    if (claims.length === 0) break;
    for (const claim of claims) {
      await writeClaim(claim, copy, to, held, known.has(claim.message.id));
      known.add(claim.message.id);
      recipients += claim.recipients.length;
    }
    await copy.settle({ settlements: claims.flatMap(done), messages: [], warned: [] });
  }
  flushFolder(to);
  return { messages: known.size, recipients };
}

/** By id and address. */
async function heldByOperator(copy: QueueStore): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  for (let after: string | undefined; ; ) {
    const page = await copy.list({
      which: 'open',
      most: LISTED_AT_ONCE,
      ...(after === undefined ? {} : { after }),
    });
    for (const { id, recipients } of page) {
      for (const { address, delivery } of recipients)
        if (delivery.kind === 'held' && delivery.by === 'operator') held.add(keyOf(id, address));
    }
    after = page.at(-1)?.id;
    if (page.length < LISTED_AT_ONCE) return held;
  }
}

/** One message has several claims where its recipients have several destinations. */
async function writeClaim(
  { message, recipients }: Claim,
  copy: QueueStore,
  to: string,
  held: ReadonlySet<string>,
  isKnown: boolean,
): Promise<void> {
  const envelope = join(to, `${message.id}.ndjson`);
  if (!isKnown) {
    await writeContent(message.id, copy, join(to, `${message.id}.eml`));
    await writeFile(envelope, formatMessageLine(message), { flag: 'wx', mode: PRIVATE });
  }
  const lines = recipients.map((one) => formatRecipientLine(one, held.has(keyOf(message.id, one.address))));
  await appendFile(envelope, lines.join(''), { flush: true });
}

async function writeContent(id: string, copy: QueueStore, file: string): Promise<void> {
  const body = await copy.body(id);
  if (body === undefined) throw new Error(`the content of message ${id} is missing`);
  if (body.kind === 'bytes') {
    await writeFile(file, body.bytes, { flag: 'wx', mode: PRIVATE, flush: true });
    return;
  }
  await copyFile(body.path, file);
  flushFile(file);
}

function done({
  fence,
  message: { id },
  recipients,
}: Claim): Parameters<QueueStore['settle']>[0]['settlements'] {
  return recipients.map(({ address }) => ({
    fence,
    id,
    address,
    delivery: { kind: 'delivered', at: FAR },
    blockedBecause: null,
    events: [],
    transcript: null,
  }));
}

function keyOf(id: string, address: string): string {
  return `${id} ${address}`;
}
