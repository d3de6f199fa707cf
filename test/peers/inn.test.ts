/** INN itself, as tests of the gateway find it: in clear, and with STARTTLS of its own. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { article, newsgroup, startInn } from './support/inn.ts';
import { nntplib } from './support/nntp-client.ts';
import { peerTest } from './support/peer.ts';

const login = { user: 'user', password: 'pencil' };
const accounts = { [login.user]: login.password };

describe('INN', () => {
  peerTest('lets nntplib read and post, in clear', ['inn', 'tools'], async (roots, t) => {
    const server = await startInn(roots.inn, { address: '127.0.0.2', accounts });
    t.after(() => server.close());
    const way = { address: server.address, port: server.port, tls: 'none', login } as const;
    const said = await nntplib(roots.tools, way, newsgroup);
    assert.equal(said.code, 0, said.stderr + server.log());
    assert.match(said.stdout, new RegExp(`^group ${newsgroup} 1$`, 'm'));
    assert.ok(said.stdout.includes(`Subject: ${article.subject}\n`));
    assert.ok(said.stdout.endsWith(`\n\n${article.body}`));
    const second = `From: a@sender.test\nNewsgroups: ${newsgroup}\nSubject: Another\n\n.dot\n`;
    const posted = await nntplib(roots.tools, way, newsgroup, second);
    assert.match(posted.stdout, /^post 240 .*\ngroup local\.test 2$/m, posted.stderr + server.log());
    assert.ok(posted.stdout.endsWith('\n\n.dot\n'));
    const wrong = await nntplib(roots.tools, { ...way, login: { ...login, password: 'pen' } }, newsgroup);
    assert.match(wrong.stderr, /481 Authentication failed/);
    const trust = (await createAuthority()).certPem;
    const upgraded = await nntplib(roots.tools, { ...way, tls: 'starttls', trust }, newsgroup);
    assert.match(upgraded.stderr, /580 Error initializing TLS/);
  });

  peerTest('lets nntplib in over TLS that it verified, and only so', ['inn', 'tools'], async (roots, t) => {
    const authority = await createAuthority();
    const certificate = await authority.issue({ names: ['news.example.test'] });
    const server = await startInn(roots.inn, { address: '127.0.0.2', accounts, certificate });
    t.after(() => server.close());
    const way = {
      address: server.address,
      port: server.port,
      tls: 'starttls',
      trust: authority.certPem,
      serverName: 'news.example.test',
      login,
    } as const;
    const said = await nntplib(roots.tools, way, newsgroup);
    assert.equal(said.code, 0, said.stderr + server.log());
    assert.ok(said.stdout.endsWith(`\n\n${article.body}`));
    const stranger = { ...way, trust: (await createAuthority()).certPem };
    assert.match((await nntplib(roots.tools, stranger, newsgroup)).stderr, /unable to get local issuer/);
    const misnamed = { ...way, serverName: 'other.example.test' };
    assert.match((await nntplib(roots.tools, misnamed, newsgroup)).stderr, /Hostname mismatch/);
    const clear = await nntplib(roots.tools, { ...way, tls: 'none' }, newsgroup);
    assert.match(clear.stderr, /483 Encryption required/);
  });
});
