import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readInside } from '../../../src/tls/der.ts';
import { readCertificate, readPublicKeyInfo } from '../../../src/tls/raw-certificate.ts';
import { createAuthority } from '../../support/certificates.ts';
import { alternativeNames, der, dns, extension, forge, forgeNames, ip, spki } from './forge.ts';

const names = (certificate: Uint8Array): readonly string[] | string => {
  const read = readCertificate(certificate);
  return read.kind === 'ok' ? read.value.dnsNames : read.because;
};
const unreliable = 'the certificate has an unreadable extension or a second subjectAltName';
const otherExtension = extension([0x55, 0x1d, 0x0f], der(0x03, Buffer.from([0])), true);

/** The same certificate with another tag on its signed body. */
function retagged(certificate: Buffer): Buffer {
  const [body, ...rest] = readInside(certificate, 0x30) ?? [];
  return der(0x30, der(0x31, body?.content ?? Buffer.alloc(0)), ...rest.map(({ whole }) => whole));
}

describe('readCertificate', () => {
  it('reads a certificate that an authority made: key and names as OpenSSL has them', async () => {
    const authority = await createAuthority();
    const { certPem } = await authority.issue({
      names: ['mx.example.test', '*.example.test', '192.0.2.1', '::1'],
    });
    const { raw, publicKey } = new X509Certificate(certPem);
    const read = readCertificate(raw);
    assert.equal(read.kind, 'ok');
    if (read.kind !== 'ok') return;
    assert.deepEqual(read.value.dnsNames, ['mx.example.test', '*.example.test']);
    assert.deepEqual(
      read.value.ipAddresses.map((octets) => octets.length),
      [4, 16],
    );
    assert.deepEqual(Buffer.from(read.value.spki), publicKey.export({ type: 'spki', format: 'der' }));
  });

  it('keeps names as they are, whatever stands in them', () => {
    assert.deepEqual(names(forgeNames(dns('a, DNS:b'), dns('c\0d'), dns(''), ip(1, 2, 3, 4))), [
      'a, DNS:b',
      'c\0d',
      '',
    ]);
  });

  it('finds the extension behind others, critical or not', () => {
    assert.deepEqual(names(forge([otherExtension, alternativeNames([dns('a.test')], true)])), ['a.test']);
  });

  it('has no names without the extension', () => {
    assert.deepEqual(names(forge([])), []);
    assert.deepEqual(names(forge([otherExtension])), []);
  });

  it('hands out what else is judged: version, names, the algorithm of the signature, every extension', async () => {
    const authority = await createAuthority('Some Authority');
    const { raw } = new X509Certificate((await authority.issue({ names: ['mx.example.test'] })).certPem);
    const read = readCertificate(raw);
    if (read.kind !== 'ok') return assert.fail(read.because);
    const { version, issuer, subject, signatureAlgorithm, extensions } = read.value;
    assert.equal(version, 3);
    assert.ok(
      Buffer.from(issuer).includes('Some Authority') && Buffer.from(subject).includes('mx.example.test'),
    );
    // ecdsa-with-SHA256, 1.2.840.10045.4.3.2.
    assert.equal(Buffer.from(signatureAlgorithm).toString('hex'), '300a06082a8648ce3d040302');
    assert.deepEqual(
      extensions.map(({ id, critical }) => [id, critical]),
      [
        ['551d13', true],
        ['551d0f', true],
        ['551d25', false],
        ['551d0e', false],
        ['551d23', false],
        ['551d11', false],
      ],
    );
  });

  const refused: readonly [why: string, certificate: Uint8Array, because: string][] = [
    [
      'RFC 5280 §4.2: a second subjectAltName',
      forge([alternativeNames([dns('a.test')]), alternativeNames([])]),
      unreliable,
    ],
    [
      'a subjectAltName that is no sequence',
      forge([extension([0x55, 0x1d, 0x11], dns('a.test'))]),
      unreliable,
    ],
    [
      'a subjectAltName that is cut off',
      forge([extension([0x55, 0x1d, 0x11], Buffer.from([0x30, 5, 0x82]))]),
      unreliable,
    ],
    ['an extension without an id', forge([der(0x30, der(0x04))]), unreliable],
    ['an extension without a value', forge([der(0x30, der(0x06))]), unreliable],
    [
      'an extension with more in it',
      forge([der(0x30, der(0x06), der(0x01), der(0x01), der(0x04))]),
      unreliable,
    ],
    [
      'an extension with something else in the middle',
      forge([der(0x30, der(0x06), der(0x02), der(0x04))]),
      unreliable,
    ],
    [
      'octets behind the certificate',
      Buffer.concat([forgeNames(dns('a.test')), Buffer.from([0])]),
      'the octets are not a DER certificate',
    ],
    ['a body that is a set', retagged(forgeNames(dns('a.test'))), 'the octets are not a DER certificate'],
    ['nothing', Buffer.alloc(0), 'the octets are not a DER certificate'],
    ['PEM', Buffer.from('-----BEGIN CERTIFICATE-----'), 'the octets are not a DER certificate'],
    ['a sequence of other things', der(0x30, der(0x30, spki)), 'the octets are not a DER certificate'],
  ];
  for (const [why, certificate, because] of refused) {
    it(`refuses ${why}`, () => assert.equal(names(certificate), because));
  }

  it('gives a result for any octets, and for any certificate with one octet changed', () => {
    const certificate = forgeNames(dns('mx.example.test'), ip(192, 0, 2, 1));
    fc.assert(
      fc.property(fc.nat(certificate.length - 1), fc.nat(255), fc.uint8Array(), (at, octet, octets) => {
        const changed = Buffer.from(certificate);
        changed[at] = octet;
        for (const input of [changed, octets]) assert.match(readCertificate(input).kind, /^(?:ok|invalid)$/);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('readPublicKeyInfo', () => {
  it('needs no extension that can be read: a server may be known by its key alone', () => {
    const odd = forge([der(0x30, der(0x04))]);
    assert.equal(readCertificate(odd).kind, 'invalid');
    assert.deepEqual(readPublicKeyInfo(odd), spki);
  });

  it('is undefined for what is no certificate', () => {
    for (const octets of [Buffer.alloc(0), spki, der(0x30, der(0x30, spki))])
      assert.equal(readPublicKeyInfo(octets), undefined);
  });
});
