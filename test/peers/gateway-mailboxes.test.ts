/** Mailboxes through the gateway: real clients in front of a Dovecot without TLS, plain clients to one with TLS. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { rawClient } from '../support/raw-client.ts';
import { startTap } from '../support/tap.ts';
import type { Finished } from './support/command.ts';
import { type Dovecot, type DovecotOptions, startDovecot } from './support/dovecot.ts';
import { gnutlsClient, opensslClient } from './support/handshakes.ts';
import { curlFetches, fetchmail, mbsync } from './support/mail-readers.ts';
import { peerTest } from './support/peer.ts';
import type { Reach } from './support/reach.ts';

const backendHost = '127.0.0.5';
const login = { user: 'ada@example.test', password: 'correct horse' };
const accounts = { [login.user]: login.password };
const mail = { [login.user]: ['Subject: first\n\n1\n', 'Subject: second\n\n2\n'] };
const serverName = 'mail.example.test';

const authority = await createAuthority();
const certificate = await authority.issue({ names: [serverName] });
const stranger = await createAuthority();

type Protocol = 'imap' | 'pop3';
type Roots = Readonly<Record<'mailclients' | 'tools', string>>;

const readers: readonly {
  readonly name: string;
  readonly protocol: Protocol;
  readonly come: (roots: Roots, reach: Reach) => Promise<Finished>;
  readonly says: RegExp;
}[] = [
  {
    name: 'curl by IMAP',
    protocol: 'imap',
    come: ({ tools }, reach) => curlFetches(tools, 'imap', reach),
    says: /Subject: first\r\n\r\n1/,
  },
  {
    name: 'curl by POP3',
    protocol: 'pop3',
    come: ({ tools }, reach) => curlFetches(tools, 'pop3', reach),
    says: /Subject: first\r\n\r\n1/,
  },
  {
    name: 'mbsync by IMAP',
    protocol: 'imap',
    come: ({ mailclients }, reach) => mbsync(mailclients, reach),
    says: /Subject: first\n[^]*Subject: second\n/,
  },
  {
    name: 'fetchmail by POP3',
    protocol: 'pop3',
    come: ({ mailclients }, reach) => fetchmail(mailclients, reach),
    says: /Subject: first\n[^]*Subject: second\n/,
  },
];
const needs = ['dovecot', 'mailclients', 'tools'] as const;

async function dovecotOf(root: string, t: TestContext, options: DovecotOptions = {}): Promise<Dovecot> {
  const dovecot = await startDovecot(root, { address: backendHost, accounts, mail, ...options });
  t.after(() => dovecot.close());
  return dovecot;
}

const front = (t: TestContext, protocol: Protocol, dovecot: Dovecot): Promise<TestGateway> =>
  startTestGateway(t, {
    protocol,
    backend: dovecot[protocol].port,
    backendHost,
    keyPairs: [certificate],
    hostname: 'gate.example.test',
  });

/** How often somebody has logged in. */
function logins(dovecot: Dovecot): number {
  return dovecot
    .log()
    .split('\n')
    .filter((line) => line.includes('Login: ')).length;
}

describe('in front of a Dovecot without TLS', () => {
  for (const { name, protocol, come, says } of readers) {
    peerTest(`${name} reads mail in STARTTLS and in implicit TLS, verified`, needs, async (roots, t) => {
      const dovecot = await dovecotOf(roots.dovecot, t);
      const gateway = await front(t, protocol, dovecot);
      for (const tls of ['starttls', 'implicit'] as const) {
        const target = { host: '127.0.0.1', port: tls === 'starttls' ? gateway.port : gateway.tlsPort };
        const tap = await startTap({ target });
        t.after(() => tap.close());
        const reach: Reach = { port: tap.port, tls, trust: authority.certPem, serverName, login };
        const done = await come(roots, reach);
        assert.equal(done.code, 0, done.stdout + done.stderr);
        assert.match(done.stdout, says);
        const clear = tap.plainBytes().map(({ client }) => client.toString('latin1'));
        assert.doesNotMatch(clear.join('\n'), /LOGIN|USER|PASS|ada@|correct/i);
        const refused = await come(roots, { ...reach, trust: stranger.certPem });
        assert.notEqual(refused.code, 0);
      }
      assert.equal(logins(dovecot), 2);
      assert.deepEqual(gateway.exposed, []);
      assert.deepEqual(gateway.oddities, []);
    });
  }

  peerTest(
    'to one that takes the address of a client from us (login_trusted_networks), no client can tell another',
    ['dovecot'],
    async (roots, t) => {
      const dovecot = await dovecotOf(roots.dovecot, t, {
        settings: { login_trusted_networks: '127.0.0.0/8' },
      });
      const imapLogin = `b LOGIN ${login.user} "${login.password}"`;
      const pop3Login = [`USER ${login.user}`, `PASS ${login.password}`];
      for (const [protocol, lines] of [
        ['imap', ['a ID ("name" "x" "x-originating-ip" "192.0.2.66")', imapLogin]],
        ['imap', ['a ID ("\\x-originating-ip" "192.0.2.66")', imapLogin]],
        ['pop3', ['XCLIENT ADDR=192.0.2.66', ...pop3Login]],
        ['pop3', ['xclient ADDR=192.0.2.66', ...pop3Login]],
      ] as const) {
        const gateway = await front(t, protocol, dovecot);
        const client = await rawClient(gateway.tlsPort);
        await client.secure();
        await client.until(/(?:OK|\+OK).*\r\n/);
        for (const line of lines) {
          client.write(`${line}\r\n`);
          await client.until(/(?:^|\n)(?:[ab] OK|\+OK|-ERR).*\r\n/);
        }
        client.close();
      }
      assert.equal(logins(dovecot), 4);
      assert.doesNotMatch(dovecot.log(), /192\.0\.2\.66/);
    },
  );

  for (const protocol of ['imap', 'pop3'] as const) {
    peerTest(
      `OpenSSL and GnuTLS upgrade, and prove its certificate (${protocol})`,
      needs,
      async (roots, t) => {
        const dovecot = await dovecotOf(roots.dovecot, t);
        const gateway = await front(t, protocol, dovecot);
        for (const [trust, code] of [
          [authority.certPem, 0],
          [stranger.certPem, 1],
        ] as const) {
          const reach = { port: gateway.port, tls: 'starttls', trust, serverName } as const;
          const openssl = await opensslClient(roots.tools, protocol, reach);
          assert.equal(openssl.code, code, openssl.stdout + openssl.stderr);
          const gnutls = await gnutlsClient(roots.mailclients, protocol, reach);
          assert.equal(gnutls.code, code, gnutls.stdout + gnutls.stderr);
        }
      },
    );

    peerTest(
      `a reader in clear is refused and reported, and Dovecot hears of nobody (${protocol})`,
      needs,
      async (roots, t) => {
        const dovecot = await dovecotOf(roots.dovecot, t);
        const gateway = await front(t, protocol, dovecot);
        const client = await rawClient(gateway.port);
        client.write(
          protocol === 'imap'
            ? `a LOGIN ${login.user} "${login.password}"\r\n`
            : `USER ${login.user}\r\nPASS ${login.password}\r\n`,
        );
        await client.until(
          protocol === 'imap' ? /^a NO \[PRIVACYREQUIRED\] .*\r\n/m : /-ERR .*\r\n-ERR .*\r\n/,
        );
        client.close();
        await gateway.ended();
        assert.deepEqual(
          gateway.exposed.map(({ user }) => user),
          [login.user],
        );
        assert.doesNotMatch(JSON.stringify([gateway.exposed, gateway.events]), /correct horse/);
        assert.equal(logins(dovecot), 0);
      },
    );
  }

  peerTest(
    'what Dovecot says of LOGINDISABLED reaches the operator, and not the client',
    ['dovecot'],
    async (roots, t) => {
      // With TLS of its own it refuses logins in clear, and a gateway comes in clear.
      const dovecot = await dovecotOf(roots.dovecot, t, { certificate });
      const gateway = await front(t, 'imap', dovecot);
      const client = await rawClient(gateway.port);
      await client.until(/^\* OK .*\r\n/m);
      client.write('a STARTTLS\r\n');
      await client.until(/^a OK .*\r\n/m);
      await client.secure();
      client.write('b CAPABILITY\r\nc STARTTLS\r\n');
      const said = await client.until(/^c .*\r\n/m);
      assert.match(said, /^\* CAPABILITY IMAP4rev1 /m);
      assert.doesNotMatch(said, /CAPABILITY.*(?:STARTTLS|LOGINDISABLED)/);
      assert.match(said, /^c BAD TLS is active already\r\n/m);
      client.close();
      await gateway.ended();
      assert.match(gateway.oddities.join('\n'), /LOGINDISABLED/);
    },
  );
});

describe('in reverse, to a Dovecot with TLS', () => {
  const reverse = (
    t: TestContext,
    protocol: Protocol,
    port: number,
    ca = authority.certPem,
  ): Promise<TestGateway> =>
    startTestGateway(t, {
      protocol,
      backend: port,
      reverse: { serverName, ca },
      hostname: 'gate.example.test',
    });

  for (const { name, protocol, come, says } of readers) {
    peerTest(`${name} speaks in clear, and Dovecot hears it inside TLS`, needs, async (roots, t) => {
      const dovecot = await dovecotOf(roots.dovecot, t, { certificate });
      const tap = await startTap({ target: { host: backendHost, port: dovecot[protocol].port } });
      t.after(() => tap.close());
      const gateway = await reverse(t, protocol, tap.port);
      const done = await come(roots, { port: gateway.port, tls: 'none', login });
      assert.equal(done.code, 0, done.stdout + done.stderr);
      assert.match(done.stdout, says);
      const clear = tap.plainBytes().map(({ client }) => client.toString('latin1'));
      assert.doesNotMatch(clear.join('\n'), /LOGIN|USER|PASS|ada@|correct/i);
      assert.equal((await gateway.ended()).tls.outcome, 'authenticated');
      assert.match(dovecot.log(), /Login: .*, TLS, /);
    });
  }

  for (const protocol of ['imap', 'pop3'] as const) {
    for (const [why, options, ca, says] of [
      ['has no TLS', {}, authority.certPem, /does not offer STARTTLS/],
      ['is vouched for by nobody we know', { certificate }, stranger.certPem, /not valid/],
    ] as const) {
      peerTest(
        `a Dovecot that ${why} hears no login, and the client why (${protocol})`,
        ['dovecot'],
        async (roots, t) => {
          const dovecot = await dovecotOf(roots.dovecot, t, options);
          const tap = await startTap({ target: { host: backendHost, port: dovecot[protocol].port } });
          t.after(() => tap.close());
          const gateway = await reverse(t, protocol, tap.port, ca);
          const client = await rawClient(gateway.port);
          client.write(protocol === 'imap' ? 'a LOGIN ada@example.test x\r\n' : 'USER ada@example.test\r\n');
          assert.match(await client.until(/\r\n/), says);
          client.close();
          assert.equal((await gateway.ended()).endedBy, 'unreachable');
          const clear = tap.plainBytes().map((one) => one.client.toString('latin1'));
          assert.doesNotMatch(clear.join('\n'), /LOGIN|USER|ada/);
        },
      );
    }
  }
});
