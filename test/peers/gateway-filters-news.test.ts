/** ManageSieve and NNTP through the gateway: in front of servers without TLS, and behind it servers with TLS of their own. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { startTestGateway } from '../support/gateway.ts';
import { startTap } from '../support/tap.ts';
import { startDovecot } from './support/dovecot.ts';
import { gnutlsClient, opensslClient } from './support/handshakes.ts';
import { article, newsgroup, startInn } from './support/inn.ts';
import { sieveConnect } from './support/mail-readers.ts';
import { nntplib } from './support/nntp-client.ts';
import { peerTest } from './support/peer.ts';

const address = '127.0.0.2';
const serverName = 'server.example.test';
const authority = await createAuthority();
const stranger = await createAuthority();
const certificate = await authority.issue({ names: [serverName] });
const trust = authority.certPem;
const verified = { tls: 'starttls', trust, serverName } as const;
const filter = 'keep;\r\n';

describe('ManageSieve through the gateway', () => {
  const login = { user: 'ada@example.test', password: 'correct horse' };
  const accounts = { [login.user]: login.password };

  peerTest(
    'sieve-connect verifies us in front of a Dovecot without TLS',
    ['dovecot', 'mailclients', 'tools'],
    async (roots, t) => {
      const server = await startDovecot(roots.dovecot, { address, accounts });
      t.after(() => server.close());
      const gateway = await startTestGateway(t, {
        protocol: 'sieve',
        backend: server.sieve.port,
        backendHost: address,
        keyPairs: [certificate],
      });
      const way = { ...verified, port: gateway.port, login };
      const said = await sieveConnect(roots.mailclients, way, filter);
      assert.equal(said.code, 0, said.stderr);
      assert.match(said.stdout, /"mail" ACTIVE/);
      assert.deepEqual((await gateway.ended()).tls.outcome, 'encrypted');
      const wrong = await sieveConnect(
        roots.mailclients,
        { ...way, login: { ...login, password: 'x' } },
        filter,
      );
      assert.notEqual(wrong.code, 0);
      assert.equal((await opensslClient(roots.tools, 'sieve', way)).code, 0);
      assert.equal((await gnutlsClient(roots.mailclients, 'sieve', way)).code, 0);
      const untrusted = await sieveConnect(roots.mailclients, { ...way, trust: stranger.certPem }, filter);
      assert.notEqual(untrusted.code, 0);
      assert.deepEqual(gateway.exposed, []);
    },
  );

  peerTest(
    'sieve-connect in clear reaches a Dovecot over verified TLS',
    ['dovecot', 'mailclients'],
    async (roots, t) => {
      const server = await startDovecot(roots.dovecot, { address, accounts, certificate });
      t.after(() => server.close());
      const to = { protocol: 'sieve', backend: server.sieve.port, backendHost: address } as const;
      const gateway = await startTestGateway(t, { ...to, reverse: { serverName, ca: trust } });
      const way = { port: gateway.port, tls: 'none', login } as const;
      const said = await sieveConnect(roots.mailclients, way, filter);
      assert.equal(said.code, 0, said.stderr);
      assert.match(said.stdout, /"mail" ACTIVE/);
      assert.equal((await gateway.ended()).tls.outcome, 'authenticated');
      const other = await startTestGateway(t, { ...to, reverse: { serverName, ca: stranger.certPem } });
      const refused = await sieveConnect(roots.mailclients, { ...way, port: other.port }, filter);
      assert.notEqual(refused.code, 0);
      assert.match(refused.stdout + refused.stderr, /BYE \(TRYLATER\)/);
    },
  );
});

describe('NNTP through the gateway', () => {
  const login = { user: 'user', password: 'pencil' };
  const accounts = { [login.user]: login.password };
  const post = `From: a@sender.test\nNewsgroups: ${newsgroup}\nSubject: Another\n\n.dot\nSTARTTLS\n`;

  peerTest(
    'nntplib reads and posts in front of an INN without TLS',
    ['inn', 'tools', 'mailclients'],
    async (roots, t) => {
      const server = await startInn(roots.inn, { address, accounts });
      t.after(() => server.close());
      const gateway = await startTestGateway(t, {
        protocol: 'nntp',
        backend: server.port,
        backendHost: address,
        keyPairs: [certificate],
      });
      for (const [tls, port] of [
        ['starttls', gateway.port],
        ['implicit', gateway.tlsPort],
      ] as const) {
        const said = await nntplib(roots.tools, { ...verified, tls, port, login }, newsgroup, post);
        assert.equal(said.code, 0, said.stderr + server.log());
        assert.match(said.stdout, /^post 240 /m);
        assert.ok(
          said.stdout.includes(`Subject: ${article.subject}\n`) && said.stdout.endsWith('\n.dot\nSTARTTLS\n'),
        );
      }
      const way = { ...verified, port: gateway.port, login };
      const wrong = await nntplib(roots.tools, { ...way, login: { ...login, password: 'x' } }, newsgroup);
      assert.match(wrong.stderr, /481 Authentication failed/);
      const untrusted = await nntplib(roots.tools, { ...way, trust: stranger.certPem }, newsgroup);
      assert.match(untrusted.stderr, /unable to get local issuer/);
      const clear = await nntplib(roots.tools, { ...way, tls: 'none' }, newsgroup);
      assert.match(clear.stderr, /483 start TLS first/);
      assert.equal((await opensslClient(roots.tools, 'nntp', way)).code, 0);
      assert.equal((await gnutlsClient(roots.mailclients, 'nntp', way)).code, 0);
    },
  );

  peerTest(
    'nntplib in clear reaches an INN over verified TLS, and a path that strips gets nothing',
    ['inn', 'tools'],
    async (roots, t) => {
      const server = await startInn(roots.inn, { address, accounts, certificate });
      t.after(() => server.close());
      const gateway = await startTestGateway(t, {
        protocol: 'nntp',
        backend: server.port,
        backendHost: address,
        reverse: { serverName, ca: trust },
      });
      const said = await nntplib(roots.tools, { port: gateway.port, tls: 'none', login }, newsgroup, post);
      assert.equal(said.code, 0, said.stderr + server.log());
      assert.match(said.stdout, /^post 240 /m);
      assert.equal((await gateway.ended()).tls.outcome, 'authenticated');
      const plain = await startInn(roots.inn, { address: '127.0.0.3', accounts });
      t.after(() => plain.close());
      const tap = await startTap({ target: { host: '127.0.0.3', port: plain.port } });
      t.after(() => tap.close());
      const stripped = await startTestGateway(t, {
        protocol: 'nntp',
        backend: tap.port,
        reverse: { serverName, ca: trust },
      });
      const refused = await nntplib(roots.tools, { port: stripped.port, tls: 'none', login }, newsgroup);
      assert.match(refused.stderr, /400 /);
      const told = tap.plainBytes().map(({ client }) => client.toString('latin1'));
      assert.deepEqual(told, ['CAPABILITIES\r\nSTARTTLS\r\n']);
    },
  );
});
