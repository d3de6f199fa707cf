/** slapd and its clients by themselves, so that what a gateway between them does can be told from what they do. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { rawClient } from '../support/raw-client.ts';
import { gnutlsClient, opensslClient } from './support/handshakes.ts';
import { ldapsearch, type Search } from './support/ldap-client.ts';
import { peerTest } from './support/peer.ts';
import { administrator, person, type SlapdOptions, startSlapd, suffix } from './support/slapd.ts';
import { until } from './support/until.ts';

const address = '127.0.0.5';
const serverName = 'ldap.example.test';
const rootDse: Search = { base: '', scope: 'base', attributes: ['+'] };
const bob: Search = { base: suffix, filter: '(uid=bob)', attributes: ['mail'], login: person };
const found = `dn: uid=bob,ou=people,${suffix}\nmail: bob@example.test\n\n`;
const start = (root: string, options: SlapdOptions = {}) => startSlapd(root, { address, ...options });

const authority = await createAuthority();
const certificate = await authority.issue({ names: [serverName] });
const stranger = await createAuthority();
const inTls = (tls: 'starttls' | 'implicit', trust = authority.certPem) => ({
  tls,
  trust,
  serverName,
});
/** By RFC 4511 §4.14.1 the name of StartTLS. */
const startTls = '1.3.6.1.4.1.1466.20037';

describe('slapd by itself', () => {
  peerTest(
    'without a certificate it knows no StartTLS, and takes binds in clear',
    ['slapd'],
    async (roots, t) => {
      const slapd = await start(roots.slapd);
      t.after(() => slapd.close());
      const { port } = slapd;
      const reach = { address, port, tls: 'none' } as const;
      const server = await ldapsearch(roots.slapd, reach, rootDse);
      assert.match(server.stdout, /^namingContexts: dc=example,dc=test$/m);
      assert.ok(!server.stdout.includes(startTls));
      assert.equal((await ldapsearch(roots.slapd, reach, bob)).stdout, found);
      const all = await ldapsearch(roots.slapd, reach, { base: suffix, login: administrator });
      assert.equal(all.stdout.match(/^dn: /gm)?.length, 4);
      const wrong = await ldapsearch(roots.slapd, reach, { ...bob, login: { ...person, password: 'x' } });
      assert.match(wrong.stderr, /Invalid credentials \(49\)/);
      const anonymous = await ldapsearch(roots.slapd, reach, { base: suffix });
      assert.equal(anonymous.code, 32, 'whoever has not bound sees nothing');
      const upgrade = await ldapsearch(roots.slapd, { ...reach, ...inTls('starttls') }, bob);
      assert.equal(upgrade.stdout, '');
      assert.match(upgrade.stderr, /^ldap_start_tls: Protocol error \(2\)\n.*unsupported extended operation/);
    },
  );

  peerTest('with one it takes binds in TLS only, which ldapsearch verifies', ['slapd'], async (roots, t) => {
    const slapd = await start(roots.slapd, { certificate });
    t.after(() => slapd.close());
    const { port, tlsPort } = slapd;
    const clear = { address, port, tls: 'none' } as const;
    assert.ok((await ldapsearch(roots.slapd, clear, rootDse)).stdout.includes(startTls));
    assert.match((await ldapsearch(roots.slapd, clear, bob)).stderr, /Confidentiality required \(13\)/);
    for (const [tls, on] of [
      ['starttls', port],
      ['implicit', tlsPort],
    ] as const) {
      const to = { address, port: on };
      const trusted = await ldapsearch(roots.slapd, { ...to, ...inTls(tls) }, bob);
      assert.equal(trusted.stdout, found, trusted.stderr);
      const strange = await ldapsearch(roots.slapd, { ...to, ...inTls(tls, stranger.certPem) }, bob);
      assert.notEqual(strange.code, 0);
      assert.equal(strange.stdout, '');
    }
  });

  peerTest(
    'OpenSSL and GnuTLS upgrade, and prove its certificate',
    ['slapd', 'mailclients', 'tools'],
    async (roots, t) => {
      const slapd = await start(roots.slapd, { certificate });
      t.after(() => slapd.close());
      const { port } = slapd;
      for (const [trust, code] of [
        [authority.certPem, 0],
        [stranger.certPem, 1],
      ] as const) {
        const reach = { address, port, ...inTls('starttls', trust) };
        const openssl = await opensslClient(roots.tools, 'ldap', reach);
        assert.equal(openssl.code, code, openssl.stdout + openssl.stderr);
        const gnutls = await gnutlsClient(roots.mailclients, 'ldap', reach);
        assert.equal(gnutls.code, code, gnutls.stdout + gnutls.stderr);
      }
    },
  );

  peerTest('it takes the client address from a PROXY header, where told to', ['slapd'], async (roots, t) => {
    const slapd = await start(roots.slapd, { proxied: true });
    t.after(() => slapd.close());
    const { port } = slapd;
    const client = await rawClient(port, address);
    t.after(() => client.close());
    client.write('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x03\xc0\0\x02\x02\x12\x67\x01\x85');
    // An anonymous bind, and its success.
    client.write('0\x0c\x02\x01\x01`\x07\x02\x01\x03\x04\0\x80\0');
    await client.until('0\x0c\x02\x01\x01a\x07\n\x01\0\x04\0\x04\0');
    // What slapd logs comes by another way than what it answers.
    const accepted = /ACCEPT from IP=192\.0\.2\.3:4711 \(IP=127\.0\.0\.5/;
    await until(
      () => accepted.test(slapd.log()),
      () => slapd.log(),
    );
  });
});
