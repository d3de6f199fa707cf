/** Every behaviour of a peer at every level: what is said, what is kept, and what could be read on the path. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createAuthority } from '../../support/certificates.ts';
import { type HostileServer, startHostileServer } from '../../support/hostile-server.ts';
import { type RouteSpec, startTestRelay, type TestRelay } from '../../support/relay.ts';
import { startTap, type Tap } from '../../support/tap.ts';
import { type Behaviour, behaviours, type Level, levels, PEER } from './behaviours.ts';
import { inWords, leaks, peerCertificates } from './cells.ts';

const authority = await createAuthority();
const certificates = await peerCertificates(authority);

interface Cell {
  readonly behaviour: Behaviour;
  readonly level: Level;
  readonly domain: string;
  readonly server: HostileServer;
  /** On the path, where TLS is required. */
  readonly tap: Tap | undefined;
}

describe('a hostile peer', () => {
  it('gets no more than its level allows, and the events say so', async (t) => {
    const cells = await Promise.all(
      behaviours.flatMap((one, row) => levels.map((level) => cell(t, one, row, level))),
    );
    const relay = await startTestRelay(t, {
      routes: cells.map(routeOf),
      trust: [authority.certPem],
      keyPair: certificates.good,
      // All hand in at once, which on a busy machine is more than the usual 50.
      limits: { sessions: 1_000 },
    });
    const lines = ['| behaviour | off | may | encrypt | authenticate |', '|---|---|---|---|---|'];
    const ids = await Promise.all(
      cells.map(({ domain }) =>
        relay.send({ to: [`anna@${domain}`], content: 'Subject: secret\r\n\r\nsecret\r\n' }),
      ),
    );
    const rows = new Map<string, string[]>();
    for (const [index, one] of cells.entries()) {
      const id = ids[index] ?? '';
      await relay.until(`an end for ${one.domain}`, (event) => event.id === id && isEnd(event.event));
      const row = rows.get(one.behaviour.name) ?? [];
      row.push(await report(relay, one, id));
      rows.set(one.behaviour.name, row);
    }
    for (const [name, row] of rows) lines.push(`| ${name} | ${row.join(' | ')} |`);
    t.diagnostic(`\n${lines.join('\n')}`);
    for (const [index, one] of cells.entries()) {
      await t.test(`${one.behaviour.name}, ${one.level}`, () => check(relay, one, ids[index] ?? ''));
    }
  });
});

async function cell(t: TestContext, behaviour: Behaviour, row: number, level: Level): Promise<Cell> {
  const server = await startHostileServer(certificates[behaviour.certificate ?? 'good'], behaviour.script);
  t.after(() => server.close());
  const required = level === 'encrypt' || level === 'authenticate';
  const tap = required ? await startTap({ target: { host: server.address, port: server.port } }) : undefined;
  if (tap !== undefined) t.after(() => tap.close());
  return { behaviour, level, domain: `b${row}.${level}.test`, server, tap };
}

function routeOf({ domain, level, server, tap }: Cell): RouteSpec {
  return { domain, to: { host: PEER, port: (tap ?? server).port }, tls: level };
}

function isEnd(event: string): boolean {
  return ['delivered', 'deferred', 'held', 'bounced', 'dropped'].includes(event);
}

/** One cell of the printed table. */
async function report(relay: TestRelay, { server }: Cell, id: string): Promise<string> {
  const words = inWords(relay.about(id), server.conversations()).replaceAll('|', '/');
  return `${words} → ${await stateOf(relay, id)}`;
}

async function stateOf(relay: TestRelay, id: string): Promise<string> {
  return Object.values(await relay.states(id)).join();
}

const stateAfter: Readonly<Record<string, string>> = {
  blocked: 'held/tls',
  deferred: 'waiting',
  bounced: 'bounced',
};

async function check(relay: TestRelay, { behaviour, level, server, tap }: Cell, id: string): Promise<void> {
  const expected = behaviour.expected[levels.indexOf(level)] ?? 'nothing';
  const [kind = '', obstacle] = expected.split(': ', 2);
  const events = relay.about(id);
  const words = inWords(events, server.conversations());
  if (obstacle === undefined) assert.equal(words, expected);
  else assert.ok(words.startsWith('blocked: ') && words.includes(obstacle), words);
  assert.equal(await stateOf(relay, id), stateAfter[kind] ?? 'delivered');

  const required = { off: 'none', may: 'none', encrypt: 'encrypt', authenticate: 'authenticate' }[level];
  for (const { tls, event } of events) {
    assert.equal(tls?.by, 'override');
    assert.equal(tls.required, required);
    if (event !== 'delivered') assert.equal(tls.outcome, null, 'what did not travel has no outcome');
  }
  if (tap !== undefined) {
    // The relay's octets as somebody on the path sees them: ciphertext, and nothing of the mail.
    const onPath = tap.plainBytes().map(({ client }) => client.toString('latin1'));
    assert.deepEqual(onPath.flatMap(leaks), []);
  }
  for (const { over } of server.messages) assert.equal(over, expected.startsWith('clear') ? 'clear' : 'tls');
}
