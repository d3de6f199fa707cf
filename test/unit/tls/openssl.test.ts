import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  isSignedBy,
  parseCertificate,
  parsePublicKey,
  publicKeyOf,
  validityOf,
} from '../../../src/tls/openssl.ts';
import { authority, certify, party, pemOf, spkiOf } from '../../support/chains.ts';
import { der, dns, forgeNames } from './forge.ts';

const root = party('Root');
const certificate = certify(root, root, { extensions: authority });

/** Where the two UTCTime of its Validity begin. */
function datesIn(octets: Buffer): readonly [number, number] {
  const from = octets.indexOf(Buffer.of(0x17, 0x0d));
  return [from, octets.indexOf(Buffer.of(0x17, 0x0d), from + 15)];
}

describe('what OpenSSL reads', () => {
  it('a certificate and its key', () => {
    const parsed = parseCertificate(certificate) ?? assert.fail();
    assert.deepEqual(publicKeyOf(parsed)?.export({ type: 'spki', format: 'der' }), spkiOf(root));
    assert.ok(isSignedBy(parsed, root.publicKey));
    assert.ok(!isSignedBy(parsed, party('Other').publicKey));
    assert.ok(!isSignedBy(parsed, party('Other', 'rsa2048').publicKey), 'a key of another kind');
  });

  it('the dates of a certificate; one that it cannot read is none, whatever was in the memory before', () => {
    const parsed = parseCertificate(certificate) ?? assert.fail();
    assert.deepEqual(validityOf(parsed), {
      from: parsed.validFromDate.getTime(),
      to: parsed.validToDate.getTime(),
    });
    const [from, to] = datesIn(certificate);
    for (const [at, wrong] of [
      [from, 'from'],
      [to, 'to'],
    ] as const) {
      for (let tries = 0; tries < 300; tries += 1) {
        const octets = Buffer.from(certificate);
        octets.write(['x', '\x07', '\xff'][tries % 3] ?? 'x', at + 2 + (tries % 12), 'latin1');
        const damaged = parseCertificate(octets) ?? assert.fail('its structure is whole');
        assert.ok(Number.isNaN(validityOf(damaged)[wrong]), octets.toString('latin1', at, at + 15));
        // Another one is read in between, of which the memory is full then.
        validityOf(parseCertificate(Buffer.from(certificate)) ?? assert.fail());
      }
    }
  });

  it('a public key', () => {
    for (const kind of ['p256', 'ed25519', 'rsa2048'] as const)
      assert.ok(parsePublicKey(spkiOf(party('Key', kind)))?.type === 'public');
  });

  const refused: readonly [why: string, octets: Uint8Array][] = [
    ['PEM', Buffer.from(pemOf(certificate))],
    ['nothing', Buffer.alloc(0)],
    ['an octet behind the end', Buffer.concat([certificate, Buffer.from([0])])],
    ['one that is cut off', certificate.subarray(0, -1)],
    ['a sequence of other things', der(0x30, der(0x02, Buffer.from([1])))],
  ];
  for (const [why, octets] of refused) {
    it(`no certificate: ${why}`, () => assert.equal(parseCertificate(octets), undefined));
  }

  it('no key: nothing, a certificate, an octet behind the end, one that is cut off', () => {
    const spki = spkiOf(root);
    for (const octets of [Buffer.alloc(0), certificate, Buffer.concat([spki, spki]), spki.subarray(0, -1)])
      assert.equal(parsePublicKey(octets), undefined);
  });

  it('a certificate whose key it does not know has none', () => {
    const parsed = parseCertificate(forgeNames(dns('mx.example.test')));
    assert.equal(parsed && publicKeyOf(parsed), undefined);
  });

  it('never throws, whatever the octets', () => {
    fc.assert(
      fc.property(fc.nat(certificate.length - 1), fc.nat(255), fc.uint8Array(), (at, octet, octets) => {
        const changed = Buffer.from(certificate);
        changed[at] = octet;
        for (const input of [changed, octets]) {
          const parsed = parseCertificate(input);
          if (parsed !== undefined) isSignedBy(parsed, publicKeyOf(parsed) ?? root.publicKey);
          parsePublicKey(input);
        }
      }),
      { numRuns: 500 },
    );
  });
});
