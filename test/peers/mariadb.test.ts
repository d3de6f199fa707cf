/** MariaDB itself, as tests of the gateway find it: in clear, and with TLS of its own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { mariadb, startMariadb } from './support/mariadb.ts';
import { peerTest } from './support/peer.ts';

const login = { user: 'user', password: "pen'cil" };
const accounts = { [login.user]: login.password };
const howSecured = "SHOW SESSION STATUS LIKE 'Ssl_version';";

describe('MariaDB', () => {
  peerTest('lets its client in by password, in clear', ['mariadb'], async (roots, t) => {
    const server = await startMariadb(roots.mariadb, { address: '127.0.0.2', accounts });
    t.after(() => server.close());
    const way = { address: server.address, port: server.port, tls: 'none', login } as const;
    const said = await mariadb(roots.mariadb, way, `CREATE TABLE t (x INT); ${howSecured}`);
    assert.equal(said.code, 0, said.stderr);
    assert.equal(said.stdout, 'Ssl_version\t\n');
    const wrong = { ...login, password: 'pencil' };
    const refused = await mariadb(roots.mariadb, { ...way, login: wrong }, howSecured);
    assert.match(refused.stderr, /Access denied for user/);
    const upgraded = await mariadb(roots.mariadb, { ...way, tls: 'starttls' }, howSecured);
    assert.match(upgraded.stderr, /SSL is required, but the server does not support it/);
    const socket = connect(server.socket);
    const [greeting] = await once(socket, 'data');
    socket.destroy();
    assert.match(String(greeting), /-MariaDB/, 'the greeting over the socket of the file system');
  });

  peerTest('lets its client in over TLS that it verified, and only so', ['mariadb'], async (roots, t) => {
    const authority = await createAuthority();
    const certificate = await authority.issue({ names: ['db.example.test'] });
    const server = await startMariadb(roots.mariadb, { address: '127.0.0.2', accounts, certificate });
    t.after(() => server.close());
    const way = {
      address: server.address,
      port: server.port,
      tls: 'starttls',
      trust: authority.certPem,
      serverName: 'db.example.test',
      login,
    } as const;
    const said = await mariadb(roots.mariadb, way, howSecured);
    assert.equal(said.code, 0, said.stderr);
    assert.equal(said.stdout, 'Ssl_version\tTLSv1.3\n');
    const stranger = { ...way, trust: (await createAuthority()).certPem };
    assert.match((await mariadb(roots.mariadb, stranger, howSecured)).stderr, /unable to get local issuer/);
    const misnamed = { ...way, serverName: 'other.example.test' };
    assert.match((await mariadb(roots.mariadb, misnamed, howSecured)).stderr, /hostname|Validation of SSL/i);
    const clear = await mariadb(roots.mariadb, { ...way, tls: 'none' }, howSecured);
    assert.match(clear.stderr, /Access denied for user/);
  });
});
