import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
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
import type { Rrsig } from '../../../support/dns/rrsig.ts';
import { readRecords } from '../../../support/dns/zone-text.ts';

const text = `
www    A 192.0.2.1
*.wild A 192.0.2.3
held.wild TXT "x"
deep.empty.ent TXT "x"
`;
const optOut = { iterations: 0, optOut: true };
const hashes = { iterations: 0, optOut: false };

function world(denial: NonNullable<ZoneSpec['denial']>): ReturnType<typeof build> {
  return build([{ name: '.' }, { name: 'test.' }, { name: 'leaf.test.', text, denial }]);
}

const worlds = new Map([
  ['NSEC', world('nsec')],
  ['NSEC3', world(hashes)],
]);
const open = world(optOut);

function assertBogus(looked: Look, because: RegExp): void {
  assert.equal(verdict(looked), 'bogus unknown');
  assert.match(looked.answer.because, because);
}

const isProof = ({ type, data }: ResourceRecord): boolean => {
  const covered = type === types.RRSIG ? Buffer.from(data).readUInt16BE(0) : type;
  return covered === types.NSEC || covered === types.NSEC3;
};

for (const [kind, zones] of worlds) {
  describe(`answers of a zone with ${kind}`, () => {
    it('that there is none is proven by what comes with it', () => {
      assert.equal(verdict(look(zones, 'nope.leaf.test. A')), 'secure no-such-name');
      assert.equal(verdict(look(zones, 'a.b.c.nope.leaf.test. A')), 'secure no-such-name');
      assert.equal(verdict(look(zones, 'www.leaf.test. MX')), 'secure no-such-record');
      assert.equal(verdict(look(zones, 'x.wild.leaf.test. MX')), 'secure no-such-record');
      assert.equal(verdict(look(zones, 'empty.ent.leaf.test. A')), 'secure no-such-record');
      assert.equal(verdict(look(zones, 'x.empty.ent.leaf.test. A')), 'secure no-such-name');
      assert.equal(verdict(look(zones, 'held.wild.leaf.test. A')), 'secure no-such-record');
    });

    it('the outcome comes from the proof and never from the rcode', () => {
      const questions = [
        'nope.leaf.test. A',
        'www.leaf.test. MX',
        'x.wild.leaf.test. MX',
        'ent.leaf.test. A',
        'www.leaf.test. A',
        'x.wild.leaf.test. A',
      ];
      for (const question of questions) {
        const truth = verdict(look(zones, question));
        for (const rcode of [0, 3]) {
          const told = look(
            zones,
            question,
            about(question, (honest) => ({ ...honest, rcode })),
          );
          assert.equal(verdict(told), truth, `${question} with rcode ${rcode}`);
        }
      }
    });

    it('what a wildcard answers needs the proof that nothing is closer (RFC 4035 §5.3.4, RFC 5155 §8.8)', () => {
      const found = look(zones, 'a.b.wild.leaf.test. A');
      assert.equal(verdict(found), 'secure found');
      assert.match(
        found.answer.because,
        /it comes from a wildcard below wild\.leaf\.test, and NSEC3? at .* covers/,
      );
      const without = about('a.b.wild.leaf.test. A', (honest) => ({ ...honest, authority: [] }));
      assertBogus(
        look(zones, 'a.b.wild.leaf.test. A', without),
        /^A at a\.b\.wild\.leaf\.test is not proven: it comes from a wildcard below wild\.leaf\.test, and no NSEC/,
      );
    });

    it('a wildcard’s records do not count for a name that exists', () => {
      for (const name of [
        'www.leaf.test',
        'held.wild.leaf.test',
        'empty.ent.leaf.test',
        'x.held.wild.leaf.test',
      ]) {
        const lie = about(`${name}. A`, (honest) => {
          const wildcard = look(zones, `x.wild.leaf.test. A`);
          assert.equal(wildcard.answer.kind, 'found');
          let answers: readonly ResourceRecord[] = [];
          look(zones, 'x.wild.leaf.test. A', (question, said) => {
            if (question.type === types.A) answers = said.answers;
            return undefined;
          });
          const [owner] = readRecords(`${name}. A 192.0.2.3`);
          return {
            ...honest,
            rcode: 0,
            answers: answers.map((one) => ({ ...one, name: owner?.name ?? one.name })),
          };
        });
        assertBogus(look(zones, `${name}. A`, lie), /is not proven: /);
      }
    });

    it('that there is none is not proven by less than all of it', () => {
      for (const question of ['nope.leaf.test. A', 'x.wild.leaf.test. MX', 'a.b.nope.leaf.test. A']) {
        look(zones, question, (_, honest) => {
          const proofs = honest.authority.filter(({ type }) => type === types.NSEC || type === types.NSEC3);
          for (const missing of proofs) {
            if (honest.answers.length > 0 || proofs.length < 2) continue;
            const lie = about(question, (whole) => ({
              ...whole,
              authority: whole.authority.filter(({ name }) => name !== missing.name),
            }));
            assert.equal(verdict(look(zones, question, lie)), 'bogus unknown', question);
          }
          return undefined;
        });
        assertBogus(
          look(
            zones,
            question,
            about(question, (honest) => ({
              ...honest,
              authority: honest.authority.filter((one) => !isProof(one)),
            })),
          ),
          /there is no NSEC or NSEC3 with it, although /,
        );
      }
    });

    it('for no longer than SOA and proof allow (RFC 2308 §5, RFC 9077 §3)', () => {
      // The signer's SOA has a minimum of 600 seconds, its denial a TTL of 600.
      assert.equal(look(zones, 'nope.leaf.test. A').answer.ttl, 600);
      const ttl = (change: (one: ResourceRecord) => ResourceRecord): number =>
        look(
          zones,
          'nope.leaf.test. A',
          about('nope.leaf.test. A', (honest) => ({ ...honest, authority: honest.authority.map(change) })),
        ).answer.ttl;
      assert.equal(
        ttl((one) => (one.type === types.SOA ? { ...one, ttl: 40 } : one)),
        40,
      );
      assert.equal(
        ttl((one) => (one.type === types.SOA ? one : { ...one, ttl: 30 })),
        30,
      );
      assert.equal(
        ttl((one) => ({ ...one, ttl: 100_000 })),
        600,
      );
      const without = about('nope.leaf.test. A', (honest) => ({
        ...honest,
        authority: honest.authority.filter(isProof),
      }));
      assert.equal(look(zones, 'nope.leaf.test. A', without).answer.ttl, 600);
    });

    it('for no longer than signatures are valid', () => {
      const fields = (set: readonly ResourceRecord[]): Partial<Rrsig> =>
        set.some(isProof) || set[0]?.type === types.A ? { expiration: now + 25 } : {};
      const short = build([
        { name: '.' },
        { name: 'test.' },
        { name: 'leaf.test.', text, denial: kind === 'NSEC' ? 'nsec' : hashes, signing: { fields } },
      ]);
      assert.equal(look(short, 'www.leaf.test. A').answer.ttl, 25);
      assert.equal(look(short, 'nope.leaf.test. A').answer.ttl, 25);
    });
  });
}

describe('opt-out (RFC 5155 §6, §9.2)', () => {
  it('leaves open what is in its spans: insecure, and the answer as it is', () => {
    assert.equal(verdict(look(open, 'nope.leaf.test. A')), 'insecure no-such-name');
    assert.match(
      look(open, 'nope.leaf.test. A').answer.because,
      /need not be proven: .* with opt-out, so that a delegation without signatures may be there/,
    );
    const nodata = about('nope.leaf.test. A', (honest) => ({ ...honest, rcode: 0 }));
    assert.equal(verdict(look(open, 'nope.leaf.test. A', nodata)), 'insecure no-such-record');
    assert.equal(verdict(look(open, 'x.wild.leaf.test. A')), 'insecure found');
    assert.equal(verdict(look(open, 'x.wild.leaf.test. MX')), 'insecure no-such-record');
  });

  it('leaves nothing open of names that have a record of their own', () => {
    assert.equal(verdict(look(open, 'www.leaf.test. A')), 'secure found');
    assert.equal(verdict(look(open, 'www.leaf.test. MX')), 'secure no-such-record');
    assert.equal(verdict(look(open, 'ent.leaf.test. A')), 'secure no-such-record');
    const stripped = about('www.leaf.test. A', (honest) => ({
      ...honest,
      answers: honest.answers.filter(({ type }) => type !== types.RRSIG),
    }));
    assert.equal(verdict(look(open, 'www.leaf.test. A', stripped)), 'bogus unknown');
  });

  it('the last link is insecure too', () => {
    const { chain } = look(open, 'x.wild.leaf.test. MX').answer;
    assert.deepEqual([chain.at(-1)?.kind, chain.at(-1)?.status], ['denial', 'insecure']);
    assert.equal(chain.at(-2)?.status, 'secure');
  });
});

describe('answers that nobody signed', () => {
  const zones = build([{ name: '.' }, { name: 'test.' }, { name: 'plain.test.', denial: 'unsigned', text }]);
  const told = (rcode: number, authority: string, question = 'www.plain.test. MX'): Look =>
    look(
      zones,
      question,
      about(question, (honest) => ({ ...honest, rcode, answers: [], authority: readRecords(authority) })),
    );
  const soa = 'plain.test. 300 SOA ns.invalid. host.invalid. 1 2 3 4 120';

  it('say that there is no name or no record by their rcode, for as long as the SOA says (RFC 2308 §5)', () => {
    assert.equal(verdict(told(3, soa)), 'insecure no-such-name');
    assert.equal(verdict(told(0, soa)), 'insecure no-such-record');
    assert.equal(told(0, soa).answer.ttl, 120);
    assert.equal(told(0, soa.replace('300', '60')).answer.ttl, 60);
  });

  it('without an SOA say so for once', () => {
    assert.equal(verdict(told(0, '')), 'insecure no-such-record');
    assert.equal(told(0, '').answer.ttl, 0);
    assert.equal(told(3, '').answer.ttl, 0);
  });

  it('an SOA of another zone says nothing', () => {
    assert.equal(told(0, soa.replace('plain', 'other')).answer.ttl, 0);
  });

  it('a referral is no answer (RFC 2308 §2.2): unknown, never absent', () => {
    const looked = told(0, 'plain.test. NS ns.invalid.');
    assert.equal(verdict(looked), 'insecure unknown');
    assert.equal(
      looked.answer.because,
      'for MX at www.plain.test the resolver refers to other servers instead of asking them',
    );
    assert.equal(verdict(told(0, `${soa}\nplain.test. NS ns.invalid.`)), 'insecure no-such-record');
  });

  it('are insecure for no longer than it is known that they need not be signed', () => {
    const found = look(zones, 'www.plain.test. A');
    // The TTL of the denial of a DS is 600 seconds.
    assert.deepEqual([verdict(found), found.answer.ttl], ['insecure found', 600]);
  });
});
