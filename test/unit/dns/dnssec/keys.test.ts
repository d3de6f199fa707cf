import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Budget, budgetOfZone, KEYS_PER_TAG } from '../../../../src/dns/dnssec/budget.ts';
import { keysFor, keysOf, namedKeys, zoneKeysOf } from '../../../../src/dns/dnssec/keys.ts';
import { type Ds, readDnskey, readDs } from '../../../../src/dns/records.ts';
import { type RrSet, rrSetsOf } from '../../../../src/dns/rrset.ts';
import { readName } from '../../../support/dns/name-text.ts';
import {
  collidingWith,
  dsRecord,
  keyRecord,
  newKey,
  type SigningKey,
  withFlags,
} from '../../../support/dns/signer.ts';

const zone = readName('leaf.test.');

function setOf(...keys: readonly SigningKey[]): RrSet {
  const [set] = rrSetsOf(keys.map((key) => keyRecord(zone, key)));
  if (set === undefined) throw new Error('no keys');
  return set;
}

function ds(key: SigningKey, digestType = 2): Ds {
  const read = readDs(dsRecord(zone, key, digestType).data);
  if (read === undefined) throw new Error('no DS');
  return read;
}

describe('keys that can prove something', () => {
  const count = (...keys: readonly SigningKey[]): number => zoneKeysOf(setOf(...keys), true).length;
  const key = newKey(13);

  it('"If bit 7 has value 0 … MUST NOT be used to verify RRSIGs" (RFC 4034 §2.1.1)', () => {
    assert.equal(count(withFlags(key, 256)), 1);
    assert.equal(count(withFlags(key, 257)), 1);
    assert.equal(count(withFlags(key, 1)), 0);
    assert.equal(count(withFlags(key, 0)), 0);
  });

  it('"The Protocol Field MUST have value 3" (RFC 4034 §2.1.2)', () => {
    assert.equal(count(newKey(13, 257, 3)), 1);
    assert.equal(count(newKey(13, 257, 2)), 0);
  });

  it('a revoked key proves nothing any more (RFC 5011 §2.1)', () => {
    assert.equal(count(withFlags(key, 257 | 128)), 0);
  });

  it('neither does one of an algorithm that does not count', () => {
    assert.equal(count({ ...key, data: Uint8Array.of(1, 1, 3, 3, 1, 2, 3) }), 0);
    const old = newKey(5);
    assert.deepEqual(
      [true, false].map((sha1) => zoneKeysOf(setOf(old), sha1).length),
      [1, 0],
    );
  });

  it('a malformed record is none', () => {
    assert.equal(zoneKeysOf({ ...setOf(key), data: [Uint8Array.of(1, 1, 3)] }, true).length, 0);
  });
});

describe('keys by tag and algorithm', () => {
  it('are found by both', () => {
    const [one, other] = [newKey(13), newKey(15)];
    const keys = keysOf(zone, zoneKeysOf(setOf(one, other), true));
    assert.equal(keysFor(keys, one.tag, 13).length, 1);
    assert.equal(keysFor(keys, one.tag, 15).length, 0);
    assert.equal(keysFor(keys, one.tag ^ 1, 13).length, 0);
  });

  it(`no more than ${KEYS_PER_TAG} that share a tag are tried (CVE-2023-50387)`, () => {
    const key = newKey(13);
    const others = Array.from({ length: 9 }, (_, salt) => collidingWith(key, salt));
    for (const one of others) assert.equal(one.tag, key.tag);
    const set = setOf(key, ...others);
    assert.equal(set.data.length, 10);
    assert.equal(keysFor(keysOf(zone, zoneKeysOf(set, true)), key.tag, 13).length, KEYS_PER_TAG);
  });

  it('are copies, which keep no message in memory', () => {
    const set = setOf(newKey(13));
    const [found] = [...keysOf(zone, zoneKeysOf(set, true)).values()].flat();
    assert.ok(found !== undefined);
    assert.notEqual(found.publicKey.buffer, set.data[0]?.buffer);
  });
});

describe('keys that are named', () => {
  const [key, other] = [newKey(13), newKey(13)];
  const all = zoneKeysOf(setOf(key, other), true);
  const named = (
    by: { ds?: readonly Ds[]; keys?: readonly SigningKey[] },
    budget: Budget = budgetOfZone(),
  ): number[] | undefined => {
    const keys = (by.keys ?? []).flatMap(({ data }) => readDnskey(data) ?? []);
    return namedKeys(zone, all, { ds: by.ds ?? [], keys }, budget)?.map((one) => one.key.keyTag);
  };

  it('by a DS: tag, algorithm and digest have to fit', () => {
    for (const digestType of [1, 2, 4]) assert.deepEqual(named({ ds: [ds(key, digestType)] }), [key.tag]);
    assert.deepEqual(named({ ds: [{ ...ds(key), keyTag: other.tag }] }), []);
    assert.deepEqual(named({ ds: [{ ...ds(key), algorithm: 14 }] }), []);
    assert.deepEqual(named({ ds: [{ ...ds(key), digest: new Uint8Array(32) }] }), []);
  });

  it('by a key: all of it has to be the same', () => {
    assert.deepEqual(named({ keys: [other] }), [other.tag]);
    assert.deepEqual(named({ keys: [withFlags(other, 256)] }), []);
    assert.deepEqual(named({ keys: [newKey(13)] }), []);
    assert.deepEqual(
      named({ keys: [key], ds: [ds(other)] })?.toSorted((a, b) => a - b),
      [key.tag, other.tag].toSorted((a, b) => a - b),
    );
  });

  it('where that costs more digests than there are, it is not known', () => {
    assert.equal(named({ ds: [ds(key)] }, { ...budgetOfZone(), digests: 0 }), undefined);
    const budget = budgetOfZone();
    named({ ds: [ds(key), ds(other)] }, budget);
    assert.equal(budget.digests, budgetOfZone().digests - 2);
  });
});
