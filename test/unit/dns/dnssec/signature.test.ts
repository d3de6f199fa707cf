import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { verifierOf, verifySignature } from '../../../../src/dns/dnssec/signature.ts';
import { keyTagOf, readRrsig, signedData } from '../../../support/dns/rrsig.ts';
import { newKey } from '../../../support/dns/signer.ts';
import { readRecord } from '../../../support/dns/zone-text.ts';

const algorithms = [5, 7, 8, 10, 13, 14, 15, 16];

/** Key, record and signature as RFCs print them. */
const printed: [source: string, dnskey: string, record: string, rrsig: string][] = [
  [
    'RFC 5702 §6.1, RSA/SHA-256',
    'example.net. DNSKEY 256 3 8 ( AwEAAcFcGsaxxdgiuuGmCkVImy4h99CqT7jwY3pexPGcnUFtR2Fh36BponcwtkZ4cAgtvd4Qs8PkxUdp6p/DlUmObdk= )',
    'www.example.net. 3600 A 192.0.2.91',
    `www.example.net. 3600 RRSIG A 8 3 3600 20300101000000 20000101000000 9033 example.net. (
      kRCOH6u7l0QGy9qpC9l1sLncJcOKFLJ7GhiUOibu4teYp5VE9RncriShZNz85mwlMgNEacFYK/lPtPiVYP4bwg== )`,
  ],
  [
    'RFC 5702 §6.2, RSA/SHA-512',
    `example.net. DNSKEY 256 3 10 ( AwEAAdHoNTOW+et86KuJOWRDp1pndvwb6Y83nSVXXyLA3DLroROUkN6X0O6pnWnjJQujX/AyhqFDxj13tOnD9u/1kTg7cV6rklMrZDt
      JCQ5PCl/D7QNPsgVsMu1J2Q8gpMpztNFLpPBz1bWXjDtaR7ZQBlZ3PFY12ZTSncorffcGmhOL )`,
    'www.example.net. 3600 A 192.0.2.91',
    `www.example.net. 3600 RRSIG A 10 3 3600 20300101000000 20000101000000 3740 example.net. (
      tsb4wnjRUDnB1BUi+t6TMTXThjVnG+eCkWqjvvjhzQL1d0YRoOe0CbxrVDYd0xDtsuJRaeUw1ep94PzEWzr0iGYgZBWm/zpq+9fOuagYJRfDqfReKBzM
      weOLDiNa8iP5g9vMhpuv6OPlvpXwm9Sa9ZXIbNl1MBGk0fthPgxdDLw= )`,
  ],
  [
    'RFC 6605 §6.1, ECDSA P-256',
    'example.net. DNSKEY 257 3 13 ( GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edb krSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA== )',
    'www.example.net. 3600 A 192.0.2.1',
    `www.example.net. 3600 RRSIG A 13 3 3600 20100909100439 20100812100439 55648 example.net. (
      qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw== )`,
  ],
  [
    'RFC 6605 §6.2, ECDSA P-384',
    `example.net. DNSKEY 257 3 14 ( xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1 w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8
      /uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40 )`,
    'www.example.net. 3600 A 192.0.2.1',
    `www.example.net. 3600 RRSIG A 14 3 3600 20100909102025 20100812102025 10771 example.net. (
      /L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuzWTSSPdz7wnqXL5bdcJzusdnI0RSM
      ROxxwGipWcJm )`,
  ],
  [
    'RFC 8080 §6.1, Ed25519',
    'example.com. DNSKEY 257 3 15 ( l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4= )',
    'example.com. 3600 MX 10 mail.example.com.',
    `example.com. 3600 RRSIG MX 15 2 3600 1440021600 1438207200 3613 example.com. (
      oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg== )`,
  ],
  [
    'RFC 8080 §6.2, Ed448',
    'example.com. DNSKEY 257 3 16 ( 3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx1FYYUcJKm1MDpJtIA )',
    'example.com. 3600 MX 10 mail.example.com.',
    `example.com. 3600 RRSIG MX 16 2 3600 1440021600 1438207200 9713 example.com. (
      3cPAHkmlnxcDHMyg7vFC34l0blBhuG1qpwLmjInI8w1CMB29FkEAIJUA0amxWndkmnBZ6SKiwZSAxGILn/NBtOXft0+Gj7FSvOKxE/07+4RQvE581N3A
      j/JtIyaiYVdnYtyMWbSNyGEY2213WKsJlwEA )`,
  ],
];

describe('signatures that RFCs print', () => {
  for (const [source, dnskey, text, rrsig] of printed) {
    it(source, () => {
      const key = readRecord(dnskey).data;
      const record = readRecord(text);
      const fields = readRrsig(readRecord(rrsig).data);
      assert.equal(keyTagOf(key), fields.keyTag);
      const check = {
        algorithm: fields.algorithm,
        publicKey: key.subarray(4),
        data: signedData(fields, [record]),
        signature: fields.signature,
      };
      assert.equal(verifySignature(check), true);
      assert.equal(verifySignature({ ...check, data: Buffer.concat([check.data, Uint8Array.of(0)]) }), false);
    });
  }
});

describe('signatures', () => {
  const data = Buffer.from('what is signed');
  for (const algorithm of algorithms) {
    const key = newKey(algorithm);
    const good = { algorithm, publicKey: key.data.subarray(4), data, signature: key.sign(data) };

    it(`of algorithm ${algorithm}: only what was signed, by this key, in full`, () => {
      assert.equal(verifySignature(good), true);
      assert.equal(verifySignature({ ...good, data: Buffer.from('what is not') }), false);
      assert.equal(verifySignature({ ...good, publicKey: newKey(algorithm).data.subarray(4) }), false);
      for (const signature of [good.signature.subarray(1), good.signature.subarray(0, -1), new Uint8Array()])
        assert.equal(verifySignature({ ...good, signature }), false);
      assert.equal(
        verifySignature({ ...good, signature: Buffer.concat([good.signature, Uint8Array.of(0)]) }),
        false,
      );
    });

    it(`of algorithm ${algorithm}: any octet changed makes it bad`, () => {
      for (let at = 0; at < good.signature.length; at += 7) {
        const signature = Uint8Array.from(good.signature);
        signature[at] = (signature[at] ?? 0) ^ 0x10;
        assert.equal(verifySignature({ ...good, signature }), false, `octet ${at}`);
      }
    });

    it(`of algorithm ${algorithm}: anything for key and signature is bad, and no error`, () => {
      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 140 }),
          fc.uint8Array({ maxLength: 140 }),
          (publicKey, signature) => {
            assert.equal(verifySignature({ algorithm, publicKey, data, signature }), false);
            assert.equal(verifySignature({ ...good, signature }), false);
            assert.equal(verifySignature({ ...good, publicKey }), false);
          },
        ),
        { numRuns: 60 },
      );
    });
  }

  it('of another algorithm than the key is of are bad', () => {
    const key = newKey(8);
    const check = { publicKey: key.data.subarray(4), data, signature: key.sign(data) };
    assert.equal(verifySignature({ ...check, algorithm: 8 }), true);
    assert.equal(verifySignature({ ...check, algorithm: 10 }), false);
    assert.equal(verifySignature({ ...check, algorithm: 5 }), false);
    assert.equal(verifySignature({ ...check, algorithm: 3 }), false);
  });

  it('in DER, as TLS has them, are none of the DNS (RFC 6605 §4: r | s)', () => {
    const der = Buffer.from(`3044${'0220'.padEnd(68, '1')}${'0220'.padEnd(68, '1')}`, 'hex');
    const key = newKey(13);
    assert.equal(
      verifySignature({ algorithm: 13, publicKey: key.data.subarray(4), data, signature: der }),
      false,
    );
  });
});

describe('RSA keys (RFC 3110 §2)', () => {
  const field = newKey(8).data.subarray(4);
  const modulus = field.subarray(4);
  const withExponent = (exponent: readonly number[], of: Uint8Array = modulus): Uint8Array =>
    Buffer.concat([Uint8Array.of(exponent.length, ...exponent), of]);
  const sized = (bits: number): Uint8Array => {
    const octets = Buffer.alloc(Math.ceil(bits / 8), 0xff);
    octets[0] = 0xff >> (octets.length * 8 - bits);
    return withExponent([1, 0, 1], octets);
  };

  it('the length of the exponent stands in one octet, or in two behind a zero', () => {
    assert.ok(verifierOf(8, field) !== undefined);
    assert.ok(verifierOf(8, Buffer.concat([Uint8Array.of(0, 0, 3, 1, 0, 1), modulus])) !== undefined);
  });

  it('"Leading zero octets are prohibited in the exponent and modulus"', () => {
    assert.equal(verifierOf(8, withExponent([0, 1, 0, 1])), undefined);
    assert.equal(verifierOf(8, Buffer.concat([Uint8Array.of(3, 1, 0, 1, 0), modulus])), undefined);
  });

  it('have from 512 to 4096 bits; from 1024 for RSA/SHA-512 (RFC 5702 §2.2)', () => {
    assert.deepEqual(
      [511, 512, 4096, 4097].map((bits) => verifierOf(8, sized(bits)) !== undefined),
      [false, true, true, false],
    );
    assert.deepEqual(
      [1023, 1024].map((bits) => verifierOf(10, sized(bits)) !== undefined),
      [false, true],
    );
  });

  it('have an odd exponent above 1 of at most 64 bits: a longer one makes checking as dear as signing', () => {
    for (const exponent of [[], [0], [1], [2], [1, 0], [1, 0, 0, 0, 0, 0, 0, 0, 1]])
      assert.equal(verifierOf(8, withExponent(exponent)), undefined, exponent.join(' '));
    for (const exponent of [[3], [1, 0, 1], [1, 0, 0, 0, 1], [1, 0, 0, 0, 0, 0, 0, 1]])
      assert.ok(verifierOf(8, withExponent(exponent)) !== undefined, exponent.join(' '));
  });

  it('that end within the exponent are none', () => {
    for (const octets of [[], [0], [0, 1], [3, 1], [3, 1, 0, 1], [0, 0, 3, 1, 0]])
      assert.equal(verifierOf(8, Uint8Array.from(octets)), undefined, octets.join(' '));
  });
});

describe('keys of curves', () => {
  it('have the length of their curve, and are a point on it', () => {
    for (const [algorithm, octets] of [
      [13, 64],
      [14, 96],
      [15, 32],
      [16, 57],
    ] as const) {
      const field = newKey(algorithm).data.subarray(4);
      assert.equal(field.length, octets);
      assert.ok(verifierOf(algorithm, field) !== undefined);
      assert.equal(verifierOf(algorithm, field.subarray(1)), undefined);
      assert.equal(verifierOf(algorithm, Buffer.concat([field, Uint8Array.of(0)])), undefined);
    }
    assert.equal(verifierOf(13, new Uint8Array(64).fill(1)), undefined);
    assert.equal(verifierOf(14, new Uint8Array(96).fill(1)), undefined);
  });

  it('cost more or less to check, and what a signature has to be long', () => {
    const cost = (algorithm: number): number =>
      verifierOf(algorithm, newKey(algorithm).data.subarray(4))?.costUs ?? 0;
    assert.ok(cost(8) < cost(13) && cost(13) < cost(15) && cost(15) < cost(14));
    const octets = [8, 13, 14, 15, 16].map(
      (one) => verifierOf(one, newKey(one).data.subarray(4))?.signatureOctets,
    );
    assert.deepEqual(octets, [128, 64, 96, 64, 114]);
  });
});

it('keys that are remembered stay within limits, and signatures are checked all the same', () => {
  const key = newKey(15);
  const data = Buffer.from('what is signed');
  const good = { algorithm: 15, publicKey: key.data.subarray(4), data, signature: key.sign(data) };
  for (let count = 0; count < 4100; count += 1) {
    const publicKey = Uint8Array.of(count >> 8, count & 0xff);
    assert.equal(verifySignature({ ...good, publicKey }), false);
    if (count % 1000 === 0) assert.equal(verifySignature(good), true);
  }
});
