/**
 * What one message costs the store: accepted, claimed, settled as delivered.
 *
 *     node bench/store.ts [messages] [waiting]
 *
 * The first rows call the store on this thread, in commits of 32; the next ones go through the writer thread, with as
 * many callers as a busy relay has. The last row claims from a queue of `waiting` recipients of one dead destination.
 * CPU is that of the whole process; wall time includes the flushes of the disk that holds the temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeliveryEvent } from '../src/events/delivery-event.ts';
import { noRecipientWishes, noSenderWishes } from '../src/names/wishes.ts';
import type { Answer, Call } from '../src/store/calls.ts';
import { openDataFolder } from '../src/store/data-folder.ts';
import { queueDatabase } from '../src/store/migrations.ts';
import { openDatabase } from '../src/store/open-database.ts';
import { openQueue } from '../src/store/open-queue.ts';
import { prepareMessage, prepareSettle } from '../src/store/prepare.ts';
import type { Claim, ClaimRequest, NewMessage, SettleRequest } from '../src/store/queue-store.ts';
import { sqliteQueue } from '../src/store/sqlite-queue.ts';

const messages = Number(process.argv[2] ?? 20_000);
const waiting = Number(process.argv[3] ?? 600_000);
const PER_COMMIT = 32;
const CALLERS = 20;
const BODY_BYTES = 4_096;
const bytes = new Uint8Array(BODY_BYTES).fill(0x61);

/** What a stretch of work took, in microseconds. */
interface Cost {
  readonly wall: number;
  readonly cpu: number;
  readonly mainThread: number;
}

console.log(
  `| ${messages} messages of ${BODY_BYTES} octets | wall, µs each | CPU, µs each | of it on the main thread |`,
);
console.log('|---|---|---|---|');
inFolder((path) => onThisThread(path));
await inFolder((path) => throughTheWriter(path));
inFolder((path) => besideADeadDestination(path));

function inFolder<Result>(work: (path: string) => Result): Result {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-bench-'));
  const clean = (): void => rmSync(path, { recursive: true });
  const result = work(path);
  if (result instanceof Promise) void result.finally(clean);
  else clean();
  return result;
}

function onThisThread(path: string): void {
  const folder = openDataFolder(path);
  const queue = sqliteQueue(openDatabase(folder, queueDatabase), folder);
  const all = Array.from({ length: messages }, (_, index) => newMessage(index));
  row('accept', messages, () => {
    for (let at = 0; at < all.length; at += PER_COMMIT) {
      queue.commit(all.slice(at, at + PER_COMMIT).map((message): Call => accepting(message)));
    }
  });
  const claims: Claim[] = [];
  row('claim', messages, () => {
    for (let at = 0; at < all.length; at += PER_COMMIT) {
      const [answer] = queue.commit([{ name: 'claim', argument: claimRequest(PER_COMMIT) }]);
      claims.push(...claimsIn(answer));
    }
  });
  if (claims.length !== messages) throw new Error(`${claims.length} claims of ${messages} messages`);
  row('settle', messages, () => {
    for (let at = 0; at < claims.length; at += PER_COMMIT) {
      const batch = claims.slice(at, at + PER_COMMIT);
      queue.commit(batch.map(settling));
    }
  });
  queue.close();
  folder.close();
}

async function throughTheWriter(path: string): Promise<void> {
  const folder = openDataFolder(path);
  const store = await openQueue(folder);
  let taken = 0;
  async function caller(): Promise<void> {
    while (taken < messages) {
      const accepted = store.accept(newMessage(taken++));
      const [[claim]] = await Promise.all([store.claim(claimRequest(1)), accepted]);
      if (claim !== undefined) await store.settle(settlement(claim));
    }
  }
  const before = usage();
  await Promise.all(Array.from({ length: CALLERS }, caller));
  print(`a life through the writer, ${CALLERS} callers`, messages, since(before));
  await store.close();
  folder.close();
}

function besideADeadDestination(path: string): void {
  const folder = openDataFolder(path);
  let queue = sqliteQueue(openDatabase(folder, queueDatabase), folder);
  const PER_MESSAGE = 100;
  for (let at = 0; at < waiting; at += PER_MESSAGE * PER_COMMIT) {
    const calls = Array.from({ length: PER_COMMIT }, (_, index): Call => {
      const recipients = Array.from({ length: PER_MESSAGE }, (_unused, number) => ({
        address: `user${number}@dead.test`,
        destination: 'dead.test',
        wishes: noRecipientWishes,
      }));
      return accepting({ ...newMessage(at + index), recipients });
    });
    queue.commit(calls);
  }
  queue.close();
  const before = usage();
  queue = sqliteQueue(openDatabase(folder, queueDatabase), folder);
  print(`start with ${waiting} recipients waiting`, 1, since(before));
  queue.commit([{ name: 'claim', argument: { ...claimRequest(20), perDestination: 20 } }]);
  const LIVE = 2_000;
  for (let index = 0; index < LIVE; index++) {
    queue.commit([accepting({ ...newMessage(waiting + index), receivedAt: 2_000 })]);
  }
  const request = { ...claimRequest(LIVE), now: 2_000, perDestination: 20, most: 1 };
  row(`claim and settle beside ${waiting} recipients of a dead destination`, LIVE, () => {
    for (let index = 0; index < LIVE; index++) {
      const [answer] = queue.commit([{ name: 'claim', argument: request }]);
      const [claim] = claimsIn(answer);
      if (claim?.destination !== 'live.test') throw new Error('the live destination is not served');
      queue.commit([settling(claim)]);
    }
  });
  queue.close();
  folder.close();
}

function newMessage(index: number): NewMessage {
  const id = `m${(1_000_000_000 + index).toString(36)}`;
  return {
    id,
    receivedAt: 1_000,
    sender: 'source@source.test',
    wishes: noSenderWishes,
    recipients: [{ address: 'sink@live.test', destination: 'live.test', wishes: noRecipientWishes }],
    body: { kind: 'bytes', bytes },
    properties: { size: BODY_BYTES, eightBit: false, longestLine: 78, hops: 1, needsUtf8: false },
    events: [event('received', id)],
  };
}

function accepting(message: NewMessage): Call {
  return { name: 'accept', argument: prepareMessage(message) };
}

function settling(claim: Claim): Call {
  return { name: 'settle', argument: prepareSettle(settlement(claim)) };
}

function claimRequest(most: number): ClaimRequest {
  return {
    now: 1_000,
    leaseEnds: Number.MAX_SAFE_INTEGER,
    most,
    perDestination: 1e6,
    recipientsPerClaim: 100,
  };
}

function settlement({ fence, message: { id }, recipients }: Claim): SettleRequest {
  const settlements = recipients.map(({ address }) => ({
    fence,
    id,
    address,
    delivery: { kind: 'delivered', at: 1_001 } as const,
    blockedBecause: null,
    events: [event('delivered', id)],
    transcript: null,
  }));
  return { settlements, messages: [], warned: [] };
}

function event(name: 'received' | 'delivered', id: string): DeliveryEvent {
  const evidence = { certificateSha256: 'ab'.repeat(32), peerName: 'mx.live.test', tlsa: null };
  return {
    event: name,
    id,
    at: '2026-11-22T00:00:00.000Z',
    from: 'source@source.test',
    to: 'sink@live.test',
    mx: { host: 'mx.live.test', address: '192.0.2.1', port: 25 },
    reply: { code: 250, enhanced: '2.0.0', text: 'Ok: queued as 4F2A1C0DE' },
    attempt: 1,
    tls: {
      outcome: 'authenticated',
      required: 'authenticate',
      by: 'override',
      because: 'the route for live.test demands it; the certificate names mx.live.test',
      version: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      group: 'X25519MLKEM768',
      ...evidence,
    },
    nextAttemptAt: null,
  };
}

function claimsIn(answer: Answer | undefined): readonly Claim[] {
  if (answer?.kind !== 'done') throw new Error(`the claim failed: ${JSON.stringify(answer)}`);
  return answer.value as readonly Claim[];
}

function row(what: string, count: number, work: () => void): void {
  const before = usage();
  work();
  print(what, count, since(before));
}

function usage(): Cost {
  const { user, system } = process.cpuUsage();
  const main = process.threadCpuUsage();
  return { wall: performance.now() * 1_000, cpu: user + system, mainThread: main.user + main.system };
}

function since(before: Cost): Cost {
  const now = usage();
  return {
    wall: now.wall - before.wall,
    cpu: now.cpu - before.cpu,
    mainThread: now.mainThread - before.mainThread,
  };
}

function print(what: string, count: number, { wall, cpu, mainThread }: Cost): void {
  const [a, b, c] = [wall, cpu, mainThread].map((total) => (total / count).toFixed(1));
  console.log(`| ${what} | ${a} | ${b} | ${c} |`);
}
