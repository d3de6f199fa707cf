/** The pool when the relay ends before its mail does. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { type Domain, parseDomain } from '../../../src/names/domain.ts';
import { startDeadlines } from '../../../src/net/deadlines.ts';
import { outgoingContext } from '../../../src/net/tls.ts';
import { decide } from '../../../src/policies/decide.ts';
import { connectionPool, type PoolRules } from '../../../src/relay/pool.ts';
import { outgoingPatience, type Way } from '../../../src/relay/session.ts';

const unasked = (): Promise<never> => Promise.reject(new Error('nobody is to be asked'));

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

async function setting(t: TestContext, rules: Partial<PoolRules> = {}) {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    socket.write('220 far.test\r\n');
    socket.on('data', () => socket.write('250 far.test\r\n'));
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const deadlines = startDeadlines(250);
  t.after(() => deadlines.close());
  const hello = { kind: 'domain', domain: domain('relay.test') } as const;
  const outgoing = {
    hostname: hello,
    routes: [],
    rules: [],
    level: () => 'may' as const,
    requireTls: 'enforce' as const,
    now: Date.now,
    smtpPort: port,
    // Nothing is looked up: the host is an address.
    lookUp: unasked,
    lookUpAnew: unasked,
    context: outgoingContext([]),
    smallHelloContext: () => outgoingContext([], 'added', 'small'),
    deadlines,
    patience: outgoingPatience,
    isSelf: () => false,
    readersOf: () => [],
    senderFor: (sender: string) => sender,
    sign: undefined,
  };
  const decision = decide({ kind: 'domain', domain: domain('far.test') }, undefined, 'may');
  const hop = {
    host: 'far.test',
    serverName: null,
    address: '127.0.0.1',
    port,
    decision,
  };
  const way: Way = { hop, protocol: 'smtp', decision, login: null, hello, source: null };
  const pool = connectionPool({ outgoing, perDestination: 1, ...rules });
  const opening = {
    destination: 'far.test',
    connections: null,
    isShared: false,
    fallback: null,
    others: false,
  };
  return { pool, way, opening, connections: () => connections };
}

describe('a pool that was broken off', () => {
  it('opens nothing any more: what were handed over then would not be recorded, and be delivered twice', async (t) => {
    const { pool, way, opening, connections } = await setting(t);
    const first = await pool.open(way, opening);
    assert.equal(first.kind, 'session');
    pool.abort();
    const second = await pool.open(way, opening);
    assert.equal(second.kind === 'broken' && second.error.message, 'the relay is closing');
    assert.equal(connections(), 1);
    await pool.close();
  });
});

describe('a place at a host', () => {
  it('is given back also where opening the session fails by a fault of ours', async (t) => {
    const { pool, way, opening } = await setting(t, { perHost: 1 });
    const shared = { ...opening, isShared: true };
    const faulty: Way = {
      ...way,
      get hello(): never {
        throw new TypeError('a fault of ours');
      },
    };
    await assert.rejects(pool.open(faulty, shared), /a fault of ours/);
    const next = await pool.open(way, shared);
    assert.equal(next.kind, 'session');
    if (next.kind === 'session') pool.giveBack(next.session, 'spent');
    await pool.vacate('far.test');
    await pool.close();
  });
});
