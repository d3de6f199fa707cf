/** Which names prove the far side: those that the path could not choose. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { DeliveryEvent } from '../../../src/events/delivery-event.ts';
import { createAuthority } from '../../support/certificates.ts';
import { startHostileServer } from '../../support/hostile-server.ts';
import { mxOf, type RouteSpec, startTestRelay } from '../../support/relay.ts';

const authority = await createAuthority();

interface Case {
  readonly why: string;
  /** In the peer's certificate. */
  readonly names: readonly string[];
  readonly route: Omit<RouteSpec, 'domain' | 'to'> & { readonly host?: string };
  readonly outcome: string;
  readonly because: RegExp;
}

const cases: readonly Case[] = [
  {
    why: 'an MX name out of unsigned DNS proves nothing: encrypted at best',
    names: ['mx.chosen-by-the-path.test'],
    route: { tls: 'may' },
    outcome: 'encrypted',
    because: /^mx-not-secure: the certificate is valid for mx\.chosen-by-the-path\.test/,
  },
  {
    why: 'the same at encrypt',
    names: ['mx.chosen-by-the-path.test'],
    route: { tls: 'encrypt' },
    outcome: 'encrypted',
    because: /^mx-not-secure: /,
  },
  {
    why: 'the same is not enough at authenticate',
    names: ['mx.chosen-by-the-path.test'],
    route: { tls: 'authenticate' },
    outcome: 'blocked',
    because: /mx-not-secure: /,
  },
  {
    why: 'the recipient domain is a name that the path cannot choose',
    names: ['mx.chosen-by-the-path.test', 'far.test'],
    route: { tls: 'authenticate' },
    outcome: 'authenticated',
    because: /valid for far\.test, which proves far\.test/,
  },
  {
    why: "the route's host was named by the operator",
    names: ['relay.far.test'],
    route: { tls: 'authenticate', host: 'relay.far.test' },
    outcome: 'authenticated',
    because: /proves relay\.far\.test/,
  },
  {
    why: "a further name of the route's",
    names: ['mx7.provider.test'],
    route: { tls: 'authenticate', names: ['mx7.provider.test'] },
    outcome: 'authenticated',
    because: /proves mx7\.provider\.test/,
  },
  {
    why: "a suffix of the route's",
    names: ['mx7.eu.provider.test'],
    route: { tls: 'authenticate', names: ['.provider.test'] },
    outcome: 'authenticated',
    because: /proves \.provider\.test/,
  },
  {
    why: 'RFC 9525 §6.3: a wildcard stands for one label, which the bare domain has not',
    names: ['*.far.test'],
    route: { tls: 'authenticate' },
    outcome: 'blocked',
    because: /the certificate names \*\.far\.test, not far\.test/,
  },
  {
    why: 'RFC 9525 §6.3: a wildcard covers the host one label below',
    names: ['*.far.test'],
    route: { tls: 'authenticate', host: 'relay.far.test' },
    outcome: 'authenticated',
    because: /valid for \*\.far\.test, which proves relay\.far\.test/,
  },
];

describe('a certificate authenticates for names that the path could not choose', () => {
  for (const one of cases) {
    it(one.why, async (t) => {
      const { event, tls } = await deliver(t, one);
      assert.equal(tls?.outcome ?? event, one.outcome);
      assert.match(tls?.because ?? '', one.because);
      assert.equal(tls?.peerName === null, one.outcome !== 'authenticated');
    });
  }
});

async function deliver(t: TestContext, { names, route: { host, ...route } }: Case): Promise<DeliveryEvent> {
  const certificate = await authority.issue({ names });
  const peer = await startHostileServer(certificate);
  t.after(() => peer.close());
  const to = host === undefined ? {} : { to: { host, port: peer.port } };
  const relay = await startTestRelay(t, {
    routes: [{ domain: 'far.test', ...to, ...route }],
    dns: { mx: () => Promise.resolve(mxOf('10 mx.chosen-by-the-path.test')) },
    smtpPort: peer.port,
    trust: [authority.certPem],
    keyPair: certificate,
  });
  const id = await relay.send({ to: ['anna@far.test'] });
  const end = await relay.until('an end', (event) => event.id === id && event.event !== 'received');
  if (end.event === 'blocked')
    assert.ok(peer.conversations().every(({ inside }) => !inside.includes('MAIL')));
  return end;
}
