/** A directory through the gateway: ldapsearch in front of a slapd without TLS, a plain ldapsearch to one with StartTLS. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { startTestGateway } from '../support/gateway.ts';
import { startTap } from '../support/tap.ts';
import { gnutlsClient, opensslClient } from './support/handshakes.ts';
import { ldapsearch, type Search } from './support/ldap-client.ts';
import { peerTest } from './support/peer.ts';
import { person, type Slapd, type SlapdOptions, startSlapd, suffix } from './support/slapd.ts';

const backendHost = '127.0.0.5';
const serverName = 'ldap.example.test';
const bob: Search = { base: suffix, filter: '(uid=bob)', attributes: ['mail'], login: person };
const found = `dn: uid=bob,ou=people,${suffix}\nmail: bob@example.test\n\n`;

const authority = await createAuthority();
const certificate = await authority.issue({ names: [serverName] });
const stranger = await createAuthority();

async function slapdOf(root: string, t: TestContext, options: SlapdOptions = {}): Promise<Slapd> {
  const slapd = await startSlapd(root, { address: backendHost, ...options });
  t.after(() => slapd.close());
  return slapd;
}

const front = (t: TestContext, { port }: Slapd) =>
  startTestGateway(t, { protocol: 'ldap', backend: port, backendHost, keyPairs: [certificate] });

describe('in front of a slapd without TLS', () => {
  peerTest('ldapsearch -ZZ and ldaps:// bind and search, verified', ['slapd'], async (roots, t) => {
    const gateway = await front(t, await slapdOf(roots.slapd, t));
    for (const tls of ['starttls', 'implicit'] as const) {
      const target = { host: '127.0.0.1', port: tls === 'starttls' ? gateway.port : gateway.tlsPort };
      const tap = await startTap({ target });
      t.after(() => tap.close());
      const reach = { port: tap.port, tls, trust: authority.certPem, serverName };
      const trusted = await ldapsearch(roots.slapd, reach, bob);
      assert.equal(trusted.stdout, found, trusted.stderr);
      const clear = tap.plainBytes().map(({ client }) => client.toString('latin1'));
      assert.ok(!clear.join('\n').includes(person.user));
      const refused = await ldapsearch(roots.slapd, { ...reach, trust: stranger.certPem }, bob);
      assert.notEqual(refused.code, 0);
      assert.equal(refused.stdout, '');
    }
    assert.deepEqual([gateway.exposed, gateway.oddities], [[], []]);
  });

  peerTest(
    'OpenSSL and GnuTLS upgrade, and prove its certificate',
    ['slapd', 'mailclients', 'tools'],
    async (roots, t) => {
      const gateway = await front(t, await slapdOf(roots.slapd, t));
      for (const [trust, code] of [
        [authority.certPem, 0],
        [stranger.certPem, 1],
      ] as const) {
        const reach = { port: gateway.port, tls: 'starttls', trust, serverName } as const;
        const openssl = await opensslClient(roots.tools, 'ldap', reach);
        assert.equal(openssl.code, code, openssl.stdout + openssl.stderr);
        const gnutls = await gnutlsClient(roots.mailclients, 'ldap', reach);
        assert.equal(gnutls.code, code, gnutls.stdout + gnutls.stderr);
      }
    },
  );

  peerTest('in clear: the root DSE is ours, a bind is refused and reported', ['slapd'], async (roots, t) => {
    const slapd = await slapdOf(roots.slapd, t);
    const gateway = await front(t, slapd);
    const reach = { port: gateway.port, tls: 'none' } as const;
    const rootDse = await ldapsearch(roots.slapd, reach, { base: '', scope: 'base', attributes: ['+'] });
    assert.equal(
      rootDse.stdout,
      'dn:\nsupportedExtension: 1.3.6.1.4.1.1466.20037\nsupportedLDAPVersion: 3\n\n',
      rootDse.stderr,
    );
    const bind = await ldapsearch(roots.slapd, reach, bob);
    assert.match(bind.stderr, /Confidentiality required \(13\)[^]*StartTLS has to come first/);
    const anonymous = await ldapsearch(roots.slapd, reach, { base: suffix });
    assert.match(anonymous.stdout + anonymous.stderr, /Confidentiality required \(13\)/);
    assert.equal(anonymous.code, 13);
    assert.deepEqual(
      gateway.exposed.map(({ user }) => user),
      [person.user],
    );
  });
});

describe('reverse, to a slapd with StartTLS of its own', () => {
  const reverse = (t: TestContext, backend: number, address: string, name = serverName) =>
    startTestGateway(t, {
      protocol: 'ldap',
      backend,
      backendHost: address,
      reverse: { serverName: name, ca: authority.certPem },
    });

  peerTest(
    'a plain ldapsearch binds and searches; its login travels inside TLS',
    ['slapd'],
    async (roots, t) => {
      const slapd = await slapdOf(roots.slapd, t, { certificate });
      const tap = await startTap({ target: { host: backendHost, port: slapd.port } });
      t.after(() => tap.close());
      const gateway = await reverse(t, tap.port, '127.0.0.1');
      const said = await ldapsearch(roots.slapd, { port: gateway.port, tls: 'none' }, bob);
      assert.equal(said.stdout, found, said.stderr);
      const clear = tap.plainBytes().map(({ client }) => client.toString('latin1'));
      assert.equal(clear.length, 1);
      assert.match(slapd.log(), /BIND dn="/);
      assert.ok(!clear.join('\n').includes(person.user));
    },
  );

  peerTest(
    'a server that does not upgrade, or is another, gets nothing of it',
    ['slapd'],
    async (roots, t) => {
      const plain = await slapdOf(roots.slapd, t);
      const withTls = await startSlapd(roots.slapd, { address: '127.0.0.6', certificate });
      t.after(() => withTls.close());
      for (const [gateway, why] of [
        [await reverse(t, plain.port, backendHost), /refused StartTLS: protocolError\(2\)/],
        [await reverse(t, withTls.port, '127.0.0.6', 'other.example.test'), /other\.example\.test/],
      ] as const) {
        const said = await ldapsearch(roots.slapd, { port: gateway.port, tls: 'none' }, bob);
        assert.notEqual(said.code, 0);
        assert.equal(said.stdout, '');
        assert.match((await gateway.ended()).because, why);
      }
      assert.ok(!`${plain.log()}${withTls.log()}`.includes('BIND'));
    },
  );
});
