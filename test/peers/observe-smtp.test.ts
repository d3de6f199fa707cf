/** Real servers of SMTP, submission and LMTP, as an observer sees them: what it finds, and how it behaves. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import type { Endpoint } from '../../src/findings/endpoint.ts';
import type { HelloSeen } from '../../src/findings/hello-seen.ts';
import { showVersion } from '../../src/findings/hello-words.ts';
import type { Observation, Probed, Probes } from '../../src/findings/observation.ts';
import { openObserver } from '../../src/scanner/observe.ts';
import type { Plan } from '../../src/scanner/observe-door.ts';
import { withRsaKey } from '../net/net/chains.ts';
import { type Certificate, createAuthority } from '../support/certificates.ts';
import { startDovecot } from './support/dovecot.ts';
import { startExim } from './support/exim.ts';
import { startOpenSmtpd } from './support/opensmtpd.ts';
import { peerTest } from './support/peer.ts';
import { type Postfix, type PostfixOptions, startPostfix } from './support/postfix.ts';
import { startSendmail } from './support/sendmail.ts';
import { until } from './support/until.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['mx.example.test'] });

async function observe(
  t: TestContext,
  at: Pick<Endpoint, 'address' | 'port'> & Partial<Endpoint>,
  plan: Pick<Plan, 'depth' | 'intrusive'>,
): Promise<Observation> {
  const observer = openObserver({
    helloName: 'probe.example.test',
    roots: [authority.certPem],
    timeoutMs: 15_000,
    now: Date.now,
  });
  t.after(() => observer.close());
  const { address, port, protocol = 'smtp', tls = 'starttls', serverName = 'mx.example.test' } = at;
  return observer.observe(
    { address, port, protocol, tls, serverName },
    {
      ...plan,
      budget: 16,
      between: async ({ kind }) => (kind === 'throttled' || kind === 'blocked' ? 'stop' : 'go'),
    },
  );
}

const deep = { depth: 'deep', intrusive: true } as const;
const standard = { depth: 'standard', intrusive: false } as const;
const quick = { depth: 'quick', intrusive: false } as const;

/** What the probes came to, in a word each. */
function inWords({ injection, otherKey, hello, otherHello, state, alpn }: Probes) {
  return {
    injection: injection?.kind === 'seen' ? injection.answered : injection?.because,
    otherKey: otherKey?.kind === 'seen' ? otherKey.result : 'not tested',
    old: answerTo(hello?.old),
    weakFirst: answerTo(hello?.weakFirst),
    otherHello: otherHello?.kind === 'seen' && otherHello.clear.includes('STARTTLS'),
    state: state?.kind === 'seen' ? state.kept : state?.because,
    alpn: alpn?.kind === 'seen' ? ('refused' in alpn ? 'refused' : alpn.agreed) : alpn?.because,
  };
}

function answerTo(probe: Probed<HelloSeen> | undefined): string {
  if (probe?.kind !== 'seen') return 'not tested';
  return probe.result === 'agreed' ? showVersion(probe.session.version) : probe.result;
}

const sound = {
  injection: 'never',
  otherKey: 'failed',
  old: 'refused',
  weakFirst: 'TLSv1.2',
  otherHello: true,
  state: false,
  alpn: null,
};

/** Of each server: what it says to the curious, and in what it differs from the others. */
const peers = {
  postfix: { start: startPostfix, greets: /Postfix$/, again: 554, differs: { old: 'TLSv1.1' } },
  exim: {
    start: startExim,
    greets: /Exim 4\.96/,
    again: 503,
    // It knows the names of its protocol, and refuses others.
    differs: { old: 'TLSv1.1', alpn: 'refused' },
  },
  opensmtpd: { start: startOpenSmtpd, greets: /OpenSMTPD$/, again: 503, differs: {} },
  sendmail: { start: startSendmail, greets: /Sendmail 8\.17/, again: 454, differs: {} },
} as const;

describe('an observer at real servers', () => {
  for (const name of ['postfix', 'exim', 'opensmtpd', 'sendmail'] as const) {
    const { start, greets, again, differs } = peers[name];
    peerTest(
      `${name}: all is seen, in sixteen connections, and nothing is found`,
      [name],
      async (roots, t) => {
        const server = await start(roots[name], { certificate });
        t.after(() => server.close());
        const seen = await observe(t, server, deep);
        const { base, probes } = seen;
        assert.ok(seen.connections <= 16, String(seen.connections));
        assert.match(base.greeting?.lines[0] ?? '', greets);
        assert.deepEqual([base.upgrade.kind, base.end], ['secured', { kind: 'complete' }]);
        assert.deepEqual([base.tls?.version, base.tls?.path.kind], ['TLSv1.3', 'trusted']);
        assert.ok(base.clear?.includes('STARTTLS'));
        assert.ok(!(base.inside?.includes('STARTTLS') ?? true));
        assert.deepEqual([base.again?.code, base.smtp?.mailInClear?.code], [again, 250]);
        assert.deepEqual(inWords(probes), { ...sound, ...differs });
      },
    );
  }

  for (const name of ['postfix', 'exim', 'opensmtpd'] as const) {
    const { start } = peers[name];
    peerTest(`${name} over TLS at once`, [name], async (roots, t) => {
      const server = await start(roots[name], { certificate });
      t.after(() => server.close());
      const at = {
        address: server.address,
        port: server.tlsPort,
        protocol: 'submission',
        tls: 'implicit',
      } as const;
      const { base, probes, connections } = await observe(t, at, standard);
      assert.deepEqual([base.upgrade.kind, base.clear, base.end.kind], ['implicit', null, 'complete']);
      assert.ok((base.inside?.length ?? 0) > 2);
      assert.ok(connections <= 6, String(connections));
      assert.equal(answerTo(probes.hello?.weakFirst), 'TLSv1.2');
      assert.equal(probes.injection, undefined);
    });
  }

  peerTest('Dovecot over LMTP', ['dovecot'], async (roots, t) => {
    const dovecot = await startDovecot(roots.dovecot, { users: ['b@example.test'], certificate });
    t.after(() => dovecot.close());
    const { base, probes } = await observe(t, { ...dovecot, protocol: 'lmtp' }, standard);
    assert.deepEqual([base.upgrade.kind, base.end.kind], ['secured', 'complete']);
    assert.ok(base.transcript.includes('C: LHLO probe.example.test'));
    assert.equal(inWords(probes).injection, 'never');
  });
});

describe('an observer at a Postfix', () => {
  async function postfix(t: TestContext, root: string, options: PostfixOptions = {}) {
    const server = await startPostfix(root, { certificate, ...options });
    t.after(() => server.close());
    return server;
  }

  /** What its log says of each connection that said something, once so many are over. */
  function disconnects(server: Postfix, count: number): Promise<string[]> {
    return until(
      () => {
        const lines = server.log().match(/disconnect from .* ehlo=.*/g) ?? [];
        return lines.length >= count ? lines : undefined;
      },
      () => `fewer than ${count} connections are over: ${server.log()}`,
    );
  }

  peerTest(
    'that wants a certificate of ours says so inside TLS',
    ['postfix'],
    async ({ postfix: root }, t) => {
      const settings = { smtpd_tls_req_ccert: 'yes' };
      const { base } = await observe(t, await postfix(t, root, { starttls: 'encrypt', settings }), quick);
      assert.deepEqual([base.upgrade.kind, base.end.kind], ['secured', 'refused']);
      assert.match(base.smtp?.helloInside?.text ?? '', /^421 4\.7\.1 .*No client certificate presented/);
    },
  );

  peerTest('says goodbye on every connection that can hear it', ['postfix'], async ({ postfix: root }, t) => {
    const server = await postfix(t, root);
    const { connections } = await observe(t, server, standard);
    assert.equal(connections, 6);
    const left = await disconnects(server, 6);
    // The handshake for a key of RSA, which it does not have, and three hellos of our own.
    assert.equal(left.filter((line) => !line.includes('quit=1')).length, 4, left.join('\n'));
    assert.equal((server.log().match(/lost connection after (?!CONNECT)/g) ?? []).length, 4);
  });

  peerTest('with keys of both kinds shows both', ['postfix'], async ({ postfix: root }, t) => {
    const rsa = await withRsaKey('mx.example.test');
    const both: Certificate = {
      keyPem: certificate.keyPem,
      certPem: `${certificate.certPem}${rsa.keyPem}${rsa.certPem}`,
    };
    const { base, probes } = await observe(t, await postfix(t, root, { certificate: both }), standard);
    assert.equal(base.tls?.path.kind, 'trusted');
    const { otherKey } = probes;
    assert.ok(otherKey?.kind === 'seen' && otherKey.result === 'secured', JSON.stringify(otherKey));
    assert.deepEqual([otherKey.key, otherKey.tls.path.kind], ['rsa', 'untrusted']);
  });

  peerTest('that counts is left alone when it says so', ['postfix'], async ({ postfix: root }, t) => {
    const settings = { smtpd_client_connection_rate_limit: '3', smtpd_client_event_limit_exceptions: '' };
    const { base, probes, connections } = await observe(t, await postfix(t, root, { settings }), standard);
    assert.equal(base.end.kind, 'complete');
    // With the one that saw whether it is up it has counted four.
    assert.equal(connections, 3);
    assert.equal(probes.injection?.kind, 'seen');
    const { otherKey, hello } = probes;
    for (const probe of [otherKey, hello?.weakFirst, hello?.old]) {
      assert.ok(probe?.kind === 'not-tested');
      assert.match(probe.because, /^it sent us away for now: 421 4\.7\.0 .*too many connections/);
    }
  });

  peerTest('that wants TLS for mail says so to MAIL', ['postfix'], async ({ postfix: root }, t) => {
    const { base, probes } = await observe(t, await postfix(t, root, { starttls: 'encrypt' }), deep);
    assert.equal(base.smtp?.mailInClear?.code, 530);
    assert.ok(probes.state?.kind === 'seen');
    assert.equal(probes.state.what, 'nothing, as no transaction can begin in clear');
  });

  peerTest('without TLS, and one whose certificate is missing', ['postfix'], async ({ postfix: root }, t) => {
    const without = await observe(t, await postfix(t, root, { starttls: 'none' }), standard);
    assert.deepEqual(
      [without.base.upgrade.kind, without.base.end.kind, without.connections],
      ['not-offered', 'without-tls', 1],
    );
    const settings = { smtpd_tls_chain_files: '/peer/no-such-file.pem' };
    const broken = await observe(t, await postfix(t, root, { settings }), standard);
    const { upgrade } = broken.base;
    assert.ok(upgrade.kind === 'handshake-failed', JSON.stringify(upgrade));
    assert.equal(upgrade.alert, 'handshake failure');
    assert.deepEqual(broken.base.end, { kind: 'without-tls' });
  });

  peerTest(
    'for a name that it does not serve mail for: what is not ours is refused',
    ['postfix'],
    async ({ postfix: root }, t) => {
      const { probes } = await observe(t, await postfix(t, root), deep);
      assert.equal(probes.intrusive?.relay?.code, 554);
      assert.equal(probes.intrusive.vrfy?.code, 252);
    },
  );

  peerTest(
    'of which somebody asks little takes one connection',
    ['postfix'],
    async ({ postfix: root }, t) => {
      const server = await postfix(t, root);
      const { connections } = await observe(t, server, quick);
      assert.equal(connections, 1);
      assert.match((await disconnects(server, 1))[0] ?? '', / ehlo=2 starttls=1 quit=1 commands=4$/);
    },
  );
});
