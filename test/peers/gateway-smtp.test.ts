/** Mail goes through the gateway: real clients in front of real servers without TLS, and behind it to real ones with TLS. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { type Authority, createAuthority } from '../support/certificates.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts';
import { rawClient } from '../support/raw-client.ts';
import { startTap } from '../support/tap.ts';
import { curl, msmtp, nodemailer, smtplib, swaks } from './support/clients.ts';
import { startDovecot } from './support/dovecot.ts';
import { gnutlsClient, opensslClient } from './support/handshakes.ts';
import type { Received } from './support/maildir.ts';
import { peerTest } from './support/peer.ts';
import { type Postfix, type PostfixOptions, startPostfix } from './support/postfix.ts';
import { runIn } from './support/sandbox.ts';

const text = 'First line\r\n.dot\r\n..\r\n\r\nSTARTTLS\r\nQUIT\r\nlast\r\n';
const message = Buffer.from(`From: <a@sender.test>\r\nTo: <b@example.test>\r\nSubject: hello\r\n\r\n${text}`);
const envelope = { from: 'a@sender.test', to: ['b@example.test'], message };
const serverName = 'mail.example.test';
const login = { user: 'ada', password: 'correct horse', mechanism: 'PLAIN' as const };

const authority: Authority = await createAuthority();
const certificate = await authority.issue({ names: [serverName] });
const stranger = await createAuthority();

const clients = { swaks, msmtp, curl, smtplib, nodemailer } as const;

/** Postfix that has no TLS of its own. */
async function plainPostfix(root: string, t: TestContext, options: PostfixOptions = {}): Promise<Postfix> {
  const postfix = await startPostfix(root, options);
  t.after(() => postfix.close());
  return postfix;
}

const front = (
  t: TestContext,
  backend: number,
  more: Partial<TestGatewayOptions> = {},
): Promise<TestGateway> =>
  startTestGateway(t, { protocol: 'smtp', backend, keyPairs: [certificate], ...more });

function assertWhole([received]: readonly Received[]): void {
  assert.equal(received?.body.toString(), text.replaceAll('\r\n', '\n'));
}

describe('in front of Postfix without TLS', () => {
  for (const [name, client] of Object.entries(clients)) {
    for (const tls of ['starttls', 'implicit'] as const) {
      peerTest(`${name} hands in over ${tls} TLS`, ['postfix', 'tools'], async (roots, t) => {
        const postfix = await plainPostfix(roots.postfix, t);
        const gateway = await front(t, postfix.port);
        const port = tls === 'starttls' ? gateway.port : gateway.tlsPort;
        const tap = await startTap({ target: { host: '127.0.0.1', port } });
        t.after(() => tap.close());
        const trust = authority.certPem;
        const sent = await client(roots.tools, { ...envelope, port: tap.port, tls, trust, serverName });
        assert.equal(sent.code, 0, sent.stdout + sent.stderr);
        assertWhole(await postfix.messages(1));
        const clear = tap.plainBytes().map((one) => one.client.toString('latin1'));
        assert.doesNotMatch(clear.join('\n'), /MAIL FROM|a@sender\.test/i);
        const { tls: seen } = await gateway.ended();
        assert.equal(seen.outcome, 'encrypted');
        assert.match(seen.version ?? '', /^TLSv1\.[23]$/);
      });
    }
  }

  peerTest(
    'a public MX passes mail in clear on, and its event says so (RFC 3207 §4)',
    ['postfix', 'tools'],
    async (roots, t) => {
      const postfix = await plainPostfix(roots.postfix, t);
      const gateway = await front(t, postfix.port);
      const sent = await swaks(roots.tools, { ...envelope, port: gateway.port, tls: 'none' });
      assert.equal(sent.code, 0, sent.stdout + sent.stderr);
      assertWhole(await postfix.messages(1));
      assert.equal((await gateway.ended()).tls.outcome, 'cleartext');
    },
  );

  peerTest('unless it requires TLS', ['postfix', 'tools'], async (roots, t) => {
    const postfix = await plainPostfix(roots.postfix, t);
    const tap = await startTap({ target: { host: '127.0.0.1', port: postfix.port } });
    t.after(() => tap.close());
    const gateway = await front(t, tap.port, { requireTls: true });
    const sent = await swaks(roots.tools, { ...envelope, port: gateway.port, tls: 'none' });
    assert.notEqual(sent.code, 0);
    assert.match(sent.stdout, /530 5\.7\.0 must issue a STARTTLS command first/);
    assert.deepEqual(tap.plainBytes(), []);
  });

  peerTest('Postfix delivers to it at level secure', ['postfix'], async (roots, t) => {
    const postfix = await plainPostfix(roots.postfix, t);
    const gateway = await front(t, postfix.port);
    const sender = await plainPostfix(roots.postfix, t, {
      domains: [],
      hostname: 'sender.test',
      hosts: { [serverName]: '127.0.0.1' },
      relay: {
        host: serverName,
        port: gateway.port,
        tls: 'secure',
        names: ['nexthop'],
        trust: authority.certPem,
      },
    });
    await sender.inject('a@sender.test', ['b@example.test'], Buffer.from('Subject: x\n\nhello\n'));
    const [received] = await postfix.messages(1);
    assert.equal(received?.body.toString(), 'hello\n');
  });

  peerTest(
    'by XCLIENT it learns whose connection this is, from a proxy before us',
    ['postfix'],
    async (roots, t) => {
      const settings = { smtpd_authorized_xclient_hosts: '127.0.0.0/8' };
      const postfix = await plainPostfix(roots.postfix, t, { settings });
      const gateway = await front(t, postfix.port, { xclient: true, behindProxy: true });
      const client = await rawClient(gateway.port);
      client.write('PROXY TCP4 192.0.2.7 192.0.2.8 40000 25\r\n');
      assert.match(await client.reply(), /^220 /);
      await client.expect('EHLO client.test', '250');
      await client.expect('STARTTLS', '220');
      await client.secure();
      assert.doesNotMatch(await client.expect('EHLO client.test', '250'), /XCLIENT|STARTTLS/);
      await client.expect('MAIL FROM:<a@sender.test>', '250');
      await client.expect('RCPT TO:<b@example.test>', '250');
      await client.expect('DATA', '354');
      await client.expect('Subject: x\r\n\r\nhello\r\n.', '250');
      client.close();
      const [received] = await postfix.messages(1);
      assert.match(
        received?.header.toString() ?? '',
        /^Received: from client\.test \(unknown \[192\.0\.2\.7\]\)/m,
      );
    },
  );

  peerTest('a client cannot say it, in no way that Postfix reads', ['postfix'], async (roots, t) => {
    const settings = { smtpd_authorized_xclient_hosts: '127.0.0.0/8' };
    const postfix = await plainPostfix(roots.postfix, t, { settings });
    const gateway = await front(t, postfix.port, { xclient: true });
    // It skips space before a verb, and ends a verb at any of these.
    for (const verb of [
      'XCLIENT ',
      ' XCLIENT ',
      '\tXCLIENT ',
      '\vXCLIENT\t',
      '\fXCLIENT ',
      'XCLIENT\v',
      'XCLIENT\f',
    ]) {
      const client = await rawClient(gateway.port);
      assert.match(await client.reply(), /^220 /);
      client.write(`${verb}ADDR=192.0.2.66\r\n`);
      assert.match(await client.reply(), /^50[02] /, JSON.stringify(verb));
      await client.expect('QUIT', '221');
      client.close();
    }
    assert.doesNotMatch(postfix.log(), /192\.0\.2\.66/);
  });

  peerTest('and without leave for XCLIENT nothing goes that way', ['postfix', 'tools'], async (roots, t) => {
    const postfix = await plainPostfix(roots.postfix, t);
    const gateway = await front(t, postfix.port, { xclient: true });
    const sent = await swaks(roots.tools, { ...envelope, port: gateway.port, tls: 'none' });
    assert.notEqual(sent.code, 0);
    assert.match(sent.stdout, /421 4\.4\.1/);
    assert.match(gateway.oddities.join(), /XCLIENT/);
    assert.doesNotMatch(postfix.log(), /client=/);
  });

  for (const [name, client] of Object.entries({ swaks, msmtp, curl, smtplib })) {
    peerTest(`${name} logs in inside TLS on submission`, ['postfix', 'tools'], async (roots, t) => {
      const accounts = { [login.user]: login.password };
      const settings = { smtpd_tls_auth_only: 'no' };
      const postfix = await plainPostfix(roots.postfix, t, { accounts, settings });
      const gateway = await front(t, postfix.port, { protocol: 'submission' });
      const trust = authority.certPem;
      const how = { ...envelope, port: gateway.port, trust, serverName, login };
      const sent = await client(roots.tools, { ...how, tls: 'starttls' });
      assert.equal(sent.code, 0, sent.stdout + sent.stderr);
      assertWhole(await postfix.messages(1));
      assert.match(postfix.log(), /sasl_username=ada/);
      assert.deepEqual(gateway.exposed, []);
    });
  }

  for (const protocol of ['smtp', 'submission', 'lmtp'] as const) {
    peerTest(
      `openssl s_client and gnutls-cli upgrade (${protocol})`,
      ['postfix', 'dovecot', 'tools', 'mailclients'],
      async (roots, t) => {
        const backend =
          protocol === 'lmtp'
            ? await startDovecot(roots.dovecot, { address: '127.0.0.5' })
            : await startPostfix(roots.postfix, { address: '127.0.0.5' });
        t.after(() => backend.close());
        const gateway = await front(t, backend.port, { protocol, backendHost: '127.0.0.5' });
        const spoken = protocol === 'lmtp' ? 'lmtp' : 'smtp';
        const reach = { port: gateway.port, tls: 'starttls', serverName } as const;
        for (const [trust, code] of [
          [authority.certPem, 0],
          [stranger.certPem, 1],
        ] as const) {
          const openssl = await opensslClient(roots.tools, spoken, { ...reach, trust });
          assert.equal(openssl.code, code, openssl.stdout + openssl.stderr);
          assert.match(openssl.stdout, /CN ?= ?mail\.example\.test|subject=/);
          const gnutls = await gnutlsClient(roots.mailclients, spoken, { ...reach, trust });
          assert.equal(gnutls.code, code, gnutls.stdout + gnutls.stderr);
        }
      },
    );
  }
});

describe('in front of Dovecot without TLS', () => {
  peerTest('swaks delivers by LMTP inside TLS', ['dovecot', 'tools'], async (roots, t) => {
    const accounts = { 'b@example.test': 'secret' };
    const dovecot = await startDovecot(roots.dovecot, { address: '127.0.0.5', accounts });
    t.after(() => dovecot.close());
    const gateway = await front(t, dovecot.port, { protocol: 'lmtp', backendHost: '127.0.0.5' });
    const given = ['--server', '127.0.0.1', '--port', `${gateway.port}`, '--protocol', 'LMTP', '--tls'];
    const verified = ['--tls-verify', '--tls-ca-path', '/peer/trust.pem'];
    const mail = [
      '--helo',
      'swaks.test',
      '--from',
      'a@sender.test',
      '--to',
      'b@example.test',
      '--body',
      'hello',
    ];
    const files = { '/peer/trust.pem': authority.certPem };
    const sent = await runIn(roots.tools, 'swaks', [...given, ...verified, ...mail], { files });
    assert.equal(sent.code, 0, sent.stdout + sent.stderr);
    const [received] = await dovecot.messages('b@example.test', 1);
    assert.match(received?.body.toString() ?? '', /^hello/);
    assert.equal((await gateway.ended()).tls.outcome, 'encrypted');
  });
});

describe('in reverse, to a server with TLS of its own', () => {
  for (const [name, client] of Object.entries({ swaks, msmtp, curl, smtplib })) {
    peerTest(
      `${name} speaks in clear, and Postfix hears it inside TLS`,
      ['postfix', 'tools'],
      async (roots, t) => {
        const postfix = await plainPostfix(roots.postfix, t, { certificate, starttls: 'encrypt' });
        const tap = await startTap({ target: { host: '127.0.0.1', port: postfix.port } });
        t.after(() => tap.close());
        const gateway = await startTestGateway(t, {
          protocol: 'smtp',
          backend: tap.port,
          reverse: { serverName, ca: authority.certPem },
        });
        const sent = await client(roots.tools, { ...envelope, port: gateway.port, tls: 'none' });
        assert.equal(sent.code, 0, sent.stdout + sent.stderr);
        assertWhole(await postfix.messages(1));
        const clear = tap.plainBytes().map((one) => one.client.toString('latin1'));
        assert.doesNotMatch(clear.join('\n'), /MAIL FROM|a@sender\.test/i);
        assert.equal((await gateway.ended()).tls.outcome, 'authenticated');
      },
    );
  }

  peerTest('a login goes inside TLS only', ['postfix', 'tools'], async (roots, t) => {
    const accounts = { [login.user]: login.password };
    const postfix = await plainPostfix(roots.postfix, t, { certificate, accounts });
    const gateway = await startTestGateway(t, {
      protocol: 'submission',
      backend: postfix.port,
      reverse: { serverName, ca: authority.certPem },
    });
    const sent = await swaks(roots.tools, { ...envelope, port: gateway.port, tls: 'none', login });
    assert.equal(sent.code, 0, sent.stdout + sent.stderr);
    assert.match(postfix.log(), /sasl_username=ada/);
  });

  for (const [why, options, ca, name, says] of [
    ['has no TLS', {}, authority.certPem, serverName, /421 .*does not offer STARTTLS/],
    ['is vouched for by nobody we know', { certificate }, stranger.certPem, serverName, /421 .*not valid/],
    [
      'is somebody else',
      { certificate },
      authority.certPem,
      'other.example.test',
      /421 .*names mail\.example\.test/,
    ],
  ] as const) {
    peerTest(
      `a Postfix that ${why} hears nothing, and the client why`,
      ['postfix', 'tools'],
      async (roots, t) => {
        const postfix = await plainPostfix(roots.postfix, t, options);
        const gateway = await startTestGateway(t, {
          protocol: 'smtp',
          backend: postfix.port,
          reverse: { serverName: name, ca },
        });
        const sent = await swaks(roots.tools, { ...envelope, port: gateway.port, tls: 'none' });
        assert.notEqual(sent.code, 0);
        assert.match(sent.stdout, says);
        assert.doesNotMatch(postfix.log(), /client=/);
        assert.equal((await gateway.ended()).endedBy, 'unreachable');
      },
    );
  }

  peerTest('LMTP to Dovecot', ['dovecot', 'tools'], async (roots, t) => {
    const accounts = { 'b@example.test': 'secret' };
    const dovecot = await startDovecot(roots.dovecot, { address: '127.0.0.5', certificate, accounts });
    t.after(() => dovecot.close());
    const gateway = await startTestGateway(t, {
      protocol: 'lmtp',
      backend: dovecot.port,
      backendHost: '127.0.0.5',
      reverse: { serverName, ca: authority.certPem },
    });
    const client = await rawClient(gateway.port);
    assert.match(await client.reply(), /^220 .* LMTP\r\n$/);
    await client.expect('LHLO client.test', '250');
    await client.expect('MAIL FROM:<a@sender.test>', '250');
    await client.expect('RCPT TO:<b@example.test>', '250');
    await client.expect('DATA', '354');
    await client.expect('Subject: x\r\n\r\nhello\r\n.', '250');
    const [received] = await dovecot.messages('b@example.test', 1);
    assert.equal(received?.body.toString(), 'hello\n');
    client.close();
  });
});
