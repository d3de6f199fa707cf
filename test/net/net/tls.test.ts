/** What finished handshakes show, and what incoming ones must be. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { connect as connectTls, createServer } from 'node:tls';
import { incomingOptions, outgoingContext } from '../../../src/net/tls.ts';
import type { Secured } from '../../../src/wire/channel.ts';
import { type Certificate, createAuthority } from '../../support/certificates.ts';
import { threeCertificates, withRsaKey } from './chains.ts';
import { asServer, connected, goAhead, startTls } from './peer.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['peer.test'] });

describe('the facts of a session', () => {
  async function factsOf(
    t: TestContext,
    shown: Certificate,
    roots: readonly string[],
    version?: 'TLSv1.2',
  ): Promise<Extract<Secured, { kind: 'secured' }>['facts']> {
    const { connection, peer } = await connected(t, {
      context: outgoingContext(roots),
      serverName: 'peer.test',
    });
    const result = connection.run(startTls(connection.channel));
    await goAhead(peer);
    asServer(peer, shown, version);
    const secured = await result;
    assert.ok(secured.kind === 'secured', JSON.stringify(secured));
    return secured.facts;
  }

  it('version, cipher suite by its IANA name, group, server name', async (t) => {
    const { version, cipher, group, serverName, path } = await factsOf(t, certificate, [authority.certPem]);
    assert.equal(version, 'TLSv1.3');
    assert.match(cipher, /^TLS_(?:AES|CHACHA20)_/);
    assert.match(group ?? '', /^(?:X25519(?:MLKEM768)?|prime256v1|secp384r1)$/i);
    assert.equal(serverName, 'peer.test');
    assert.deepEqual(path, { kind: 'trusted' });
  });

  it('TLS 1.2 as well', async (t) => {
    const { version, cipher } = await factsOf(t, certificate, [authority.certPem], 'TLSv1.2');
    assert.equal(version, 'TLSv1.2');
    assert.match(cipher, /^TLS_ECDHE_ECDSA_WITH_/);
  });

  it('the chain is what the peer presented, no more and no less', async (t) => {
    const { chain, leaf, rootPem } = await threeCertificates('peer.test');
    for (const roots of [[rootPem], []]) {
      const facts = await factsOf(t, leaf, roots);
      assert.deepEqual(
        facts.chain.map((der) => Buffer.from(der).toString('hex')),
        chain.map((der) => der.toString('hex')),
      );
      assert.equal(facts.path.kind, roots.length > 0 ? 'trusted' : 'untrusted');
    }
    // A leaf alone stays alone, although its issuer is known here.
    const alone = await factsOf(t, certificate, [authority.certPem]);
    assert.equal(alone.chain.length, 1);
  });

  it('an unknown authority is named by the code of OpenSSL', async (t) => {
    const { path } = await factsOf(t, certificate, []);
    assert.deepEqual(path, { kind: 'untrusted', code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  });
});

describe('incoming sessions', () => {
  const keyExchangeByRsa = { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' } as const;

  it('a key exchange without forward secrecy is refused; by default Node takes it', async (t) => {
    const pair = await withRsaKey('peer.test');
    const ours = incomingOptions([pair]);
    await assert.rejects(handshake(t, ours, keyExchangeByRsa), /handshake failure/i);
    const { cert, key } = ours;
    await handshake(t, { cert, key }, keyExchangeByRsa);
  });
});

async function handshake(
  t: TestContext,
  server: Parameters<typeof createServer>[0],
  client: { maxVersion: 'TLSv1.2'; ciphers: string },
): Promise<void> {
  const listener = createServer(server ?? {}).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...client });
  t.after(() => {
    socket.destroy();
    listener.close();
  });
  await once(socket, 'secureConnect');
}
