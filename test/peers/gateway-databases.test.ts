/** Databases through the gateway: in front of servers without TLS, and behind it servers with TLS of their own. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startTap } from '../support/tap.ts';
import { gnutlsClient, opensslClient } from './support/handshakes.ts';
import { mariadb, startMariadb } from './support/mariadb.ts';
import { peerTest } from './support/peer.ts';
import { psql, startPostgresql } from './support/postgresql.ts';
import { reachable, trustFile } from './support/reach.ts';
import { runIn } from './support/sandbox.ts';

const login = { user: 'user', password: "pen'cil" };
const accounts = { [login.user]: login.password };
const address = '127.0.0.2';
const serverName = 'db.example.test';
const authority = await createAuthority();
const certificate = await authority.issue({ names: [serverName] });
const stranger = await createAuthority();
const trust = authority.certPem;
const verified = { tls: 'starttls', trust, serverName, login } as const;

const inFront = (
  t: TestContext,
  protocol: 'postgres' | 'mysql',
  backend: number | string,
): Promise<TestGateway> =>
  startTestGateway(t, { protocol, backend, backendHost: address, keyPairs: [certificate] });

const inReverse = (
  t: TestContext,
  protocol: 'postgres' | 'mysql',
  backend: number,
  ca: string = trust,
): Promise<TestGateway> =>
  startTestGateway(t, { protocol, backend, backendHost: address, reverse: { serverName, ca } });

describe('programs that only upgrade', () => {
  const peers = ['postgresql', 'mariadb', 'tools', 'mailclients'] as const;
  peerTest('openssl and gnutls-cli see our certificate', peers, async (roots, t) => {
    const postgresql = await startPostgresql(roots.postgresql, { address, accounts });
    t.after(() => postgresql.close());
    const maria = await startMariadb(roots.mariadb, { address, accounts });
    t.after(() => maria.close());
    const postgres = await inFront(t, 'postgres', postgresql.port);
    const mysql = await inFront(t, 'mysql', maria.port);
    for (const [protocol, { port }] of [
      ['postgres', postgres],
      ['mysql', mysql],
    ] as const) {
      const seen = await opensslClient(roots.tools, protocol, { ...verified, port });
      assert.match(seen.stdout, /Verify return code: 0 \(ok\)/, `${protocol}: ${seen.stderr}`);
      const other = { ...verified, port, trust: stranger.certPem };
      assert.notEqual((await opensslClient(roots.tools, protocol, other)).code, 0);
    }
    const known = await gnutlsClient(roots.mailclients, 'postgres', { ...verified, port: postgres.port });
    assert.equal(known.code, 0, known.stdout + known.stderr);
  });
});

describe('PostgreSQL through the gateway', () => {
  const howSecured = 'SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid();';
  const rows = 'SELECT sum(length(repeat(x::text, 50))) FROM generate_series(1, 20000) AS x;';

  peerTest('psql verifies us in front of a server without TLS', ['postgresql'], async (roots, t) => {
    const server = await startPostgresql(roots.postgresql, { address, accounts });
    t.after(() => server.close());
    for (const backend of [server.port, server.socket]) {
      const gateway = await inFront(t, 'postgres', backend);
      const way = { ...verified, port: gateway.port };
      const said = await psql(roots.postgresql, way, howSecured + rows);
      assert.equal(said.code, 0, said.stderr);
      assert.equal(said.stdout, 'f|\n4444700\n');
      const { tls } = await gateway.ended();
      assert.deepEqual([tls.outcome, tls.version], ['encrypted', 'TLSv1.3']);
      const wrong = await psql(roots.postgresql, { ...way, login: { ...login, password: 'x' } }, howSecured);
      assert.match(wrong.stderr, /password authentication failed/);
      const untrusted = await psql(roots.postgresql, { ...way, trust: stranger.certPem }, howSecured);
      assert.match(untrusted.stderr, /certificate verify failed/);
      // A login that is bound to the TLS can go through nobody.
      const bound = await psql(roots.postgresql, way, howSecured, 'channel_binding=require');
      assert.match(bound.stderr, /channel binding is required/);
    }
  });

  peerTest(
    'a login in clear is turned away, and the server does not hear of it',
    ['postgresql'],
    async (roots, t) => {
      const server = await startPostgresql(roots.postgresql, { address, accounts });
      t.after(() => server.close());
      // The server's own log would tell of the visit that looked whether it listens, at a time of its choice.
      const tap = await startTap({ target: { host: address, port: server.port } });
      t.after(() => tap.close());
      const gateway = await startTestGateway(t, {
        protocol: 'postgres',
        backend: tap.port,
        keyPairs: [certificate],
      });
      const clear = await psql(roots.postgresql, { port: gateway.port, tls: 'none', login }, howSecured);
      assert.match(clear.stderr, /FATAL: {2}gateway\.test requires TLS: set sslmode=verify-full/);
      assert.deepEqual(tap.plainBytes(), []);
      assert.deepEqual(gateway.exposed, []);
    },
  );

  peerTest('a query is cancelled, in clear as libpq does it before 17', ['postgresql'], async (roots, t) => {
    const server = await startPostgresql(roots.postgresql, { address, accounts });
    t.after(() => server.close());
    const gateway = await inFront(t, 'postgres', server.port);
    const interrupted = '\\! sh -c "(sleep 1; kill -INT $PPID) >/dev/null 2>&1 &"\nSELECT pg_sleep(30);\n';
    const said = await psql(roots.postgresql, { ...verified, port: gateway.port }, interrupted);
    assert.match(said.stderr, /canceling statement due to user request/);
  });

  peerTest('TLS that comes first, with ALPN', ['postgresql17', 'tools'], async (roots, t) => {
    const server = await startPostgresql(roots.postgresql17, { address, accounts });
    t.after(() => server.close());
    const gateway = await inFront(t, 'postgres', server.port);
    for (const port of [gateway.port, gateway.tlsPort]) {
      const way = { ...verified, port, tls: 'implicit' } as const;
      const said = await psql(roots.postgresql17, way, howSecured);
      assert.equal(said.code, 0, said.stderr);
      assert.equal(said.stdout, 'f|\n');
    }
    assert.equal((await gateway.ended(2)).tls.alpn, 'postgresql');
  });

  peerTest('psql without TLS reaches a server over verified TLS', ['postgresql'], async (roots, t) => {
    const server = await startPostgresql(roots.postgresql, { address, accounts, certificate });
    t.after(() => server.close());
    const gateway = await inReverse(t, 'postgres', server.port);
    const way = { port: gateway.port, tls: 'none', login } as const;
    const said = await psql(roots.postgresql, way, howSecured + rows);
    assert.equal(said.code, 0, said.stderr);
    assert.equal(said.stdout, 't|TLSv1.3\n4444700\n');
    assert.equal((await gateway.ended()).tls.outcome, 'authenticated');
    const preferring = await psql(roots.postgresql, way, howSecured, 'sslmode=prefer gssencmode=prefer');
    assert.equal(preferring.stdout, 't|TLSv1.3\n', preferring.stderr);
  });

  peerTest('a server that is another, or offers no TLS, gets nothing', ['postgresql'], async (roots, t) => {
    const server = await startPostgresql(roots.postgresql, { address, accounts, certificate });
    t.after(() => server.close());
    const plain = await startPostgresql(roots.postgresql, { address: '127.0.0.3', accounts });
    t.after(() => plain.close());
    const other = await inReverse(t, 'postgres', server.port, stranger.certPem);
    const said = await psql(roots.postgresql, { port: other.port, tls: 'none', login }, howSecured);
    assert.match(said.stderr, /FATAL: {2}gateway\.test: .*127\.0\.0\.2/);
    const tap = await startTap({ target: { host: '127.0.0.3', port: plain.port } });
    t.after(() => tap.close());
    const gateway = await startTestGateway(t, {
      protocol: 'postgres',
      backend: tap.port,
      reverse: { serverName, ca: trust },
    });
    const stripped = await psql(roots.postgresql, { port: gateway.port, tls: 'none', login }, howSecured);
    assert.match(stripped.stderr, /does not offer STARTTLS/);
    assert.match((await gateway.ended()).because, /has no TLS: its answer to SSLRequest is N/);
    const clear = tap.plainBytes().map(({ client }) => client.toString('latin1'));
    assert.deepEqual(clear, ['\0\0\0\x08\x04\xd2\x16/']);
  });
});

describe('MariaDB through the gateway', () => {
  const howSecured = "SHOW SESSION STATUS LIKE 'Ssl_version';";
  const rows = "SELECT LENGTH(REPEAT('x', 1000000));";

  peerTest('its client verifies us in front of a server without TLS', ['mariadb'], async (roots, t) => {
    const server = await startMariadb(roots.mariadb, { address, accounts });
    t.after(() => server.close());
    const gateway = await inFront(t, 'mysql', server.port);
    const way = { ...verified, port: gateway.port };
    const said = await mariadb(roots.mariadb, way, howSecured + rows);
    assert.equal(said.code, 0, said.stderr);
    assert.equal(said.stdout, 'Ssl_version\t\n1000000\n');
    assert.equal((await gateway.ended()).tls.version, 'TLSv1.3');
    const wrong = await mariadb(roots.mariadb, { ...way, login: { ...login, password: 'x' } }, howSecured);
    assert.match(wrong.stderr, /Access denied for user/);
    const untrusted = await mariadb(roots.mariadb, { ...way, trust: stranger.certPem }, howSecured);
    assert.match(untrusted.stderr, /certificate|TLS\/SSL error/);
    const bySocket = await inFront(t, 'mysql', server.socket);
    const local = await mariadb(roots.mariadb, { ...way, port: bySocket.port }, howSecured);
    assert.equal(local.stdout, 'Ssl_version\t\n', local.stderr);
  });

  peerTest('a login by another way than the client begins with', ['mariadb'], async (roots, t) => {
    const plain = await startMariadb(roots.mariadb, { address, accounts });
    t.after(() => plain.close());
    const secure = await startMariadb(roots.mariadb, { address: '127.0.0.3', accounts, certificate });
    t.after(() => secure.close());
    const tap = await startTap({ target: { host: address, port: plain.port } });
    t.after(() => tap.close());
    const front = await startTestGateway(t, {
      protocol: 'mysql',
      backend: tap.port,
      keyPairs: [certificate],
    });
    const reverse = await startTestGateway(t, {
      protocol: 'mysql',
      backend: secure.port,
      backendHost: '127.0.0.3',
      reverse: { serverName, ca: trust },
    });
    for (const [port, tls] of [
      [front.port, ['--ssl', `--ssl-ca=${trustFile}`, '--ssl-verify-server-cert']],
      [reverse.port, ['--skip-ssl']],
    ] as const) {
      // The server asks for another one, and sends a challenge of its own for it.
      const begun = ['--default-auth=mysql_clear_password', `--port=${port}`, `--user=${login.user}`];
      const args = ['--no-defaults', '--protocol=tcp', `--host=${serverName}`, ...begun, ...tls];
      const said = await runIn(roots.mariadb, 'mariadb', [...args, '--compress', '-BNe', rows], {
        ...reachable({ ...verified, port }),
        hosts: { [serverName]: '127.0.0.1' },
        env: { MYSQL_PWD: login.password },
      });
      assert.equal(said.code, 0, said.stderr);
      assert.equal(said.stdout, '1000000\n');
    }
    assert.ok(tap.plainBytes()[0]?.server.includes('\x02\xfemysql_native_password\0', 0, 'latin1'));
  });

  peerTest('a login in clear is refused and reported', ['mariadb'], async (roots, t) => {
    const server = await startMariadb(roots.mariadb, { address, accounts });
    t.after(() => server.close());
    const gateway = await inFront(t, 'mysql', server.port);
    const clear = await mariadb(roots.mariadb, { port: gateway.port, tls: 'none', login }, howSecured);
    assert.match(clear.stderr, /ERROR 3159 .*gateway\.test requires TLS/);
    await gateway.ended();
    assert.deepEqual(
      gateway.exposed.map(({ user }) => user),
      ['user'],
    );
  });

  peerTest('its client without TLS reaches a server over verified TLS', ['mariadb'], async (roots, t) => {
    const server = await startMariadb(roots.mariadb, { address, accounts, certificate });
    t.after(() => server.close());
    const tap = await startTap({ target: { host: address, port: server.port } });
    t.after(() => tap.close());
    const gateway = await startTestGateway(t, {
      protocol: 'mysql',
      backend: tap.port,
      reverse: { serverName, ca: trust },
    });
    const way = { port: gateway.port, tls: 'none', login } as const;
    const statements = `${howSecured}${rows}SHOW SESSION VARIABLES LIKE 'character_set_client';`;
    const said = await mariadb(roots.mariadb, way, statements);
    assert.equal(said.code, 0, said.stderr);
    const direct = await mariadb(roots.mariadb, { ...verified, address, port: server.port }, statements);
    assert.equal(said.stdout, direct.stdout);
    assert.match(said.stdout, /^Ssl_version\tTLSv1\.3\n1000000\n/);
    assert.equal((await gateway.ended()).tls.outcome, 'authenticated');
    // In clear is the request for TLS, and nothing of who logs in.
    const [one] = tap.plainBytes();
    assert.ok(one !== undefined);
    assert.equal(one.client.readUInt32LE(0), 0x0100_0020);
    assert.deepEqual([...one.client.subarray(36, 38)], [0x16, 0x03]);
    assert.equal(one.client.indexOf(`${login.user}\0`), -1);
  });

  peerTest('a server that is another, or offers no TLS, gets no login', ['mariadb'], async (roots, t) => {
    const server = await startMariadb(roots.mariadb, { address, accounts, certificate });
    t.after(() => server.close());
    const plain = await startMariadb(roots.mariadb, { address: '127.0.0.3', accounts });
    t.after(() => plain.close());
    const other = await inReverse(t, 'mysql', server.port, stranger.certPem);
    const said = await mariadb(roots.mariadb, { port: other.port, tls: 'none', login }, howSecured);
    assert.match(said.stderr, /ERROR 1429 .*gateway\.test: /);
    const stripping = await startTestGateway(t, {
      protocol: 'mysql',
      backend: plain.port,
      backendHost: '127.0.0.3',
      reverse: { serverName, ca: trust },
    });
    const stripped = await mariadb(roots.mariadb, { port: stripping.port, tls: 'none', login }, howSecured);
    assert.match(stripped.stderr, /does not offer TLS \(CLIENT_SSL\)/);
  });
});
