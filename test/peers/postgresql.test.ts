/** PostgreSQL itself, as tests of the gateway find it: in clear, and with its own answer to SSLRequest. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { startTap } from '../support/tap.ts';
import { peerTest } from './support/peer.ts';
import { psql, startPostgresql } from './support/postgresql.ts';

const login = { user: 'user', password: "pen'cil" };
const accounts = { [login.user]: login.password };
const howSecured = 'SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid();';

describe('PostgreSQL', () => {
  peerTest('lets psql in by password, in clear', ['postgresql'], async (roots, t) => {
    const server = await startPostgresql(roots.postgresql, { address: '127.0.0.2', accounts });
    t.after(() => server.close());
    const way = { address: server.address, port: server.port, tls: 'none', login } as const;
    const said = await psql(roots.postgresql, way, `CREATE TABLE t (x int); ${howSecured}`);
    assert.equal(said.code, 0, said.stderr);
    assert.equal(said.stdout, 'CREATE TABLE\nf|\n');
    const wrong = { ...login, password: 'pencil' };
    const refused = await psql(roots.postgresql, { ...way, login: wrong }, howSecured);
    assert.match(refused.stderr, /password authentication failed/);
    const upgraded = await psql(roots.postgresql, { ...way, tls: 'starttls' }, howSecured);
    assert.match(upgraded.stderr, /server does not support SSL/);
    const socket = connect(server.socket).end(Buffer.from('0000000804d2162f', 'hex'));
    const [answer] = await once(socket, 'data');
    assert.equal(String(answer), 'N', 'SSLRequest over the socket of the file system');
  });

  peerTest('lets psql in over TLS that it verified, and only so', ['postgresql'], async (roots, t) => {
    const authority = await createAuthority();
    const certificate = await authority.issue({ names: ['db.example.test'] });
    const server = await startPostgresql(roots.postgresql, { address: '127.0.0.2', accounts, certificate });
    t.after(() => server.close());
    const way = {
      address: server.address,
      port: server.port,
      tls: 'starttls',
      trust: authority.certPem,
      serverName: 'db.example.test',
      login,
    } as const;
    const said = await psql(roots.postgresql, way, howSecured);
    assert.equal(said.code, 0, said.stderr);
    assert.equal(said.stdout, 't|TLSv1.3\n');
    const bound = await psql(roots.postgresql, way, 'SELECT 1;', 'channel_binding=require');
    assert.equal(bound.stdout, '1\n');
    const stranger = await psql(
      roots.postgresql,
      { ...way, trust: (await createAuthority()).certPem },
      howSecured,
    );
    assert.match(stranger.stderr, /certificate verify failed/);
    const misnamed = await psql(roots.postgresql, { ...way, serverName: 'other.example.test' }, howSecured);
    assert.match(misnamed.stderr, /does not match host name/);
    const clear = await psql(roots.postgresql, { ...way, tls: 'none' }, howSecured);
    assert.match(clear.stderr, /no pg_hba\.conf entry for .*no encryption/);
  });

  peerTest(
    '17 lets psql in over TLS from the first octet, too, for a name that is verified',
    ['postgresql17'],
    async (roots, t) => {
      const root = roots.postgresql17;
      const authority = await createAuthority();
      const certificate = await authority.issue({ names: ['db.example.test'] });
      const server = await startPostgresql(root, { address: '127.0.0.2', accounts, certificate });
      t.after(() => server.close());
      const tap = await startTap({ target: { host: server.address, port: server.port } });
      t.after(() => tap.close());
      const way = { port: tap.port, trust: authority.certPem, serverName: 'db.example.test', login };
      for (const tls of ['starttls', 'implicit'] as const) {
        const said = await psql(root, { ...way, tls }, howSecured);
        assert.equal(said.code, 0, said.stderr);
        assert.equal(said.stdout, 't|TLSv1.3\n');
      }
      const begun = tap.plainBytes().map((seen) => seen.client.toString('hex', 0, 8));
      assert.equal(begun[0], '0000000804d2162f', 'SSLRequest');
      assert.match(begun[1] ?? '', /^1603/, 'a TLS record');
      const direct = { ...way, tls: 'implicit' } as const;
      const stranger = await psql(root, { ...direct, trust: (await createAuthority()).certPem }, howSecured);
      assert.match(stranger.stderr, /certificate verify failed/);
      const misnamed = await psql(root, { ...direct, serverName: 'other.example.test' }, howSecured);
      assert.match(misnamed.stderr, /does not match host name/);
    },
  );
});
