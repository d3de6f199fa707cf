import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Denial } from '../../../../src/dns/dnssec/denial.ts';
import {
  cutByNsec3,
  denialByNsec3,
  MOST_ITERATIONS,
  noCloserByNsec3,
} from '../../../../src/dns/dnssec/nsec3.ts';
import { nsec3sOf } from '../../../support/dns/denial.ts';
import { readName } from '../../../support/dns/name-text.ts';
import { nsec3Hash as hashOf, nsec3Owner } from '../../../support/dns/signed-zone.ts';
import { readQuestion } from '../../../support/dns/zone-text.ts';

/** RFC 5155 Appendix A: hash, next hash, types. */
const appendixA = {
  example:
    '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG',
  ns1: '2t7b4g4vsa5smi47k61mv5bv1a22bojr 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG',
  'x.y.w': '2vptu5timamqttgl4luu9kg21e0aor3s 35mthgpgcu1qg68fab165klnsnk3dpvl MX RRSIG',
  a: '35mthgpgcu1qg68fab165klnsnk3dpvl b4um86eghhds6nea196smvmlo4ors995 NS DS RRSIG',
  'x.w': 'b4um86eghhds6nea196smvmlo4ors995 gjeqe526plbf1g8mklp59enfd789njgi MX RRSIG',
  ai: 'gjeqe526plbf1g8mklp59enfd789njgi ji6neoaepv8b5o6k4ev33abha8ht9fgc A HINFO AAAA RRSIG',
  'y.w': 'ji6neoaepv8b5o6k4ev33abha8ht9fgc k8udemvp1j2f7eg6jebps17vp3n8i58h',
  w: 'k8udemvp1j2f7eg6jebps17vp3n8i58h kohar7mbb8dc2ce8a9qvl8hon4k53uhi',
  '2t7b': 'kohar7mbb8dc2ce8a9qvl8hon4k53uhi q04jkcevqvmu85r014c7dkba38o0ji5r A RRSIG',
  ns2: 'q04jkcevqvmu85r014c7dkba38o0ji5r r53bq7cc2uvmubfu5ocmm6pers9tk9en A RRSIG',
  '*.w': 'r53bq7cc2uvmubfu5ocmm6pers9tk9en t644ebqk9bibcna874givr6joj62mlhv MX RRSIG',
  xx: 't644ebqk9bibcna874givr6joj62mlhv 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A HINFO AAAA RRSIG',
};

type Owner = keyof typeof appendixA;

/** @param flags 1 as the RFC has it: opt-out. */
function text(owners: readonly Owner[], flags = 1, iterations = 12): string {
  return owners
    .map((owner) => appendixA[owner].replace(' ', `.example. NSEC3 1 ${flags} ${iterations} aabbccdd `))
    .join('\n');
}

function kindOf(denial: Denial): string {
  if (denial.kind !== 'absent') return denial.kind;
  return denial.optOut ? `${denial.what} with opt-out` : denial.what;
}

function denied(records: string, question: string): string {
  return kindOf(denialByNsec3(nsec3sOf('example.', records), readQuestion(question)));
}

function cut(records: string, name: string): string {
  return cutByNsec3(nsec3sOf('example.', records), readName(name)).kind;
}

describe('RFC 5155 Appendix B', () => {
  it('B.1: name error', () => {
    const proof: Owner[] = ['example', 'x.w', 'a'];
    assert.equal(denied(text(proof, 0), 'a.c.x.w.example. A'), 'no-such-name');
    // In the RFC's zone the record that covers c.x.w.example has opt-out: no AD (§9.2).
    assert.equal(denied(text(proof), 'a.c.x.w.example. A'), 'open');
    for (const missing of proof) {
      const rest = proof.filter((one) => one !== missing);
      assert.equal(denied(text(rest, 0), 'a.c.x.w.example. A'), 'unproven', `without ${missing}`);
    }
  });

  it('B.2: no data error', () => {
    assert.equal(denied(text(['ns1']), 'ns1.example. MX'), 'no-such-record');
    assert.equal(denied(text(['ns1']), 'ns1.example. A'), 'unproven');
  });

  it('B.2.1: no data error, empty non-terminal', () => {
    assert.equal(denied(text(['y.w']), 'y.w.example. A'), 'no-such-record');
  });

  it('B.3: referral to an opt-out unsigned zone', () => {
    const proof: Owner[] = ['a', 'example'];
    assert.equal(cut(text(proof), 'c.example.'), 'open');
    assert.equal(cut(text(proof, 0), 'c.example.'), 'nothing');
    assert.equal(cut(text(['a']), 'c.example.'), 'unproven');
    assert.equal(denied(text(proof), 'c.example. DS'), 'open');
  });

  it('B.4: wildcard expansion', () => {
    const proof = (records: string, encloser: string): string =>
      noCloserByNsec3(nsec3sOf('example.', records), readName('a.z.w.example.'), readName(encloser)).kind;
    assert.equal(proof(text(['ns2'], 0), 'w.example.'), 'proven');
    assert.equal(proof(text(['ns2']), 'w.example.'), 'open');
    assert.equal(proof(text(['a'], 0), 'w.example.'), 'unproven');
    assert.equal(proof(text(['ns2'], 0), 'example.'), 'unproven');
  });

  it('B.5: wildcard no data error', () => {
    const proof: Owner[] = ['w', 'ns2', '*.w'];
    assert.equal(denied(text(proof, 0), 'a.z.w.example. AAAA'), 'no-such-record');
    assert.equal(denied(text(proof), 'a.z.w.example. AAAA'), 'no-such-record with opt-out');
    assert.equal(denied(text(proof, 0), 'a.z.w.example. MX'), 'unproven');
    assert.equal(denied(text(['ns2', '*.w'], 0), 'a.z.w.example. AAAA'), 'unproven');
  });

  it('B.6: the apex of the zone below does not deny its own DS', () => {
    assert.equal(denied(text(['example']), 'example. DS'), 'unproven');
  });
});

describe('what a record does not prove', () => {
  it('RFC 5155 §8.3: as closest encloser a delegation, or a name with a DNAME, says nothing of names below', () => {
    const cover = text(['ns2', 'xx', 'ai', 'example', 'x.w'], 0);
    assert.equal(denied(`${text(['a'], 0)}\n${cover}`, 'www.a.example. A'), 'unproven');
    const dname = text(['w'], 0).replace('3uhi', '3uhi DNAME RRSIG');
    assert.equal(denied(`${dname}\n${cover}`, 'a.z.w.example. A'), 'unproven');
    const unsigned = text(['w'], 0).replace('3uhi', '3uhi NS');
    assert.equal(denied(`${unsigned}\n${cover}`, 'a.z.w.example. A'), 'open');
    assert.equal(cut(`${unsigned}\n${cover}`, 'a.z.w.example.'), 'unproven');
  });

  it('RFC 6840 §4.1: of a delegation’s own name the zone above denies DS only', () => {
    for (const type of ['A', 'SOA', 'NS', 'DS'])
      assert.equal(denied(text(['a']), `a.example. ${type}`), 'unproven', type);
    const unsigned = text(['a']).replace('NS DS RRSIG', 'NS');
    assert.equal(denied(unsigned, 'a.example. DS'), 'no-such-record');
    assert.equal(denied(unsigned, 'a.example. A'), 'open');
    assert.equal(cut(unsigned, 'a.example.'), 'unsigned');
    assert.equal(cut(text(['a']), 'a.example.'), 'unproven');
    assert.equal(cut(text(['ns1']), 'ns1.example.'), 'none');
  });

  it('RFC 6840 §4.3: where there is a CNAME, it answers for other types', () => {
    assert.equal(denied(text(['ns1']).replace('A RRSIG', 'CNAME RRSIG'), 'ns1.example. MX'), 'unproven');
    const wildcard = text(['w', 'ns2', '*.w'], 0).replace('MX RRSIG', 'CNAME RRSIG');
    assert.equal(denied(wildcard, 'a.z.w.example. AAAA'), 'unproven');
  });

  it('the parent’s records say nothing of names below a delegation, whatever they hash to', () => {
    const all = text(Object.keys(appendixA) as Owner[], 0);
    assert.equal(denied(all, 'x.a.example. A'), 'unproven');
    assert.equal(denied(all, 'x.y.a.example. DS'), 'unproven');
  });
});

describe('hashes in order', () => {
  it('every name that is not there is denied by the whole zone, the gap after the last included', () => {
    const apex = readName('example.');
    const names = ['example.', 'a.example.', 'b.example.', 'c.example.', 'd.example.'];
    const hashes = names.map((name) => nsec3Owner(hashOf(readName(name), 0), apex).slice(1, 33)).toSorted();
    const chain = hashes
      .map((hash, at) => `${hash}.example. NSEC3 1 0 0 - ${hashes[(at + 1) % hashes.length]} A RRSIG`)
      .join('\n');
    for (let count = 0; count < 200; count += 1)
      assert.equal(denied(chain, `n${count}.example. A`), 'no-such-name', String(count));
    for (const name of names) assert.equal(denied(chain, `${name} MX`), 'no-such-record');
  });

  it('a zone of one name has one gap, which is everything else', () => {
    const apex = readName('example.');
    const owner = nsec3Owner(hashOf(apex, 0), apex);
    const hash = owner.slice(1, 33);
    const only = `${hash}.example. NSEC3 1 0 0 - ${hash} NS SOA DNSKEY NSEC3PARAM RRSIG`;
    assert.equal(denied(only, 'www.example. A'), 'no-such-name');
    assert.equal(denied(only, 'a.b.c.example. A'), 'no-such-name');
    assert.equal(denied(only, 'example. A'), 'no-such-record');
  });
});

describe('what it costs', () => {
  it(`more than ${MOST_ITERATIONS} rounds of hashing are not computed: what is there is insecure (RFC 9276 §3.2)`, () => {
    const proof: Owner[] = ['example', 'x.w', 'a'];
    const many = nsec3sOf('example.', text(proof, 0, 101));
    const denial = denialByNsec3(many, readQuestion('a.c.x.w.example. A'));
    assert.deepEqual(denial, {
      kind: 'open',
      because: 'the NSEC3 records of example ask for 101 rounds of hashing, more than 100 (RFC 9276)',
    });
    assert.equal(cutByNsec3(many, readName('c.example.')).kind, 'open');
    assert.equal(noCloserByNsec3(many, readName('a.z.w.example.'), readName('w.example.')).kind, 'open');
    assert.equal(many.hashed(), 0);
    const few = nsec3sOf('example.', text(proof, 0, 100));
    assert.equal(denialByNsec3(few, readQuestion('a.c.x.w.example. A')).kind, 'unproven');
    assert.ok(few.hashed() > 0);
  });

  it('a name of many labels is hashed down to where nothing exists, and no further (CVE-2023-50868)', () => {
    const apex = readName('example.');
    const hash = nsec3Owner(hashOf(apex, 0), apex).slice(1, 33);
    const only = nsec3sOf('example.', `${hash}.example. NSEC3 1 0 0 - ${hash} NS SOA RRSIG`);
    const denial = denialByNsec3(only, readQuestion(`${'a.'.repeat(100)}example. A`));
    assert.equal(kindOf(denial), 'no-such-name');
    // The name, the apex, the name below it, the wildcard.
    assert.equal(only.hashed(), 4);
  });

  it('where the budget ends nothing is proven', () => {
    const proof = text(['example', 'x.w', 'a'], 0);
    for (let budget = 0; budget < 6; budget += 1) {
      const nsec3s = nsec3sOf('example.', proof, budget);
      assert.equal(
        denialByNsec3(nsec3s, readQuestion('a.c.x.w.example. A')).kind,
        'exhausted',
        String(budget),
      );
    }
    assert.equal(
      noCloserByNsec3(nsec3sOf('example.', proof, 0), readName('x.example.'), readName('example.')).kind,
      'exhausted',
    );
    assert.equal(cutByNsec3(nsec3sOf('example.', proof, 1), readName('x.example.')).kind, 'exhausted');
  });
});
