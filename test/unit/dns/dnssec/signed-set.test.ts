import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { budgetOfQuestion, VERIFICATIONS_PER_SET } from '../../../../src/dns/dnssec/budget.ts';
import { keysOf, zoneKeysOf } from '../../../../src/dns/dnssec/keys.ts';
import { verifySignature } from '../../../../src/dns/dnssec/signature.ts';
import { checkSet, type SetCheck } from '../../../../src/dns/dnssec/signed-set.ts';
import type { Name } from '../../../../src/dns/name.ts';
import type { ResourceRecord } from '../../../../src/dns/record.ts';
import { rrSetsOf } from '../../../../src/dns/rrset.ts';
import { drive } from '../../../support/dns/drive.ts';
import { readName } from '../../../support/dns/name-text.ts';
import type { Rrsig } from '../../../support/dns/rrsig.ts';
import {
  collidingWith,
  keyRecord,
  newKey,
  rrsigRecord,
  type SigningKey,
} from '../../../support/dns/signer.ts';
import { readRecord, readRecords } from '../../../support/dns/zone-text.ts';

const now = 1_790_000_000;
const zone = readName('leaf.test.');
const key = newKey(13);
const times = { inception: now - 3600, expiration: now + 7200 };

interface Checked {
  readonly check: SetCheck;
  readonly verifications: number;
}

/** Checks the set in some records against the zone's keys. */
function checked(
  records: readonly ResourceRecord[],
  keys: readonly SigningKey[] = [key],
  at = now,
  of: Name = zone,
): Checked {
  const [set] = rrSetsOf(records);
  const [keySet] = rrSetsOf(keys.map((one) => keyRecord(zone, one)));
  assert.ok(set !== undefined && keySet !== undefined);
  let verifications = 0;
  const signer = { zone: of, keys: keysOf(zone, zoneKeysOf(keySet, true)), now: at };
  const check = drive(checkSet(set, signer, budgetOfQuestion()), {
    now: at,
    ask: () => assert.fail('nothing is to be asked'),
    verify: (one) => {
      verifications += 1;
      return verifySignature(one);
    },
  });
  return { check, verifications };
}

const text = 'www.leaf.test. 3600 A 192.0.2.1\nwww.leaf.test. 3600 A 192.0.2.2';

/** What comes of records with one signature that has these fields. */
function withFields(fields: Partial<Rrsig>, records = readRecords(text), at = now): string {
  const { check } = checked([...records, rrsigRecord(records, zone, key, times, fields)], [key], at);
  return check.kind === 'good' ? 'good' : check.because;
}

describe('a signature counts if (RFC 4035 §5.3.1)', () => {
  it('all is right', () => assert.equal(withFields({}), 'good'));

  it('"the RRSIG RR’s Signer’s Name field MUST be the name of the zone that contains the RRset"', () => {
    assert.equal(withFields({ signer: readName('test.') }), 'there is no signature by leaf.test');
    const outside = readRecords('www.other.test. A 192.0.2.1');
    assert.match(withFields({}, outside), /is of a zone that does not hold it$/);
  });

  it('it covers this type', () => {
    assert.equal(withFields({ covered: 28 }), 'there is no signature by leaf.test');
  });

  it('"The number of labels in the RRset owner name MUST be greater than or equal to the value in the RRSIG RR’s Labels field"', () => {
    assert.match(withFields({ labels: 4 }), /is for a name of more labels$/);
    assert.match(withFields({ labels: 255 }), /is for a name of more labels$/);
    const wildcard = readRecords('*.leaf.test. A 192.0.2.1');
    assert.match(withFields({ labels: 3 }, wildcard), /is for a name of more labels$/);
  });

  it('and not less than its zone has: a wildcard above it would be another zone’s', () => {
    assert.match(withFields({ labels: 1 }), /is for a wildcard above its zone$/);
    assert.equal(withFields({ labels: 2 }), 'good');
  });

  it('now is not after its expiration, and not before its inception', () => {
    const at = (moment: number): string => withFields({}, readRecords(text), moment);
    assert.equal(at(now + 7200), 'good');
    assert.match(at(now + 7201), /expired at 2026-09-21T16:13:20Z$/);
    assert.equal(at(now - 3600), 'good');
    assert.match(at(now - 3601), /is valid from 2026-09-21T13:13:20Z on only$/);
  });

  it('in serial arithmetic (RFC 4034 §3.1.5): 2106 is no end', () => {
    const later = 2 ** 32 + 100;
    assert.equal(withFields({ inception: 2 ** 32 - 100, expiration: 200 }, readRecords(text), later), 'good');
    assert.match(
      withFields({ inception: 2 ** 32 - 100, expiration: 50 }, readRecords(text), later),
      /expired/,
    );
  });

  it('the zone has its key', () => {
    assert.match(
      withFields({ keyTag: key.tag ^ 1 }),
      /^leaf\.test has no key \d+ \(ECDSAP256SHA256\), which signed it$/,
    );
    assert.match(withFields({ algorithm: 8 }), /^leaf\.test has no key \d+ \(RSASHA256\), which signed it$/);
  });

  it('it fits', () => {
    assert.match(
      withFields({ signature: new Uint8Array(64) }),
      /^its RRSIG by leaf\.test key \d+ \(ECDSAP256SHA256\) does not fit$/,
    );
  });
});

describe('what is signed (RFC 4034 §3.1.8.1)', () => {
  const signedNow = (records: readonly ResourceRecord[]): ResourceRecord[] => [
    ...records,
    rrsigRecord(records, zone, key, times),
  ];

  it('any order of the records, and any of them twice (RFC 4034 §6.3)', () => {
    const [a, b] = readRecords(text);
    assert.ok(a !== undefined && b !== undefined);
    const signature = rrsigRecord([a, b], zone, key, times);
    for (const records of [
      [b, a, signature],
      [signature, a, b, a],
    ])
      assert.equal(checked(records).check.kind, 'good');
  });

  it('no record less, more or other', () => {
    const records = readRecords(text);
    const signature = rrsigRecord(records, zone, key, times);
    const more = readRecord('www.leaf.test. 3600 A 192.0.2.3');
    for (const changed of [records.slice(1), [...records, more], [records[0] ?? more, more]])
      assert.equal(checked([...changed, signature]).check.kind, 'bad');
  });

  it('with the original TTL, whatever TTL came (§3.1.4)', () => {
    const records = signedNow(readRecords(text));
    assert.equal(checked(records.map((one) => ({ ...one, ttl: 17 }))).check.kind, 'good');
    assert.equal(withFields({ originalTtl: 60 }), 'good');
  });

  it('types of any number, and data of no octets', () => {
    const odd: ResourceRecord = {
      name: readName('x.leaf.test.'),
      type: 65_280,
      ttl: 60,
      data: new Uint8Array(),
    };
    assert.equal(checked(signedNow([odd])).check.kind, 'good');
  });

  for (const algorithm of [5, 7, 8, 10, 13, 14, 15, 16]) {
    it(`by a key of algorithm ${algorithm}`, () => {
      const other = newKey(algorithm);
      const records = readRecords(text);
      const good = checked([...records, rrsigRecord(records, zone, other, times)], [other]);
      assert.equal(good.check.kind, 'good');
      const bad = checked([...records.slice(1), rrsigRecord(records, zone, other, times)], [other]);
      assert.equal(bad.check.kind, 'bad');
    });
  }
});

describe('a set from a wildcard (RFC 4035 §5.3.2)', () => {
  const wildcard = readRecords('*.leaf.test. A 192.0.2.1');
  const signature = rrsigRecord(wildcard, zone, key, times);
  const under = (name: string): Checked =>
    checked([...wildcard, signature].map((one) => ({ ...one, name: readName(name) })));

  it('is signed under the wildcard’s name, and tells what it was expanded from', () => {
    const { check } = under('a.b.leaf.test.');
    assert.ok(check.kind === 'good');
    assert.equal(check.encloser, zone);
  });

  it('the wildcard itself is not expanded', () => {
    const { check } = under('*.leaf.test.');
    assert.ok(check.kind === 'good');
    assert.equal(check.encloser, undefined);
  });

  it('one level below the wildcard is another wildcard’s', () => {
    const { check } = under('*.*.leaf.test.');
    assert.ok(check.kind === 'good');
    assert.equal(check.encloser, zone);
  });
});

describe('how long it may be used (RFC 4035 §5.3.3)', () => {
  const ttl = (records: readonly ResourceRecord[]): number | undefined => {
    const { check } = checked(records);
    return check.kind === 'good' ? check.ttl : undefined;
  };
  const records = readRecords(text);

  it('no longer than the TTL that came, of records and signature', () => {
    const signature = rrsigRecord(records, zone, key, times);
    assert.equal(ttl([...records, signature]), 3600);
    assert.equal(ttl([...records.map((one) => ({ ...one, ttl: 30 })), signature]), 30);
    assert.equal(ttl([...records, { ...signature, ttl: 20 }]), 20);
  });

  it('no longer than the original TTL: a larger one is nobody’s but the resolver’s', () => {
    const signature = rrsigRecord(records, zone, key, times);
    assert.equal(ttl([...records, signature].map((one) => ({ ...one, ttl: 86_400 }))), 3600);
  });

  it('no longer than the signature', () => {
    assert.equal(ttl([...records, rrsigRecord(records, zone, key, { ...times, expiration: now + 90 })]), 90);
    assert.equal(ttl([...records, rrsigRecord(records, zone, key, { ...times, expiration: now })]), 0);
  });
});

describe('more than one signature', () => {
  const records = readRecords(text);

  it('any good one is enough', () => {
    const other = newKey(15);
    const bad = rrsigRecord(records, zone, other, times, { signature: new Uint8Array(64) });
    const old = rrsigRecord(records, zone, key, { inception: now - 9000, expiration: now - 1 });
    const good = rrsigRecord(records, zone, key, times);
    for (const signatures of [
      [bad, old, good],
      [good, old, bad],
      [old, bad, good],
    ])
      assert.equal(checked([...records, ...signatures], [key, other]).check.kind, 'good');
    assert.equal(checked([...records, bad, old], [key, other]).check.kind, 'bad');
  });

  it('those that cannot count cost nothing', () => {
    const cheap = [
      rrsigRecord(records, zone, key, times, { signer: readName('test.') }),
      rrsigRecord(records, zone, key, times, { expiration: now - 1 }),
      rrsigRecord(records, zone, key, times, { labels: 9 }),
      rrsigRecord(records, zone, key, times, { keyTag: key.tag ^ 1 }),
    ];
    assert.equal(checked([...records, ...cheap]).verifications, 0);
  });

  it(`no more than ${VERIFICATIONS_PER_SET} are checked, and then the set is not proven (CVE-2023-50387)`, () => {
    const others = Array.from({ length: 3 }, (_, salt) => collidingWith(key, salt));
    const bad = Array.from({ length: 50 }, (_, count) =>
      rrsigRecord(records, zone, key, times, { signature: new Uint8Array(64).fill(count + 1) }),
    );
    const { check, verifications } = checked([...records, ...bad], [key, ...others]);
    assert.equal(check.kind, 'exhausted');
    assert.equal(verifications, VERIFICATIONS_PER_SET);
  });

  it('where the question’s budget is used up none is checked', () => {
    const signed = [...records, rrsigRecord(records, zone, key, times)];
    const [set] = rrSetsOf(signed);
    const [keySet] = rrSetsOf([keyRecord(zone, key)]);
    assert.ok(set !== undefined && keySet !== undefined);
    const signer = { zone, keys: keysOf(zone, zoneKeysOf(keySet, true)), now };
    const dialogue = checkSet(set, signer, { ...budgetOfQuestion(), verifications: 0 });
    assert.deepEqual(dialogue.next().value, {
      kind: 'exhausted',
      because: 'too many signatures and keys would have to be tried for A at www.leaf.test',
    });
  });
});
