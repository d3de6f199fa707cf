/** XMPP through the gateway: slixmpp in front of a Prosody without TLS, and in clear to one with STARTTLS. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { startTestGateway } from '../support/gateway.ts';
import { rawClient } from '../support/raw-client.ts';
import { startTap } from '../support/tap.ts';
import { gnutlsClient, opensslClient } from './support/handshakes.ts';
import { peerTest } from './support/peer.ts';
import { type Prosody, startProsody } from './support/prosody.ts';
import { slixmpp } from './support/xmpp-client.ts';

const backendHost = '127.0.0.5';
const domain = 'xmpp.example.test';
const accounts = { user: 'pencil' };
const login = { user: `user@${domain}`, password: accounts.user };

const authority = await createAuthority();
const certificate = await authority.issue({ names: [domain] });
const stranger = await createAuthority();

async function prosodyOf(root: string, t: TestContext, secure: boolean): Promise<Prosody> {
  const prosody = await startProsody(root, {
    address: backendHost,
    domain,
    accounts,
    ...(secure ? { certificate } : {}),
  });
  t.after(() => prosody.close());
  return prosody;
}

const front = (t: TestContext, protocol: 'xmpp' | 'xmpp-server', { port, serverPort }: Prosody) =>
  startTestGateway(t, {
    protocol,
    backend: protocol === 'xmpp' ? port : serverPort,
    backendHost,
    keyPairs: [certificate],
  });

describe('in front of a Prosody without TLS', () => {
  peerTest(
    'slixmpp logs in, reads its roster and hears its own message, verified',
    ['prosody'],
    async (roots, t) => {
      const gateway = await front(t, 'xmpp', await prosodyOf(roots.prosody, t, false));
      for (const tls of ['starttls', 'implicit'] as const) {
        const target = { host: '127.0.0.1', port: tls === 'starttls' ? gateway.port : gateway.tlsPort };
        const tap = await startTap({ target });
        t.after(() => tap.close());
        const reach = { port: tap.port, tls, trust: authority.certPem, serverName: domain, login };
        const said = await slixmpp(roots.prosody, reach, 'hello <&>');
        assert.equal(said.code, 0, said.stderr);
        assert.equal(said.stdout, 'roster 0\nmessage hello <&>\n');
        const clear = tap.plainBytes().map(({ client }) => client.toString('latin1'));
        assert.doesNotMatch(clear.join('\n'), /<auth|user@|hello/);
        const refused = await slixmpp(roots.prosody, { ...reach, trust: stranger.certPem }, 'x');
        assert.match(refused.stderr, /CERTIFICATE_VERIFY_FAILED/);
      }
      assert.deepEqual([gateway.exposed, gateway.oddities], [[], []]);
    },
  );

  for (const protocol of ['xmpp', 'xmpp-server'] as const)
    peerTest(
      `OpenSSL and GnuTLS upgrade, and prove its certificate (${protocol})`,
      ['prosody', 'mailclients', 'tools'],
      async (roots, t) => {
        const gateway = await front(t, protocol, await prosodyOf(roots.prosody, t, false));
        for (const [trust, code] of [
          [authority.certPem, 0],
          [stranger.certPem, 1],
        ] as const) {
          const reach = { port: gateway.port, tls: 'starttls', trust, serverName: domain } as const;
          const openssl = await opensslClient(roots.tools, protocol, reach);
          assert.equal(openssl.code, code, openssl.stdout + openssl.stderr);
          if (protocol !== 'xmpp') continue;
          const gnutls = await gnutlsClient(roots.mailclients, protocol, reach);
          assert.equal(gnutls.code, code, gnutls.stdout + gnutls.stderr);
        }
      },
    );

  peerTest(
    'a client in clear is offered no login; one sent all the same is reported',
    ['prosody'],
    async (roots, t) => {
      const prosody = await prosodyOf(roots.prosody, t, false);
      const gateway = await front(t, 'xmpp', prosody);
      const clear = await slixmpp(roots.prosody, { port: gateway.port, tls: 'none', login }, 'x');
      assert.match(clear.stderr, /^no login offered/m);
      const client = await rawClient(gateway.port);
      client.write(
        `<stream:stream to='${domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>` +
          "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AHVzZXIAcGVuY2ls</auth></stream:stream>",
      );
      await client.until('<encryption-required/></failure></stream:stream>');
      assert.deepEqual(
        gateway.exposed.map(({ user }) => user),
        ['user'],
      );
      assert.doesNotMatch(prosody.log(), /Authenticated/);
    },
  );
});

describe('reverse, to a Prosody with STARTTLS of its own', () => {
  const reverse = (t: TestContext, backend: number, address: string, serverName = domain) =>
    startTestGateway(t, {
      protocol: 'xmpp',
      backend,
      backendHost: address,
      reverse: { serverName, ca: authority.certPem },
    });

  peerTest('slixmpp logs in in clear; its login travels inside TLS', ['prosody'], async (roots, t) => {
    const prosody = await prosodyOf(roots.prosody, t, true);
    const tap = await startTap({ target: { host: backendHost, port: prosody.port } });
    t.after(() => tap.close());
    const gateway = await reverse(t, tap.port, '127.0.0.1');
    const said = await slixmpp(roots.prosody, { port: gateway.port, tls: 'none', login }, 'hello');
    assert.equal(said.code, 0, said.stderr + prosody.log());
    assert.equal(said.stdout, 'roster 0\nmessage hello\n');
    const clear = tap.plainBytes().map(({ client }) => client.toString('latin1'));
    assert.match(clear.join('\n'), /<starttls /);
    assert.doesNotMatch(clear.join('\n'), /<auth|user@|hello/);
  });

  peerTest(
    'a server that does not upgrade, or is another, gets nothing of it',
    ['prosody'],
    async (roots, t) => {
      const plain = await prosodyOf(roots.prosody, t, false);
      const way = { tls: 'none', login } as const;
      const stripped = await reverse(t, plain.port, backendHost);
      const said = await slixmpp(roots.prosody, { ...way, port: stripped.port }, 'hello');
      assert.notEqual(said.code, 0);
      assert.match((await stripped.ended()).because, /does not offer STARTTLS/);
      assert.doesNotMatch(plain.log(), /Authenticated/);
    },
  );
});
