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
import { noRecipientWishes } from '../src/names/wishes.ts';
import type { Call } from '../src/store/calls.ts';
import { openDataFolder } from '../src/store/data-folder.ts';
import { queueDatabase } from '../src/store/migrations.ts';
import { openDatabase } from '../src/store/open-database.ts';
import { openQueue } from '../src/store/open-queue.ts';
import type { Claim } from '../src/store/queue-store.ts';
import { sqliteQueue } from '../src/store/sqlite-queue.ts';
import {
  accepting,
  BODY_BYTES,
  claimRequest,
  claimsIn,
  newMessage,
  settlement,
  settling,
} from './support/store-calls.ts';

const messages = Number(process.argv[2] ?? 20_000);
const waiting = Number(process.argv[3] ?? 600_000);
const PER_COMMIT = 32;
const CALLERS = 20;

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
