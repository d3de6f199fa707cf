/** Dovecot and its clients by themselves, so that what a gateway between them does can be told from what they do. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { rawClient } from '../support/raw-client.ts';
import { curl } from './support/clients.ts';
import type { Finished } from './support/command.ts';
import { type Dovecot, type DovecotOptions, type Ports, startDovecot } from './support/dovecot.ts';
import { gnutlsClient, opensslClient } from './support/handshakes.ts';
import { curlFetches, fetchmail, mbsync, sieveConnect } from './support/mail-readers.ts';
import { peerTest } from './support/peer.ts';
import { startPostfix } from './support/postfix.ts';
import type { Reach } from './support/reach.ts';

const address = '127.0.0.5';
const login = { user: 'ada@example.test', password: 'correct horse' };
const accounts = { [login.user]: login.password };
const mail = { [login.user]: ['Subject: first\n\n1\n', 'Subject: second\n\n2\n'] };
const serverName = 'mail.example.test';
const start = (root: string, options: DovecotOptions = {}) =>
  startDovecot(root, { address, accounts, mail, ...options });

const authority = await createAuthority();
const certificate = await authority.issue({ names: [serverName] });
const stranger = await createAuthority();

type Protection = Pick<Reach, 'tls' | 'trust' | 'serverName'>;
type Roots = Readonly<Record<'mailclients' | 'tools', string>>;

/** Each with what it says when it has done its work. */
const readers: Readonly<Record<string, { visits: 'imap' | 'pop3' | 'sieve'; come: Reader; says: RegExp }>> = {
  'curl by IMAP': {
    visits: 'imap',
    come: ({ tools }, reach) => curlFetches(tools, 'imap', reach),
    says: /Subject: first\r\n\r\n1/,
  },
  'curl by POP3': {
    visits: 'pop3',
    come: ({ tools }, reach) => curlFetches(tools, 'pop3', reach),
    says: /Subject: first\r\n\r\n1/,
  },
  'mbsync by IMAP': {
    visits: 'imap',
    come: ({ mailclients }, reach) => mbsync(mailclients, reach),
    says: /Subject: first\n[^]*Subject: second\n/,
  },
  'fetchmail by POP3': {
    visits: 'pop3',
    come: ({ mailclients }, reach) => fetchmail(mailclients, reach),
    says: /Subject: first\n[^]*Subject: second\n/,
  },
  'sieve-connect by ManageSieve': {
    visits: 'sieve',
    come: ({ mailclients }, reach) => sieveConnect(mailclients, reach, 'keep;\r\n'),
    says: /"mail" ACTIVE/,
  },
};

type Reader = (roots: Roots, reach: Reach) => Promise<Finished>;

describe('Dovecot by itself', () => {
  peerTest(
    'without a certificate it offers no TLS, and takes logins in clear',
    ['dovecot'],
    async (roots, t) => {
      const dovecot = await start(roots.dovecot);
      t.after(() => dovecot.close());
      const said = await greetings(dovecot);
      assert.match(
        said.imap,
        /^\* OK \[CAPABILITY IMAP4rev1 (?!.*STARTTLS)(?!.*LOGINDISABLED).* AUTH=PLAIN /,
      );
      assert.match(said.pop3, /^\+OK Dovecot <[^>]+@dovecot\.test>\r\n[^]*\r\nUSER\r\nSASL PLAIN LOGIN\r\n/);
      assert.doesNotMatch(said.pop3, /STLS/);
      assert.match(said.sieve, /^"IMPLEMENTATION" "Dovecot [^]*"SASL" "PLAIN LOGIN"\r\n/);
      assert.doesNotMatch(said.sieve, /STARTTLS/);
      assert.doesNotMatch(said.lmtp, /STARTTLS/);
    },
  );

  peerTest('with one it offers STARTTLS, and refuses logins in clear', ['dovecot'], async (roots, t) => {
    const dovecot = await start(roots.dovecot, { certificate });
    t.after(() => dovecot.close());
    const said = await greetings(dovecot);
    assert.match(said.imap, /^\* OK \[CAPABILITY IMAP4rev1 .* STARTTLS LOGINDISABLED\] Dovecot\r\n/);
    assert.match(said.imap, /\r\nb NO \[PRIVACYREQUIRED\]/);
    assert.match(said.pop3, /\r\nSTLS\r\nSASL\r\n[^]*-ERR \[AUTH\] Plaintext authentication disallowed/);
    assert.match(said.sieve, /"SASL" ""\r\n"STARTTLS"\r\n[^]*NO "Plaintext authentication disabled\."/);
    assert.match(said.lmtp, /\r\n250 STARTTLS\r\n/);
  });

  for (const [name, { visits, come, says }] of Object.entries(readers)) {
    const needs = ['dovecot', 'mailclients', 'tools'] as const;
    peerTest(`${name} works in clear, in STARTTLS and in implicit TLS, verified`, needs, async (roots, t) => {
      const plain = await start(roots.dovecot);
      t.after(() => plain.close());
      const secure = await start(roots.dovecot, { certificate });
      t.after(() => secure.close());
      const ports: Partial<Ports> & Pick<Ports, 'port'> = secure[visits];
      const inTls = (tls: 'starttls' | 'implicit', trust = authority.certPem): Protection => ({
        tls,
        trust,
        serverName,
      });
      const visit = (port: number, protection: Protection) =>
        come(roots, { address, port, login, ...protection });
      const ways = [
        await visit(plain[visits].port, { tls: 'none' }),
        await visit(ports.port, inTls('starttls')),
        ...(ports.tlsPort === undefined ? [] : [await visit(ports.tlsPort, inTls('implicit'))]),
      ];
      for (const done of ways) {
        assert.equal(done.code, 0, done.stdout + done.stderr);
        assert.match(done.stdout, says);
      }
      for (const [server, trust] of [
        [secure, stranger.certPem],
        // What has no STARTTLS is no way round it.
        [plain, authority.certPem],
      ] as const) {
        const refused = await visit(server[visits].port, inTls('starttls', trust));
        assert.notEqual(refused.code, 0, refused.stdout + refused.stderr);
        assert.doesNotMatch(refused.stdout, says);
      }
      assert.equal(loginsIn(secure.log(), /, TLS, /), ways.length - 1);
      assert.equal(loginsIn(plain.log(), /(?<!TLS), session=/), 1);
    });
  }

  peerTest(
    'OpenSSL and GnuTLS upgrade in each protocol, and prove its certificate',
    ['dovecot', 'mailclients', 'tools'],
    async (roots, t) => {
      const dovecot = await start(roots.dovecot, { certificate });
      t.after(() => dovecot.close());
      const { imap, pop3, sieve } = dovecot;
      for (const [protocol, port] of [
        ['imap', imap.port],
        ['pop3', pop3.port],
        ['sieve', sieve.port],
        ['lmtp', dovecot.port],
      ] as const) {
        for (const [trust, code] of [
          [authority.certPem, 0],
          [stranger.certPem, 1],
        ] as const) {
          const reach = { address, port, tls: 'starttls', trust, serverName } as const;
          const openssl = await opensslClient(roots.tools, protocol, reach);
          assert.equal(openssl.code, code, `${protocol}: ${openssl.stdout}${openssl.stderr}`);
          const gnutls = await gnutlsClient(roots.mailclients, protocol, reach);
          assert.equal(gnutls.code, code, `${protocol}: ${gnutls.stdout}${gnutls.stderr}`);
        }
      }
    },
  );

  peerTest(
    'it takes the client address from a PROXY header, where told to',
    ['dovecot'],
    async (roots, t) => {
      const dovecot = await start(roots.dovecot, { proxied: true });
      t.after(() => dovecot.close());
      const headers = {
        '192.0.2.1': 'PROXY TCP4 192.0.2.1 192.0.2.2 4711 143\r\n',
        '192.0.2.3': `\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x03\xc0\0\x02\x02\x12\x67\0\x8f`,
      };
      for (const [from, header] of Object.entries(headers)) {
        const client = await rawClient(dovecot.imap.port, address);
        t.after(() => client.close());
        client.write(`${header}a LOGIN ${login.user} "${login.password}"\r\n`);
        await client.until(/^a OK .*\r\n/m);
        assert.match(dovecot.log(), new RegExp(`Login: .*, rip=${from}, lip=192\\.0\\.2\\.2, `));
      }
    },
  );

  peerTest(
    'submission hands on what comes after a login in TLS',
    ['dovecot', 'postfix', 'tools'],
    async (roots, t) => {
      const postfix = await startPostfix(roots.postfix, { address: '127.0.0.6' });
      t.after(() => postfix.close());
      const relay = { host: postfix.address, port: postfix.port };
      const dovecot = await start(roots.dovecot, { certificate, relay });
      t.after(() => dovecot.close());
      const { port, tlsPort } = dovecot.submission;
      const message = Buffer.from('Subject: x\r\n\r\nbody\r\n');
      const to = { from: 'ada@example.test', to: ['b@example.test'], message, address, serverName };
      const trusting = { ...to, trust: authority.certPem, login: { ...login, mechanism: 'PLAIN' } } as const;
      for (const way of [
        { ...trusting, tls: 'starttls', port },
        { ...trusting, tls: 'implicit', port: tlsPort },
      ] as const) {
        const sent = await curl(roots.tools, way);
        assert.equal(sent.code, 0, sent.stderr);
      }
      assert.equal((await postfix.messages(2))[1]?.from, 'ada@example.test');
      const inClear = await curl(roots.tools, { ...trusting, tls: 'none', port });
      assert.notEqual(inClear.code, 0);
    },
  );
});

/** What it says in clear to somebody who asks for its capabilities, and then tries to log in. */
async function greetings(dovecot: Dovecot): Promise<Record<'imap' | 'pop3' | 'sieve' | 'lmtp', string>> {
  const { user, password } = login;
  const plain = Buffer.from(`\0${user}\0${password}`).toString('base64');
  return {
    imap: await hear(dovecot.imap.port, `a CAPABILITY\r\nb LOGIN ${user} "${password}"\r\n`, /^b .*\r\n/m),
    pop3: await hear(dovecot.pop3.port, `CAPA\r\nUSER ${user}\r\n`, /\r\n\.\r\n(?:\+OK|-ERR).*\r\n/),
    sieve: await hear(
      dovecot.sieve.port,
      `AUTHENTICATE "PLAIN" "${plain}"\r\n`,
      /^OK "Dovecot"\r\n(?:OK|NO) .*\r\n/m,
    ),
    lmtp: await hear(dovecot.port, 'LHLO client.test\r\n', /^250 .*\r\n/m),
  };
}

async function hear(port: number, words: string, last: RegExp): Promise<string> {
  const client = await rawClient(port, address);
  client.write(words);
  const said = await client.until(last);
  client.close();
  return said;
}

function loginsIn(log: string, how: RegExp): number {
  return log.split('\n').filter((line) => line.includes('Login: ') && how.test(line)).length;
}
