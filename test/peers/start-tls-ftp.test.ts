/** Our end of AUTH TLS, as real clients of FTP see it. There is no gateway for FTP; this is the engine in a test server. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { startFtpServer } from '../support/ftp-server.ts';
import { gnutlsClient, opensslClient } from './support/handshakes.ts';
import { peerTest } from './support/peer.ts';
import { ftp } from './support/vsftpd.ts';

const authority = await createAuthority();
const serverName = 'ftp.example.test';
const certificate = await authority.issue({ names: [serverName] });
const login = { user: 'user', password: 'pencil' };

describe('AUTH TLS of our FTP server', () => {
  peerTest(
    'openssl s_client and gnutls-cli upgrade and see our certificate',
    ['tools', 'mailclients'],
    async (roots, t) => {
      const server = await startFtpServer(t, certificate);
      const way = { port: server.port, tls: 'starttls', trust: authority.certPem, serverName } as const;
      const openssl = await opensslClient(roots.tools, 'ftp', way);
      assert.equal(openssl.code, 0, openssl.stderr);
      assert.match(openssl.stdout, /Verification: OK/);
      const gnutls = await gnutlsClient(roots.mailclients, 'ftp', way);
      assert.equal(gnutls.code, 0, gnutls.stdout + gnutls.stderr);
      const other = await opensslClient(roots.tools, 'ftp', { ...way, serverName: 'other.example.test' });
      assert.notEqual(other.code, 0);
    },
  );

  peerTest(
    'curl begins TLS, asks for protection, and is refused its login only inside',
    ['tools'],
    async (roots, t) => {
      const server = await startFtpServer(t, certificate);
      const way = {
        port: server.port,
        tls: 'starttls',
        trust: authority.certPem,
        serverName,
        login,
      } as const;
      const said = await ftp(roots.tools, way, 'hello.txt');
      assert.match(said.stderr, /< 234 proceed with negotiation/);
      assert.match(said.stderr, /> USER user[^]*< 530 nobody can log in here/);
      assert.deepEqual(server.exposed, []);
      const clear = await ftp(roots.tools, { ...way, tls: 'none' }, 'hello.txt');
      assert.match(clear.stderr, /< 530 AUTH TLS has to come first/);
    },
  );
});
