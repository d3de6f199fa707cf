/** The way of a reverse gateway to its server: verified TLS, or not one octet of the client. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { Worker } from 'node:worker_threads';
import { backendWays } from '../../../src/gateway/backend.ts';
import type { GatewaySettings } from '../../../src/gateway/settings.ts';
import { parseHost } from '../../../src/names/address.ts';
import { openCertificates } from '../../../src/net/certificates.ts';
import { startDeadlines } from '../../../src/net/deadlines.ts';
import { handshakes } from '../../../src/net/handshake.ts';
import { type Certificate, createAuthority } from '../../support/certificates.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway.ts';
import { backendOf } from './toy.ts';

const authority = await createAuthority();
const stranger = await createAuthority();
const right = await authority.issue({ names: ['db.test'] });
const untrusted = await stranger.issue({ names: ['db.test'] });
const misnamed = await authority.issue({ names: ['other.test'] });
const old = await authority.issue({ names: ['db.test'], notAfter: new Date(Date.now() - 1000) });

const startup = Buffer.concat([Buffer.from([0, 0, 0, 16, 0, 3, 0, 0]), Buffer.from('user\0a\0\0')]);
/** AuthenticationOk, and that the server is ready. */
const welcome = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);

/** What a server heard, in clear and inside TLS. */
interface Heard {
  clear: string;
  inside: string;
}

interface Upstream {
  readonly gateway: TestGateway;
  readonly heard: Heard;
}

/** A server of PostgreSQL that answers SSLRequest with `answer`, and what it does then. */
async function upstream(
  t: TestContext,
  answer: Buffer | string,
  certificate: Certificate = right,
  serverName = 'db.test',
): Promise<Upstream> {
  const heard: Heard = { clear: '', inside: '' };
  const upgrade = handshakes(openCertificates([certificate]), []);
  const backend = await backendOf(t, (socket) => {
    socket.once('data', (bytes: Buffer) => {
      heard.clear += bytes.toString('latin1');
      if (answer === 'S') void secure(socket);
      else {
        socket.write(answer);
        socket.on('data', (more: Buffer) => {
          heard.clear += more.toString('latin1');
        });
      }
    });
  });
  async function secure(socket: Socket): Promise<void> {
    socket.pause();
    socket.removeAllListeners('data');
    socket.write('S');
    try {
      const tls = await upgrade(socket);
      tls.on('error', () => tls.destroy());
      tls.once('data', (bytes: Buffer) => {
        heard.inside += bytes.toString('latin1');
        tls.write(welcome);
        tls.on('data', (more: Buffer) => {
          heard.inside += more.toString('latin1');
          tls.write(more);
        });
        tls.on('end', () => tls.end());
      });
    } catch {
      socket.destroy();
    }
  }
  const gateway = await startTestGateway(t, {
    protocol: 'postgres',
    backend,
    reverse: { serverName, ca: authority.certPem },
  });
  return { gateway, heard };
}

const sslRequest = '\x00\x00\x00\x08\x04\xd2\x16\x2f';

it('a plain client is heard inside TLS only, and the event says whom it was proved to', async (t) => {
  const { gateway, heard } = await upstream(t, 'S');
  const client = await plain(t, gateway.port);
  client.write(startup);
  const [first] = await once(client, 'data');
  assert.deepEqual(first, welcome);
  client.end('select 1');
  assert.equal(String(await readAll(client)), 'select 1');
  assert.equal(heard.clear, sslRequest);
  assert.equal(heard.inside, `${startup.toString('latin1')}select 1`);
  const event = await gateway.ended();
  const { certificateSha256, group, ...tls } = event.tls;
  assert.match(certificateSha256 ?? '', /^[0-9a-f]{64}$/);
  assert.ok(group !== null);
  assert.deepEqual(tls, {
    outcome: 'authenticated',
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    serverName: 'db.test',
    alpn: null,
    peerName: 'db.test',
    clientCertificateSha256: null,
  });
  assert.equal(event.mode, 'reverse');
});

describe('an upstream that is not what it should be gets no octet of the client', () => {
  interface Case {
    readonly how: string;
    readonly answer: Buffer | string;
    readonly certificate?: Certificate;
    readonly because: RegExp;
    /** What the client hears, where words of the server would be in that. */
    readonly told?: RegExp;
  }
  const cases: readonly Case[] = [
    {
      how: 'that has no TLS, or is said to have none',
      answer: 'N',
      because: /has no TLS/,
      told: /does not offer STARTTLS/,
    },
    {
      how: 'that answers with an error',
      answer: 'E',
      because: /answers SSLRequest with an error/,
      told: /refuses STARTTLS/,
    },
    {
      how: 'that answers with more than one octet (CVE-2021-23222)',
      answer: 'SR',
      because: /plaintext between the go-ahead/,
      told: /does not keep to the protocol before TLS\0/,
    },
    {
      how: 'that answers with something else',
      answer: 'x',
      because: /neither S nor N/,
      told: /does not keep to the protocol before TLS\0/,
    },
    {
      how: 'whose certificate is of an authority that nobody trusts',
      answer: 'S',
      certificate: untrusted,
      because: /is not valid \(/,
    },
    {
      how: 'whose certificate names another server',
      answer: 'S',
      certificate: misnamed,
      because: /names other\.test, not db\.test/,
    },
    { how: 'whose certificate has run out', answer: 'S', certificate: old, because: /CERT_HAS_EXPIRED/ },
  ];
  for (const { how, answer, certificate = right, because, told = because } of cases) {
    it(how, async (t) => {
      const { gateway, heard } = await upstream(t, answer, certificate);
      const client = await plain(t, gateway.port);
      client.write(startup);
      client.write('a secret that comes too early');
      const said = String(await readAll(client));
      client.end();
      // ErrorResponse, with the code of a connection that failed.
      assert.match(said, /^E.*C08006/s);
      assert.match(said, told);
      const event = await gateway.ended();
      assert.equal(event.endedBy, 'unreachable');
      assert.match(event.because, because);
      assert.equal(event.tls.outcome, null);
      assert.equal(heard.clear, sslRequest);
      assert.equal(heard.inside, '');
    });
  }

  it('the check convicts a gateway that goes on in clear', async (t) => {
    const heard: Heard = { clear: '', inside: '' };
    const backend = await backendOf(t, (socket) => {
      socket.once('data', (bytes: Buffer) => {
        heard.clear += bytes.toString('latin1');
        socket.write('N');
        socket.on('data', (more: Buffer) => {
          heard.clear += more.toString('latin1');
        });
      });
    });
    // What stands in for it asks for TLS, and takes no for an answer.
    const lax = await backendOf(t, (client) => {
      const server = connect({ port: backend, host: '127.0.0.1' });
      server.on('error', () => server.destroy());
      server.write(Buffer.from(sslRequest, 'latin1'));
      server.once('data', () => client.pipe(server));
    });
    const client = await plain(t, lax);
    client.write(startup);
    client.end('a secret that comes too early');
    for (let turn = 0; turn < 100 && !heard.clear.includes('secret'); turn++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.notEqual(heard.clear, sslRequest);
    assert.match(heard.clear, /a secret that comes too early/);
  });
});

for (const [protocol, words] of [
  ['imap', '* BYE [ALERT] call 555\r\n'],
  ['imap', 'call 555\r\n'],
  ['pop3', '-ERR call 555\r\n'],
  ['smtp', '554 5.7.1 call 555\r\n'],
  ['sieve', 'BYE "call 555"\r\n'],
  ['nntp', '502 call 555\r\n'],
] as const) {
  it(`words in clear are nobody's: the event has them, and no client shows them (${protocol}: ${words.trim()})`, async (t) => {
    const backend = await backendOf(t, (socket) => socket.resume().write(words));
    const gateway = await startTestGateway(t, {
      protocol,
      backend,
      reverse: { serverName: 'mail.test', ca: authority.certPem },
    });
    const client = await plain(t, gateway.port);
    const said = String(await readAll(client));
    client.end();
    assert.match(said, /refuses STARTTLS|does not keep to the protocol/);
    assert.doesNotMatch(said, /call|555|ALERT/);
    assert.match((await gateway.ended()).because, /call 555/);
  });
}

it('an address can be what the certificate has to prove, and is not asked for by SNI', async (t) => {
  const byAddress = await authority.issue({ names: ['127.0.0.1'] });
  const { gateway } = await upstream(t, 'S', byAddress, '127.0.0.1');
  const client = await plain(t, gateway.port);
  client.end(startup);
  assert.deepEqual(await readAll(client), welcome);
  const { tls } = await gateway.ended();
  assert.equal(tls.peerName, '127.0.0.1');
  assert.equal(tls.serverName, null);
});

it('XMPP: a client asks for a domain by its letters, and so does the gateway; another one is not to be had', async (t) => {
  let asked = '';
  const backend = await backendOf(t, (socket) =>
    socket.on('data', (bytes: Buffer) => {
      asked += bytes.toString('utf8');
      socket.end();
    }),
  );
  const gateway = await startTestGateway(t, {
    protocol: 'xmpp',
    backend,
    reverse: { serverName: 'bücher.test', ca: authority.certPem },
  });
  const ask = async (to: string): Promise<string> => {
    const client = await plain(t, gateway.port);
    client.end(
      `<stream:stream to='${to}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`,
    );
    return String(await readAll(client));
  };
  assert.match(await ask('andere.test'), /asked for another server/);
  assert.equal(asked, '');
  assert.match(await ask('Bücher.test'), /remote-connection-failed/);
  assert.match(asked, / to='Bücher\.test' /);
});

it('an upstream that accepts and then says nothing is given up in time', async (t) => {
  const backend = await backendOf(t, (socket) => socket.resume());
  const gateway = await startTestGateway(t, {
    protocol: 'postgres',
    backend,
    reverse: { serverName: 'db.test', ca: authority.certPem },
    patience: { connect: 150 },
  });
  const client = await plain(t, gateway.port);
  client.write(startup);
  assert.match(String(await readAll(client)), /08006/);
  client.end();
  assert.equal((await gateway.ended()).endedBy, 'unreachable');
});

it('a client that goes while TLS is brought up takes the connection with it', async (t) => {
  const gone = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const backend = await backendOf(t, (socket) => {
    socket.once('data', () => reached.resolve());
    socket.on('end', () => gone.resolve()).on('close', () => gone.resolve());
  });
  const gateway = await startTestGateway(t, {
    protocol: 'postgres',
    backend,
    reverse: { serverName: 'db.test', ca: authority.certPem },
  });
  const client = await plain(t, gateway.port);
  client.write(startup);
  await reached.promise;
  client.resetAndDestroy();
  await gone.promise;
  assert.equal((await gateway.ended()).endedBy, 'client');
});

it('a name that has no address is told by its name', async (t) => {
  const gateway = await startTestGateway(t, {
    protocol: 'postgres',
    backend: 5432,
    backendHost: 'nowhere.test',
    reverse: { serverName: 'db.test', ca: authority.certPem },
  });
  const client = await plain(t, gateway.port);
  client.write(startup);
  assert.match(String(await readAll(client)), /nowhere\.test has no address/);
  client.end();
  const event = await gateway.ended();
  assert.equal(event.because, 'nowhere.test:5432: nowhere.test has no address');
  assert.equal(event.backend, 'nowhere.test:5432');
});

it('an address that does not answer leaves some of the time to the next', async (t) => {
  const silent = await silentListener(t, '127.0.0.9');
  const good = createServer((socket) => socket.end('here'));
  good.listen(silent, '127.0.0.1');
  await once(good, 'listening');
  t.after(() => good.close());
  const host = parseHost('two.test');
  assert.ok(host.kind === 'ok');
  const deadlines = startDeadlines(10);
  t.after(() => deadlines.close());
  const settings: GatewaySettings = {
    name: 'two',
    protocol: 'postgres',
    mode: {
      kind: 'front',
      certificates: openCertificates([right]),
      clientCertificates: null,
      requireTls: true,
      xclient: false,
    },
    hostname: 'gw.test',
    places: [],
    backend: { kind: 'tcp', host: host.value, port: silent },
    proxyHeader: null,
    isProxy: () => false,
    limits: { connections: 1, connectionsPerAddress: 1, connectionsPerMinute: 1 },
    patience: { clear: 1_000, handshake: 1_000, connect: 600, idle: 1_000, session: 1_000 },
  };
  const client = { remoteAddress: '127.0.0.1', remotePort: 1, localAddress: '127.0.0.1', localPort: 2 };
  const { connect: reach } = backendWays(
    settings,
    { ...client, anonymous: false },
    {
      deadlines,
      addressesOf: () => Promise.resolve({ kind: 'found', addresses: ['127.0.0.9', '127.0.0.1'] }),
    },
  );
  // What a gateway gives it, the first address would use up alone.
  const answer = await reach(null, AbortSignal.timeout(600));
  assert.ok(answer.kind === 'connected', JSON.stringify(answer));
  assert.equal(String(await readAll(answer.socket.resume())), 'here');
});

/** A port where nobody accepts: once its queue is full, whoever connects hears nothing. */
async function silentListener(t: TestContext, address: string): Promise<number> {
  const sleeper = new Worker(
    `const { createServer } = require('node:net');
     const { parentPort, workerData } = require('node:worker_threads');
     const server = createServer();
     server.listen({ host: workerData, port: 0, backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
     });`,
    { eval: true, workerData: address },
  );
  t.after(() => sleeper.terminate());
  const [port] = await once(sleeper, 'message');
  assert.ok(typeof port === 'number');
  for (let time = 0; time < 4; time++) {
    const socket = connect({ port, host: address });
    socket.on('error', () => undefined);
    t.after(() => socket.destroy());
  }
  await sleep(100);
  return port;
}

it('a server that speaks another protocol first is no upstream', async (t) => {
  const server = createTlsServer({ cert: right.certPem, key: right.keyPem });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  const backend = typeof address === 'object' && address !== null ? address.port : 0;
  const gateway = await startTestGateway(t, {
    protocol: 'imap',
    backend,
    reverse: { serverName: 'db.test', ca: authority.certPem },
    patience: { connect: 300 },
  });
  const client = await plain(t, gateway.port);
  assert.match(String(await readAll(client)), /^\* BYE /);
  client.end();
  assert.equal((await gateway.ended()).endedBy, 'unreachable');
});

async function plain(t: TestContext, port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  socket.on('error', () => socket.destroy());
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => chunks.push(bytes));
  await new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
  return Buffer.concat(chunks);
}
