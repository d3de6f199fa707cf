/** A gateway as a whole, shown by PostgreSQL, whose upgrade takes one octet and which passes everything on behind it. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { createAuthority } from '../../support/certificates.ts';
import { startTestGateway, type TestGatewayOptions } from '../../support/gateway.ts';
import { backendOf } from './toy.ts';

const authority = await createAuthority();
const stranger = await createAuthority();
const keyPair = await authority.issue({ names: ['gateway.test'] });

const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const startup = Buffer.concat([Buffer.from([0, 0, 0, 16, 0, 3, 0, 0]), Buffer.from('user\0a\0\0')]);

/** A gateway before a backend that sends everything back. */
async function echoing(t: TestContext, options: Partial<TestGatewayOptions> = {}) {
  const backend = await backendOf(t, (socket) => socket.pipe(socket));
  return await startTestGateway(t, { protocol: 'postgres', backend, keyPairs: [keyPair], ...options });
}

describe('front', () => {
  it('passes octets and ends on behind the upgrade, and says so in one event', async (t) => {
    const gateway = await echoing(t);
    const client = await upgraded(t, gateway.port);
    client.write(startup);
    client.end('hello');
    assert.deepEqual(await readAll(client), Buffer.concat([startup, Buffer.from('hello')]));
    const { at, port, durationMs, ...event } = await gateway.ended();
    assert.ok(Date.parse(at) > 0 && port > 0 && durationMs >= 0);
    assert.deepEqual(event, {
      event: 'connection',
      id: null,
      from: null,
      to: null,
      mx: null,
      reply: null,
      attempt: 0,
      nextAttemptAt: null,
      gateway: 'postgres',
      protocol: 'postgres',
      mode: 'front',
      listener: { address: '127.0.0.1', port: gateway.port, tls: 'starttls' },
      address: '127.0.0.1',
      backend: event.backend,
      tls: {
        outcome: 'encrypted',
        version: 'TLSv1.3',
        cipher: 'TLS_AES_256_GCM_SHA384',
        group: null,
        serverName: 'gateway.test',
        alpn: 'postgresql',
        certificateSha256: null,
        peerName: null,
        clientCertificateSha256: null,
      },
      octets: { fromClient: 8 + 16 + 5, toClient: 1 + 16 + 5 },
      endedBy: 'client',
      because: 'the client closed the connection',
    });
    assert.deepEqual(gateway.counted, ['opened', 'handshake TLSv1.3', 'closed client']);
    assert.equal(gateway.events.length, 1);
  });

  it('takes TLS from the first octet on its other port', async (t) => {
    const gateway = await echoing(t);
    const client = await direct(t, gateway.tlsPort, { ALPNProtocols: ['postgresql'] });
    client.end(startup);
    assert.deepEqual(await readAll(client), startup);
    assert.equal((await gateway.ended()).listener.tls, 'implicit');
  });

  it('reaches a backend by its name localhost', async (t) => {
    const gateway = await echoing(t, { backendHost: 'localhost' });
    const client = await upgraded(t, gateway.port);
    client.end(startup);
    assert.deepEqual(await readAll(client), startup);
  });

  it('a backend that is not there is told to the client, and is named in the event', async (t) => {
    const gateway = await startTestGateway(t, { protocol: 'postgres', backend: 1, keyPairs: [keyPair] });
    const client = await upgraded(t, gateway.port);
    client.write(startup);
    assert.match(String(await readAll(client)), /08006/);
    client.end();
    const event = await gateway.ended();
    assert.equal(event.endedBy, 'unreachable');
    assert.match(event.because, /^127\.0\.0\.1:1: .*ECONNREFUSED/);
  });
});

describe('what TLS a client gets', () => {
  it('TLS 1.2 is taken, unless 1.3 is the least', async (t) => {
    const gateway = await echoing(t);
    const client = await upgraded(t, gateway.port, { maxVersion: 'TLSv1.2' });
    client.destroy();
    const strict = await echoing(t, { tls: { minVersion: 'TLSv1.3' } });
    await assert.rejects(upgraded(t, strict.port, { maxVersion: 'TLSv1.2' }), /protocol version/);
    const event = await strict.ended();
    assert.equal(event.endedBy, 'tls');
    assert.equal(event.tls.outcome, null);
    assert.deepEqual(strict.counted, ['opened', 'handshake failed', 'closed tls']);
  });

  it('TLS 1.1 is never taken', async (t) => {
    const gateway = await echoing(t);
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
    await assert.rejects(upgraded(t, gateway.port, old), /protocol version/);
  });

  it('suites and groups are those of the settings', async (t) => {
    const ciphers = 'TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-CHACHA20-POLY1305';
    const gateway = await echoing(t, { tls: { ciphers, groups: 'P-384' } });
    const client = await upgraded(t, gateway.port);
    assert.equal(client.getCipher().standardName, 'TLS_CHACHA20_POLY1305_SHA256');
    assert.deepEqual(client.getEphemeralKeyInfo(), { type: 'ECDH', name: 'secp384r1', size: 384 });
    client.destroy();
    const older = await upgraded(t, gateway.port, { maxVersion: 'TLSv1.2' });
    assert.match(older.getCipher().standardName, /CHACHA20/);
  });

  for (const [names, taken] of [
    [['postgresql'], true],
    [['http/1.1', 'postgresql'], true],
    [['http/1.1'], false],
    [['imap'], false],
  ] as const) {
    it(`a client that offers ${names.join(', ')} by ALPN is ${taken ? 'taken' : 'cut off (ALPACA)'}`, async (t) => {
      const gateway = await echoing(t);
      const client = upgraded(t, gateway.port, { ALPNProtocols: [...names] });
      if (taken) assert.equal((await client).alpnProtocol, 'postgresql');
      else await assert.rejects(client, /no application protocol/);
    });
  }

  it('a client that offers anything where no protocol has a name is cut off', async (t) => {
    const backend = await backendOf(t, (socket) => socket.resume());
    const gateway = await startTestGateway(t, { protocol: 'ldap', backend, keyPairs: [keyPair] });
    await assert.rejects(
      direct(t, gateway.tlsPort, { ALPNProtocols: ['http/1.1'] }),
      /no application protocol/,
    );
    const client = await direct(t, gateway.tlsPort, { ALPNProtocols: undefined });
    assert.equal(client.alpnProtocol, false);
  });

  it('the certificate is chosen by the name that is asked for, and new ones are shown to new clients', async (t) => {
    const other = await authority.issue({ names: ['other.test'] });
    const gateway = await echoing(t, { keyPairs: [keyPair, other] });
    const before = await upgraded(t, gateway.port, { servername: 'other.test' });
    assert.equal(before.getPeerX509Certificate()?.subjectAltName, 'DNS:other.test');
    const renewed = await authority.issue({ names: ['other.test', 'more.test'] });
    await gateway.reload({ keyPairs: [keyPair, renewed] });
    const after = await upgraded(t, gateway.port, { servername: 'more.test' });
    assert.equal(after.getPeerX509Certificate()?.subjectAltName, 'DNS:other.test, DNS:more.test');
    // The connection from before goes on.
    before.end(startup);
    assert.deepEqual(await readAll(before), startup);
  });
});

describe('certificates of clients', () => {
  const tls = { clientRoots: [authority.certPem] };
  const wanted = { required: true, allowed: [] };

  it('one that is valid is taken, and stands in the event', async (t) => {
    const gateway = await echoing(t, { tls, clientCertificates: wanted });
    const own = await authority.issue({ names: ['client.test'] });
    const client = await upgraded(t, gateway.port, { cert: own.certPem, key: own.keyPem });
    client.end(startup);
    assert.deepEqual(await readAll(client), startup);
    const { tls: seen } = await gateway.ended();
    assert.equal(seen.clientCertificateSha256, digestOf(own.certPem));
  });

  const refused: readonly [how: string, Promise<ConnectionOptions>, because: RegExp][] = [
    ['none', Promise.resolve({}), /presented no certificate/],
    ['one of another authority', presented(stranger.issue({ names: ['client.test'] })), /is not valid/],
    [
      'one signed by itself',
      presented(authority.issue({ names: ['c.test'], selfSigned: true })),
      /is not valid/,
    ],
    [
      'one that ran out',
      presented(authority.issue({ names: ['c.test'], notAfter: new Date(Date.now() - 1000) })),
      /CERT_HAS_EXPIRED/,
    ],
  ];
  for (const [how, options, because] of refused) {
    it(`a client with ${how} is cut off before anything is asked of the backend`, async (t) => {
      let asked = 0;
      const backend = await backendOf(t, () => {
        asked += 1;
      });
      const gateway = await echoing(t, { backend, tls, clientCertificates: wanted });
      const client = await upgraded(t, gateway.port, await options).catch(() => undefined);
      client?.on('error', () => undefined);
      client?.write(startup);
      const event = await gateway.ended();
      assert.equal(event.endedBy, 'tls');
      assert.match(event.because, because);
      assert.equal(event.octets.toClient, 1);
      assert.equal(asked, 0);
    });
  }

  it('none is fine where it is optional, and a bad one is not', async (t) => {
    const optional = { required: false, allowed: [] };
    const gateway = await echoing(t, { tls, clientCertificates: optional });
    const client = await upgraded(t, gateway.port);
    client.end(startup);
    assert.deepEqual(await readAll(client), startup);
    const bad = await stranger.issue({ names: ['client.test'] });
    const other = await upgraded(t, gateway.port, { cert: bad.certPem, key: bad.keyPem });
    other.on('error', () => undefined);
    assert.equal((await gateway.ended(2)).endedBy, 'tls');
  });

  it('a valid one that no rule allows is cut off; a name, a wildcard and a digest allow', async (t) => {
    const own = await authority.issue({ names: ['*.clients.test'] });
    const named = (name: string) => ({ kind: 'name', host: { kind: 'ip', address: name } }) as const;
    const gateway = await echoing(t, {
      tls,
      clientCertificates: { required: true, allowed: [named('192.0.2.1')] },
    });
    const client = await upgraded(t, gateway.port, { cert: own.certPem, key: own.keyPem });
    client.on('error', () => undefined);
    assert.match((await gateway.ended()).because, /none of those that are allowed \(SHA-256 [0-9a-f]{64}\)/);
    await gateway.reload({
      clientCertificates: { required: true, allowed: [{ kind: 'sha256', hex: digestOf(own.certPem) }] },
    });
    const allowed = await upgraded(t, gateway.port, { cert: own.certPem, key: own.keyPem });
    allowed.end(startup);
    assert.deepEqual(await readAll(allowed), startup);
  });
});

describe('who the client is', () => {
  for (const version of ['v1', 'v2'] as const) {
    it(`is told to the backend by a PROXY header, ${version}, before anything else`, async (t) => {
      const heard = Promise.withResolvers<Buffer>();
      const backend = await backendOf(t, (socket) => void readAll(socket).then(heard.resolve));
      const gateway = await echoing(t, { backend, proxyHeader: version });
      const client = await upgraded(t, gateway.port);
      const { localPort } = client;
      client.end(startup);
      const all = await heard.promise;
      const header =
        version === 'v1'
          ? Buffer.from(`PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${gateway.port}\r\n`)
          : Buffer.concat([
              Buffer.from('0d0a0d0a000d0a515549540a2111000c7f0000017f000001', 'hex'),
              ports(localPort ?? 0, gateway.port),
            ]);
      assert.deepEqual(all, Buffer.concat([header, startup]));
    });
  }

  it('behind a proxy is whom its header names, and that is handed on', async (t) => {
    const heard = Promise.withResolvers<Buffer>();
    const backend = await backendOf(t, (socket) => {
      void readAll(socket).then(heard.resolve);
      socket.on('end', () => socket.end());
    });
    const gateway = await echoing(t, { backend, behindProxy: true, proxyHeader: 'v1' });
    const client = await upgraded(t, gateway.port, {}, 'PROXY TCP6 2001:db8::7 2001:db8::1 1234 5432\r\n');
    client.end(startup);
    const line = 'PROXY TCP6 2001:db8::7 2001:db8::1 1234 5432\r\n';
    assert.deepEqual(await heard.promise, Buffer.concat([Buffer.from(line), startup]));
    client.destroy();
    const event = await gateway.ended();
    assert.equal(event.address, '2001:db8::7');
    assert.equal(event.port, 1234);
    // Ours, and not what the proxy listens on.
    assert.equal(event.listener.port, gateway.port);
  });

  it('a proxy that sends no header is closed, and no event is written', async (t) => {
    const gateway = await echoing(t, { behindProxy: true });
    const socket = connect({ port: gateway.port, host: '127.0.0.1' });
    t.after(() => socket.destroy());
    socket.write(sslRequest);
    socket.resume();
    await once(socket, 'close');
    assert.match(gateway.oddities.join(), /PROXY|begins with something else/);
    assert.equal(gateway.events.length, 0);
  });
});

describe('limits', () => {
  it('more connections than are allowed are closed at once, and room that was left is given again', async (t) => {
    const gateway = await echoing(t, { limits: { connections: 2 } });
    const first = await upgraded(t, gateway.port);
    await upgraded(t, gateway.port);
    await assert.rejects(upgraded(t, gateway.port));
    assert.ok(gateway.counted.includes('refused'));
    first.destroy();
    await gateway.ended();
    await upgraded(t, gateway.port);
  });

  it('one address may have so many', async (t) => {
    const gateway = await echoing(t, { behindProxy: true, limits: { connectionsPerAddress: 1 } });
    const proxy = (address: string) => `PROXY TCP4 ${address} 192.0.2.1 1000 5432\r\n`;
    await upgraded(t, gateway.port, {}, proxy('192.0.2.7'));
    await assert.rejects(upgraded(t, gateway.port, {}, proxy('192.0.2.7')));
    await upgraded(t, gateway.port, {}, proxy('192.0.2.8'));
  });

  it('a change of the settings does not forget who is in', async (t) => {
    const gateway = await echoing(t, { limits: { connections: 1 } });
    await upgraded(t, gateway.port);
    await gateway.reload({ limits: { connections: 1, connectionsPerAddress: 5 } });
    await assert.rejects(upgraded(t, gateway.port));
  });

  it('a change that cannot be made changes nothing: not the limits either', async (t) => {
    const gateway = await echoing(t, { limits: { connections: 2 } });
    await upgraded(t, gateway.port);
    // TEST-NET-1 (RFC 5737) is no address of this host.
    await assert.rejects(
      gateway.reload({ address: '192.0.2.1', limits: { connections: 1 } }),
      /EADDRNOTAVAIL/,
    );
    await upgraded(t, gateway.port);
  });
});

it('a client that says logins in clear again and again does not fill the log', async (t) => {
  const backend = await backendOf(t, (socket) => socket.write('220 mx.test\r\n'));
  const gateway = await echoing(t, { protocol: 'smtp', backend });
  const socket = connect({ port: gateway.port, host: '127.0.0.1' });
  t.after(() => socket.destroy());
  socket.write('AUTH PLAIN AGFubmEAcHc=\r\n'.repeat(50));
  let answers = '';
  for await (const bytes of socket) {
    answers += String(bytes);
    if (answers.split('538 ').length > 50) break;
  }
  assert.deepEqual([...new Set(gateway.exposed.map(({ user }) => user))], ['anna']);
  assert.equal(gateway.exposed.length, 10);
  assert.equal(gateway.counted.filter((what) => what === 'exposed').length, 50);
});

describe('stopping', () => {
  it('takes nobody new, lets connections finish, and breaks them off when the grace is over', async (t) => {
    const gateway = await echoing(t);
    const finishing = await upgraded(t, gateway.port);
    finishing.write(startup);
    await once(finishing, 'data');
    const staying = await upgraded(t, gateway.port);
    staying.on('error', () => undefined);
    staying.write(startup);
    await once(staying, 'data');
    const closed = gateway.close(1_500);
    await sleep(20);
    await assert.rejects(upgraded(t, gateway.port));
    finishing.end('the rest');
    assert.equal(String(await readAll(finishing)), 'the rest');
    assert.equal((await gateway.ended(1)).endedBy, 'client');
    await closed;
    const last = await gateway.ended(2);
    assert.equal(last.endedBy, 'stop');
    assert.equal(last.because, 'the gateway stopped');
  });
});

function ports(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * numbers.length);
  for (const [index, port] of numbers.entries()) bytes.writeUInt16BE(port, 2 * index);
  return bytes;
}

function digestOf(certPem: string): string {
  return new X509Certificate(certPem).fingerprint256.replaceAll(':', '').toLowerCase();
}

async function presented(
  certificate: Promise<{ readonly certPem: string; readonly keyPem: string }>,
): Promise<ConnectionOptions> {
  const { certPem, keyPem } = await certificate;
  return { cert: certPem, key: keyPem };
}

/** Inside TLS behind an SSLRequest. @param before what a proxy says first. */
async function upgraded(
  t: TestContext,
  port: number,
  options: ConnectionOptions = {},
  before = '',
): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  socket.on('error', () => socket.destroy());
  t.after(() => socket.destroy());
  socket.write(Buffer.concat([Buffer.from(before), sslRequest]));
  const answer = await Promise.race([once(socket, 'data'), once(socket, 'end'), once(socket, 'close')]);
  if (String(answer[0]) !== 'S') throw new Error(`it answered ${String(answer[0])}`);
  return await inside(t, socket, options);
}

async function direct(t: TestContext, port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  socket.on('error', () => socket.destroy());
  t.after(() => socket.destroy());
  return await inside(t, socket, options);
}

async function inside(t: TestContext, socket: Socket, options: ConnectionOptions): Promise<TLSSocket> {
  const secure = connectTls({
    socket,
    servername: 'gateway.test',
    ca: authority.certPem,
    ALPNProtocols: ['postgresql'],
    ...options,
  });
  secure.on('error', () => secure.destroy());
  t.after(() => secure.destroy());
  await once(secure, 'secureConnect');
  return secure;
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => chunks.push(bytes));
  socket.on('error', () => socket.destroy());
  await new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
  return Buffer.concat(chunks);
}
