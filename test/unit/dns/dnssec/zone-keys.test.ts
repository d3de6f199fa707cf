import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Name } from '../../../../src/dns/name.ts';
import { type ResourceRecord, types } from '../../../../src/dns/record.ts';
import {
  about,
  build,
  type Look,
  look,
  now,
  verdict,
  type ZoneSpec,
} from '../../../support/dns/hierarchy.ts';
import { readName } from '../../../support/dns/name-text.ts';
import {
  collidingWith,
  dsRecord,
  keyRecord,
  newKey,
  type Signing,
  type SigningKey,
  withFlags,
} from '../../../support/dns/signer.ts';

const above: ZoneSpec[] = [{ name: '.' }, { name: 'test.' }];

/** A question to a leaf zone that is signed so. */
function leaf(signing: Partial<Signing>, ds?: ZoneSpec['ds']): Look {
  const zone = { name: 'leaf.test.', text: 'www A 192.0.2.1\n', signing };
  return look(build([...above, ds === undefined ? zone : { ...zone, ds }]), 'www.leaf.test. A');
}

function assertBogus(looked: Look, because: RegExp): void {
  assert.equal(verdict(looked), 'bogus unknown');
  assert.match(looked.answer.because, because);
  assert.equal(looked.answer.chain.at(-1)?.status, 'bogus');
}

const key = newKey(13);
const other = newKey(13);

describe('the keys of a zone', () => {
  for (const algorithm of [5, 7, 8, 10, 13, 14, 15, 16]) {
    it(`of algorithm ${algorithm}, with DS of each digest`, () => {
      const own = newKey(algorithm);
      for (const digestType of [1, 2, 4]) {
        const looked = leaf({ keys: [own] }, (zone) => [dsRecord(zone, own, digestType)]);
        assert.equal(verdict(looked), 'secure found', String(digestType));
      }
    });
  }

  it('may be one that signs keys and one that signs the rest', () => {
    const [ksk, zsk] = [newKey(8), newKey(13, 256)];
    const looked = leaf({ keys: [ksk, zsk], keySigning: [ksk], zoneSigning: [zsk] });
    assert.equal(verdict(looked), 'secure found');
    const keys = looked.answer.chain.find(
      ({ kind, name }) => kind === 'keys' && name === readName('leaf.test.'),
    );
    assert.match(
      keys?.because ?? '',
      /^key \d+ \(.*\), key \d+ \(.*\): RRSIG by leaf\.test key \d+ \(RSASHA256\), valid until 2026-/,
    );
  });

  it('are named as far as somebody would read: what is said of them is kept, and they may be a thousand', () => {
    const many = Array.from({ length: 40 }, () => newKey(15));
    const ds = (zone: Name): readonly ResourceRecord[] => many.map((one) => dsRecord(zone, one));
    for (const zones of [
      leaf({ keys: many.slice(0, 20), zoneSigning: many.slice(0, 1) }),
      leaf({ keys: [key] }, ds),
    ]) {
      const longest = Math.max(...zones.answer.chain.map(({ because }) => because.length));
      assert.ok(longest < 700, `${longest} characters`);
      assert.ok(zones.answer.chain.some(({ because }) => / and \d+ more/.test(because)));
    }
  });

  it('a key that the DS does not name may not vouch for the set', () => {
    const looked = leaf({ keys: [key, other], keySigning: [other], zoneSigning: [key] });
    assertBogus(
      looked,
      /the 2 DNSKEY records of leaf\.test are not signed with a key that is trusted: leaf\.test has no key \d+/,
    );
  });

  it('no key that the DS names', () => {
    const looked = leaf({ keys: [key] }, (zone) => [dsRecord(zone, other)]);
    assertBogus(
      looked,
      new RegExp(
        `leaf\\.test has no key that the DS in the zone above names: key ${other.tag} \\(ECDSAP256SHA256\\)`,
      ),
    );
  });

  it('a DS that fits the tag only', () => {
    const looked = leaf({ keys: [key] }, (zone) => [
      dsRecord(zone, key, 2, (data) => Uint8Array.from(data, (octet, at) => (at === 10 ? octet ^ 1 : octet))),
    ]);
    assertBogus(looked, /leaf\.test has no key that the DS in the zone above names/);
  });

  it('one DS that fits among others is enough', () => {
    const looked = leaf({ keys: [key] }, (zone) => [dsRecord(zone, other), dsRecord(zone, key)]);
    assert.equal(verdict(looked), 'secure found');
  });

  it('"SHOULD ignore DS RRs containing SHA-1 digests if DS RRs with SHA-256 digests are present" (RFC 4509 §3)', () => {
    const looked = leaf({ keys: [key, other] }, (zone) => [
      dsRecord(zone, key, 1),
      dsRecord(zone, newKey(13), 2),
    ]);
    assertBogus(looked, /has no key that the DS in the zone above names/);
  });

  it('a revoked key proves nothing, although the DS names it (RFC 5011 §2.1)', () => {
    const revoked = withFlags(key, 257 | 128);
    assertBogus(leaf({ keys: [revoked] }), /has no key that the DS in the zone above names/);
  });

  it('a key that is none of the zone’s proves nothing (RFC 4034 §2.1.1)', () => {
    assertBogus(leaf({ keys: [withFlags(key, 1)] }), /has no key that the DS in the zone above names/);
  });

  it('keys that share a tag are all tried', () => {
    const looked = leaf({
      keys: [key, collidingWith(key, 1), collidingWith(key, 2)],
      keySigning: [key],
      zoneSigning: [key],
    });
    assert.equal(verdict(looked), 'secure found');
  });

  it('of which the signature has expired, or is not valid yet', () => {
    const expired = (set: readonly { type: number }[]): object =>
      set[0]?.type === types.DNSKEY ? { expiration: now - 60 } : {};
    assertBogus(
      leaf({ keys: [key], fields: expired }),
      /not signed with a key that is trusted: its RRSIG by leaf\.test key \d+ \(ECDSAP256SHA256\) expired at 2026-09-21T14:12:20Z$/,
    );
    const early = (set: readonly { type: number }[]): object =>
      set[0]?.type === types.DNSKEY ? { inception: now + 60 } : {};
    assertBogus(leaf({ keys: [key], fields: early }), /is valid from 2026-09-21T14:14:20Z on only$/);
  });

  it('of which there is no signature, although there is a DS', () => {
    const unsigned = (set: readonly { type: number }[]): object | undefined =>
      set[0]?.type === types.DNSKEY ? undefined : {};
    assertBogus(
      leaf({ keys: [key], fields: unsigned }),
      /leaf\.test is signed as its DS says, and there are DNSKEY records without RRSIG$/,
    );
  });
});

describe('keys that do not come', () => {
  const hierarchy = build([...above, { name: 'leaf.test.', text: 'www A 192.0.2.1\n' }]);

  it('no DNSKEY where there is a DS is bogus', () => {
    const lie = about('leaf.test. DNSKEY', (honest) => ({ ...honest, answers: [] }));
    assertBogus(
      look(hierarchy, 'www.leaf.test. A', lie),
      /leaf\.test is signed as its DS says, and there are no DNSKEY records$/,
    );
  });

  it('no answer is no verdict: indeterminate and unknown, with the reason', () => {
    const failed = {
      kind: 'failed',
      because: '192.0.2.53 did not answer in time',
      errors: [{ code: 22, text: '' }],
    } as const;
    const looked = look(
      hierarchy,
      'www.leaf.test. A',
      about('leaf.test. DNSKEY', () => failed),
    );
    assert.equal(verdict(looked), 'indeterminate unknown');
    assert.match(
      looked.answer.because,
      /DNSKEY at leaf\.test could not be asked: 192\.0\.2\.53 did not answer in time$/,
    );
    assert.deepEqual(looked.answer.errors, [{ code: 22, text: '' }]);
    const servfail = look(
      hierarchy,
      'www.leaf.test. A',
      about('leaf.test. DNSKEY', (honest) => ({ ...honest, rcode: 2, answers: [] })),
    );
    assert.equal(verdict(servfail), 'indeterminate unknown');
    assert.match(
      servfail.answer.because,
      /the resolver 192\.0\.2\.53:53 \(UDP\) answered SERVFAIL for DNSKEY at leaf\.test$/,
    );
  });

  it('where the anchor’s own keys have no signatures, this resolver passes no DNSSEC on (RFC 4035 §4.3)', () => {
    const stripped = about('. DNSKEY', (honest) => ({
      ...honest,
      answers: honest.answers.filter(({ type }) => type !== types.RRSIG),
    }));
    for (const lie of [stripped, about('. DNSKEY', (honest) => ({ ...honest, answers: [] }))]) {
      const looked = look(hierarchy, 'www.leaf.test. A', lie);
      assert.equal(verdict(looked), 'indeterminate unknown');
      assert.match(
        looked.answer.because,
        /the resolver gives no DNSSEC records: for \., of which keys are trusted, it has/,
      );
    }
  });

  it('an anchor’s keys that are signed by others are bogus', () => {
    const looked = look(hierarchy, 'www.leaf.test. A', undefined, {
      anchors: [dsRecord(readName('.'), other)],
    });
    assertBogus(looked, /\. has no key that the trust anchor names: key \d+ \(ECDSAP256SHA256\)$/);
  });

  it('an anchor may be a key', () => {
    const [root = key] = hierarchy.keys.get(readName('.')) ?? [];
    const looked = look(hierarchy, 'www.leaf.test. A', undefined, {
      anchors: [keyRecord(readName('.'), root)],
    });
    assert.equal(verdict(looked), 'secure found');
    assert.deepEqual(looked.answer.chain[0], {
      kind: 'anchor',
      name: readName('.'),
      type: types.DNSKEY,
      status: 'secure',
      because: `trusted to begin with: key ${root.tag} (ECDSAP256SHA256)`,
    });
    const near = withFlags(root, 256);
    const bogus = look(hierarchy, 'www.leaf.test. A', undefined, {
      anchors: [keyRecord(readName('.'), near)],
    });
    assert.equal(verdict(bogus), 'bogus unknown');
  });
});

describe('zones that cannot be checked here', () => {
  const unsupported = (algorithm: number): SigningKey => ({
    ...key,
    algorithm,
    data: Uint8Array.from(key.data, (octet, at) => (at === 3 ? algorithm : octet)),
  });

  it('only algorithms that are not supported: as good as unsigned (RFC 4035 §5.2)', () => {
    const looked = leaf({ keys: [unsupported(12)] });
    assert.equal(verdict(looked), 'insecure found');
    assert.match(
      looked.answer.because,
      /need not be proven: leaf\.test is signed only in ways that are not supported here: ECC-GOST with SHA-256$/,
    );
  });

  it('only digests that are not supported', () => {
    const looked = leaf({ keys: [key] }, (zone) => [dsRecord(zone, key, 3)]);
    assert.equal(verdict(looked), 'insecure found');
  });

  it('one way that is supported has to be good', () => {
    const looked = leaf({ keys: [unsupported(12)] }, (zone, [own = key]) => [
      dsRecord(zone, own),
      dsRecord(zone, other),
    ]);
    assert.equal(verdict(looked), 'bogus unknown');
  });

  it('SHA-1 as the terms say', () => {
    const old = newKey(7);
    const hierarchy = build([
      ...above,
      { name: 'leaf.test.', text: 'www A 192.0.2.1\n', signing: { keys: [old] } },
    ]);
    assert.equal(verdict(look(hierarchy, 'www.leaf.test. A')), 'secure found');
    const without = look(hierarchy, 'www.leaf.test. A', undefined, { sha1: false });
    assert.equal(verdict(without), 'insecure found');
    assert.match(without.answer.because, /RSASHA1-NSEC3-SHA1 with SHA-256$/);
  });

  it('where only SHA-1 signed an answer and SHA-1 does not count, the answer is bogus in a zone that has better', () => {
    const [old, good] = [newKey(7), newKey(13)];
    const signing = { keys: [good, old], keySigning: [good], zoneSigning: [old] };
    const hierarchy = build([...above, { name: 'leaf.test.', text: 'www A 192.0.2.1\n', signing }]);
    assertBogus(
      look(hierarchy, 'www.leaf.test. A', undefined, { sha1: false }),
      /leaf\.test has no key \d+ \(RSASHA1-NSEC3-SHA1\)/,
    );
    assert.equal(verdict(look(hierarchy, 'www.leaf.test. A')), 'secure found');
  });
});
