import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  readTlsaSet,
  shorten,
  showTlsa,
  showTlsas,
  type TlsaSet,
} from '../../../../src/policies/dane/tlsa.ts';
import { authority, certify, party, pemOf, spkiOf } from '../../../support/chains.ts';
import { digest, setOf, tlsa, tlsaFor } from './records.ts';

const root = party('Root');
const certificate = certify(root, root, { extensions: authority });
const [sha256, sha512] = [Buffer.alloc(32, 0xab), Buffer.alloc(64, 0xcd)];
const texts = (set: TlsaSet): readonly string[] => set.usable.map((record) => showTlsa(record).slice(0, 5));

describe('records that can authenticate', () => {
  for (const usage of [2, 3]) {
    for (const selector of [0, 1]) {
      for (const matchingType of [0, 1, 2]) {
        it(`${usage} ${selector} ${matchingType}`, () => {
          const set = setOf(tlsaFor(usage, selector, matchingType, certificate));
          assert.deepEqual(texts(set), [`${usage} ${selector} ${matchingType}`]);
          assert.deepEqual([set.superseded, set.unusable], [[], []]);
        });
      }
    }
  }
});

describe('D14: records that authenticate nobody', () => {
  const unusable: readonly [why: string, rdata: Uint8Array, because: string][] = [
    ['usage 0', tlsa(0, 1, 1, sha256), 'has the usage 0, which mail between servers does not use'],
    ['usage 1', tlsa(1, 1, 1, sha256), 'has the usage 1, which mail between servers does not use'],
    ['usage 4', tlsa(4, 1, 1, sha256), 'has the usage 4, which is not known'],
    ['usage 255', tlsa(255, 1, 1, sha256), 'has the usage 255, which is not known'],
    ['selector 2', tlsa(3, 2, 1, sha256), 'has the selector 2, which is not known'],
    ['matching type 3', tlsa(3, 1, 3, sha256), 'has the matching type 3, which is not known'],
    ['SHA-256 of 31 octets', tlsa(3, 1, 1, sha256.subarray(1)), 'holds 31 octets, where a digest has 32'],
    ['SHA-256 of 33 octets', tlsa(3, 1, 1, sha512.subarray(31)), 'holds 33 octets, where a digest has 32'],
    ['SHA-512 of 32 octets', tlsa(3, 1, 2, sha256), 'holds 32 octets, where a digest has 64'],
    ['a certificate that is none', tlsa(3, 0, 0, sha256), 'holds no certificate that can be read'],
    [
      'a certificate that is cut off',
      tlsa(2, 0, 0, certificate.subarray(0, -1)),
      'holds no certificate that can be read',
    ],
    [
      'a certificate in PEM',
      tlsa(2, 0, 0, Buffer.from(pemOf(certificate))),
      'holds no certificate that can be read',
    ],
    [
      'a key where a certificate belongs',
      tlsa(2, 0, 0, spkiOf(root)),
      'holds no certificate that can be read',
    ],
    ['a certificate where a key belongs', tlsa(2, 1, 0, certificate), 'holds no public key that can be read'],
    [
      'a key with an octet behind it',
      tlsa(3, 1, 0, Buffer.concat([spkiOf(root), Buffer.from([0])])),
      'holds no public key that can be read',
    ],
    ['no data', tlsa(3, 1, 1, Buffer.alloc(0)), 'is too short for a TLSA record'],
    ['nothing', Buffer.alloc(0), 'is too short for a TLSA record'],
  ];
  for (const [why, rdata, because] of unusable) {
    it(why, () => {
      const set = setOf(rdata);
      assert.deepEqual(set.usable, []);
      assert.equal(set.unusable[0]?.because, because);
      assert.notEqual(set.unusable[0]?.text, '');
    });
  }

  it('D15: beside usable ones they are sorted out', () => {
    const set = setOf(tlsa(1, 1, 1, sha256), tlsa(3, 1, 1, sha256), tlsa(3, 1, 1, sha512));
    assert.deepEqual(texts(set), ['3 1 1']);
    assert.equal(set.unusable.length, 2);
  });
});

describe('D19: digest agility (RFC 7671 §9)', () => {
  it('"for each usage and selector" only the strongest digest counts, and every record of it', () => {
    const other = Buffer.alloc(64, 1);
    const set = setOf(
      tlsa(3, 1, 1, sha256),
      tlsa(3, 1, 2, sha512),
      tlsa(3, 1, 2, other),
      tlsa(3, 1, 1, sha256),
    );
    assert.deepEqual(texts(set), ['3 1 2', '3 1 2']);
    assert.equal(set.superseded.length, 2);
  });

  it('another usage or selector is another matter', () => {
    const all = [tlsa(3, 1, 2, sha512), tlsa(3, 0, 1, sha256), tlsa(2, 1, 1, sha256), tlsa(2, 0, 1, sha256)];
    assert.deepEqual(texts(setOf(...all)), ['3 1 2', '3 0 1', '2 1 1', '2 0 1']);
  });

  it('"This protocol never avoids RRs with a DANE matching type of Full(0)"', () => {
    const set = setOf(tlsaFor(3, 1, 0, certificate), tlsa(3, 1, 1, sha256), tlsa(3, 1, 2, sha512));
    assert.deepEqual(texts(set), ['3 1 0', '3 1 2']);
  });

  it('and the whole certificate does not outdo a digest', () => {
    assert.deepEqual(texts(setOf(tlsaFor(3, 1, 0, certificate), tlsa(3, 1, 1, sha256))), ['3 1 0', '3 1 1']);
  });

  it('"Algorithm agility is to be applied after first discarding any unusable or malformed records"', () => {
    const malformed = tlsa(3, 1, 2, sha512.subarray(1));
    const set = setOf(malformed, tlsa(3, 1, 1, sha256));
    assert.deepEqual(texts(set), ['3 1 1']);
    assert.deepEqual(set.superseded, []);
  });
});

describe('the text of a record', () => {
  it('is that of zone files, digests in full', () => {
    assert.deepEqual(setOf(tlsa(3, 1, 1, sha256), tlsa(2, 0, 2, sha512)).usable.map(showTlsa), [
      `3 1 1 ${'ab'.repeat(32)}`,
      `2 0 2 ${'cd'.repeat(64)}`,
    ]);
  });

  it('and tells a certificate by its beginning, length and digest', () => {
    const [record] = setOf(tlsaFor(2, 0, 0, certificate)).usable;
    const start = certificate.subarray(0, 8).toString('hex');
    const sha = digest(1, certificate).toString('hex');
    assert.equal(
      record && showTlsa(record),
      `2 0 0 ${start}… (${certificate.length} octets, SHA-256 ${sha})`,
    );
  });

  it('is another one for another key, although keys of a kind begin alike', () => {
    const [one, other] = [root, party('Other')].map((of) => tlsa(3, 1, 0, spkiOf(of)));
    const shown = setOf(one ?? sha256, other ?? sha256).usable.map(showTlsa);
    assert.equal(new Set(shown).size, 2);
  });

  it('lists tell the first three', () => {
    const many = Array.from({ length: 5 }, (_, at) => tlsa(3, 1, 1, Buffer.alloc(32, at)));
    assert.equal(showTlsas(setOf(...many).usable).length, 3 * 70 + 2 * 2 + ' and 2 more'.length);
    assert.equal(shorten(['a', 'b']), 'a, b');
    assert.equal(shorten([]), '');
  });
});

describe('any RDATA', () => {
  const rdata = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc
      .tuple(fc.nat(4), fc.nat(2), fc.nat(3), fc.uint8Array({ minLength: 30, maxLength: 66 }))
      .map(([u, s, m, data]) => tlsa(u, s, m, data)),
    fc
      .tuple(fc.constantFrom(2, 3), fc.constantFrom(0, 1), fc.nat(400), fc.nat(255))
      .map(([u, s, at, octet]) => {
        const record = tlsaFor(u, s, 0, certificate);
        record[3 + (at % (record.length - 3))] = octet;
        return record;
      }),
  );

  it('never throws, and no record is lost', () => {
    fc.assert(
      fc.property(fc.array(rdata, { maxLength: 6 }), (records) => {
        const { usable, superseded, unusable } = readTlsaSet(records);
        assert.equal(usable.length + superseded.length + unusable.length, records.length);
        assert.ok(usable.length > 0 || superseded.length === 0);
      }),
      { numRuns: 500 },
    );
  });

  it('unusable records change nothing for the others', () => {
    fc.assert(
      fc.property(fc.array(rdata, { maxLength: 6 }), rdata, fc.nat(6), (records, more, at) => {
        const before = readTlsaSet(records);
        const after = readTlsaSet(records.toSpliced(at, 0, more));
        if (readTlsaSet([more]).usable.length > 0) return;
        assert.deepEqual(after.usable, before.usable);
        assert.deepEqual(after.superseded, before.superseded);
      }),
      { numRuns: 300 },
    );
  });

  it('takes linear time', () => {
    const many = Array.from({ length: 1800 }, (_, at) => tlsa(3, at % 2, 1 + (at % 3), Buffer.alloc(32, at)));
    const started = performance.now();
    readTlsaSet(many);
    assert.ok(performance.now() - started < 200);
  });
});
