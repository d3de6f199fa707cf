/** The real program is killed again and again in the middle of its work: nothing that it said yes to is lost. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../support/certificates.ts';
import { openRawClient } from './support/raw-client.ts';
import { type Sink, startSink, type Taken } from './support/sink.ts';
import { until } from './support/until.ts';
import { startWaxwing, type Waxwing } from './support/waxwing.ts';

const messages = 5_000;
const kills = 5;
const connections = 8;
const contentBytes = 4096;

describe('crash safety', () => {
  it(`of ${messages} messages none is lost when the program is killed ${kills} times`, async (t) => {
    const seed = Number(process.env['WAXWING_CRASH_SEED'] ?? randomInt(2 ** 31));
    t.diagnostic(`seed ${seed}; WAXWING_CRASH_SEED sets it`);
    const authority = await createAuthority();
    const sink = await startSink(await authority.issue({ names: ['sink.localhost'] }));
    t.after(() => sink.close());
    const waxwing = await startWaxwing({
      trust: authority.certPem,
      routes: [{ match: '*', to: `smtp://sink.localhost:${sink.port}`, tls: 'authenticate' }],
      relay: { retry: ['1s'] },
    });
    t.after(() => waxwing.close());

    const handing = handInMany(waxwing);
    const killedAt = await killAtRandom(waxwing, () => handing.accepted.size, random(seed));
    await handing.done;
    await until(async () => (await isIdle(waxwing)) || undefined, waxwing.log);

    const deliveries = bySubject(sink);
    const lost = [...handing.accepted].filter((subject) => !deliveries.has(subject));
    const repeated = [...deliveries.values()].filter((takens) => takens.length > 1);
    const unexplained = repeated.filter((takens) => !killedBetween(takens, killedAt));
    const recorded = recordedTwice(waxwing);
    t.diagnostic(
      `handed in ${handing.offered()}, accepted ${handing.accepted.size}, kills ${killedAt.length}`,
    );
    t.diagnostic(`delivered ${sink.taken.length}, unique ${deliveries.size}, lost ${lost.length}`);
    t.diagnostic(
      `delivered although no 250 was read: ${[...deliveries.keys()].filter((one) => !handing.accepted.has(one)).length}`,
    );
    t.diagnostic(`duplicates ${sink.taken.length - deliveries.size}, ${describeGaps(repeated, killedAt)}`);
    assert.deepEqual(lost, []);
    assert.equal(handing.accepted.size, messages);
    assert.equal(killedAt.length, kills);
    assert.deepEqual(unexplained, [], 'a duplicate without a kill between yes and record');
    assert.deepEqual(recorded, [], 'a delivery that was on record was made again');
    assert.ok(sink.taken.every(({ overTls }) => overTls));
    for (const { subject, content } of sink.taken)
      assert.ok(content.includes(contentOf(subject).subarray(0, -2)), subject);
  });
});

interface Handing {
  /** Subjects for which a 250 was read. */
  readonly accepted: ReadonlySet<string>;
  readonly offered: () => number;
  readonly done: Promise<void>;
}

/** Several clients, each opening a new connection when its last was broken, hand in until enough is accepted. */
function handInMany(waxwing: Waxwing): Handing {
  const accepted = new Set<string>();
  let offered = 0;
  let unanswered = 0;

  async function useConnection(): Promise<void> {
    const client = await openRawClient(waxwing.port);
    try {
      while (accepted.size + unanswered < messages) {
        const subject = `number ${++offered}`;
        unanswered += 1;
        try {
          const { reply } = await client.offer({
            from: 'a@sender.test',
            to: ['b@example.test'],
            content: contentOf(subject),
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
async function killAtRandom(waxwing: Waxwing, accepted: () => number, next: () => number): Promise<number[]> {
  const moments = Array.from({ length: kills }, () => Math.floor(next() * messages * 0.95)).toSorted(
    (a, b) => a - b,
  );
  const killedAt: number[] = [];
  for (const moment of moments) {
    while (accepted() < moment) await sleep(1);
    await sleep(next() * 100);
    await waxwing.kill9();
    killedAt.push(Date.now());
    await waxwing.start();
  }
  return killedAt;
}

async function isIdle(waxwing: Waxwing): Promise<boolean> {
  return (await waxwing.cli(['queue', 'list'])).stdout === 'the queue is empty\n';
}

function bySubject({ taken }: Sink): Map<string, Taken[]> {
  return Map.groupBy(taken, ({ subject }) => subject);
}

/** Whether between each two deliveries the program was killed, so that it could not record the first. */
function killedBetween(takens: readonly Taken[], killedAt: readonly number[]): boolean {
  return takens.slice(1).every((later, index) => {
    const earlier = takens[index]?.at ?? 0;
    return killedAt.some((kill) => earlier <= kill && kill <= later.at);
  });
}

/** Messages with more than one event of their delivery: what is on record must not be done again. */
function recordedTwice(waxwing: Waxwing): string[] {
  const delivered = waxwing.events().filter(({ event }) => event === 'delivered');
  return [...Map.groupBy(delivered, ({ id }) => id).values()].flatMap(([first, ...more]) =>
    first === undefined ? [] : more.map(({ id }) => id),
  );
}

function describeGaps(repeated: readonly Taken[][], killedAt: readonly number[]): string {
  const gaps = repeated.map(([first]) =>
    Math.min(...killedAt.map((kill) => kill - (first?.at ?? 0)).filter((gap) => gap >= 0)),
  );
  return gaps.length === 0 ? 'none' : `each first taken at most ${Math.max(...gaps)} ms before a kill`;
}

function contentOf(subject: string): Buffer {
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
