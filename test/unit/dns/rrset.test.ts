import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { decodeMessage } from '../../../src/dns/message.ts';
import { type Name, parseName } from '../../../src/dns/name.ts';
import { type ResourceRecord, types } from '../../../src/dns/record.ts';
import { readDnskey } from '../../../src/dns/records.ts';
import { type RrSet, rrSetsOf } from '../../../src/dns/rrset.ts';
import { recorded } from '../../support/dns/recordings.ts';

function named(text: string): Name {
  const parsed = parseName(text);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.value;
}

const here = named('a.test');
const there = named('b.test');
const record = (name: Name, type: number, octets: readonly number[], ttl = 60): ResourceRecord => ({
  name,
  type,
  ttl,
  data: Uint8Array.from(octets),
});
/** An RRSIG of the root over a type; the last octet is the signature. */
const signature = (name: Name, covered: number, last: number, ttl = 60): ResourceRecord =>
  record(name, types.RRSIG, [0, covered, 13, 1, ...new Uint8Array(14), 0, last], ttl);

describe('rrSetsOf', () => {
  it('puts together what shares name and type, in the order in which the sets begin', () => {
    const sets = rrSetsOf([
      record(here, 1, [192, 0, 2, 1]),
      record(there, 1, [192, 0, 2, 3]),
      record(here, 28, [1]),
      record(here, 1, [192, 0, 2, 2]),
    ]);
    assert.deepEqual(
      sets.map(({ name, type, data }) => [name, type, data.length]),
      [
        [here, 1, 2],
        [there, 1, 1],
        [here, 28, 1],
      ],
    );
  });

  it('RFC 4034 §6.3: the data is in canonical order, and each is there once', () => {
    const all = [[2], [1, 0], [1], [0xff], [1], [], [1, 0]];
    const [set] = rrSetsOf(all.map((octets) => record(here, 65_280, octets)));
    assert.deepEqual(
      set?.data.map((octets) => [...octets]),
      [[], [1], [1, 0], [2], [0xff]],
    );
  });

  it('RFC 2181 §5.2: the TTL is the smallest, RFC 4035 §5.3.3: that of signatures included', () => {
    const records = [record(here, 1, [1], 300), record(here, 1, [2], 200), signature(here, 1, 1, 250)];
    assert.equal(rrSetsOf(records)[0]?.ttl, 200);
    assert.equal(rrSetsOf([...records, signature(here, 1, 2, 100)])[0]?.ttl, 100);
  });

  it('attaches signatures to what they cover, before or behind it, each once', () => {
    const sets = rrSetsOf([
      signature(here, 1, 7),
      record(here, 1, [1]),
      record(here, 28, [1]),
      signature(here, 28, 9),
      signature(here, 1, 8),
      signature(here, 1, 7),
    ]);
    assert.deepEqual(
      sets.map((set) => set.signatures.map((one) => one.signature[0])),
      [[7, 8], [9]],
    );
  });

  it('leaves out signatures of what is not there, and malformed ones', () => {
    const malformed = record(here, types.RRSIG, [0, 1, 13]);
    const sets = rrSetsOf([
      signature(there, 1, 1),
      signature(here, 16, 1),
      malformed,
      record(here, types.RRSIG, []),
      record(here, 1, [1]),
    ]);
    assert.deepEqual(
      sets.map(({ type, signatures }) => [type, signatures.length]),
      [[1, 0]],
    );
  });

  it('of a recorded answer, every record and signature is in its set', () => {
    const decoded = decodeMessage(recorded('bind-nxdomain-nsec3-rsa'));
    assert.ok(decoded.kind === 'ok');
    const sets = rrSetsOf(decoded.message.authority);
    assert.deepEqual(
      sets.map(({ type, data, signatures }) => [type, data.length, signatures.length]),
      [
        [types.SOA, 1, 1],
        [types.NSEC3, 1, 1],
        [types.NSEC3, 1, 1],
        [types.NSEC3, 1, 1],
      ],
    );
    for (const { type, signatures } of sets) assert.equal(signatures[0]?.typeCovered, type);
  });

  it('does not depend on the order of the records', () => {
    const some = fc.record({
      name: fc.constantFrom(here, there),
      type: fc.constantFrom(1, 16),
      ttl: fc.nat({ max: 5 }),
      data: fc.uint8Array({ maxLength: 2, max: 1 }),
    });
    const shuffled = fc
      .array(some, { maxLength: 8 })
      .chain((records) =>
        fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })),
      );
    const sorted = (records: readonly ResourceRecord[]): unknown[] =>
      rrSetsOf(records).toSorted((a, b) => (`${a.name} ${a.type}` < `${b.name} ${b.type}` ? -1 : 1));
    fc.assert(fc.property(shuffled, ([one, other]) => assert.deepEqual(sorted(one), sorted(other))));
  });

  it('takes linear time for as many names, types or signatures as a message can hold', () => {
    const many = Array.from({ length: 4096 }, (_, index) => index);
    const started = process.cpuUsage();
    for (const records of [
      many.map((index) => record(here, 1000 + index, [1])),
      many.map((index) => record(named(`n${index}.test`), 1, [1])),
      many.map((index) => record(here, 1, [0, index >> 8, index & 0xff])),
      [record(here, 1, [1]), ...many.map((index) => signature(here, 1, index & 0xff))],
    ])
      rrSetsOf(records);
    // About 20 ms.
    assert.ok(process.cpuUsage(started).user < 1_000_000);
  });
});

describe('canonical form', () => {
  /** RFC 4034 §3.1.8.1: RRSIG_RDATA | RR(1) | RR(2) ... */
  function signedData(set: RrSet, head: Uint8Array, originalTtl: number): Buffer {
    const records = set.data.map((data) => {
      const fixed = Buffer.alloc(10);
      fixed.writeUInt16BE(set.type, 0);
      fixed.writeUInt16BE(1, 2);
      fixed.writeUInt32BE(originalTtl, 4);
      fixed.writeUInt16BE(data.length, 8);
      return Buffer.concat([Buffer.from(set.name, 'latin1'), fixed, data]);
    });
    return Buffer.concat([head, ...records]);
  }

  it('RFC 4034 §6: BIND has signed every set of its zone in the form that we give it, names in mixed case among them', () => {
    const decoded = decodeMessage(recorded('bind-axfr-nsec'));
    assert.ok(decoded.kind === 'ok');
    const sets = rrSetsOf(decoded.message.answers);
    const [key] = sets.find(({ type }) => type === types.DNSKEY)?.data ?? [];
    const publicKey = Buffer.from((key && readDnskey(key)?.publicKey) ?? []);
    const [x, y] = [publicKey.subarray(0, 32), publicKey.subarray(32)].map((half) =>
      half.toString('base64url'),
    );
    assert.ok(x !== undefined && y !== undefined);
    const p256 = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
    const proven = new Set<number>();
    for (const set of sets) {
      for (const { head, originalTtl, signature: octets } of set.signatures) {
        const data = signedData(set, head, originalTtl);
        const good = verify('sha256', data, { key: p256, dsaEncoding: 'ieee-p1363' }, octets);
        assert.ok(good, `${set.name} ${set.type}`);
        proven.add(set.type);
      }
    }
    const { SOA, NS, MX, CNAME, DNAME, PTR, SRV, NAPTR, NSEC, TXT, TLSA } = types;
    const [RP, AFSDB, KX, SVCB] = [17, 18, 36, 64];
    const wanted = [SOA, NS, MX, CNAME, DNAME, PTR, SRV, NAPTR, NSEC, TXT, TLSA, RP, AFSDB, KX, SVCB];
    assert.deepEqual(
      wanted.filter((type) => !proven.has(type)),
      [],
    );
  });
});
