/** The handshakes of a listener: which certificate is shown, and what is never sent or accepted. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ConnectionOptions,
  connect as connectTls,
  createServer as createTlsServer,
  type TLSSocket,
} from 'node:tls';
import { type Certificates, openCertificates } from '../../../src/net/certificates.ts';
import { handshakes } from '../../../src/net/handshake.ts';
import { createAuthority } from '../../support/certificates.ts';
import { withRsaKey } from './chains.ts';
import { portOf } from './peer.ts';

const authority = await createAuthority();
const pair = await authority.issue({ names: ['relay.test'] });

async function running(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    socket.on('error', () => socket.destroy());
    sockets.add(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return portOf(server);
}

/** A server that says a word inside TLS. */
function ours(t: TestContext, certificates: Certificates, failures: unknown[] = []): Promise<number> {
  const upgrade = handshakes(certificates, ['smtp', 'esmtp']);
  const server = createServer({ noDelay: true }, (socket) => {
    upgrade(socket).then(
      (secure) => {
        secure.on('error', () => secure.destroy());
        secure.write('hello');
      },
      (error: unknown) => {
        failures.push(error);
        socket.destroy();
      },
    );
  });
  return running(t, server);
}

/** The same by Node alone, with what it does where nobody says otherwise. */
function nodes(t: TestContext): Promise<number> {
  const server = createTlsServer({ cert: pair.certPem, key: pair.keyPem }, (secure) => {
    secure.on('error', () => secure.destroy());
    secure.write('hello');
  });
  server.on('tlsClientError', (_error, secure) => secure.destroy());
  return running(t, server);
}

interface Seen {
  readonly secure: TLSSocket;
  /** How often the server gave something to resume with. */
  readonly sessions: number;
}

/** Shakes hands and waits for the word. */
async function shake(t: TestContext, port: number, options: ConnectionOptions = {}): Promise<Seen> {
  const secure = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  t.after(() => secure.destroy());
  let sessions = 0;
  secure.on('session', () => {
    sessions += 1;
  });
  await once(secure, 'data');
  // Tickets come before the word, but Node may tell of them after it.
  await sleep(20);
  return { secure, sessions };
}

async function nameShown(t: TestContext, port: number, options: ConnectionOptions = {}): Promise<string> {
  const { secure } = await shake(t, port, options);
  return secure.getPeerX509Certificate()?.subjectAltName ?? '';
}

describe('which certificate', () => {
  it('the one that the client names; the first for an unknown name and for no name', async (t) => {
    const other = await authority.issue({ names: ['other.test', '*.wild.test'] });
    const port = await ours(t, openCertificates([pair, other]));
    const cases = { 'relay.test': 'relay', 'OTHER.test': 'other', 'a.wild.test': 'other', 'x.test': 'relay' };
    for (const [servername, expected] of Object.entries(cases))
      assert.match(await nameShown(t, port, { servername }), new RegExp(expected), servername);
    assert.match(await nameShown(t, port), /relay/);
  });

  it('RSA for a client that knows nothing else, ECDSA for the others', async (t) => {
    const port = await ours(t, openCertificates([pair, await withRsaKey('relay.test')]));
    for (const servername of ['relay.test', undefined]) {
      const name = servername === undefined ? {} : { servername };
      for (const [sigalgs, type] of [
        ['rsa_pss_rsae_sha256:rsa_pkcs1_sha256', 'rsa'],
        ['ecdsa_secp256r1_sha256', 'ec'],
      ] as const) {
        const { secure } = await shake(t, port, { sigalgs, ...name });
        assert.equal(secure.getPeerX509Certificate()?.publicKey.asymmetricKeyType, type);
      }
    }
  });

  it('a replaced one: for the next handshake, with and without a name, and not for the session that stands', async (t) => {
    const certificates = openCertificates([pair]);
    const port = await ours(t, certificates);
    const before = await shake(t, port);
    certificates.replace([await authority.issue({ names: ['relay.test', 'renewed.test'] })]);
    assert.match(await nameShown(t, port, { servername: 'relay.test' }), /renewed/);
    assert.match(await nameShown(t, port), /renewed/);
    assert.ok(!before.secure.destroyed);
  });
});

describe('session tickets', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const servername of ['relay.test', undefined]) {
      it(`none in ${version}, ${servername === undefined ? 'without' : 'with'} a name`, async (t) => {
        const options = { maxVersion: version, ...(servername === undefined ? {} : { servername }) };
        const { secure, sessions } = await shake(t, await ours(t, openCertificates([pair])), options);
        assert.equal(secure.getProtocol(), version);
        assert.equal(secure.getTLSTicket()?.length ?? 0, 0);
        assert.equal(sessions, 0);
      });
    }
  }

  it('the same check convicts Node left alone', async (t) => {
    const port = await nodes(t);
    const { secure, sessions } = await shake(t, port, { maxVersion: 'TLSv1.2' });
    assert.ok(secure.getTLSTicket() !== undefined);
    assert.equal(sessions, 1);
    assert.equal((await shake(t, port)).sessions, 2);
  });

  it('none after the certificates were replaced either', async (t) => {
    const certificates = openCertificates([pair]);
    const port = await ours(t, certificates);
    certificates.replace([pair]);
    assert.equal((await shake(t, port)).sessions, 0);
  });

  it('nothing can be resumed in TLS 1.2', async (t) => {
    const port = await ours(t, openCertificates([pair]));
    const { secure } = await shake(t, port, { maxVersion: 'TLSv1.2' });
    const session = secure.getSession();
    assert.ok(session !== undefined);
    const again = await shake(t, port, { maxVersion: 'TLSv1.2', session });
    assert.equal(again.secure.isSessionReused(), false);
  });
});

describe('the protocol that a client names (ALPN, RFC 7301)', () => {
  const browser = ['h2', 'http/1.1'];

  it('a browser is cut off with the alert for it (ALPACA)', async (t) => {
    const failures: unknown[] = [];
    const port = await ours(t, openCertificates([pair]), failures);
    await assert.rejects(shake(t, port, { ALPNProtocols: browser }), /no application protocol/i);
    await sleep(20);
    assert.match(String(failures[0]), /no application protocol/i);
  });

  it('the same check convicts a server that does not look', async (t) => {
    await shake(t, await nodes(t), { ALPNProtocols: browser });
  });

  for (const [offered, taken] of [
    [['smtp'], 'smtp'],
    [['h2', 'esmtp'], 'esmtp'],
    [undefined, false],
  ] as const) {
    it(`${offered?.join() ?? 'none'}: welcome`, async (t) => {
      const port = await ours(t, openCertificates([pair]));
      const options = offered === undefined ? {} : { ALPNProtocols: [...offered] };
      assert.equal((await shake(t, port, options)).secure.alpnProtocol, taken);
    });
  }
});

it('a port that is used again at once: the handshake that was left is not taken for the new one', async (t) => {
  const port = await ours(t, openCertificates([pair]));
  for (let n = 0; n < 100; n++) {
    // An address of its own: whatever else connects at the same time takes no port of it.
    const first = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.77' });
    await once(first, 'connect');
    const { localPort } = first;
    assert.ok(localPort !== undefined);
    first.resetAndDestroy();
    await once(first, 'close');
    const again = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.77', localPort });
    await once(again, 'connect');
    const secure = connectTls({ socket: again, rejectUnauthorized: false });
    await once(secure, 'data', { signal: AbortSignal.timeout(2_000) });
    again.destroy();
  }
});
