/** The client of bench/advisor.ts looks at every answer: a figure of it is one of right answers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { Taken, Task } from '../../../bench/asker.ts';
import { startCounter } from '../../../bench/support/counter.ts';

const patience = { timeout: 10_000 };
const asker = new URL('../../../bench/asker.ts', import.meta.url).pathname;
const keys = { count: 50, key: 'k#.test', answer: 'OK secure match=mx.k#.test' };

/** Answers requests by number, all of them cut after each `piece` octets. @returns its port. */
async function startTable(
  t: TestContext,
  piece: number,
  answer: (number: string) => string,
): Promise<number> {
  const server = createServer((socket) => {
    let unread = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      unread += chunk.toString('latin1');
      const whole = [...unread.matchAll(/\d+:postfix k(\d+)\.test,/g)];
      unread = unread.slice(whole.reduce((sum, [text]) => sum + text.length, 0));
      const answers = whole.map(([, number = '']) => answer(number)).join('');
      for (let at = 0; at < answers.length; at += piece) socket.write(answers.slice(at, at + piece));
    });
    t.after(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the table has no port');
  return address.port;
}

async function ask(t: TestContext, port: number, how: Partial<Task> = {}): Promise<Taken> {
  const task: Task = {
    address: '127.0.0.1',
    port,
    keys,
    connections: 2,
    inFlight: 3,
    lookUps: 200,
    warm: true,
    ...how,
  };
  const one = await startCounter<Taken>(asker, { ASK: JSON.stringify(task) });
  t.after(() => one.close());
  return one.counts();
}

const right = (number: string): string => netstring(`OK secure match=mx.k${number}.test`);
const netstring = (text: string): string => `${text.length}:${text},`;

describe("the bench's client", () => {
  it('takes right answers, however they come cut', patience, async (t) => {
    const { wrong, perSecond, p50, p99 } = await ask(t, await startTable(t, 7, right));
    assert.equal(wrong, 0);
    assert.ok(perSecond > 0 && p50 > 0 && p99 >= p50);
  });

  it('counts an answer that belongs to another key, and goes on behind it', patience, async (t) => {
    const port = await startTable(t, 1_000, (number) => right(number === '7' ? '8' : number));
    const { wrong, example } = await ask(t, port, { lookUps: 'each', warm: false });
    assert.equal(wrong, 1);
    assert.match(
      example ?? '',
      /^26:OK secure match=mx\.k8\.test, in place of 26:OK secure match=mx\.k7\.test,$/,
    );
  });

  it('counts an answer of another length', patience, async (t) => {
    const port = await startTable(t, 5, (number) =>
      number === '7' ? netstring('NOTFOUND ') : right(number),
    );
    const { wrong } = await ask(t, port, { lookUps: 'each' });
    assert.equal(wrong, 2, 'once before the clock started, and once after');
  });
});
