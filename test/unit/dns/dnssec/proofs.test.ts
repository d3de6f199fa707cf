import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Budget, budgetOfQuestion } from '../../../../src/dns/dnssec/budget.ts';
import { keysOf, zoneKeysOf } from '../../../../src/dns/dnssec/keys.ts';
import {
  cutOf,
  denialOf,
  noCloserOf,
  type Proofs,
  proofSets,
  proofsBy,
} from '../../../../src/dns/dnssec/proofs.ts';
import { verifySignature } from '../../../../src/dns/dnssec/signature.ts';
import type { Name } from '../../../../src/dns/name.ts';
import type { ResourceRecord } from '../../../../src/dns/record.ts';
import { rrSetsOf } from '../../../../src/dns/rrset.ts';
import { drive } from '../../../support/dns/drive.ts';
import { readName } from '../../../support/dns/name-text.ts';
import { nsec3Hash, nsec3Owner } from '../../../support/dns/signed-zone.ts';
import { keyRecord, newKey, rrsigRecord } from '../../../support/dns/signer.ts';
import { readQuestion, readRecords } from '../../../support/dns/zone-text.ts';

const now = 1_790_000_000;
const zone = readName('leaf.test.');
const key = newKey(13);
const times = { inception: now - 3600, expiration: now + 7200 };

/** Each record with a signature of its own. */
function signed(text: string, ttl = 600): ResourceRecord[] {
  return readRecords(text, { ttl }).flatMap((one) => [one, rrsigRecord([one], zone, key, times)]);
}

function read(records: readonly ResourceRecord[], budget: Budget = budgetOfQuestion()): Proofs {
  const [keySet] = rrSetsOf([keyRecord(zone, key)]);
  assert.ok(keySet !== undefined);
  const signer = { zone, keys: keysOf(zone, zoneKeysOf(keySet, true)), now };
  const proofs = drive(proofsBy(signer, proofSets(rrSetsOf(records)), budget), {
    now,
    ask: () => assert.fail('nothing is to be asked'),
    verify: verifySignature,
  });
  assert.ok(proofs.kind === 'proofs');
  return proofs;
}

function hashed(name: string): string {
  return nsec3Owner(nsec3Hash(readName(name), 0), zone).slice(1, 33);
}

const apex = hashed('leaf.test.');
const question = readQuestion('nope.leaf.test. A');

/** An NSEC3 for all of a zone of one name. @param head algorithm, flags, iterations, salt. */
function whole(head: string, next = apex): string {
  return `${apex}.leaf.test. NSEC3 ${head} ${next} NS SOA RRSIG DNSKEY NSEC3PARAM`;
}

describe('records that count as proof', () => {
  const nsec = 'leaf.test. NSEC leaf.test. NS SOA RRSIG NSEC DNSKEY';

  it('are signed by the zone', () => {
    assert.equal(denialOf(read(signed(nsec)), question).kind, 'absent');
    const unsigned = denialOf(read(readRecords(nsec)), question);
    assert.deepEqual(unsigned, { kind: 'unproven', because: 'no NSEC or NSEC3 of leaf.test came with it' });
    const [record, signature] = signed(nsec);
    assert.ok(record !== undefined && signature !== undefined);
    const old = rrsigRecord([record], zone, key, { ...times, expiration: now - 1 });
    const denial = denialOf(read([record, old]), question);
    assert.ok(denial.kind === 'unproven');
    assert.match(denial.because, /^NSEC at leaf\.test: its RRSIG by leaf\.test .* expired at /);
  });

  it('are told how long they may be used, and by whose signature', () => {
    const proofs = read(signed(nsec, 300));
    assert.equal(proofs.ttl, 300);
    assert.match(proofs.evidence, /^RRSIG by leaf\.test key \d+ \(ECDSAP256SHA256\), valid until /);
  });

  it('are not expanded from a wildcard (CVE-2017-15105)', () => {
    const wildcard = readRecords('*.leaf.test. NSEC leaf.test. A RRSIG NSEC');
    const signature = wildcard.map((one) => rrsigRecord([one], zone, key, times));
    const expanded = [...wildcard, ...signature].map((one) => ({ ...one, name: question.name }));
    const denial = denialOf(read(expanded), readQuestion('nope.leaf.test. MX'));
    assert.deepEqual(denial, {
      kind: 'unproven',
      because: 'NSEC at nope.leaf.test: it is expanded from a wildcard',
    });
  });

  it('stand in the zone: an NSEC3 right below its apex (RFC 5155 §3)', () => {
    const deeper = whole('1 0 0 -').replace('.leaf.test.', '.sub.leaf.test.');
    assert.equal(read(signed(deeper)).nsec3s, undefined);
    const outside = readRecords('other.test. NSEC other.test. A').map((one) => [
      one,
      rrsigRecord([one], zone, key, times),
    ]);
    assert.equal(read(outside.flat()).nsecs.length, 0);
  });

  it('a name has one NSEC in each zone: beside the record of the zone above or below it counts all the same', () => {
    const other = readRecords('leaf.test. NSEC other.test. NS DS RRSIG NSEC');
    const proofs = read([...signed(nsec), ...other]);
    assert.equal(proofs.nsecs.length, 1);
    assert.equal(denialOf(proofs, question).kind, 'absent');
  });

  it('where there are more than are worth the work, nothing is proven', () => {
    const [keySet] = rrSetsOf([keyRecord(zone, key)]);
    assert.ok(keySet !== undefined);
    const signer = { zone, keys: keysOf(zone, zoneKeysOf(keySet, true)), now };
    const made = drive(
      proofsBy(signer, rrSetsOf(signed(nsec)), { ...budgetOfQuestion(), verifications: 0 }),
      {
        now,
        ask: () => assert.fail('nothing is to be asked'),
        verify: verifySignature,
      },
    );
    assert.equal(made.kind, 'exhausted');
  });
});

describe('NSEC3 records that count', () => {
  const kind = (...texts: string[]): string => denialOf(read(signed(texts.join('\n'))), question).kind;

  it('have flags 0 or 1, and "a validator MUST ignore" others (RFC 5155 §8.2)', () => {
    assert.equal(kind(whole('1 0 0 -')), 'absent');
    assert.equal(kind(whole('1 1 0 -')), 'open');
    for (const flags of [2, 3, 128, 255])
      assert.equal(kind(whole(`1 ${flags} 0 -`)), 'unproven', String(flags));
  });

  it('have hash algorithm 1, and "a validator MUST ignore" others (RFC 5155 §8.1)', () => {
    for (const algorithm of [0, 2, 6])
      assert.equal(kind(whole(`${algorithm} 0 0 -`)), 'unproven', String(algorithm));
  });

  it('have a hash for their owner', () => {
    assert.equal(kind(whole('1 0 0 -').replace(apex, 'www')), 'unproven');
    assert.equal(kind(whole('1 0 0 -').replace(apex, `${apex.slice(0, -1)}z`)), 'unproven');
  });

  it('agree on how names are hashed (RFC 5155 §8.2)', () => {
    const other = hashed('a.leaf.test.');
    const second = (head: string): string => `${other}.leaf.test. NSEC3 ${head} ${apex} A RRSIG`;
    const first = whole('1 0 0 -', other);
    assert.equal(kind(first, second('1 0 0 -')), 'absent');
    for (const head of ['1 0 1 -', '1 0 0 00']) {
      const denial = denialOf(read(signed([first, second(head)].join('\n'))), question);
      const because = 'the NSEC3 records of leaf.test do not agree on how names are hashed';
      assert.deepEqual(denial, { kind: 'unproven', because });
    }
  });

  it('hashing is charged by rounds, each name once', () => {
    const budget = budgetOfQuestion();
    const proofs = read(
      signed(whole('1 0 10 -').replaceAll(apex, nsec3Owner(nsec3Hash(zone, 10), zone).slice(1, 33))),
      budget,
    );
    assert.equal(budget.iterations, budgetOfQuestion().iterations);
    assert.equal(denialOf(proofs, question).kind, 'absent');
    // The name, the apex and the wildcard, 11 rounds each.
    assert.equal(budgetOfQuestion().iterations - budget.iterations, 33);
    denialOf(proofs, question);
    assert.equal(budgetOfQuestion().iterations - budget.iterations, 33);
  });

  it('where rounds are used up nothing is proven', () => {
    const proofs = read(signed(whole('1 0 0 -')), { ...budgetOfQuestion(), iterations: 2 });
    assert.equal(denialOf(proofs, question).kind, 'exhausted');
  });
});

describe('NSEC and NSEC3 side by side', () => {
  const useless = 'other.leaf.test. NSEC zz.leaf.test. A RRSIG NSEC';
  const name: Name = question.name;

  it('either may prove it, as while a zone changes from one to the other', () => {
    const both = read(signed(`${useless}\n${whole('1 0 0 -')}`));
    assert.equal(denialOf(both, question).kind, 'absent');
    assert.equal(noCloserOf(both, name, zone).kind, 'proven');
    assert.equal(cutOf(both, name).kind, 'nothing');
  });

  it('the reason is that of what is there', () => {
    const denial = denialOf(read(signed(useless)), question);
    assert.deepEqual(denial, { kind: 'unproven', because: 'no NSEC of leaf.test covers nope.leaf.test' });
  });
});
