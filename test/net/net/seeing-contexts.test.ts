/** Hellos by which servers are looked at, each against servers with other certificates and versions. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { before, describe, it, type TestContext } from 'node:test';
import { connect, createServer, type SecureVersion, type TlsOptions } from 'node:tls';
import { type HelloKind, seeingContexts } from '../../../src/net/seeing-contexts.ts';
import { type Certificate, createAuthority } from '../../support/certificates.ts';
import { certify, party, pemOf } from '../../support/chains.ts';
import { withRsaKey } from './chains.ts';

const authority = await createAuthority();
const contexts = seeingContexts([authority.certPem]);
const elliptic = await authority.issue({ names: ['server.test'] });
let rsa: Certificate;
before(async () => {
  rsa = await withRsaKey('server.test');
});

/** What comes of a hello: version, suite, kind of key and group, or the reason why nothing does. */
async function meet(t: TestContext, server: TlsOptions, kind: HelloKind): Promise<string> {
  const listening = createServer({ ciphers: 'ALL:@SECLEVEL=0', minVersion: 'TLSv1', ...server });
  // The client says why.
  listening.on('tlsClientError', () => undefined);
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  t.after(() => listening.close());
  const bound = listening.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server has no port');
  const socket = connect({
    host: '127.0.0.1',
    port: bound.port,
    secureContext: contexts(kind),
    checkServerIdentity: () => undefined,
    rejectUnauthorized: false,
  });
  t.after(() => socket.destroy());
  try {
    await once(socket, 'secureConnect');
  } catch (error) {
    return error instanceof Error && 'reason' in error ? String(error.reason) : String(error);
  }
  const key = socket.getPeerX509Certificate()?.publicKey.asymmetricKeyType;
  return `${socket.getProtocol()} ${key} ${socket.authorized ? 'trusted' : 'untrusted'}`;
}

const pairs = (...certificates: readonly Certificate[]): TlsOptions => ({
  cert: certificates.map(({ certPem }) => certPem),
  key: certificates.map(({ keyPem }) => keyPem),
});
const only = (version: SecureVersion): TlsOptions => ({ minVersion: version, maxVersion: version });

describe('everything', () => {
  for (const version of ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const) {
    it(`sees a server of ${version} alone`, async (t) => {
      const came = await meet(t, { ...pairs(elliptic), ...only(version) }, 'everything');
      assert.equal(came, `${version} ec trusted`);
    });
  }

  it('sees a key that is too short, which everybody else refuses', async (t) => {
    const weak = party('server.test', 'rsa768');
    const certPem = pemOf(certify(weak, weak));
    const keyPem = weak.privateKey.export({ type: 'pkcs8', format: 'pem' });
    const shown = { ...pairs({ certPem, keyPem }), maxVersion: 'TLSv1.2' } as const;
    assert.equal(await meet(t, shown, 'everything'), 'TLSv1.2 rsa untrusted');
  });

  it('names the hybrid group first, as senders with large hellos do', async (t) => {
    const listening = createServer(pairs(elliptic));
    listening.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    t.after(() => listening.close());
    const bound = listening.address();
    assert.ok(bound !== null && typeof bound !== 'string');
    const socket = connect({
      host: '127.0.0.1',
      port: bound.port,
      secureContext: contexts('everything'),
      rejectUnauthorized: false,
    });
    t.after(() => socket.destroy());
    await once(socket, 'secureConnect');
    assert.match(JSON.stringify(socket.getEphemeralKeyInfo()), /X25519(?:MLKEM768)?/);
  });

  it('takes no suite without a certificate, for which a server would hide the one it has', async (t) => {
    const ciphers = 'aNULL:ALL:@SECLEVEL=0';
    const shown = { ...pairs(elliptic), ...only('TLSv1.2'), ciphers, honorCipherOrder: true };
    assert.equal(await meet(t, shown, 'everything'), 'TLSv1.2 ec trusted');
  });
});

describe('versions', () => {
  it('up-to-tls12: TLS 1.2 of a server that speaks all, and nothing of one that speaks TLS 1.3 alone', async (t) => {
    assert.equal(await meet(t, pairs(elliptic), 'up-to-tls12'), 'TLSv1.2 ec trusted');
    assert.match(
      await meet(t, { ...pairs(elliptic), ...only('TLSv1.3') }, 'up-to-tls12'),
      /protocol version|handshake failure/,
    );
  });
});

describe('one kind of key', () => {
  for (const version of ['TLSv1', 'TLSv1.2', 'TLSv1.3'] as const) {
    it(`of a server with both, the one that was asked for (${version})`, async (t) => {
      const both = { ...pairs(elliptic, rsa), ...only(version) };
      assert.equal(await meet(t, both, 'rsa'), `${version} rsa untrusted`);
      assert.equal(await meet(t, both, 'ecdsa'), `${version} ec trusted`);
    });

    it(`nothing of a server with the other alone (${version})`, async (t) => {
      assert.match(await meet(t, { ...pairs(elliptic), ...only(version) }, 'rsa'), /handshake failure/);
      assert.match(await meet(t, { ...pairs(rsa), ...only(version) }, 'ecdsa'), /handshake failure/);
    });

    it(`a key of ECDSA whose certificate RSA has signed is one of ECDSA (RFC 8446 §4.2.3; ${version})`, async (t) => {
      const signer = party('Signer', 'rsa2048');
      const subject = party('server.test', 'p256');
      const keyPem = subject.privateKey.export({ type: 'pkcs8', format: 'pem' });
      const shown = { ...pairs({ certPem: pemOf(certify(subject, signer)), keyPem }), ...only(version) };
      assert.equal(await meet(t, shown, 'ecdsa'), `${version} ec untrusted`);
    });
  }
});

it('a context is made once', () => {
  assert.equal(contexts('rsa'), contexts('rsa'));
  assert.notEqual(contexts('rsa'), contexts('ecdsa'));
});
