/** `waxwing/starttls` against real servers: each upgrades, proves its name, and talks on; the wrong name gets nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, type TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { type StartTlsProtocol, type StartTlsResult, startTls } from '../../src/starttls.ts';
import { type Authority, type Certificate, createAuthority } from '../support/certificates.ts';
import { startDovecot } from './support/dovecot.ts';
import { startExim } from './support/exim.ts';
import { startInn } from './support/inn.ts';
import { startMariadb } from './support/mariadb.ts';
import { startOpenSmtpd } from './support/opensmtpd.ts';
import { peerTest } from './support/peer.ts';
import { startPostfix } from './support/postfix.ts';
import { startPostgresql } from './support/postgresql.ts';
import { startProsody } from './support/prosody.ts';
import { startSlapd } from './support/slapd.ts';
import { startVsftpd } from './support/vsftpd.ts';

const address = '127.0.0.2';
const serverName = 'server.example.test';
const accounts = { user: 'pencil' };

interface Way {
  readonly protocol: StartTlsProtocol;
  readonly port: number;
  readonly address?: string;
}

async function call(
  t: TestContext,
  authority: Authority,
  { protocol, port, address: host = address }: Way,
  name = serverName,
): Promise<StartTlsResult> {
  const socket = connect({ host, port });
  t.after(() => void socket.destroy());
  await once(socket, 'connect');
  return startTls(socket, {
    protocol,
    serverName: name,
    ca: authority.certPem,
    onlyCa: true,
    timeoutMs: 10_000,
  });
}

/** Upgrades, and is refused nothing but a proof: for our name, and for another one. @returns the TLS socket. */
async function proves(t: TestContext, authority: Authority, way: Way): Promise<TLSSocket> {
  const result = await call(t, authority, way);
  assert.equal(result.kind, 'secured', 'because' in result ? result.because : '');
  if (result.kind !== 'secured') throw new Error('not secured');
  assert.deepEqual([result.identity, result.facts.path.kind], [serverName, 'trusted']);
  assert.match(result.facts.version, /^TLSv1\.[23]$/);
  const other = await call(t, authority, way, 'other.example.test');
  assert.equal(other.kind, 'unacceptable', 'because' in other ? other.because : '');
  return result.socket;
}

/** Says something inside TLS, and hears what comes of it. */
async function ask(socket: Socket, question: string | Uint8Array, answer: RegExp): Promise<void> {
  socket.write(question);
  let heard = '';
  const onData = (chunk: Buffer): void => {
    heard += chunk.toString('latin1');
  };
  socket.on('data', onData).resume();
  const until = performance.now() + 5_000;
  while (!answer.test(heard) && performance.now() < until) await new Promise((done) => setTimeout(done, 10));
  assert.match(heard, answer);
  socket.off('data', onData).pause();
}

/** A server in clear: what it does not offer is not begun. */
async function notSecured(t: TestContext, authority: Authority, way: Way): Promise<void> {
  const result = await call(t, authority, way);
  assert.ok(result.kind === 'notOffered' || result.kind === 'refused', JSON.stringify(result));
}

async function issued(): Promise<{ authority: Authority; certificate: Certificate }> {
  const authority = await createAuthority();
  return { authority, certificate: await authority.issue({ names: [serverName] }) };
}

describe('waxwing/starttls', () => {
  peerTest('Dovecot: IMAP, POP3, ManageSieve, LMTP and submission', ['dovecot'], async (roots, t) => {
    const { authority, certificate } = await issued();
    const relay = { host: address, port: 9 };
    const server = await startDovecot(roots.dovecot, {
      address,
      accounts: { 'user@example.test': 'pencil' },
      relay,
      certificate,
    });
    t.after(() => server.close());
    const imap = await proves(t, authority, { protocol: 'imap', port: server.imap.port });
    await ask(imap, 'a LOGIN user@example.test pencil\r\n', /^a OK .*Logged in/m);
    const pop3 = await proves(t, authority, { protocol: 'pop3', port: server.pop3.port });
    await ask(pop3, 'USER user@example.test\r\nPASS pencil\r\n', /^\+OK Logged in/m);
    const sieve = await proves(t, authority, { protocol: 'sieve', port: server.sieve.port });
    const plain = Buffer.from('\0user@example.test\0pencil').toString('base64');
    await ask(sieve, `AUTHENTICATE "PLAIN" "${plain}"\r\n`, /^OK /m);
    const lmtp = await proves(t, authority, { protocol: 'lmtp', port: server.port });
    await ask(lmtp, 'MAIL FROM:<a@b.test>\r\n', /^250 /m);
    const submission = await proves(t, authority, { protocol: 'submission', port: server.submission.port });
    await ask(submission, `AUTH PLAIN ${plain}\r\n`, /^235 /m);
  });

  peerTest('Dovecot without a certificate', ['dovecot'], async (roots, t) => {
    const { authority } = await issued();
    const server = await startDovecot(roots.dovecot, {
      address,
      accounts: { 'user@example.test': 'pencil' },
    });
    t.after(() => server.close());
    await notSecured(t, authority, { protocol: 'imap', port: server.imap.port });
    await notSecured(t, authority, { protocol: 'pop3', port: server.pop3.port });
    await notSecured(t, authority, { protocol: 'sieve', port: server.sieve.port });
    await notSecured(t, authority, { protocol: 'lmtp', port: server.port });
  });

  peerTest('slapd', ['slapd'], async (roots, t) => {
    const { authority, certificate } = await issued();
    const server = await startSlapd(roots.slapd, { address, certificate });
    t.after(() => server.close());
    const socket = await proves(t, authority, { protocol: 'ldap', port: server.port });
    // Message 2, an anonymous bind; the response names it.
    await ask(socket, Buffer.from('300c020102600702010304008000', 'hex'), /^0[^]{4}a/);
  });

  peerTest('INN, with and without a certificate', ['inn'], async (roots, t) => {
    const { authority, certificate } = await issued();
    const server = await startInn(roots.inn, { address, accounts, certificate });
    t.after(() => server.close());
    const socket = await proves(t, authority, { protocol: 'nntp', port: server.port });
    await ask(socket, 'AUTHINFO USER user\r\n', /^381 /m);
    await ask(socket, 'AUTHINFO PASS pencil\r\n', /^281 /m);
    const plain = await startInn(roots.inn, { address: '127.0.0.3', accounts });
    t.after(() => plain.close());
    await notSecured(t, authority, { protocol: 'nntp', address: '127.0.0.3', port: plain.port });
  });

  peerTest('vsftpd, with and without a certificate', ['vsftpd'], async (roots, t) => {
    const { authority, certificate } = await issued();
    const server = await startVsftpd(roots.vsftpd, { address, accounts, certificate });
    t.after(() => server.close());
    const socket = await proves(t, authority, { protocol: 'ftp', port: server.port });
    await ask(socket, 'USER user\r\n', /^331 /m);
    await ask(socket, 'PASS pencil\r\n', /^230 /m);
    const plain = await startVsftpd(roots.vsftpd, { address: '127.0.0.3', accounts });
    t.after(() => plain.close());
    await notSecured(t, authority, { protocol: 'ftp', address: '127.0.0.3', port: plain.port });
  });

  peerTest('PostgreSQL, with and without a certificate', ['postgresql'], async (roots, t) => {
    const { authority, certificate } = await issued();
    const server = await startPostgresql(roots.postgresql, { address, accounts, certificate });
    t.after(() => server.close());
    const socket = await proves(t, authority, { protocol: 'postgres', port: server.port });
    const parameters = Buffer.from('\0\x03\0\0user\0user\0\0', 'latin1');
    const length = Buffer.from([0, 0, 0, parameters.length + 4]);
    await ask(socket, Buffer.concat([length, parameters]), /^R/);
    const plain = await startPostgresql(roots.postgresql, { address: '127.0.0.3', accounts });
    t.after(() => plain.close());
    await notSecured(t, authority, { protocol: 'postgres', address: '127.0.0.3', port: plain.port });
  });

  peerTest('MariaDB, with and without a certificate', ['mariadb'], async (roots, t) => {
    const { authority, certificate } = await issued();
    const server = await startMariadb(roots.mariadb, { address, accounts, certificate });
    t.after(() => server.close());
    const way = { protocol: 'mysql', port: server.port } as const;
    const socket = await proves(t, authority, way);
    const again = await call(t, authority, way);
    assert.ok(again.kind === 'secured' && again.mysql !== null);
    // The answer to a login that is none, packet 2: an error, packet 3. It was understood inside TLS.
    await ask(socket, Buffer.from('0100000200', 'hex'), /^[^]{2}\0[^]\xff/);
    const plain = await startMariadb(roots.mariadb, { address: '127.0.0.3', accounts });
    t.after(() => plain.close());
    await notSecured(t, authority, { protocol: 'mysql', address: '127.0.0.3', port: plain.port });
  });

  peerTest('Prosody, for clients and for servers', ['prosody'], async (roots, t) => {
    const { authority, certificate } = await issued();
    const server = await startProsody(roots.prosody, { address, domain: serverName, accounts, certificate });
    t.after(() => server.close());
    const header = (kind: string): string =>
      `<stream:stream xmlns='jabber:${kind}' xmlns:stream='http://etherx.jabber.org/streams' to='${serverName}' version='1.0'>`;
    const client = await call(t, authority, { protocol: 'xmpp', port: server.port });
    assert.ok(client.kind === 'secured' && client.identity === serverName, JSON.stringify(client));
    await ask(client.socket, header('client'), /<mechanisms .*PLAIN/);
    const other = await call(t, authority, { protocol: 'xmpp-server', port: server.serverPort });
    assert.ok(other.kind === 'secured' && other.identity === serverName, JSON.stringify(other));
    await ask(other.socket, header('server'), /<stream:features/);
    const plain = await startProsody(roots.prosody, { address: '127.0.0.3', domain: serverName, accounts });
    t.after(() => plain.close());
    await notSecured(t, authority, { protocol: 'xmpp', address: '127.0.0.3', port: plain.port });
  });

  peerTest('Postfix, Exim and OpenSMTPD', ['postfix', 'exim', 'opensmtpd'], async (roots, t) => {
    const { authority, certificate } = await issued();
    const settings = { address, certificate, domains: ['b.test'] };
    const servers = [
      await startPostfix(roots.postfix, settings),
      await startExim(roots.exim, { ...settings, address: '127.0.0.3' }),
      await startOpenSmtpd(roots.opensmtpd, { ...settings, address: '127.0.0.4' }),
    ];
    t.after(() => Promise.all(servers.map((server) => server.close())));
    for (const { address: host, port } of servers) {
      const socket = await proves(t, authority, { protocol: 'smtp', address: host, port });
      await ask(socket, 'MAIL FROM:<a@a.test>\r\n', /^250 /m);
    }
    const plain = await startPostfix(roots.postfix, { address: '127.0.0.5', domains: ['b.test'] });
    t.after(() => plain.close());
    await notSecured(t, authority, { protocol: 'smtp', address: '127.0.0.5', port: plain.port });
  });
});
