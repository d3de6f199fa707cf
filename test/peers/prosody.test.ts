/** Prosody itself, as tests of the gateway find it: in clear, and with STARTTLS of its own. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { peerTest } from './support/peer.ts';
import { startProsody } from './support/prosody.ts';
import { slixmpp } from './support/xmpp-client.ts';

const domain = 'xmpp.example.test';
const accounts = { user: 'pencil' };
const login = { user: `user@${domain}`, password: accounts.user };

describe('Prosody', () => {
  peerTest('lets a client in by password, in clear', ['prosody'], async (roots, t) => {
    const server = await startProsody(roots.prosody, { address: '127.0.0.2', domain, accounts });
    t.after(() => server.close());
    const way = { address: server.address, port: server.port, tls: 'none', login } as const;
    for (const mechanism of ['PLAIN', 'SCRAM-SHA-1'] as const) {
      const said = await slixmpp(roots.prosody, way, 'hello <&>', mechanism);
      assert.equal(said.code, 0, said.stderr + server.log());
      assert.equal(said.stdout, 'roster 0\nmessage hello <&>\n');
    }
    const wrong = { ...login, password: 'pencils' };
    const refused = await slixmpp(roots.prosody, { ...way, login: wrong }, 'hello');
    assert.match(refused.stderr, /^failed_all_auth/m);
  });

  peerTest('lets a client in over TLS that it verified, and only so', ['prosody'], async (roots, t) => {
    const authority = await createAuthority();
    const certificate = await authority.issue({ names: [domain] });
    const server = await startProsody(roots.prosody, {
      address: '127.0.0.2',
      domain,
      accounts,
      certificate,
    });
    t.after(() => server.close());
    const way = { address: server.address, trust: authority.certPem, serverName: domain, login };
    const secure = { ...way, port: server.port, tls: 'starttls' } as const;
    for (const one of [secure, { ...way, port: server.tlsPort, tls: 'implicit' } as const]) {
      const said = await slixmpp(roots.prosody, one, 'hello');
      assert.equal(said.code, 0, said.stderr + server.log());
      assert.equal(said.stdout, 'roster 0\nmessage hello\n');
    }
    const stranger = { ...secure, trust: (await createAuthority()).certPem };
    assert.match(
      (await slixmpp(roots.prosody, stranger, 'x')).stderr,
      /^ssl_invalid_chain .*CERTIFICATE_VERIFY/m,
    );
    const misnamed = { ...secure, serverName: 'other.example.test' };
    assert.match(
      (await slixmpp(roots.prosody, misnamed, 'x')).stderr,
      /^ssl_invalid_chain .*Hostname mismatch/m,
    );
    const clear = await slixmpp(roots.prosody, { ...secure, tls: 'none' }, 'x');
    assert.match(clear.stderr, /^no login offered/m);
  });
});
