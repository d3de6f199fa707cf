/** RFC 7766, RFC 7858: questions on a stream. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { types } from '../../../../src/dns/record.ts';
import type { Deadlines } from '../../../../src/net/deadlines.ts';
import type { Delivered } from '../../../../src/net/dns/carrier.ts';
import { entropyFrom } from '../../../../src/net/dns/entropy.ts';
import { buildQuery } from '../../../../src/net/dns/query.ts';
import { dialStream } from '../../../../src/net/dns/stream-dial.ts';
import { Streams } from '../../../../src/net/dns/streams.ts';
import type { Upstream } from '../../../../src/net/dns/upstream.ts';
import { createAuthority } from '../../../support/certificates.ts';
import { startTlsServer } from '../../../support/dns/secure-server.ts';
import {
  a,
  answerTo,
  inFrame,
  name,
  question,
  record,
  type Script,
  says,
  startScriptedServer,
} from '../../../support/dns/server.ts';
import { manualDeadlines } from '../../../support/manual-deadlines.ts';
import { domain, eventually } from '../../../support/relay.ts';
import { asking, shown, testDeadlines, wishes } from './asking.ts';

const FAR = question('far.test', types.A);
const right: Script = (query) => says(query, { answers: [a(query.question.name, '192.0.2.1')] });
const fail = (): never => assert.fail('nobody was to be told');
const manner = { edns: true, cookie: undefined, spelling: undefined };

interface Setting {
  readonly streams: Streams;
  readonly send: (asked?: typeof FAR) => Promise<string>;
}

function setting(t: TestContext, port: number, deadlines: Deadlines = testDeadlines(t)): Setting {
  const streams = new Streams({
    entropy: entropyFrom((octets) => globalThis.crypto.getRandomValues(new Uint8Array(octets))),
    deadlines,
    dial: () => dialStream({ address: '127.0.0.1', port }, deadlines),
  });
  t.after(() => streams.close());
  const send = (asked = FAR): Promise<string> =>
    new Promise((resolve) => {
      const settle = (delivered: Delivered): void =>
        resolve(delivered.kind === 'reply' ? `${delivered.message.length} octets` : delivered.because);
      if (streams.send(buildQuery(asked, wishes, manner), settle) === undefined) resolve('too many');
    });
  return { streams, send };
}

describe('a connection', () => {
  it('RFC 7766 §6.2.1: is used again, for many questions at once, whose answers come in any order', async (t) => {
    const server = await startScriptedServer(t, (query) => [
      { kind: 'send', bytes: answerTo(query), afterMs: query.question.name.startsWith('\x05slow') ? 120 : 0 },
    ]);
    const { send } = setting(t, server.port);
    const order: string[] = [];
    const slow = send(question('slow1.test', types.A)).then(() => order.push('slow'));
    await Promise.all([send().then(() => order.push('quick')), slow]);
    await send();
    assert.deepEqual(order, ['quick', 'slow']);
    assert.equal(server.connections, 1);
    assert.equal(new Set(server.received.map(({ id }) => id)).size, 3);
  });

  it('carries a thousand questions, a hundred at a time', async (t) => {
    let under = 0;
    let most = 0;
    const server = await startScriptedServer(t, (query) => {
      most = Math.max(most, ++under);
      setTimeout(() => under--, 5);
      return [{ kind: 'send', bytes: answerTo(query), afterMs: 5 }];
    });
    const { send } = setting(t, server.port);
    const outcomes = await Promise.all(Array.from({ length: 1_000 }, () => send()));
    assert.deepEqual(new Set(outcomes), new Set(['37 octets']));
    assert.equal(server.connections, 1);
    assert.ok(most <= 100, `${most}`);
  });

  it('RFC 7766 §6.2.3: is closed when it is not used for ten seconds', async (t) => {
    const server = await startScriptedServer(t, right);
    const deadlines = manualDeadlines();
    const { send } = setting(t, server.port, deadlines);
    await send();
    deadlines.later(9_999);
    await sleep(30);
    assert.equal(server.open, 1);
    deadlines.later(1);
    await eventually('the end of the connection', () => (server.open === 0 ? true : undefined));
    assert.equal(await send(), '61 octets', 'and is opened again when it is needed');
    assert.equal(server.connections, 2);
  });

  it('that the server closes is opened again, and what was on it is sent once more', async (t) => {
    const server = await startScriptedServer(t, (query) =>
      query.connection === 1 ? [{ kind: 'close' }] : right(query),
    );
    const { send } = setting(t, server.port);
    assert.equal(await send(), '61 octets');
    assert.equal(server.connections, 2);
  });

  it('that is closed each time does not go round in circles', async (t) => {
    const server = await startScriptedServer(t, () => [{ kind: 'close' }]);
    const { send } = setting(t, server.port);
    assert.equal(await send(), 'it closed the connection');
    assert.equal(server.connections, 2);
  });

  it('that cannot be made fails all who wait for it', async (t) => {
    const server = await startScriptedServer(t, right, 'refused');
    const { send } = setting(t, server.port);
    for (const outcome of await Promise.all([send(), send()]))
      assert.match(outcome, /no connection: .*ECONNREFUSED/);
  });

  it('half of a message is no answer: with it the connection is given up after four seconds', async (t) => {
    const half: Script = (query) =>
      query.connection === 1
        ? [{ kind: 'drip', stream: inFrame(answerTo(query)).subarray(0, -1), octets: 100, everyMs: 1 }]
        : right(query);
    const server = await startScriptedServer(t, half);
    const deadlines = manualDeadlines();
    const { send } = setting(t, server.port, deadlines);
    const outcome = send();
    await eventually('the question', () => server.received[0]);
    await sleep(50);
    deadlines.later(3_999);
    await sleep(50);
    assert.equal(server.connections, 1);
    deadlines.later(1);
    assert.equal(await outcome, '61 octets');
    assert.equal(server.connections, 2);
  });

  it('a server that drips is cut at the same time: octets are no answer', async (t) => {
    const drip: Script = (query) => [
      { kind: 'drip', stream: inFrame(answerTo(query)), octets: 1, everyMs: 20 },
    ];
    const server = await startScriptedServer(t, drip);
    const deadlines = manualDeadlines();
    const { send } = setting(t, server.port, deadlines);
    const outcome = send();
    for (const time of [1, 2]) {
      await eventually('the question', () => server.received[time - 1]);
      for (let quarter = 0; quarter < 4; quarter += 1) {
        await sleep(50);
        deadlines.later(1_000);
      }
    }
    assert.equal(await outcome, 'it sent nothing more');
  });
});

describe('what comes on it', () => {
  it('may be 65,535 octets long', async (t) => {
    // 65,535 octets in all: header, question, OPT, and records of TXT with what is left.
    const txt = (octets: number): ReturnType<typeof record> => record('far.test', types.TXT, textOf(octets));
    const server = await startScriptedServer(t, (query) => {
      const empty = answerTo(query).length;
      const own = 10 + FAR.name.length;
      const answers = [txt(60_000), txt(65_535 - empty - 2 * own - 60_000)];
      const bytes = answerTo(query, { answers });
      assert.equal(bytes.length, 65_535);
      return [{ kind: 'send', bytes }];
    });
    const { send } = setting(t, server.port);
    assert.equal(await send(), '65535 octets');
    const { ask } = asking(t, { address: '127.0.0.1', port: server.port, transport: { kind: 'plain' } });
    const exchanged = await ask(FAR);
    assert.equal(exchanged.kind === 'message' && exchanged.message.answers.length, 2);
  });

  it('and answers nothing is dropped; sixteen such, and it is no resolver', async (t) => {
    const lies = (query: Parameters<Script>[0], count: number): ReturnType<Script> =>
      Array.from({ length: count }, (_, index) => ({
        kind: 'send',
        bytes: answerTo(query, { id: (query.id + 1 + index) & 0xffff }),
      }));
    const few = await startScriptedServer(t, (query) => [...lies(query, 15), ...right(query)]);
    assert.equal(await setting(t, few.port).send(), '61 octets');
    const many = await startScriptedServer(t, (query) => [...lies(query, 16), ...right(query)]);
    assert.equal(await setting(t, many.port).send(), 'it sent messages that answer nothing');
  });

  it('with the id of another question is no answer to it', async (t) => {
    const server = await startScriptedServer(t, (query) => [
      { kind: 'send', bytes: answerTo(query, { question: question('other.test', types.A) }) },
      ...right(query),
    ]);
    assert.equal(await setting(t, server.port).send(), '61 octets');
  });

  it('to a question that was forgotten is no stray', async (t) => {
    const server = await startScriptedServer(t, (query) => [
      { kind: 'send', bytes: answerTo(query), afterMs: 50 },
    ]);
    const { streams, send } = setting(t, server.port);
    await send();
    const parcels = Array.from({ length: 60 }, () => streams.send(buildQuery(FAR, wishes, manner), fail));
    await sleep(20);
    for (const parcel of parcels) parcel?.forget();
    await sleep(80);
    assert.equal(await send(), '37 octets');
    assert.equal(server.connections, 1);
  });
});

it('closing ends all of it, also while connecting and while a thousand wait', async (t) => {
  const server = await startScriptedServer(t, () => []);
  const connecting = setting(t, server.port);
  connecting.streams.send(buildQuery(FAR, wishes, manner), fail);
  await connecting.streams.close();
  const { streams } = setting(t, server.port);
  for (let times = 0; times < 1_000; times += 1) streams.send(buildQuery(FAR, wishes, manner), fail);
  await sleep(50);
  await streams.close();
  await sleep(50);
  assert.equal(server.open, 0);
});

describe('inside TLS (RFC 7858)', async () => {
  const authority = await createAuthority();
  const at = (port: number, host: string | null): Upstream => ({
    address: '127.0.0.1',
    port,
    transport: {
      kind: 'tls',
      host: host === null ? { kind: 'ip', address: '127.0.0.1' } : { kind: 'name', name: domain(host) },
    },
  });

  it('the certificate has to name the host, which is sent as SNI; many questions on one connection', async (t) => {
    const server = await startTlsServer(t, await authority.issue({ names: ['dns.example'] }), right);
    const { ask } = asking(t, at(server.port, 'dns.example'), [authority.certPem]);
    const outcomes = await Promise.all([ask(FAR), ask(FAR), ask(FAR)]);
    assert.deepEqual(outcomes.map(shown), ['TLS 192.0.2.1', 'TLS 192.0.2.1', 'TLS 192.0.2.1']);
    assert.equal(server.connections, 1);
    assert.deepEqual(server.serverNames, ['dns.example']);
    assert.deepEqual(server.protocols, ['dot']);
  });

  it('without a name it has to name the address, and no SNI is sent (RFC 6066 §3)', async (t) => {
    const server = await startTlsServer(t, await authority.issue({ names: ['127.0.0.1'] }), right);
    const { ask } = asking(t, at(server.port, null), [authority.certPem]);
    assert.equal(shown(await ask(FAR)), 'TLS 192.0.2.1');
    assert.deepEqual(server.serverNames, [null]);
  });

  it('a server that knows nothing of ALPN is welcome', async (t) => {
    const server = await startTlsServer(t, await authority.issue({ names: ['dns.example'] }), right, []);
    const { ask } = asking(t, at(server.port, 'dns.example'), [authority.certPem]);
    assert.equal(shown(await ask(FAR)), 'TLS 192.0.2.1');
  });

  it('questions have neither cookie nor random case: nobody can guess here', async (t) => {
    const server = await startTlsServer(t, await authority.issue({ names: ['dns.example'] }), right);
    const { ask } = asking(t, at(server.port, 'dns.example'), [authority.certPem]);
    await ask(question('mail.far-away.example', types.A));
    assert.equal(server.received[0]?.edns?.cookie, undefined);
    assert.equal(server.received[0]?.spelling, name('mail.far-away.example'));
  });

  it('a resolver without EDNS is asked without it', async (t) => {
    const server = await startTlsServer(t, await authority.issue({ names: ['dns.example'] }), (query) =>
      query.edns === undefined ? right(query) : says(query, { rcode: 1, edns: undefined }),
    );
    const { ask } = asking(t, at(server.port, 'dns.example'), [authority.certPem]);
    assert.equal(shown(await ask(FAR)), 'TLS 192.0.2.1');
  });

  const strict: readonly (readonly [
    why: string,
    names: readonly string[],
    trusted: boolean,
    because: RegExp,
  ])[] = [
    [
      'of another name',
      ['other.example'],
      true,
      /certificate is not for dns\.example: it names other\.example/,
    ],
    ['of its parent', ['example'], true, /not for dns\.example/],
    ['of nothing', [], true, /it names nothing/],
    ['of an authority that we do not know', ['dns.example'], false, /is not trusted \(/],
  ];
  for (const [why, names, trusted, because] of strict) {
    it(`RFC 8310 §5: nothing is asked behind a certificate ${why}`, async (t) => {
      const certificate = await authority.issue({ names, cn: 'dns.example' });
      const server = await startTlsServer(t, certificate, right);
      const { ask } = asking(t, at(server.port, 'dns.example'), trusted ? [authority.certPem] : []);
      assert.match(shown(await ask(FAR)), because);
      assert.equal(server.received.length, 0);
    });
  }

  it('nor one that is out of date', async (t) => {
    const dates = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') };
    const server = await startTlsServer(
      t,
      await authority.issue({ names: ['dns.example'], ...dates }),
      right,
    );
    const { ask } = asking(t, at(server.port, 'dns.example'), [authority.certPem]);
    assert.match(shown(await ask(FAR)), /is not trusted \(CERT_HAS_EXPIRED\)/);
    assert.equal(server.received.length, 0);
  });

  it('a server that speaks no TLS is no resolver, and is asked nothing in clear', async (t) => {
    const server = await startScriptedServer(t, right);
    const { ask } = asking(t, at(server.port, 'dns.example'), [authority.certPem]);
    assert.match(shown(await ask(FAR, 1_000)), /^failed: /);
    assert.equal(server.received.length, 0);
  });
});

/** RDATA of TXT with so many octets. */
function textOf(octets: number): Uint8Array {
  const data = Buffer.alloc(octets, 'x');
  for (let at = 0; at < octets; at += 256) data[at] = Math.min(255, octets - at - 1);
  return data;
}
