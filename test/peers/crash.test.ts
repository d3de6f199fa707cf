/** The real program is killed again and again in the middle of its work: nothing that it said yes to is lost. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../support/certificates.ts';
import { openPipeliningClient } from './support/pipelining-client.ts';
import { type Sink, startSink, type Taken } from './support/sink.ts';
import { until } from './support/until.ts';
import { startWaxwing, type Waxwing } from './support/waxwing.ts';

interface Ordeal {
  readonly messages: number;
  readonly contentBytes: number;
  readonly kills: number;
}

const connections = 20;

/**
 * Small content lies in the database, large content in files of its own.
 *
 * `MESSAGES=20000 CRASH_RUNS=20` makes the long run of the first.
 */
const ordeals: readonly Ordeal[] = [
  { messages: given('MESSAGES', 5_000), contentBytes: 4_096, kills: given('CRASH_RUNS', 5) },
  { messages: 300, contentBytes: 300_000, kills: 4 },
];

describe('crash safety', () => {
  for (const ordeal of ordeals) {
    const { messages, contentBytes, kills } = ordeal;
    const what = `${messages} messages of ${contentBytes} octets`;
    it(`of ${what} none is lost when the program is killed ${kills} times`, async (t) => {
      const seed = Number(process.env['CRASH_SEED'] ?? randomInt(2 ** 31));
      t.diagnostic(`seed ${seed}; CRASH_SEED sets it`);
      const authority = await createAuthority();
      const sink = await startSink(await authority.issue({ names: ['sink.localhost'] }));
      t.after(() => sink.close());
      const waxwing = await startWaxwing({
        trust: authority.certPem,
        routes: [{ match: '*', to: `smtp://sink.localhost:${sink.port}`, tls: 'authenticate' }],
        relay: { retry: ['1s'] },
      });
      t.after(() => waxwing.close());

      const handing = handInMany(waxwing, ordeal);
      const killed = await killAtRandom(waxwing, () => handing.accepted.size, ordeal, random(seed));
      await handing.done;
      await until(
        () => isIdle(waxwing),
        waxwing.log,
        () => sink.taken.length,
      );

      const deliveries = bySubject(sink);
      const lost = [...handing.accepted].filter((subject) => !deliveries.has(subject));
      const unread = [...deliveries.keys()].filter((subject) => !handing.accepted.has(subject));
      const repeated = [...deliveries.values()].filter((takens) => takens.length > 1);
      t.diagnostic(
        `handed in ${handing.offered()}, accepted ${handing.accepted.size}, kills ${killed.length}`,
      );
      t.diagnostic(`delivered ${sink.taken.length}, unique ${deliveries.size}, lost ${lost.length}`);
      t.diagnostic(`of the unique ${unread.length} whose 250 was not read before the kill`);
      t.diagnostic(`duplicates ${sink.taken.length - deliveries.size}${describeGaps(repeated, killed)}`);
      t.diagnostic(`deliveries that the event log does not know: ${unlogged(sink, waxwing)}`);
      assert.deepEqual(lost, []);
      assert.equal(handing.accepted.size, messages);
      assert.equal(killed.length, kills);
      const unexplained = repeated.filter((takens) => !killedBetween(takens, killed));
      assert.deepEqual(unexplained, [], 'a duplicate without a kill between the yes and its record');
      assert.deepEqual(recordedTwice(waxwing), [], 'a delivery that was on record was made again');
      assert.ok(sink.taken.every(({ overTls }) => overTls));
      for (const { subject, content } of sink.taken)
        assert.ok(content.includes(contentOf(subject, contentBytes).subarray(0, -2)), subject);
      for (const folder of ['incoming', 'bodies'])
        assert.deepEqual(await readdir(join(waxwing.data, folder)), [], folder);
    });
  }
});

/** A number from the environment. */
function given(name: string, otherwise: number): number {
  return Number(process.env[name] ?? otherwise);
}

/** In milliseconds since 1970. */
interface Kill {
  readonly signalled: number;
  readonly restarted: number;
}

interface Handing {
  /** Subjects for which a 250 was read. */
  readonly accepted: ReadonlySet<string>;
  readonly offered: () => number;
  readonly done: Promise<void>;
}

/** Several clients, each opening a new connection when its last was broken, hand in until enough is accepted. */
function handInMany(waxwing: Waxwing, { messages, contentBytes }: Ordeal): Handing {
  const accepted = new Set<string>();
  let offered = 0;
  let unanswered = 0;

  async function useConnection(): Promise<void> {
    const client = await openPipeliningClient(waxwing.port);
    try {
      while (accepted.size + unanswered < messages) {
        const subject = `number ${++offered}`;
        unanswered += 1;
        try {
          const { reply } = await client.offer({
            from: 'a@sender.test',
            to: ['b@example.test'],
            content: contentOf(subject, contentBytes),
          });
          // The next one is offered before this one is answered.
          void reply.then((line) => {
            unanswered -= 1;
            if (line?.startsWith('250 ') === true) accepted.add(subject);
          });
        } catch (error) {
          unanswered -= 1;
          throw error;
        }
      }
    } finally {
      await sleep(20);
      client.close();
    }
  }

  async function handOne(): Promise<void> {
    while (accepted.size < messages) await useConnection().catch(() => sleep(10));
  }

  const done = Promise.all(Array.from({ length: connections }, handOne)).then(() => {});
  return { accepted, offered: () => offered, done };
}

/** Each kill comes a random moment after a random number of messages was accepted; the restart is at once. */
async function killAtRandom(
  waxwing: Waxwing,
  accepted: () => number,
  { messages, kills }: Ordeal,
  next: () => number,
): Promise<Kill[]> {
  const moments = Array.from({ length: kills }, () => Math.floor(next() * messages * 0.95)).toSorted(
    (a, b) => a - b,
  );
  const killed: Kill[] = [];
  for (const moment of moments) {
    while (accepted() < moment) await sleep(1);
    await sleep(next() * 100);
    const signalled = Date.now();
    await waxwing.kill9();
    await waxwing.start();
    killed.push({ signalled, restarted: Date.now() });
  }
  return killed;
}

async function isIdle(waxwing: Waxwing): Promise<boolean> {
  return (await waxwing.cli(['queue', 'list'])).stdout === 'the queue is empty\n';
}

function bySubject({ taken }: Sink): Map<string, Taken[]> {
  return Map.groupBy(taken, ({ subject }) => subject);
}

/**
 * Whether between each two deliveries the program was killed, so that it could not record the first.
 *
 * The sink may say yes after the kill, to what the program had written before.
 */
function killedBetween(takens: readonly Taken[], killed: readonly Kill[]): boolean {
  return takens.slice(1).every((later, index) => {
    const earlier = takens[index]?.at ?? 0;
    return killed.some(({ signalled, restarted }) => earlier <= restarted && signalled <= later.at);
  });
}

/** Messages with more than one event of their delivery: what is on record must not be done again. */
function recordedTwice(waxwing: Waxwing): string[] {
  const delivered = waxwing.events().filter(({ event }) => event === 'delivered');
  return [...Map.groupBy(delivered, ({ id }) => id).values()].flatMap(([first, ...more]) =>
    first === undefined ? [] : more.map(({ id }) => id),
  );
}

/** How many messages were delivered without an event: the kill came between their record and their event. */
function unlogged({ taken }: Sink, waxwing: Waxwing): number {
  const delivered = waxwing.events().filter(({ event }) => event === 'delivered');
  return new Set(taken.map(({ id }) => id)).difference(new Set(delivered.map(({ id }) => id))).size;
}

function describeGaps(repeated: readonly Taken[][], killed: readonly Kill[]): string {
  const gaps = repeated.map(([first]) => {
    const next = killed.find(({ restarted }) => restarted >= (first?.at ?? 0));
    return (next?.signalled ?? Infinity) - (first?.at ?? 0);
  });
  return gaps.length === 0 ? '' : `, each first taken at most ${Math.max(0, ...gaps)} ms before a kill`;
}

function contentOf(subject: string, contentBytes: number): Buffer {
  const head = `From: <a@sender.test>\r\nSubject: ${subject}\r\n\r\n`;
  const line = `${subject} ${'x'.repeat(70)}\r\n`;
  const count = Math.ceil((contentBytes - head.length) / line.length);
  return Buffer.from(`${head}${line.repeat(count)}`);
}

/** mulberry32: a small generator whose whole state is its seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
