/** Real servers that are none of SMTP, as an observer sees them: what it finds, how it leaves, and what they note of it. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import type { Endpoint } from '../../src/findings/endpoint.ts';
import type { Observation } from '../../src/findings/observation.ts';
import { openObserver } from '../../src/scanner/observe.ts';
import { createAuthority } from '../support/certificates.ts';
import { startCyrus } from './support/cyrus.ts';
import { startDovecot } from './support/dovecot.ts';
import { startInn } from './support/inn.ts';
import { startMariadb } from './support/mariadb.ts';
import { peerTest } from './support/peer.ts';
import { startPostgresql } from './support/postgresql.ts';
import { startProsody } from './support/prosody.ts';
import { startSlapd } from './support/slapd.ts';
import { until } from './support/until.ts';
import { startVsftpd } from './support/vsftpd.ts';

const name = 'mx.example.test';
const authority = await createAuthority();
const certificate = await authority.issue({ names: [name] });
const accounts = { ada: 'correct horse' };
const mailboxes = { 'ada@example.test': 'correct horse' };
/** Dovecot takes who comes from its own address for secure without TLS. */
const address = '127.0.0.4';

async function observe(
  t: TestContext,
  at: Pick<Endpoint, 'address' | 'port' | 'protocol'> & Partial<Endpoint>,
): Promise<Observation> {
  const observer = openObserver({
    helloName: 'probe.example.test',
    roots: [authority.certPem],
    timeoutMs: 15_000,
    now: Date.now,
  });
  t.after(() => observer.close());
  return observer.observe(
    { tls: 'starttls', serverName: name, ...at },
    { depth: 'deep', intrusive: true, budget: 16, between: async () => 'go' },
  );
}

/** A server in order: TLS that is proven, a second one refused, nothing injected; and all of that was said. */
function assertSound({ endpoint, base, probes }: Observation, mode: Endpoint['tls'] = 'starttls'): void {
  const said = base.transcript.join('\n');
  assert.deepEqual(base.end, { kind: 'complete' }, said);
  assert.equal(base.upgrade.kind, mode === 'starttls' ? 'secured' : 'implicit', said);
  assert.deepEqual([base.tls?.version, base.tls?.path.kind], ['TLSv1.3', 'trusted']);
  assert.ok(base.again === null || !base.again.positive, `${base.again?.text}`);
  const { injection } = probes;
  if (mode === 'implicit') assert.equal(injection, undefined);
  else {
    const answered = injection?.kind === 'seen' ? injection.answered : injection?.because;
    // slapd has a thread for each request: the search may be done in clear before StartTLS is, which takes nothing into TLS.
    const sound = endpoint.protocol === 'ldap' ? ['never', 'clear'] : ['never'];
    assert.ok(answered !== undefined && sound.includes(answered), JSON.stringify(injection));
  }
}

const kinds = ['imap', 'pop3', 'sieve'] as const;

describe('an observer at Dovecot', () => {
  peerTest('with a certificate: all in order, no login in clear', ['dovecot'], async (roots, t) => {
    const dovecot = await startDovecot(roots.dovecot, { address, accounts: mailboxes, certificate });
    t.after(() => dovecot.close());
    for (const protocol of kinds) {
      const seen = await observe(t, { address, port: dovecot[protocol].port, protocol });
      assertSound(seen);
      assert.deepEqual(seen.base.mailbox, { preauth: false, loginInClear: null });
    }
    for (const protocol of ['imap', 'pop3'] as const) {
      const { tlsPort: port } = dovecot[protocol];
      assertSound(await observe(t, { address, port, protocol, tls: 'implicit' }), 'implicit');
    }
    // What programs that ban look for.
    assert.doesNotMatch(dovecot.log(), /auth failed|disallowed|disabled plaintext/);
  });

  peerTest(
    'without one: logins in clear are begun, taken back, and fail nowhere',
    ['dovecot'],
    async (roots, t) => {
      const dovecot = await startDovecot(roots.dovecot, { address, accounts: mailboxes });
      t.after(() => dovecot.close());
      for (const protocol of kinds) {
        const { base } = await observe(t, { address, port: dovecot[protocol].port, protocol });
        assert.deepEqual([base.upgrade.kind, base.end.kind], ['not-offered', 'without-tls']);
        assert.equal(base.mailbox?.loginInClear?.positive, true);
      }
      await until(
        () => dovecot.log().split('Aborted login').length > kinds.length || undefined,
        () => dovecot.log(),
      );
      assert.doesNotMatch(dovecot.log(), /auth failed/);
    },
  );
});

describe('an observer at Cyrus', () => {
  peerTest('with a certificate: all in order', ['cyrus'], async (roots, t) => {
    const cyrus = await startCyrus(roots.cyrus, { address, certificate });
    t.after(() => cyrus.close());
    for (const protocol of kinds) assertSound(await observe(t, { address, port: cyrus[protocol], protocol }));
    for (const [protocol, port] of [
      ['imap', cyrus.imaps],
      ['pop3', cyrus.pop3s],
    ] as const)
      assertSound(await observe(t, { address, port, protocol, tls: 'implicit' }), 'implicit');
  });

  peerTest(
    'that takes logins in clear: one is begun, and STARTTLS is had behind it',
    ['cyrus'],
    async (roots, t) => {
      const cyrus = await startCyrus(roots.cyrus, {
        address,
        certificate,
        settings: { allowplaintext: '1' },
      });
      t.after(() => cyrus.close());
      for (const protocol of kinds) {
        const seen = await observe(t, { address, port: cyrus[protocol], protocol });
        assertSound(seen);
        assert.equal(seen.base.mailbox?.loginInClear?.positive, true);
      }
    },
  );
});

interface Seen {
  readonly at: Pick<Endpoint, 'port' | 'protocol'> & Partial<Endpoint>;
  readonly clear: readonly string[] | null;
  readonly again: RegExp | null;
}

interface Server {
  readonly peer: 'slapd' | 'prosody' | 'inn' | 'vsftpd' | 'postgresql' | 'postgresql17' | 'mariadb';
  readonly start: (
    root: string,
    secure: { readonly certificate?: typeof certificate },
  ) => Promise<{
    readonly port: number;
    log(): string;
    close(): Promise<void>;
    readonly seen: readonly Seen[];
  }>;
  /** Without a certificate. */
  readonly without: 'not-offered' | 'refused';
}

const startTlsOid = 'supportedExtension: 1.3.6.1.4.1.1466.20037';
const startTlsFeature = 'starttls urn:ietf:params:xml:ns:xmpp-tls required';
const noProtocol = /^E FATAL 0A000 unsupported frontend protocol/;

const servers: readonly Server[] = [
  {
    peer: 'slapd',
    start: async (root, secure) => {
      const server = await startSlapd(root, { address, ...secure });
      const { port, tlsPort } = server;
      const again = /^operationsError\(1\) TLS already started$/;
      return {
        ...server,
        seen: [
          { at: { port, protocol: 'ldap' }, clear: [startTlsOid], again },
          { at: { port: tlsPort, protocol: 'ldap', tls: 'implicit' }, clear: null, again },
        ],
      };
    },
    without: 'not-offered',
  },
  {
    peer: 'prosody',
    start: async (root, secure) => {
      const server = await startProsody(root, { address, domain: name, accounts, ...secure });
      const { port, serverPort, tlsPort } = server;
      const again = /^refused STARTTLS$/;
      return {
        ...server,
        seen: [
          { at: { port, protocol: 'xmpp' }, clear: [startTlsFeature], again },
          { at: { port: serverPort, protocol: 'xmpp-server' }, clear: [startTlsFeature], again },
          { at: { port: tlsPort, protocol: 'xmpp', tls: 'implicit' }, clear: null, again },
        ],
      };
    },
    without: 'not-offered',
  },
  {
    peer: 'inn',
    start: async (root, secure) => {
      const server = await startInn(root, { address, accounts, ...secure });
      const at = { port: server.port, protocol: 'nntp' } as const;
      return { ...server, seen: [{ at, clear: ['STARTTLS'], again: /^502 / }] };
    },
    without: 'refused',
  },
  {
    peer: 'vsftpd',
    start: async (root, secure) => {
      const server = await startVsftpd(root, { address, accounts, ...secure });
      const at = { port: server.port, protocol: 'ftp' } as const;
      return { ...server, seen: [{ at, clear: ['AUTH TLS'], again: /^530 / }] };
    },
    without: 'not-offered',
  },
  ...(['postgresql', 'postgresql17'] as const).map(
    (peer): Server => ({
      peer,
      start: async (root, secure) => {
        const server = await startPostgresql(root, { address, accounts, ...secure });
        const at = { port: server.port, protocol: 'postgres' } as const;
        const direct: Seen = { at: { ...at, tls: 'implicit' }, clear: null, again: /^N$/ };
        return {
          ...server,
          seen: [{ at, clear: null, again: noProtocol }, ...(peer === 'postgresql17' ? [direct] : [])],
        };
      },
      without: 'not-offered',
    }),
  ),
  {
    peer: 'mariadb',
    start: async (root, secure) => {
      const server = await startMariadb(root, { address, accounts, ...secure });
      const at = { port: server.port, protocol: 'mysql' } as const;
      return { ...server, seen: [{ at, clear: ['mysql_native_password'], again: null }] };
    },
    without: 'not-offered',
  },
];

for (const { peer, start, without } of servers) {
  describe(`an observer at ${peer}`, () => {
    peerTest('with a certificate: all in order', [peer], async (roots, t) => {
      const server = await start(roots[peer], { certificate });
      t.after(() => server.close());
      for (const { at, clear, again } of server.seen) {
        const seen = await observe(t, { address, ...at });
        assertSound(seen, at.tls);
        for (const offer of clear ?? [])
          assert.ok(seen.base.clear?.includes(offer), `${seen.base.clear?.join()}`);
        if (clear === null) assert.equal(seen.base.clear, null);
        if (again === null) assert.equal(seen.base.again, null);
        else assert.match(seen.base.again?.text ?? '', again);
      }
    });

    peerTest(`without one: STARTTLS is ${without}`, [peer], async (roots, t) => {
      const server = await start(roots[peer], {});
      t.after(() => server.close());
      const [first] = server.seen;
      assert.ok(first !== undefined);
      const { base } = await observe(t, { address, ...first.at });
      assert.deepEqual(
        [base.upgrade.kind, base.end.kind],
        [without, 'without-tls'],
        base.transcript.join('\n'),
      );
    });
  });
}
