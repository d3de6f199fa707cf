/** vsftpd itself, as tests of the library find it: in clear, and with its own answer to AUTH TLS. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { peerTest } from './support/peer.ts';
import { ftp, startVsftpd } from './support/vsftpd.ts';

const login = { user: 'user', password: 'pen cil' };
const accounts = { [login.user]: login.password };
const shared = { 'hello.txt': 'Hello\n' };

describe('vsftpd', () => {
  peerTest('lets curl in by password, in clear', ['vsftpd', 'tools'], async (roots, t) => {
    const server = await startVsftpd(roots.vsftpd, { address: '127.0.0.2', accounts, shared });
    t.after(() => server.close());
    const way = { address: server.address, port: server.port, tls: 'none', login } as const;
    const said = await ftp(roots.tools, way, 'hello.txt');
    assert.equal(said.code, 0, said.stderr + server.log());
    assert.equal(said.stdout, 'Hello\n');
    const stored = await ftp(roots.tools, way, 'new.txt', 'New\n');
    assert.equal(stored.code, 0, stored.stderr);
    assert.equal((await ftp(roots.tools, way, 'new.txt')).stdout, 'New\n');
    const wrong = await ftp(roots.tools, { ...way, login: { ...login, password: 'pen' } }, 'hello.txt');
    assert.match(wrong.stderr, /530 Login incorrect/);
    const upgraded = await ftp(roots.tools, { ...way, tls: 'starttls' }, 'hello.txt');
    assert.equal(upgraded.code, 64, upgraded.stderr);
  });

  peerTest('lets curl in over TLS that it verified, and only so', ['vsftpd', 'tools'], async (roots, t) => {
    const authority = await createAuthority();
    const certificate = await authority.issue({ names: ['ftp.example.test'] });
    const server = await startVsftpd(roots.vsftpd, { address: '127.0.0.2', accounts, shared, certificate });
    t.after(() => server.close());
    const way = {
      address: server.address,
      port: server.port,
      tls: 'starttls',
      trust: authority.certPem,
      serverName: 'ftp.example.test',
      login,
    } as const;
    const said = await ftp(roots.tools, way, 'hello.txt');
    assert.equal(said.code, 0, said.stderr + server.log());
    assert.equal(said.stdout, 'Hello\n');
    assert.match(said.stderr, /234 Proceed with negotiation/);
    const stranger = { ...way, trust: (await createAuthority()).certPem };
    assert.match((await ftp(roots.tools, stranger, 'x')).stderr, /unable to get local issuer/);
    const misnamed = { ...way, serverName: 'other.example.test' };
    assert.match((await ftp(roots.tools, misnamed, 'x')).stderr, /no alternative certificate subject name/);
    const clear = await ftp(roots.tools, { ...way, tls: 'none' }, 'hello.txt');
    assert.match(clear.stderr, /530 Non-anonymous sessions must use encryption/);
  });
});
