import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Message } from '../../../../src/dns/message.ts';
import { isAtOrBelow, showName } from '../../../../src/dns/name.ts';
import { type ResourceRecord, types } from '../../../../src/dns/record.ts';
import { about, build, type Lie, type Look, look, now, verdict } from '../../../support/dns/hierarchy.ts';
import { readName } from '../../../support/dns/name-text.ts';
import { readQuestion, readRecords } from '../../../support/dns/zone-text.ts';

const chain = Array.from({ length: 12 }, (_, index) => `c${index} CNAME c${index + 1}\n`).join('');
const text = `
www      A 192.0.2.1
www      A 192.0.2.2
in       CNAME www
out      CNAME www.other.test.
away     CNAME www.plain.test.
gone     CNAME nope.other.test.
less     CNAME mail.other.test.
self     CNAME self
one      CNAME two
two      CNAME one
*.wild   CNAME www
*.any    CNAME www.plain.test.
*.else   CNAME www.other.test.
*.dn     DNAME other.test.
tree     DNAME other.test.
round    DNAME round.leaf.test.
first    CNAME x.tree
${chain}
`;
const other = 'www A 192.0.2.7\nmail MX 1 www\nback CNAME www.leaf.test.\n';

const zones = build([
  { name: '.' },
  { name: 'test.' },
  { name: 'leaf.test.', text },
  { name: 'other.test.', text: other, denial: { iterations: 1, optOut: false } },
  {
    name: 'plain.test.',
    denial: 'unsigned',
    text: 'www A 192.0.2.8\nback CNAME www.leaf.test.\nx CNAME nope.leaf.test.\n',
  },
]);

/** A resolver that answers only what it is asked, and follows no alias. */
const short: Lie = (question, honest) => ({
  ...honest,
  rcode: 0,
  answers: honest.answers.filter(({ name }) => isAtOrBelow(question.name, name)),
  authority: honest.answers.some(({ name }) => isAtOrBelow(question.name, name)) ? [] : honest.authority,
});

function aliasesOf({ answer }: Look): string[] {
  return answer.aliases.map(
    ({ from, to, by, status }) => `${showName(from)} ${by} ${showName(to)} ${status}`,
  );
}

function assertUnknown(looked: Look, status: string, because: RegExp): void {
  assert.equal(verdict(looked), `${status} unknown`);
  assert.match(looked.answer.because, because);
  assert.equal(looked.answer.ttl, 0);
}

/** The answer section that an honest resolver gives. */
function answersTo(question: string): Message['answers'] {
  let answers: Message['answers'] = [];
  const { name, type } = readQuestion(question);
  look(zones, question, (one, honest) => {
    if (one.name === name && one.type === type) answers = honest.answers;
    return undefined;
  });
  return answers;
}

const unsigned = (honest: Message, owner: string): Message => ({
  ...honest,
  answers: honest.answers.filter(({ type, name }) => type !== types.RRSIG || name !== readName(owner)),
});

describe('an answer', () => {
  it('has its records in canonical form, their owner, and why', () => {
    const { answer } = look(zones, 'WWW.leaf.test. A');
    assert.ok(answer.kind === 'found');
    assert.deepEqual(
      answer.records.map((one) => one.join('.')),
      ['192.0.2.1', '192.0.2.2'],
    );
    assert.equal(answer.owner, readName('www.leaf.test.'));
    assert.equal(answer.ttl, 3600);
    assert.deepEqual(answer.aliases, []);
    assert.match(
      answer.because,
      /^A at www\.leaf\.test is proven: RRSIG by leaf\.test key \d+ \(ECDSAP256SHA256\), valid until 2026-09-28T14:13:20Z$/,
    );
  });

  it('takes nothing from the additional section, and nothing that was not asked for', () => {
    const more = readRecords('nope.leaf.test. A 203.0.113.1');
    const lie = about('nope.leaf.test. A', (honest) => ({ ...honest, additional: more }));
    assert.equal(verdict(look(zones, 'nope.leaf.test. A', lie)), 'secure no-such-name');
    const beside = about('www.leaf.test. A', (honest) => ({
      ...honest,
      answers: [...more, ...honest.answers, ...readRecords('evil.test. CNAME www.leaf.test.')],
    }));
    assert.equal(verdict(look(zones, 'www.leaf.test. A', beside)), 'secure found');
  });

  it('that is bogus shows what came, and uses nothing of it', () => {
    const { answer } = look(
      zones,
      'www.leaf.test. A',
      about('www.leaf.test. A', (honest) => unsigned(honest, 'www.leaf.test.')),
    );
    assert.ok(answer.kind === 'unknown');
    assert.equal(answer.status, 'bogus');
    assert.deepEqual(
      answer.unproven.map((one) => one.join('.')),
      ['192.0.2.1', '192.0.2.2'],
    );
  });

  it('is kept no longer than a day', () => {
    const long = build([{ name: '.' }, { name: 'test.', text: 'www 999999 A 192.0.2.1\n' }]);
    assert.equal(look(long, 'www.test. A').answer.ttl, 86_400);
  });
});

describe('aliases', () => {
  it('are followed within a zone, and from zone to zone', () => {
    assert.deepEqual(aliasesOf(look(zones, 'in.leaf.test. A')), ['in.leaf.test CNAME www.leaf.test secure']);
    const looked = look(zones, 'out.leaf.test. A');
    assert.equal(verdict(looked), 'secure found');
    assert.equal(looked.answer.owner, readName('www.other.test.'));
    assert.deepEqual(aliasesOf(looked), ['out.leaf.test CNAME www.other.test secure']);
  });

  it('each zone is shown once', () => {
    const { chain: links } = look(zones, 'out.leaf.test. A').answer;
    const shown = links.map(({ kind, name }) => `${kind} ${showName(name)}`);
    assert.equal(new Set(shown).size, shown.length);
    assert.deepEqual(shown.slice(-4), [
      'alias out.leaf.test',
      'delegation other.test',
      'keys other.test',
      'answer www.other.test',
    ]);
  });

  it('the weakest link decides: a secure alias to an insecure zone', () => {
    const looked = look(zones, 'away.leaf.test. A');
    assert.equal(verdict(looked), 'insecure found');
    assert.deepEqual(aliasesOf(looked), ['away.leaf.test CNAME www.plain.test secure']);
    assert.match(looked.answer.because, /^A at www\.plain\.test need not be proven/);
  });

  it('an insecure alias to a secure zone', () => {
    const looked = look(zones, 'back.plain.test. A');
    assert.equal(verdict(looked), 'insecure found');
    assert.deepEqual(aliasesOf(looked), ['back.plain.test CNAME www.leaf.test insecure']);
    assert.match(looked.answer.because, /^CNAME at back\.plain\.test need not be proven/);
    assert.equal(looked.answer.chain.at(-1)?.status, 'secure');
    assert.equal(verdict(look(zones, 'x.plain.test. A')), 'insecure no-such-name');
  });

  it('that lead to nothing', () => {
    assert.equal(verdict(look(zones, 'gone.leaf.test. A')), 'secure no-such-name');
    assert.equal(verdict(look(zones, 'less.leaf.test. A')), 'secure no-such-record');
    assert.equal(look(zones, 'gone.leaf.test. A').answer.owner, readName('nope.other.test.'));
  });

  it('where the resolver stops in the middle, the rest is asked for', () => {
    for (const name of ['in', 'out', 'away', 'gone', 'less', 'first', 'x.tree']) {
      const whole = look(zones, `${name}.leaf.test. A`);
      const cut = look(zones, `${name}.leaf.test. A`, name.includes('tree') ? undefined : short);
      assert.equal(verdict(cut), verdict(whole), name);
      assert.deepEqual(cut.answer.aliases, whole.answer.aliases, name);
    }
    const { asked } = look(zones, 'out.leaf.test. A', short);
    assert.ok(asked.includes('A www.other.test'));
  });

  it('an answer that stops behind a wildcard has a proof with it, which is not of its end', () => {
    for (const [name, expected] of [
      ['x.any', 'insecure found'],
      ['x.else', 'secure found'],
    ] as const) {
      const lie = about(`${name}.leaf.test. A`, (honest) => ({
        ...honest,
        answers: honest.answers.filter((one) => one.name === readName(`${name}.leaf.test.`)),
        authority: honest.authority.filter((one) => isAtOrBelow(one.name, readName('leaf.test.'))),
      }));
      const looked = look(zones, `${name}.leaf.test. A`, lie);
      assert.equal(verdict(looked), expected);
      assert.equal(looked.asked.filter((asked) => asked.startsWith('A ')).length, 2);
    }
  });

  it('the rcode of an answer that stops in the middle says nothing of its end', () => {
    const lie = about('away.leaf.test. A', (honest) => ({
      ...honest,
      rcode: 3,
      answers: honest.answers.slice(0, 2),
      authority: [],
    }));
    assert.equal(verdict(look(zones, 'away.leaf.test. A', lie)), 'insecure found');
  });

  it('a bogus alias leads nowhere', () => {
    const lie = about('out.leaf.test. A', (honest) => unsigned(honest, 'out.leaf.test.'));
    assertUnknown(
      look(zones, 'out.leaf.test. A', lie),
      'bogus',
      /^CNAME at out\.leaf\.test is not proven: it has no RRSIG, although leaf\.test is signed$/,
    );
  });

  it('a secure alias to something bogus', () => {
    const lie: Lie = (_, honest) => unsigned(honest, 'www.other.test.');
    assertUnknown(
      look(zones, 'out.leaf.test. A', lie),
      'bogus',
      /^A at www\.other\.test is not proven: it has no RRSIG, although other\.test is signed$/,
    );
  });

  it('from a wildcard need its proof', () => {
    assert.equal(verdict(look(zones, 'x.wild.leaf.test. A')), 'secure found');
    const lie = about('x.wild.leaf.test. A', (honest) => ({ ...honest, authority: [] }));
    assertUnknown(
      look(zones, 'x.wild.leaf.test. A', lie),
      'bogus',
      /^CNAME at x\.wild\.leaf\.test is not proven: it comes from a wildcard below wild\.leaf\.test/,
    );
  });

  it('in a circle: unknown, with that reason (D13)', () => {
    for (const name of ['self', 'one', 'two']) {
      const lie: Lie = (question, honest) => {
        const owner = showName(question.name).split('.')[0] ?? '';
        return ['self', 'one', 'two'].includes(owner) && question.type === types.A
          ? { ...honest, rcode: 0, answers: answersTo(`${owner}.leaf.test. CNAME`) }
          : undefined;
      };
      assertUnknown(
        look(zones, `${name}.leaf.test. A`, lie),
        'indeterminate',
        /^the aliases from .*\.leaf\.test lead in a circle, back to /,
      );
    }
  });

  it('more than 10: unknown, with that reason', () => {
    assert.match(look(zones, 'c2.leaf.test. A', short).answer.because, /no such name as c12/);
    const looked = look(zones, 'c1.leaf.test. A', short);
    assertUnknown(looked, 'indeterminate', /^there are more than 10 aliases behind c1\.leaf\.test$/);
    assert.equal(looked.answer.aliases.length, 11);
  });
});

describe('DNAME (RFC 6672)', () => {
  it('§5.3.1: is signed; what the server makes of it need not be', () => {
    const looked = look(zones, 'www.tree.leaf.test. A');
    assert.equal(verdict(looked), 'secure found');
    assert.deepEqual(aliasesOf(looked), ['www.tree.leaf.test DNAME www.other.test secure']);
    const without = about('www.tree.leaf.test. A', (honest) => ({
      ...honest,
      answers: honest.answers.filter(({ type }) => type !== types.CNAME),
    }));
    assert.equal(verdict(look(zones, 'www.tree.leaf.test. A', without)), 'secure found');
  });

  it('its CNAME leads where the DNAME says, whatever its TTL', () => {
    const change = (from: string): Lie =>
      about('www.tree.leaf.test. A', (honest) => ({
        ...honest,
        answers: honest.answers.map((one) =>
          one.type === types.CNAME ? { ...(readRecords(from)[0] ?? one), ttl: 1 } : one,
        ),
      }));
    assert.equal(
      verdict(look(zones, 'www.tree.leaf.test. A', change('www.tree.leaf.test. CNAME www.other.test.'))),
      'secure found',
    );
    assert.equal(
      look(zones, 'www.tree.leaf.test. A', change('www.tree.leaf.test. CNAME www.other.test.')).answer.ttl,
      3600,
    );
    assertUnknown(
      look(zones, 'www.tree.leaf.test. A', change('www.tree.leaf.test. CNAME evil.test.')),
      'bogus',
      /is not what the DNAME at tree\.leaf\.test makes of it$/,
    );
  });

  it('unsigned in a signed zone is bogus', () => {
    const lie = about('www.tree.leaf.test. A', (honest) => unsigned(honest, 'tree.leaf.test.'));
    assertUnknown(
      look(zones, 'www.tree.leaf.test. A', lie),
      'bogus',
      /^DNAME at tree\.leaf\.test is not proven: it has no RRSIG/,
    );
    const forged = about('www.leaf.test. A', (honest) => ({
      ...honest,
      answers: readRecords('leaf.test. DNAME evil.test.\nwww.leaf.test. CNAME www.evil.test.'),
    }));
    assertUnknown(look(zones, 'www.leaf.test. A', forged), 'bogus', /^DNAME at leaf\.test is not proven/);
  });

  it('behind a CNAME, and with a name that does not exist at its end', () => {
    const looked = look(zones, 'first.leaf.test. A');
    assert.deepEqual(aliasesOf(looked), [
      'first.leaf.test CNAME x.tree.leaf.test secure',
      'x.tree.leaf.test DNAME x.other.test secure',
    ]);
    assert.equal(verdict(looked), 'secure no-such-name');
  });

  it('asked for itself is no alias, and neither is a name above it', () => {
    assert.equal(verdict(look(zones, 'tree.leaf.test. DNAME')), 'secure found');
    assert.equal(verdict(look(zones, 'tree.leaf.test. A')), 'secure no-such-record');
  });

  it('a question for CNAME below it is answered by what it makes', () => {
    const { answer } = look(zones, 'www.tree.leaf.test. CNAME');
    assert.ok(answer.kind === 'found');
    assert.equal(answer.status, 'secure');
    assert.deepEqual(
      answer.records.map((one) => Buffer.from(one).toString('latin1')),
      [readName('www.other.test.')],
    );
    assert.deepEqual(answer.aliases, []);
  });

  it('from a wildcard is bogus: what it stands for is not defined (RFC 4592 §4.4)', () => {
    let expanded: Message | undefined;
    look(zones, 'y.dn.leaf.test. DNAME', (question, honest) => {
      if (question.type === types.DNAME) expanded = honest;
      return undefined;
    });
    assert.equal(expanded?.answers.length, 2);
    const lie = about('x.y.dn.leaf.test. A', (honest) => ({
      ...honest,
      ...expanded,
      question: honest.question,
    }));
    assertUnknown(
      look(zones, 'x.y.dn.leaf.test. A', lie),
      'bogus',
      /^DNAME at y\.dn\.leaf\.test is not proven: it is a wildcard’s, which no DNAME can be$/,
    );
  });

  it('to itself: unknown', () => {
    const dname = answersTo('round.leaf.test. DNAME');
    const lie = about('x.round.leaf.test. A', (honest) => ({ ...honest, rcode: 0, answers: dname }));
    assertUnknown(
      look(zones, 'x.round.leaf.test. A', lie),
      'indeterminate',
      /lead in a circle, back to x\.round\.leaf\.test$/,
    );
  });
});

describe('questions of which the answer is the alias itself', () => {
  it('CNAME is not followed', () => {
    const looked = look(zones, 'out.leaf.test. CNAME');
    assert.equal(verdict(looked), 'secure found');
    assert.deepEqual(looked.answer.aliases, []);
    assert.equal(verdict(look(zones, 'www.leaf.test. CNAME')), 'secure no-such-record');
  });
});

describe('questions that nothing can prove', () => {
  for (const type of ['RRSIG', 'ANY', 'TYPE0', 'TYPE41', 'TYPE128', 'TYPE252', 'TYPE255']) {
    it(`${type} is refused, and not asked`, () => {
      const looked = look(zones, `www.leaf.test. ${type}`);
      assertUnknown(looked, 'indeterminate', /has no answer that could be proven to be whole$/);
      assert.deepEqual(looked.asked, []);
    });
  }

  it('NSEC and others of DNSSEC are proven as all are', () => {
    assert.equal(verdict(look(zones, 'www.leaf.test. NSEC')), 'secure found');
    assert.equal(verdict(look(zones, 'leaf.test. DNSKEY')), 'secure found');
  });
});

describe('no answer', () => {
  it('a server’s failure is unknown, with the reasons it gave', () => {
    const errors = [{ code: 22, text: 'no server answers' }];
    const edns = { udpSize: 1232, dnssecOk: true, cookie: undefined, errors };
    for (const [rcode, name] of [
      [1, 'FORMERR'],
      [2, 'SERVFAIL'],
      [5, 'REFUSED'],
      [6, 'YXDOMAIN'],
      [4000, 'RCODE4000'],
    ] as const) {
      const looked = look(
        zones,
        'www.plain.test. A',
        about('www.plain.test. A', (honest) => ({ ...honest, rcode, edns })),
      );
      assertUnknown(
        looked,
        'indeterminate',
        new RegExp(
          `^the resolver 192\\.0\\.2\\.53:53 \\(UDP\\) answered ${name} for A at www\\.plain\\.test, EDE 22 \\(No Reachable Authority\\): no server answers$`,
        ),
      );
      assert.deepEqual(looked.answer.errors, errors);
    }
  });

  it('neither is silence', () => {
    const failed = {
      kind: 'failed',
      because: '192.0.2.53 did not answer within 5 seconds',
      errors: [],
    } as const;
    assertUnknown(
      look(
        zones,
        'www.leaf.test. A',
        about('www.leaf.test. A', () => failed),
      ),
      'indeterminate',
      /^A at www\.leaf\.test could not be asked: 192\.0\.2\.53 did not answer within 5 seconds$/,
    );
  });

  it('reasons that came with good answers are kept, each once', () => {
    const errors = [
      { code: 3, text: '' },
      { code: 3, text: '' },
    ];
    const edns = { udpSize: 1232, dnssecOk: true, cookie: undefined, errors };
    const looked = look(zones, 'out.leaf.test. A', (question, honest) => {
      const told = short(question, honest);
      return told === undefined || 'kind' in told ? told : { ...told, edns };
    });
    assert.equal(verdict(looked), 'secure found');
    assert.deepEqual(looked.answer.errors, [{ code: 3, text: '' }]);
  });
});

describe('how long the signatures hold', () => {
  const HOUR = 3600;
  const ending = (hours: number): { readonly inception: number; readonly expiration: number } => ({
    inception: now - 24 * HOUR,
    expiration: now + hours * HOUR,
  });
  const timed = build([
    { name: '.', signing: ending(1) },
    { name: 'test.', signing: ending(2) },
    {
      name: 'leaf.test.',
      signing: ending(50),
      text: 'www A 192.0.2.1\nout CNAME www.soon.test.\naway CNAME www.plain.test.\n',
    },
    {
      name: 'soon.test.',
      denial: { iterations: 1, optOut: false },
      signing: ending(20),
      text: 'www A 192.0.2.2\n*.wild A 192.0.2.3\n',
    },
    { name: 'plain.test.', denial: 'unsigned', text: 'www A 192.0.2.8\n' },
  ]);
  const held = (question: string): readonly [number | null, number | null] => {
    const { answer } = look(timed, question);
    return [answer.signedSince, answer.signedUntil];
  };

  it('is told of the zone that holds the answer; those above renew theirs by themselves', () => {
    assert.deepEqual(held('www.leaf.test. A'), [now - 24 * HOUR, now + 50 * HOUR]);
  });

  it('is told of proofs that there is nothing, and of wildcards', () => {
    assert.deepEqual(held('www.leaf.test. MX'), [now - 24 * HOUR, now + 50 * HOUR]);
    assert.deepEqual(held('nothing.soon.test. A'), [now - 24 * HOUR, now + 20 * HOUR]);
    assert.deepEqual(held('any.wild.soon.test. A'), [now - 24 * HOUR, now + 20 * HOUR]);
  });

  it('over an alias, is that of the zone whose signatures end first', () => {
    assert.deepEqual(held('out.leaf.test. A'), [now - 24 * HOUR, now + 20 * HOUR]);
  });

  it('is the least of what proves it: its own signature, that of the keys, those of proofs', () => {
    const least = (type: number) => (set: readonly ResourceRecord[]) =>
      set[0]?.type === type ? { expiration: now + 3 * HOUR } : {};
    for (const [type, question] of [
      [types.DNSKEY, 'www.leaf.test. A'],
      [types.A, 'www.leaf.test. A'],
      [types.NSEC, 'www.leaf.test. MX'],
      [types.NSEC, 'any.wild.leaf.test. A'],
    ] as const) {
      const signing = { ...ending(50), fields: least(type) };
      const leaf = { name: 'leaf.test.', signing, text: 'www A 192.0.2.1\n*.wild A 192.0.2.3\n' };
      const one = build([{ name: '.' }, leaf]);
      const { answer } = look(one, question);
      assert.equal(answer.status, 'secure', question);
      assert.equal(answer.signedUntil, now + 3 * HOUR, `${type} ${question}`);
    }
  });

  it('is not known of what is not proven', () => {
    assert.deepEqual(
      held('away.leaf.test. A'),
      [null, null],
      'an alias that is signed and leads to what is not',
    );
    assert.deepEqual(held('www.plain.test. A'), [null, null]);
    assert.deepEqual(held('nothing.plain.test. A'), [null, null]);
    const late = look(timed, 'www.soon.test. A', undefined, { now: now + 30 * HOUR });
    assert.equal(verdict(late), 'bogus unknown');
    assert.equal(late.answer.signedUntil, null);
  });
});
