import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  isDigestOf,
  isDigestSupported,
  showDigestType,
  usableDs,
} from '../../../../src/dns/dnssec/digest.ts';
import { type Ds, readDnskey, readDs } from '../../../../src/dns/records.ts';
import { readRecord } from '../../../support/dns/zone-text.ts';

/** DNSKEY and DS as RFCs print them. */
const examples: [source: string, dnskey: string, ds: string][] = [
  [
    'RFC 4034 §5.4, SHA-1',
    `dskey.example.com. DNSKEY 256 3 5 ( AQOeiiR0GOMYkDshWoSKz9Xz fwJr1AYtsmx3TGkJaNXVbfi/ 2pHm822aJ5iI9BMzNXxeYCmZ
      DRD99WYwYqUSdjMmmAphXdvx egXd/M5+X7OrzKBaMbCVdFLU Uh6DhweJBjEVv5f2wwjM9Xzc nOf+EPbtG9DMBmADjFDc2w/r ljwvFw== )`,
    'dskey.example.com. DS 60485 5 1 ( 2BB183AF5F22588179A53B0A 98631FAD1A292118 )',
  ],
  [
    'RFC 4509 §2.3, SHA-256',
    `dskey.example.com. DNSKEY 256 3 5 ( AQOeiiR0GOMYkDshWoSKz9Xz fwJr1AYtsmx3TGkJaNXVbfi/ 2pHm822aJ5iI9BMzNXxeYCmZ
      DRD99WYwYqUSdjMmmAphXdvx egXd/M5+X7OrzKBaMbCVdFLU Uh6DhweJBjEVv5f2wwjM9Xzc nOf+EPbtG9DMBmADjFDc2w/r ljwvFw== )`,
    'dskey.example.com. DS 60485 5 2 ( D4B7D520E7BB5F0F67674A0C CEB1E3E0614B93C4F9E99B83 83F6A1E4469DA50A )',
  ],
  [
    'RFC 6605 §6.1, SHA-256',
    'example.net. DNSKEY 257 3 13 ( GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edb krSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA== )',
    'example.net. DS 55648 13 2 ( b4c8c1fe2e7477127b27115656ad6256f424625bf5c1 e2770ce6d6e37df61d17 )',
  ],
  [
    'RFC 6605 §6.2, SHA-384',
    `example.net. DNSKEY 257 3 14 ( xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1 w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8
      /uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40 )`,
    'example.net. DS 10771 14 4 ( 72d7b62976ce06438e9c0bf319013cf801f09ecc84b8 d7e9495f27e305c6a9b0563a9b5f4d288405c3008a946df983d6 )',
  ],
];

describe('digests of keys', () => {
  for (const [source, key, text] of examples) {
    it(source, () => {
      const { name, data } = readRecord(key);
      const ds = readDs(readRecord(text).data);
      assert.ok(ds !== undefined);
      assert.equal(readDnskey(data)?.keyTag, ds.keyTag);
      assert.equal(isDigestOf(ds, name, data), true);
      assert.equal(isDigestOf(ds, readRecord(`x.${key}`).name, data), false);
      const other = Uint8Array.from(data);
      other[1] = (other[1] ?? 0) ^ 1;
      assert.equal(isDigestOf(ds, name, other), false);
    });
  }

  it('of a type that is not known are of no key', () => {
    const ds = { keyTag: 1, algorithm: 8, digestType: 3, digest: new Uint8Array(32) };
    assert.equal(isDigestOf(ds, readRecord('example. A 192.0.2.1').name, new Uint8Array(40)), false);
    assert.deepEqual([1, 2, 3, 4, 5].map(isDigestSupported), [true, true, false, true, false]);
    assert.deepEqual([2, 9].map(showDigestType), ['SHA-256', 'digest type 9']);
  });
});

describe('those of a DS set that count', () => {
  const ds = (algorithm: number, digestType: number): Ds => ({
    keyTag: 1,
    algorithm,
    digestType,
    digest: new Uint8Array(),
  });

  it('"SHOULD ignore DS RRs containing SHA-1 digests if DS RRs with SHA-256 digests are present" (RFC 4509 §3)', () => {
    assert.deepEqual(usableDs([ds(8, 1), ds(8, 2)], true), [ds(8, 2)]);
    assert.deepEqual(usableDs([ds(8, 1), ds(8, 4)], true), [ds(8, 4)]);
    assert.deepEqual(usableDs([ds(8, 1)], true), [ds(8, 1)]);
  });

  it('one with SHA-256 that nobody can use does not switch off one with SHA-1', () => {
    assert.deepEqual(usableDs([ds(8, 1), ds(253, 2)], true), [ds(8, 1)]);
  });

  it('those of other algorithms and digests are left out (RFC 6840 §5.2)', () => {
    assert.deepEqual(usableDs([ds(3, 2), ds(8, 3), ds(12, 1)], true), []);
    assert.deepEqual(usableDs([ds(5, 2), ds(7, 1)], false), []);
    assert.deepEqual(usableDs([ds(5, 2), ds(7, 1)], true), [ds(5, 2)]);
  });
});
