/** What is told of sessions by a whole relay: once for each, whatever was sent in it and whatever became of the mail. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { parseDomain } from '../../../src/names/domain.ts';
import { sessionWatch } from '../../../src/relay/session-results.ts';
import type { SessionResult } from '../../../src/reports/tls-rpt/session-result.ts';
import type { HostileServer, Script } from '../../support/hostile-server.ts';
import { found } from '../../support/lookup.ts';
import { eventually, startTestRelay, type TestRelay, type TestRelayOptions } from '../../support/relay.ts';
import { authority, certificate, startPeer } from './outgoing-setting.ts';

function mx(name: string) {
  const host = parseDomain(name);
  if (host.kind !== 'ok') throw new Error(host.because);
  return found({ kind: 'hosts', hosts: [{ host: host.value, preference: 10 }] } as const);
}

async function byMx(
  t: TestContext,
  script: Partial<Script>,
  options: Partial<TestRelayOptions> = {},
): Promise<{ peer: HostileServer; relay: TestRelay; results: SessionResult[] }> {
  const peer = await startPeer(t, script);
  const results: SessionResult[] = [];
  const relay = await startTestRelay(t, {
    trust: [authority.certPem],
    keyPair: certificate,
    dns: { mx: () => Promise.resolve(mx('mx.test')) },
    smtpPort: peer.port,
    watch: sessionWatch((result) => results.push(result), Date.now),
    ...options,
  });
  return { peer, relay, results };
}

/** As `no-policy-found failure starttls-not-supported`. */
const told = (results: readonly SessionResult[]): readonly string[] =>
  results.flatMap(({ policies }) =>
    policies.map(({ policy, final, failures }) =>
      [policy.type, final, ...failures.map(({ type }) => type)].join(' '),
    ),
  );

async function delivered(relay: TestRelay, id: string): Promise<void> {
  await relay.until('a delivery', (event) => event.id === id && event.event === 'delivered');
}

describe('results of sessions', { concurrency: 3 }, () => {
  it('one session that carries several messages is told once, with our address and that of the host', async (t) => {
    const { peer, relay, results } = await byMx(t, {});
    for (const _ of [1, 2, 3]) await delivered(relay, await relay.send({ to: ['b@far.test'] }));
    assert.equal(peer.conversations().length, 1);
    assert.deepEqual(told(results), ['no-policy-found success']);
    assert.equal(results[0]?.domain, 'far.test');
  });

  it('mail that goes in clear after a broken handshake is one failed session', async (t) => {
    const { peer, relay, results } = await byMx(t, { startTls: { say: '220 go\r\n', next: 'close' } });
    await delivered(relay, await relay.send({ to: ['b@far.test'] }));
    assert.deepEqual(
      peer.messages.map(({ over }) => over),
      ['clear'],
    );
    assert.deepEqual(told(results), ['no-policy-found failure validation-failure']);
    const [failure] = results[0]?.policies[0]?.failures ?? [];
    assert.equal(failure?.receivingHost, 'mx.test');
    assert.equal(failure.sendingAddress, '127.0.0.1');
    assert.equal(failure.receivingAddress, '127.0.0.1');
    assert.match(failure.reason ?? '', /^the TLS handshake with mx\.test failed/);
  });

  it('a host without STARTTLS is a failure, with the mail delivered', async (t) => {
    const { relay, results } = await byMx(t, { offers: ['SIZE 1000'] });
    await delivered(relay, await relay.send({ to: ['b@far.test'] }));
    assert.deepEqual(told(results), ['no-policy-found failure starttls-not-supported']);
    assert.equal(results[0]?.policies[0]?.failures[0]?.sendingAddress, '127.0.0.1');
  });

  it('what our operator does not accept is told with its reason, and the mail waits', async (t) => {
    const { relay, results } = await byMx(t, {}, { level: 'authenticate', trust: [] });
    const id = await relay.send({ to: ['b@far.test'] });
    await relay.until('blocked', (event) => event.id === id && event.event === 'blocked');
    assert.deepEqual(told(results), ['no-policy-found failure certificate-not-trusted']);
    assert.equal(results[0]?.policies[0]?.failures[0]?.sendingAddress, '127.0.0.1');
  });

  it('octets that somebody put into the upgrade are a failure; a host that turns us away is no result', async (t) => {
    const { peer, relay, results } = await byMx(
      t,
      { startTls: { say: '220 go\r\n250 injected\r\n', next: 'handshake' } },
      { level: 'encrypt' },
    );
    await relay.send({ to: ['b@far.test'] });
    await eventually('the result', () => results[0]);
    assert.deepEqual(told(results), ['no-policy-found failure validation-failure']);
    peer.become({ greeting: { say: '421 4.3.2 not now\r\n', next: 'close' } });
    const id = await relay.send({ to: ['c@other.test'] });
    await relay.until('deferred', (event) => event.id === id && event.event === 'deferred');
    assert.equal(results.length, 1);
  });

  it('where an operator wants no TLS there is nothing to tell', async (t) => {
    const { relay, results } = await byMx(t, {}, { level: 'off' });
    await delivered(relay, await relay.send({ to: ['b@far.test'] }));
    assert.deepEqual(results, []);
  });
});
