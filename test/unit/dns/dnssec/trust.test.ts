import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Message } from '../../../../src/dns/message.ts';
import { types } from '../../../../src/dns/record.ts';
import {
  about,
  build,
  type Lie,
  type Look,
  look,
  now,
  verdict,
  type ZoneSpec,
} from '../../../support/dns/hierarchy.ts';
import { readName } from '../../../support/dns/name-text.ts';
import { dsRecord, newKey, rrsigRecord } from '../../../support/dns/signer.ts';
import { readRecords } from '../../../support/dns/zone-text.ts';

const optOut = { iterations: 0, optOut: true };
const hashes = { iterations: 0, optOut: false };
const text =
  'www A 192.0.2.1\n_25._tcp.mail TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n*.wild A 192.0.2.3\nalias CNAME www\n';

/** The same leaf zones below each kind of denial. */
function world(denial: ZoneSpec['denial']): ReturnType<typeof build> {
  return build([
    { name: '.' },
    { name: 'test.', ...(denial === undefined ? {} : { denial }), text: 'deep.empty TXT "x"\n' },
    { name: 'leaf.test.', text },
    { name: 'sub.leaf.test.', text },
    { name: 'plain.test.', denial: 'unsigned', text },
    { name: 'island.test.', text, ds: () => [] },
  ]);
}

const worlds = new Map([
  ['NSEC', world('nsec')],
  ['NSEC3', world(hashes)],
  ['NSEC3 with opt-out', world(optOut)],
]);

const unsigned = (honest: Message): Message => ({
  ...honest,
  answers: honest.answers.filter(({ type }) => type !== types.RRSIG),
  authority: honest.authority.filter(({ type }) => type !== types.RRSIG),
});

function assertBogus(looked: Look, because: RegExp): void {
  assert.equal(verdict(looked), 'bogus unknown');
  assert.match(looked.answer.because, because);
}

for (const [kind, zones] of worlds) {
  describe(`delegations in a zone with ${kind}`, () => {
    const plain = look(zones, 'www.plain.test. A');

    it('a zone with DS is secure, and each zone on the way is shown', () => {
      const { answer } = look(zones, 'www.sub.leaf.test. A');
      assert.equal(answer.status, 'secure');
      const way = answer.chain.map(
        (link) =>
          `${link.kind} ${link.name.length === 1 ? '.' : link.name.slice(1, 1 + link.name.charCodeAt(0))}`,
      );
      assert.deepEqual(way, [
        'anchor .',
        'keys .',
        'delegation test',
        'keys test',
        'delegation leaf',
        'keys leaf',
        'delegation sub',
        'keys sub',
        'answer www',
      ]);
      assert.ok(answer.chain.every(({ status }) => status === 'secure'));
    });

    it('one that is proven to have no DS is insecure, and its answers count as they are', () => {
      assert.equal(verdict(plain), 'insecure found');
      assert.match(plain.answer.because, /^A at www\.plain\.test need not be proven: /);
      assert.equal(verdict(look(zones, 'nope.plain.test. A')), 'insecure no-such-name');
      assert.equal(verdict(look(zones, 'www.plain.test. MX')), 'insecure no-such-record');
      assert.equal(verdict(look(zones, 'plain.test. SOA')), 'insecure found');
    });

    it('so is one that is signed and has no DS: an island', () => {
      assert.equal(verdict(look(zones, 'www.island.test. A')), 'insecure found');
      assert.equal(verdict(look(zones, 'nope.island.test. A')), 'insecure no-such-name');
      assert.equal(verdict(look(zones, 'x.wild.island.test. A')), 'insecure found');
    });

    it('the insecure delegation is the last link that says why', () => {
      const { chain } = plain.answer;
      assert.deepEqual(chain.map((link) => `${link.kind} ${link.status}`).slice(-2), [
        'delegation insecure',
        'answer insecure',
      ]);
      assert.match(chain.at(-2)?.because ?? '', /RRSIG by test key \d+ \(ECDSAP256SHA256\), valid until /);
    });

    it('without the proof that it has no DS it is bogus', () => {
      const stripped: Lie = about('plain.test. DS', (honest) => ({ ...honest, authority: [] }));
      assertBogus(
        look(zones, 'www.plain.test. A', stripped),
        /the DS of plain\.test, or that it has none, is not proven: there is no NSEC or NSEC3 with it, although test is signed$/,
      );
      assertBogus(
        look(zones, 'www.plain.test. A', about('plain.test. DS', unsigned)),
        /is not proven: the NSEC or NSEC3 with it has no RRSIG, although test is signed$/,
      );
    });

    it('a secure zone does not become insecure by taking its DS away', () => {
      const stripped = about('leaf.test. DS', (honest) => ({ ...honest, answers: [] }));
      assertBogus(
        look(zones, 'www.leaf.test. A', stripped),
        /the DS of leaf\.test, or that it has none, is not proven/,
      );
      // Not even with a true denial of something else of the zone above.
      for (const other of [
        'plain.test. DS',
        'island.test. DS',
        'nope.test. DS',
        'deep.empty.test. DS',
        'empty.test. DS',
        'nope.test. A',
        'test. MX',
      ]) {
        const lie: Lie = (question, honest) => {
          if (question.name !== readName('leaf.test.') || question.type !== types.DS) return undefined;
          const elsewhere: Message[] = [];
          look(zones, other, (_, said) => {
            elsewhere.push(said);
            return undefined;
          });
          return { ...honest, answers: [], authority: elsewhere[0]?.authority ?? [] };
        };
        assert.equal(verdict(look(zones, 'www.leaf.test. A', lie)), 'bogus unknown', other);
        assert.equal(
          verdict(
            look(zones, 'www.leaf.test. A', (question, honest) => lie(question, honest) ?? unsigned(honest)),
          ),
          'indeterminate unknown',
        );
      }
    });

    it('a secure zone’s answers without signatures are bogus, at any depth', () => {
      for (const question of [
        'www.leaf.test. A',
        '_25._tcp.mail.leaf.test. TLSA',
        'www.sub.leaf.test. A',
        'x.wild.leaf.test. A',
        'leaf.test. NS',
      ]) {
        assertBogus(
          look(zones, question, about(question, unsigned)),
          /is not proven: it has no RRSIG, although (?:sub\.)?(?:leaf\.test|wild\.leaf\.test|NSEC)/,
        );
      }
    });

    it('a name that does not exist has nothing insecure below it', () => {
      const lie = about('a.b.nope.leaf.test. A', (honest) => ({
        ...honest,
        rcode: 0,
        answers: readRecords('a.b.nope.leaf.test. A 203.0.113.1'),
        authority: [],
      }));
      assertBogus(
        look(zones, 'a.b.nope.leaf.test. A', lie),
        /it has no RRSIG, although NSEC at .* says that there is no nope\.leaf\.test$/,
      );
    });

    it('a DS question is the zone above’s to answer', () => {
      assert.equal(verdict(look(zones, 'leaf.test. DS')), 'secure found');
      assert.equal(verdict(look(zones, 'www.leaf.test. DS')), 'secure no-such-record');
      const status = kind === 'NSEC3 with opt-out' ? 'insecure' : 'secure';
      assert.equal(verdict(look(zones, 'plain.test. DS')), `${status} no-such-record`);
      assert.equal(verdict(look(zones, '. DS')), 'secure no-such-record');
    });

    it('an alias at the apex of the zone below answers no question for its DS', () => {
      const lie = about('plain.test. DS', (honest) => ({
        ...honest,
        answers: readRecords('plain.test. CNAME evil.test.'),
      }));
      assertBogus(
        look(zones, 'plain.test. DS', lie),
        /CNAME at plain\.test is not proven: it has no RRSIG, although test is signed$/,
      );
    });

    it('what the zone below says of its own DS proves nothing', () => {
      const child = about('sub.leaf.test. DS', (honest) => {
        const messages: Message[] = [];
        look(zones, 'sub.leaf.test. MX', (_, said) => {
          messages.push(said);
          return undefined;
        });
        return { ...honest, answers: [], authority: messages[0]?.authority ?? [] };
      });
      assert.equal(verdict(look(zones, 'www.sub.leaf.test. A', child)), 'bogus unknown');
      assertBogus(
        look(zones, 'sub.leaf.test. DS', child),
        /it is signed by sub\.leaf\.test, which is no zone that can sign it/,
      );
    });

    it('the zone above does not deny what is below the cut', () => {
      const parent = (question: string, rcode: number): Lie =>
        about(question, (honest) => {
          const messages: Message[] = [];
          for (const known of ['sub.leaf.test. DS', 'nope.leaf.test. A', 'leaf.test. MX']) {
            look(zones, known, (_, said) => {
              messages.push(said);
              return undefined;
            });
          }
          const authority = [...(messages[0]?.answers ?? []), ...messages.flatMap((one) => one.authority)];
          return { ...honest, rcode, answers: [], authority };
        });
      for (const [question, rcode] of [
        ['www.sub.leaf.test. A', 3],
        ['www.sub.leaf.test. A', 0],
        ['sub.leaf.test. MX', 0],
        ['sub.leaf.test. SOA', 3],
      ] as const)
        assert.equal(verdict(look(zones, question, parent(question, rcode))), 'bogus unknown', question);
    });
  });
}

describe('who can have signed', () => {
  const zones = build([
    { name: '.' },
    { name: 'test.' },
    { name: 'leaf.test.', text },
    { name: 'evil.test.', text },
  ]);
  const [evil = newKey(13)] = zones.keys.get(readName('evil.test.')) ?? [];
  const times = { inception: now - 60, expiration: now + 60 };

  it('not another zone of the same secure parent', () => {
    const forged = readRecords('www.leaf.test. A 203.0.113.1');
    const lie = about('www.leaf.test. A', (honest) => ({
      ...honest,
      answers: [...forged, rrsigRecord(forged, readName('evil.test.'), evil, times)],
    }));
    assertBogus(
      look(zones, 'www.leaf.test. A', lie),
      /it is signed by evil\.test, which is no zone that can sign it, although leaf\.test is signed$/,
    );
  });

  it('not by denying in its name', () => {
    const nsec = readRecords(
      'evil.test. NSEC zzz.evil.test. NS SOA RRSIG NSEC\nleaf.test. NSEC zz.leaf.test. NS RRSIG NSEC',
    );
    const lie = about('www.leaf.test. A', (honest) => ({
      ...honest,
      rcode: 3,
      answers: [],
      authority: nsec.flatMap((one) => [one, rrsigRecord([one], readName('evil.test.'), evil, times)]),
    }));
    assertBogus(
      look(zones, 'www.leaf.test. A', lie),
      /it is signed by evil\.test, which is no zone that can sign it/,
    );
  });

  it('not a name between zones that is none itself; the zone’s own signature beside it counts', () => {
    const lie = about('_25._tcp.mail.leaf.test. TLSA', (honest) => {
      const set = honest.answers.filter(({ type }) => type !== types.RRSIG);
      const false1 = rrsigRecord(set, readName('mail.leaf.test.'), evil, times);
      return { ...honest, answers: [...honest.answers, false1] };
    });
    assert.equal(verdict(look(zones, '_25._tcp.mail.leaf.test. TLSA', lie)), 'secure found');
    const alone = about('_25._tcp.mail.leaf.test. TLSA', (honest) => {
      const set = honest.answers.filter(({ type }) => type !== types.RRSIG);
      return { ...honest, answers: [...set, rrsigRecord(set, readName('mail.leaf.test.'), evil, times)] };
    });
    assertBogus(
      look(zones, '_25._tcp.mail.leaf.test. TLSA', alone),
      /it is signed by mail\.leaf\.test, which is no zone that can sign it, although leaf\.test is signed/,
    );
  });

  it('a DS that a wildcard stands in for delegates nothing', () => {
    const wildcard = `*.w DS 1 13 2 ${'00'.repeat(32)}\n`;
    const hierarchy = build([
      { name: '.' },
      { name: 'test.' },
      {
        name: 'leaf.test.',
        text: `${text}${wildcard}`,
        signing: { ds: readRecords(wildcard, { origin: readName('leaf.test.') }) },
      },
    ]);
    const lie = about('x.w.leaf.test. A', (honest) => ({
      ...honest,
      rcode: 0,
      answers: readRecords('x.w.leaf.test. A 203.0.113.1'),
      authority: [],
    }));
    assertBogus(
      look(hierarchy, 'x.w.leaf.test. A', lie),
      /^A at x\.w\.leaf\.test cannot be proven: the DS of x\.w\.leaf\.test is a wildcard’s$/,
    );
  });
});

describe('aliases where a zone might begin', () => {
  const zones = build([
    { name: '.' },
    { name: 'test.' },
    { name: 'leaf.test.', text: `${text}www.alias A 192.0.2.7\n*.any CNAME www\ntree DNAME wild\n` },
  ]);

  it('a name with a CNAME is inside its zone', () => {
    assertBogus(
      look(zones, 'alias.leaf.test. A', about('alias.leaf.test. A', unsigned)),
      /CNAME at alias\.leaf\.test is not proven: it has no RRSIG, although leaf\.test is signed$/,
    );
    assert.equal(verdict(look(zones, 'www.alias.leaf.test. A')), 'secure found');
  });

  it('below a DNAME, and where a wildcard makes an alias, there is nothing', () => {
    for (const name of ['x.tree.leaf.test', 'x.any.leaf.test']) {
      const lie = about(`${name}. MX`, (honest) => ({
        ...honest,
        answers: readRecords(`${name}. MX 1 evil.test.`),
        authority: [],
      }));
      assertBogus(
        look(zones, `${name}. MX`, lie),
        /although there is no x\.(?:tree|any)\.leaf\.test but by an alias$/,
      );
    }
  });
});

describe('trust anchors', () => {
  const zones = build([
    { name: '.' },
    { name: 'test.' },
    { name: 'leaf.test.', text },
    { name: 'plain.test.', denial: 'unsigned', text },
    { name: 'island.plain.test.', text },
  ]);
  const island = zones.ds('island.plain.test.');
  const root = zones.ds('.');

  it('below none of them nothing is proven: indeterminate, and the answer as it is', () => {
    const looked = look(zones, 'www.leaf.test. A', undefined, { anchors: [island] });
    assert.equal(verdict(looked), 'indeterminate found');
    assert.equal(looked.answer.because, 'A at www.leaf.test has no trust anchor above it');
    assert.deepEqual(looked.asked, ['A www.leaf.test']);
    assert.equal(
      verdict(look(zones, 'nope.leaf.test. A', undefined, { anchors: [island] })),
      'indeterminate no-such-name',
    );
    assert.equal(
      verdict(look(zones, 'leaf.test. DS', undefined, { anchors: [island] })),
      'indeterminate found',
    );
  });

  it('make an island secure below an insecure zone', () => {
    assert.equal(
      verdict(look(zones, 'www.island.plain.test. A', undefined, { anchors: [root] })),
      'insecure found',
    );
    const looked = look(zones, 'www.island.plain.test. A', undefined, { anchors: [root, island] });
    assert.equal(verdict(looked), 'secure found');
    assert.deepEqual(looked.asked, ['A www.island.plain.test', 'DNSKEY island.plain.test']);
  });

  it('the closest counts: what is above it excuses nothing below', () => {
    const anchors = [root, island];
    const stripped = about('www.island.plain.test. A', unsigned);
    assertBogus(
      look(zones, 'www.island.plain.test. A', stripped, { anchors }),
      /it has no RRSIG, although island\.plain\.test is signed$/,
    );
    // The insecure delegation of plain.test, truly proven, does not reach over the anchor.
    const excused = about('www.island.plain.test. A', (honest) => {
      const messages: Message[] = [];
      look(zones, 'plain.test. DS', (_, said) => {
        messages.push(said);
        return undefined;
      });
      return { ...honest, answers: [], authority: messages[0]?.authority ?? [] };
    });
    assert.equal(verdict(look(zones, 'www.island.plain.test. A', excused, { anchors })), 'bogus unknown');
  });

  it('nor does it with a signature of the insecure zone above', () => {
    const lie = about('www.island.plain.test. A', (honest) => {
      const set = honest.answers.filter(({ type }) => type !== types.RRSIG);
      const times = { inception: now - 60, expiration: now + 60 };
      return { ...honest, answers: [...set, rrsigRecord(set, readName('plain.test.'), newKey(13), times)] };
    });
    assert.equal(
      verdict(look(zones, 'www.island.plain.test. A', lie, { anchors: [root] })),
      'insecure found',
    );
    assertBogus(
      look(zones, 'www.island.plain.test. A', lie, { anchors: [root, island] }),
      /it is signed by plain\.test, which is no zone that can sign it, although island\.plain\.test is signed$/,
    );
  });

  it('any success is enough: a zone above may prove that the anchor’s zone is gone (RFC 6840 §5.10)', () => {
    const gone = dsRecord(readName('gone.leaf.test.'), newKey(13));
    const looked = look(zones, 'www.gone.leaf.test. A', undefined, { anchors: [root, gone] });
    assert.equal(verdict(looked), 'secure no-such-name');
  });
});

describe('what is asked for', () => {
  const zones = build([
    { name: '.' },
    { name: 'test.', denial: optOut },
    { name: 'leaf.test.', text },
    { name: 'plain.test.', denial: 'unsigned', text },
  ]);

  it('of a signed answer DS and keys of each zone above, and nothing of names between', () => {
    assert.deepEqual(look(zones, '_25._tcp.mail.leaf.test. TLSA').asked, [
      'TLSA _25._tcp.mail.leaf.test',
      'DS leaf.test',
      'DS test',
      'DNSKEY .',
      'DNSKEY test',
      'DNSKEY leaf.test',
    ]);
  });

  it('of an unsigned one the way down to where signing ends, and nothing below', () => {
    assert.deepEqual(look(zones, '_25._tcp.mail.plain.test. TLSA').asked, [
      'TLSA _25._tcp.mail.plain.test',
      'DNSKEY .',
      'DS test',
      'DNSKEY test',
      'DS plain.test',
    ]);
  });

  it('a server that cannot say anything of DS does no harm below an insecure delegation', () => {
    const broken: Lie = (question, honest) =>
      question.type === types.DS && question.name.endsWith(readName('mail.plain.test.'))
        ? { ...honest, rcode: 2 }
        : undefined;
    assert.equal(verdict(look(zones, '_25._tcp.mail.plain.test. TLSA', broken)), 'insecure found');
  });

  it('where DS cannot be asked for it is not known: indeterminate', () => {
    const failed = about('plain.test. DS', () => ({ kind: 'failed', because: 'nobody answers', errors: [] }));
    const looked = look(zones, 'www.plain.test. A', failed);
    assert.equal(verdict(looked), 'indeterminate unknown');
    assert.match(
      looked.answer.because,
      /A at www\.plain\.test cannot be proven: DS at plain\.test could not be asked: nobody answers$/,
    );
  });
});

describe('empty non-terminals that opt-out leaves out (RFC 5155 §7.1)', () => {
  const zones = build([
    { name: '.' },
    { name: 'test.', denial: optOut },
    { name: 'plain.gap.test.', denial: 'unsigned', text },
  ]);

  it('are in no zone’s way, even where a server proves nothing of them', () => {
    assert.equal(verdict(look(zones, 'www.plain.gap.test. A')), 'insecure found');
    const silent = about('gap.test. DS', (honest) => ({
      ...honest,
      rcode: 0,
      authority: honest.authority.slice(0, 4),
    }));
    const unproven = about('gap.test. DS', (honest) => ({ ...honest, rcode: 0, authority: [] }));
    for (const lie of [silent, unproven])
      assert.equal(verdict(look(zones, 'www.plain.gap.test. A', lie)), 'insecure found');
  });

  it('but where nothing at all is proven on the way, that is bogus', () => {
    const lie: Lie = (question, honest) =>
      question.type === types.DS && question.name !== readName('test.')
        ? { ...honest, authority: [] }
        : undefined;
    assertBogus(
      look(zones, 'www.plain.gap.test. A', lie),
      /the DS of gap\.test, or that it has none, is not proven/,
    );
  });
});

it('more rounds of hashing than 100 make what is not signed insecure, by the stated rule (RFC 9276 §3.2)', () => {
  const zones = build([
    { name: '.' },
    { name: 'test.' },
    { name: 'leaf.test.', text, denial: { iterations: 101, optOut: false } },
  ]);
  assert.equal(verdict(look(zones, 'www.leaf.test. A')), 'secure found');
  for (const question of ['nope.leaf.test. A', 'www.leaf.test. MX', 'x.wild.leaf.test. A']) {
    const looked = look(zones, question);
    assert.equal(looked.answer.status, 'insecure', question);
    assert.match(
      looked.answer.because,
      /the NSEC3 records of leaf\.test ask for 101 rounds of hashing, more than 100 \(RFC 9276\)/,
    );
  }
  // The number has to be the zone's own: records with bad signatures excuse nothing.
  const flipped = (data: Uint8Array): Uint8Array =>
    Uint8Array.from(data, (octet, at) => (at === data.length - 1 ? octet ^ 1 : octet));
  const bad: Lie = (_, honest) => ({
    ...honest,
    authority: honest.authority.map((one) =>
      one.type === types.RRSIG && one.name.length > 33 ? { ...one, data: flipped(one.data) } : one,
    ),
  });
  assertBogus(look(zones, 'nope.leaf.test. A', bad), /NSEC3 at .* does not fit$/);
});
