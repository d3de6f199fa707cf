import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { parseDomain } from '../../../src/names/domain.ts';
import { summarizeCertificate } from '../../../src/tls/certificate.ts';
import { proveIdentity } from '../../../src/tls/identity.ts';
import { createSelfIssued } from '../../../src/tls/self-issued.ts';

describe('createSelfIssued', () => {
  const notBefore = new Date('2026-11-22T00:00:00Z');
  const notAfter = new Date('2036-11-22T00:00:00Z');
  const options = { hostnames: ['relay.example.test', 'localhost'], serial: '4a0b', notBefore, notAfter };

  it('gives a P-256 key and a certificate of it that it signed itself', async () => {
    const { certPem, keyPem } = await createSelfIssued(options);
    const certificate = new X509Certificate(certPem);
    const key = createPrivateKey(keyPem);
    assert.equal(key.asymmetricKeyDetails?.namedCurve, 'prime256v1');
    assert.ok(certificate.checkPrivateKey(key));
    assert.ok(certificate.verify(certificate.publicKey));
    assert.equal(certificate.ca, false);
    assert.equal(certificate.serialNumber, '4A0B');
    assert.match(certPem, /-----END CERTIFICATE-----\n$/);
    assert.match(keyPem, /^-----BEGIN PRIVATE KEY-----\n[^]*-----END PRIVATE KEY-----\n$/);
  });

  it('names the hosts, localhost once and the loopback addresses, for the time it was given', async () => {
    const { raw } = new X509Certificate((await createSelfIssued(options)).certPem);
    const summary = summarizeCertificate(raw);
    assert.equal(summary.kind, 'ok');
    if (summary.kind !== 'ok') return;
    assert.deepEqual(summary.value.names, ['relay.example.test', 'localhost']);
    assert.equal(summary.value.notBefore, notBefore.getTime());
    assert.equal(summary.value.notAfter, notAfter.getTime());
    for (const address of ['127.0.0.1', '::1']) {
      assert.equal(proveIdentity(raw, [{ kind: 'ip', address }]).kind, 'proved');
    }
    const name = parseDomain('relay.example.test');
    assert.ok(name.kind === 'ok');
    assert.equal(proveIdentity(raw, [{ kind: 'name', name: name.value }]).kind, 'proved');
  });

  it('makes another key each time', async () => {
    const [one, two] = await Promise.all([createSelfIssued(options), createSelfIssued(options)]);
    assert.notEqual(one.keyPem, two.keyPem);
  });
});
