import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { types } from '../../../../src/dns/record.ts';
import { Datagrams } from '../../../../src/net/dns/datagrams.ts';
import { entropyFrom } from '../../../../src/net/dns/entropy.ts';
import { buildQuery, type Query } from '../../../../src/net/dns/query.ts';
import {
  type Action,
  answerTo,
  question,
  type Received,
  says,
  startScriptedServer,
} from '../../../support/dns/server.ts';
import { wishes } from './asking.ts';

interface Setting {
  readonly datagrams: Datagrams;
  /** Moves the clock by which ports grow old. */
  readonly later: (ms: number) => void;
  /** Resolves with the first answer, or with why there is none. */
  readonly send: () => Promise<string>;
  readonly localAddresses: string[];
}

const fail = (): never => assert.fail('nobody was to be told');

const manner = { edns: true, cookie: undefined, spelling: undefined };
const query = (): Query => buildQuery(question('far.test', types.A), wishes, manner);

function setting(t: TestContext, port: number): Setting {
  let ahead = 0;
  const localAddresses: string[] = [];
  const datagrams = new Datagrams({
    address: '127.0.0.1',
    port,
    entropy: entropyFrom(randomBytes),
    now: () => performance.now() + ahead,
    onLocalAddress: (address) => localAddresses.push(address),
  });
  t.after(() => datagrams.close());
  return {
    datagrams,
    localAddresses,
    later: (ms) => {
      ahead += ms;
    },
    send: () =>
      new Promise((resolve) => {
        const forget = datagrams.send(query(), {
          onSent: () => undefined,
          onReply: () => {
            resolve('answered');
            return 'answer';
          },
          onFault: ({ kind }) => resolve(kind),
        });
        if (forget === undefined) resolve('too many');
      }),
  };
}

describe('ports', () => {
  it('are several, chosen for each query, and none is used for more than 256 of them', async (t) => {
    const server = await startScriptedServer(t, (asked) => says(asked));
    const { send, localAddresses } = setting(t, server.port);
    for (let times = 0; times < 30; times += 1) await Promise.all(Array.from({ length: 128 }, send));
    const uses = new Map<number, number>();
    for (const { sourcePort } of server.received) uses.set(sourcePort, (uses.get(sourcePort) ?? 0) + 1);
    assert.equal(server.received.length, 3_840);
    assert.ok(uses.size >= 15, `${uses.size} ports`);
    for (const [port, times] of uses) assert.ok(times <= 256, `${port}: ${times}`);
    const ports = [...uses.keys()].toSorted((one, other) => one - other);
    assert.ok((ports.at(-1) ?? 0) - (ports[0] ?? 0) > 1_000, 'all over the range');
    assert.deepEqual([...new Set(localAddresses)], ['127.0.0.1']);
  });

  it('are left after half a minute, however little they were used', async (t) => {
    const server = await startScriptedServer(t, (asked) => says(asked));
    const { send, later } = setting(t, server.port);
    for (let times = 0; times < 40; times += 1) await send();
    const before = new Set(server.received.map(({ sourcePort }) => sourcePort));
    assert.ok(before.size > 4 && before.size <= 8, `${before.size}`);
    later(30_001);
    for (let times = 0; times < 40; times += 1) await send();
    const after = new Set(server.received.slice(40).map(({ sourcePort }) => sourcePort));
    assert.equal(before.intersection(after).size, 0);
  });

  it('one that is left goes on waiting for its answers', async (t) => {
    const server = await startScriptedServer(t, (asked) => [
      { kind: 'send', bytes: answerTo(asked), afterMs: 150 },
    ]);
    const { send, later } = setting(t, server.port);
    const early = Array.from({ length: 40 }, send);
    await sleep(50);
    later(30_001);
    const late = Array.from({ length: 40 }, send);
    assert.deepEqual(new Set(await Promise.all([...early, ...late])), new Set(['answered']));
  });

  it('ids are not those that were used before them plus one', async (t) => {
    const server = await startScriptedServer(t, (asked) => says(asked));
    const { send } = setting(t, server.port);
    for (let times = 0; times < 100; times += 1) await send();
    const ids = server.received.map(({ id }) => id);
    assert.ok(new Set(ids).size > 90);
    const close = ids.filter((id, index) => Math.abs(id - (ids[index - 1] ?? -1_000)) < 10);
    assert.ok(close.length < 5);
  });
});

describe('many at once', () => {
  it('no more are under way than buffers hold; the others wait for their turn', async (t) => {
    let most = 0;
    let under = 0;
    const server = await startScriptedServer(t, (asked) => {
      under += 1;
      most = Math.max(most, under);
      setTimeout(() => (under -= 1), 40);
      return [{ kind: 'send', bytes: answerTo(asked), afterMs: 40 }];
    });
    const { send } = setting(t, server.port);
    const outcomes = await Promise.all(Array.from({ length: 1_000 }, send));
    assert.deepEqual(new Set(outcomes), new Set(['answered']));
    assert.equal(server.received.length, 1_000, 'none was lost');
    // A port that is left while its answers are due counts as well.
    assert.ok(most > 150 && most <= 192, `${most}`);
  });

  it('more than 50,000 do not wait', async (t) => {
    const server = await startScriptedServer(t, () => []);
    const { datagrams } = setting(t, server.port);
    const silent = { onSent: () => undefined, onReply: () => 'answer' as const, onFault: () => undefined };
    const one = query();
    const taken = Array.from({ length: 50_300 }, () =>
      datagrams.send({ ...one, bytes: one.bytes.slice() }, silent),
    );
    assert.equal(taken.filter((forget) => forget === undefined).length, 50_300 - 50_000 - 192);
  });

  it('what is forgotten while it waits is never sent', async (t) => {
    const server = await startScriptedServer(t, (asked) => [
      { kind: 'send', bytes: answerTo(asked), afterMs: 30 },
    ]);
    const { datagrams, send } = setting(t, server.port);
    const first = Array.from({ length: 192 }, send);
    const silent = { onSent: fail, onReply: fail, onFault: fail };
    const forgets = Array.from({ length: 100 }, () => datagrams.send(query(), silent));
    for (const forget of forgets) forget?.();
    const last = send();
    await Promise.all([...first, last]);
    assert.equal(server.received.length, 193);
  });
});

describe('forgeries', () => {
  const guess = (asked: Received): Action => ({
    kind: 'send',
    bytes: answerTo(asked, { id: (asked.id + 1) & 0xffff }),
  });

  it('sixteen messages that answer nothing, and all of the port go another way', async (t) => {
    const server = await startScriptedServer(t, (asked) => Array.from({ length: 16 }, () => guess(asked)));
    const { send } = setting(t, server.port);
    assert.equal(await send(), 'attacked');
    const other = await startScriptedServer(t, (asked) => [
      ...Array.from({ length: 15 }, () => guess(asked)),
      ...says(asked),
    ]);
    assert.equal(await setting(t, other.port).send(), 'answered');
  });

  it('the port is not used again', async (t) => {
    const server = await startScriptedServer(t, (asked) =>
      server.received.length === 1 ? Array.from({ length: 16 }, () => guess(asked)) : says(asked),
    );
    const { send } = setting(t, server.port);
    assert.equal(await send(), 'attacked');
    for (let times = 0; times < 60; times += 1) assert.equal(await send(), 'answered');
    const ports = server.received.map(({ sourcePort }) => sourcePort);
    assert.ok(!ports.slice(1).includes(ports[0] ?? 0));
  });

  it('an answer is due once: with many that came nobody may guess more often', async (t) => {
    let guesses = 0;
    const server = await startScriptedServer(t, (asked) => [
      ...Array.from({ length: guesses }, () => guess(asked)),
      ...says(asked),
    ]);
    const { datagrams, send } = setting(t, server.port);
    // As an exchange does: at the answer it forgets all its tries, this one too.
    const answered = (): Promise<void> =>
      new Promise((resolve) => {
        const forget = datagrams.send(query(), {
          onSent: () => undefined,
          onReply: () => {
            forget?.();
            resolve();
            return 'answer';
          },
          onFault: fail,
        });
      });
    await Promise.all(Array.from({ length: 800 }, answered));
    guesses = 16;
    assert.equal(await send(), 'attacked');
  });

  it('answers to what was forgotten are no forgeries', async (t) => {
    const server = await startScriptedServer(t, (asked) => [
      { kind: 'send', bytes: answerTo(asked), afterMs: 60 },
    ]);
    const { datagrams, send } = setting(t, server.port);
    const silent = { onSent: () => undefined, onReply: fail, onFault: fail };
    const forgets = Array.from({ length: 150 }, () => datagrams.send(query(), silent));
    await sleep(30);
    for (const forget of forgets) forget?.();
    assert.equal(await send(), 'answered');
    await sleep(60);
    assert.equal(await send(), 'answered');
  });
});

describe('the end', () => {
  it('comes also while a thousand are under way, and nobody is told anything any more', async (t) => {
    const server = await startScriptedServer(t, (asked) => [
      { kind: 'send', bytes: answerTo(asked), afterMs: 20 },
    ]);
    const { datagrams } = setting(t, server.port);
    let told = 0;
    const listener = {
      onSent: () => undefined,
      onReply: () => (told++, 'answer' as const),
      onFault: () => void told++,
    };
    for (let times = 0; times < 1_000; times += 1) datagrams.send(query(), listener);
    await sleep(5);
    await datagrams.close();
    const before = told;
    await sleep(80);
    assert.equal(told, before);
    await datagrams.close();
  });
});
