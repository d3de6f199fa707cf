/** SPF, DKIM, DMARC and BIMI: each id where it is, and where it is not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { Answer } from '../../../../src/dns/answer.ts';
import { showName } from '../../../../src/dns/name.ts';
import { types } from '../../../../src/dns/record.ts';
import type { Finding } from '../../../../src/findings/finding.ts';
import { sendersFindings } from '../../../../src/findings/rules/senders.ts';
import { nameOf } from '../../../support/destinations.ts';
import { only, statesOf } from '../../../support/observations.ts';
import { plainZone, type Scene, stage } from '../../../support/scenes.ts';
import type { ScriptedZone } from '../../../support/scripted-zone.ts';

function found(scene: Scene): readonly Finding[] {
  const { theCase, run } = stage({ observations: [], ...scene });
  return run(sendersFindings(theCase));
}

const quoted = (records: readonly string[]): readonly string[] => records.map((one) => `"${one}"`);
const good: ScriptedZone = {
  ...plainZone,
  'example.test TXT': quoted(['v=spf1 mx -all', 'another=record']),
  '_dmarc.example.test TXT': quoted(['v=DMARC1; p=reject; rua=mailto:dmarc@example.test']),
  'sel._domainkey.example.test TXT': quoted(['v=DKIM1; p=x']),
  'default._bimi.example.test TXT': quoted(['v=BIMI1; l=https://example.test/l.svg']),
  'spf.one.test TXT': quoted(['v=spf1 ip4:192.0.2.1 -all']),
  'a.test A': ['192.0.2.1'],
};
const withSpf = (...records: readonly string[]): ScriptedZone => ({
  ...good,
  'example.test TXT': records.length === 0 ? ['x'] : quoted(records),
});
const withDmarc = (...records: readonly string[]): ScriptedZone => ({
  ...good,
  '_dmarc.example.test TXT': records.length === 0 ? ['x'] : quoted(records),
});
const states = (zone: ScriptedZone, id: string): string => statesOf(found({ zone }), id);

it('a good zone has nothing but passes', () => {
  assert.deepEqual(
    found({ zone: good }).filter(({ state }) => state !== 'pass'),
    [],
  );
});

describe('SPF', () => {
  const cases: readonly (readonly [id: string, records: readonly string[], states: string])[] = [
    ['spf.missing', [], 'absent'],
    ['spf.multiple', ['v=spf1 mx -all', 'v=spf1 -all'], 'fail'],
    ['spf.syntax', ['v=spf1 mx: -all'], 'fail'],
    ['spf.syntax', ['v=spf1;mx;-all'], 'fail'],
    ['spf.syntax', ['v=spf1 include:nothing.test -all'], 'fail'],
    ['spf.syntax', ['v=spf1 redirect=nothing.test'], 'fail'],
    ['spf.plus-all', ['v=spf1 mx +all'], 'fail'],
    ['spf.plus-all', ['v=spf1 all'], 'fail'],
    ['spf.plus-all', ['v=spf1 ip4:0.0.0.0/0 -all'], 'fail'],
    ['spf.plus-all', ['v=spf1 -all +all'], 'pass'],
    ['spf.neutral', ['v=spf1 mx'], 'warn'],
    ['spf.neutral', ['v=spf1 mx ?all'], 'warn'],
    ['spf.neutral', ['v=spf1 mx ~all'], 'pass'],
    ['spf.neutral', ['v=spf1 redirect=spf.one.test'], 'pass'],
    ['spf.ptr', ['v=spf1 ptr -all'], 'warn'],
    ['spf.void', ['v=spf1 a:x.test a:y.test -all'], 'pass'],
    ['spf.void', ['v=spf1 a:x.test mx:y.test exists:z.test -all'], 'warn'],
    ['spf.lookups', [`v=spf1 ${'a:a.test '.repeat(10)}-all`], 'pass'],
    ['spf.lookups', [`v=spf1 ${'a:a.test '.repeat(11)}-all`], 'fail'],
    ['spf.lookups', [`v=spf1 -all ${'a:a.test '.repeat(20)}`], 'pass'],
    ['spf.lookups', [`v=spf1 ${'exists:%{i}.a.test '.repeat(11)}-all`], 'fail'],
  ];
  for (const [id, records, expected] of cases) {
    it(`${id}: ${records.join(' | ').slice(0, 70)}`, () => {
      assert.equal(states(withSpf(...records), id), expected);
      assert.equal(states(good, id), 'pass', 'and it passes in the good zone');
    });
  }

  it('RFC 7208 §5.2: includes count, and what is in them; one that passes everybody passes everybody', () => {
    const zone = (inner: string, outer = 'v=spf1 include:in.test -all'): ScriptedZone => ({
      ...withSpf(outer),
      'in.test TXT': quoted([inner]),
    });
    const nested = `v=spf1 ${'a:a.test '.repeat(10)}-all`;
    assert.equal(states(zone(nested), 'spf.lookups'), 'fail');
    assert.match(
      only(found({ zone: zone(nested) }), 'spf.lookups')[0]?.evidence[0] ?? '',
      /^11 of at most 10/,
    );
    assert.equal(states(zone('v=spf1 +all'), 'spf.plus-all'), 'fail');
    assert.equal(
      states(zone('v=spf1 +all', 'v=spf1 -include:in.test +all'), 'spf.plus-all'),
      'pass',
      'it fails them',
    );
    assert.equal(
      states(zone('v=spf1 -all', 'v=spf1 include:in.test ?all'), 'spf.neutral'),
      'warn',
      'an include that fails matches nothing',
    );
    assert.equal(states(zone('v=spf1 ptr -all'), 'spf.ptr'), 'warn');
  });

  it('a record that includes itself is followed to an end', () => {
    const zone = {
      ...withSpf('v=spf1 include:loop.test -all'),
      'loop.test TXT': quoted(['v=spf1 include:loop.test -all']),
    };
    const [lookups] = only(found({ zone }), 'spf.lookups');
    assert.equal(lookups?.state, 'fail');
    assert.match(lookups?.evidence[0] ?? '', /^more than 30 /);
  });

  it('RFC 7208 §4.6.4: of an mx with more than ten hosts nothing is evaluated', () => {
    const many = Array.from({ length: 11 }, (_, index) => `10 h${index}.test.`);
    assert.equal(
      states({ ...withSpf('v=spf1 mx:many.test -all'), 'many.test MX': many }, 'spf.syntax'),
      'fail',
    );
  });

  it('what nobody answered is not tested: neither the record nor what it includes', () => {
    assert.equal(states({ ...good, 'example.test TXT': 'unknown' }, 'spf.missing'), 'not-tested');
    const zone = { ...withSpf('v=spf1 include:in.test -all'), 'in.test TXT': 'unknown' } as const;
    assert.equal(states(zone, 'spf.lookups'), 'not-tested');
    assert.equal(states(zone, 'spf.syntax'), '', 'nor does anything pass that was seen in part');
    const silent = { ...withSpf('v=spf1 a:x.test a:y.test a:z.test -all'), 'z.test A': 'unknown' } as const;
    assert.equal(states(silent, 'spf.lookups'), 'not-tested');
    assert.equal(states(silent, 'spf.void'), '', 'what nobody answered is not void');
  });

  it('a hostile zone makes us ask no more than 61 questions for it', () => {
    const word = fc.constantFrom(
      'a',
      'mx',
      'a:x.test',
      'mx:y.test',
      'exists:z.test',
      'include:in.test',
      'include:on.test',
      'ptr',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), fc.array(word, { maxLength: 40 }), (one, other) => {
        const asked = new Set<string>();
        const change = (answer: Answer): Answer => {
          const { name, type } = answer.question;
          if (!/_|^mx1/.test(showName(name))) asked.add(`${name} ${type}`);
          return answer;
        };
        const long = (words: readonly string[]): readonly string[] => [
          `"v=spf1 ${words.join(' ').slice(0, 240)}"`,
        ];
        const zone = {
          ...good,
          'example.test TXT': long(one),
          'in.test TXT': long(other),
          'on.test TXT': long(one),
        };
        found({ zone, change });
        // And the MX records of the domain, which are asked first.
        assert.ok(asked.size <= 61 + 1, String(asked.size));
      }),
      { numRuns: 50 },
    );
  });
});

describe('records to paste', () => {
  const pasted = (zone: ScriptedZone, id: string): string | undefined =>
    only(found({ zone }), id)[0]?.fix[0]?.lines?.[0]?.text;

  it('of SPF name the record that allows everybody, also behind several that nobody looks at', () => {
    const zone = (...records: readonly string[]): ScriptedZone => ({
      ...withSpf(...records),
      '_spf.example.test TXT': quoted(['v=spf1 a:a.test +all']),
      'in.test TXT': quoted(['v=spf1 +all']),
    });
    const own = 'v=spf1 include:_spf.example.test -all';
    const line = '_spf.example.test. IN TXT "v=spf1 a:a.test ~all"';
    assert.equal(pasted(zone(own), 'spf.plus-all'), line);
    assert.equal(pasted(zone('v=spf1 mx -all', own), 'spf.plus-all'), line);
    const foreign = only(found({ zone: zone('v=spf1 include:in.test -all') }), 'spf.plus-all')[0]?.fix[0];
    assert.match(foreign?.do ?? '', /^The record of in\.test allows everybody: /);
    assert.equal(foreign?.lines, undefined);
    assert.equal(states(zone('v=spf1 mx -all', 'v=spf1 -all'), 'spf.plus-all'), '');
  });

  it('of SPF have every change in them, so that one does not undo another', () => {
    const zone = withSpf('v=spf1 a:x.test ptr mx:y.test a:a.test exists:z.test ?all exp=e.test');
    const line = 'example.test. IN TXT "v=spf1 a:a.test exp=e.test ~all"';
    for (const id of ['spf.void', 'spf.ptr', 'spf.neutral']) assert.equal(pasted(zone, id), line, id);
    assert.equal(pasted(withSpf('v=spf1 mx +all'), 'spf.plus-all'), 'example.test. IN TXT "v=spf1 mx ~all"');
    assert.equal(pasted(withSpf('v=spf1 mx'), 'spf.neutral'), 'example.test. IN TXT "v=spf1 mx ~all"');
    assert.equal(
      pasted(withSpf('v=spf1 ptr -all'), 'spf.ptr'),
      'example.test. IN TXT "v=spf1 mx -all"',
      'somebody is left',
    );
    const inner = { ...withSpf('v=spf1 include:in.test -all'), 'in.test TXT': quoted(['v=spf1 +all']) };
    assert.equal(pasted(inner, 'spf.plus-all'), undefined, 'what is at fault stands elsewhere');
  });

  it('of several SPF records name every sender, and are closed as the milder one', () => {
    const merged = (...records: readonly string[]): string | undefined =>
      pasted(withSpf(...records), 'spf.multiple');
    assert.equal(
      merged('v=spf1 mx a -all', 'v=spf1 mx ip4:192.0.2.1 -all'),
      'example.test. IN TXT "v=spf1 mx a ip4:192.0.2.1 -all"',
    );
    assert.equal(merged('v=spf1 mx -all', 'v=spf1 a ~all'), 'example.test. IN TXT "v=spf1 mx a ~all"');
    assert.equal(merged('v=spf1 mx -all', 'v=spf1 redirect=a.test'), undefined);
    assert.equal(merged('v=spf1 mx -all', 'v=spf1 oops -all'), undefined);
  });

  it('of DMARC have every change in them, and keep the rest', () => {
    const zone = withDmarc('v=DMARC1; p=none; t=y; pct=5; rua=mailto:d@example.test; fo=1');
    const line = '_dmarc.example.test. IN TXT "v=DMARC1; p=quarantine; rua=mailto:d@example.test; fo=1"';
    for (const id of ['dmarc.none', 'dmarc.t-y', 'dmarc.pct']) assert.equal(pasted(zone, id), line, id);
    assert.equal(
      pasted(withDmarc('v=DMARC1; p=none', 'v=DMARC1; p=reject', 'v=DMARC1; p=oops'), 'dmarc.multiple'),
      '_dmarc.example.test. IN TXT "v=DMARC1; p=reject"',
    );
  });

  it('name the domain in place of the example', () => {
    const target = { kind: 'domain', domain: nameOf('other.example') } as const;
    const zone = { 'other.example MX': ['0 .', '10 localhost.'], 'other.example TXT': ['x'] };
    const texts = found({ zone, target }).flatMap(({ fix }) =>
      fix.flatMap((one) => [one.do, one.verify ?? '', ...(one.lines ?? []).map(({ text }) => text)]),
    );
    assert.ok(texts.length > 5);
    for (const text of texts) assert.doesNotMatch(text, /example\.test/);
  });
});

describe('DMARC', () => {
  const cases: readonly (readonly [id: string, records: readonly string[], states: string])[] = [
    ['dmarc.missing', [], 'absent'],
    ['dmarc.multiple', ['v=DMARC1; p=none', 'v=DMARC1; p=reject'], 'fail'],
    ['dmarc.syntax', ['v=DMARC1; p=rejct'], 'fail'],
    ['dmarc.syntax', ['v=dmarc1; p=reject'], 'fail'],
    ['dmarc.syntax', ['v=DMARC1; p=reject; adkim=x'], 'warn'],
    ['dmarc.missing', ['v=DMARC1; p=rejct'], 'absent'],
    ['dmarc.none', ['v=DMARC1; p=none'], 'warn'],
    ['dmarc.pct', ['v=DMARC1; p=reject; pct=50'], 'warn'],
    ['dmarc.pct', ['v=DMARC1; p=reject; pct=100'], 'pass'],
    ['dmarc.t-y', ['v=DMARC1; p=reject; t=y'], 'warn'],
    ['dmarc.rua-unauthorised', ['v=DMARC1; p=reject; rua=mailto:a@other.test'], 'warn'],
    ['dmarc.rua-unauthorised', ['v=DMARC1; p=reject; rua=mailto:a@deep.example.test'], 'pass'],
  ];
  for (const [id, records, expected] of cases) {
    it(`${id}: ${records.join(' | ')}`, () => {
      assert.equal(states(withDmarc(...records), id), expected);
      assert.equal(states(good, id), 'pass', 'and it passes in the good zone');
    });
  }

  it('RFC 9990 §4: another domain agrees at DOMAIN._report._dmarc', () => {
    const zone = withDmarc('v=DMARC1; p=reject; rua=mailto:a@other.test');
    const at = 'example.test._report._dmarc.other.test TXT';
    assert.equal(states({ ...zone, [at]: quoted(['v=DMARC1']) }, 'dmarc.rua-unauthorised'), 'pass');
    assert.equal(states({ ...zone, [at]: quoted(['v=spf1']) }, 'dmarc.rua-unauthorised'), 'warn');
    assert.equal(states({ ...zone, [at]: 'unknown' }, 'dmarc.rua-unauthorised'), 'not-tested');
    const [refused] = only(found({ zone }), 'dmarc.rua-unauthorised');
    assert.deepEqual(refused?.fix[0]?.lines, [
      { for: 'dns', text: 'example.test._report._dmarc.other.test. IN TXT "v=DMARC1"' },
    ]);
  });

  it('RFC 9989 §4.10: eight places at most, the last seven labels behind the first', () => {
    const target = { kind: 'domain', domain: nameOf('a.b.c.d.e.f.g.h.i.example.test') } as const;
    const asked: string[] = [];
    const change = (answer: Answer): Answer => {
      const name = showName(answer.question.name);
      if (name.startsWith('_dmarc.')) asked.push(name);
      return answer;
    };
    found({ zone: { [`${target.domain} MX`]: ['10 mx1.example.test.'] }, target, change });
    assert.deepEqual(
      [...new Set(asked)],
      [
        '_dmarc.a.b.c.d.e.f.g.h.i.example.test',
        '_dmarc.e.f.g.h.i.example.test',
        '_dmarc.f.g.h.i.example.test',
        '_dmarc.g.h.i.example.test',
        '_dmarc.h.i.example.test',
        '_dmarc.i.example.test',
        '_dmarc.example.test',
        '_dmarc.test',
      ],
    );
  });

  it('RFC 9989 §4.10: two records at one place "are all discarded", and what stands above holds', () => {
    const two = withDmarc('v=DMARC1; p=reject', 'v=DMARC1; p=reject');
    assert.equal(states(two, 'dmarc.missing'), 'absent');
    const above = { ...two, '_dmarc.test TXT': quoted(['v=DMARC1; p=none; psd=y']) };
    assert.equal(states(above, 'dmarc.missing'), 'pass');
    assert.equal(states(above, 'dmarc.none'), 'warn');
  });

  it('RFC 9989 §4.10: "If a single record remains and it contains a "psd=n" or "psd=y" tag, stop"', () => {
    const zone = (psd: string): ScriptedZone => ({
      ...withDmarc(`v=DMARC1; p=reject; psd=${psd}; rua=mailto:a@other.test`),
      '_dmarc.test TXT': quoted(['v=DMARC1; p=none']),
    });
    assert.equal(states(zone('n'), 'dmarc.rua-unauthorised'), 'warn', 'the organization ends here');
    assert.equal(states(zone('u'), 'dmarc.rua-unauthorised'), 'pass', 'all of test is one organization');
    const target = { kind: 'domain', domain: nameOf('shop.example.test') } as const;
    const silent = {
      ...zone('n'),
      'shop.example.test MX': ['10 mx1.example.test.'],
      '_dmarc.test TXT': 'unknown',
    } as const;
    assert.equal(
      statesOf(found({ zone: silent, target }), 'dmarc.missing'),
      'pass',
      'above nobody has to be asked',
    );
  });

  describe('a subdomain without a record', () => {
    const target = { kind: 'domain', domain: nameOf('shop.example.test') } as const;
    const sub = (above: ScriptedZone): readonly Finding[] =>
      found({ zone: { 'shop.example.test MX': ['10 mx1.example.test.'], ...above }, target });

    it('RFC 9989 §4.10.1: has the policy of its organization, by sp where it is there', () => {
      const zone = (record: string): ScriptedZone => ({ '_dmarc.example.test TXT': quoted([record]) });
      assert.equal(statesOf(sub(zone('v=DMARC1; p=reject')), 'dmarc.missing'), 'pass');
      assert.equal(statesOf(sub(zone('v=DMARC1; p=reject')), 'dmarc.none'), 'pass');
      assert.equal(statesOf(sub(zone('v=DMARC1; p=reject; sp=none')), 'dmarc.none'), 'warn');
      assert.equal(statesOf(sub({}), 'dmarc.missing'), 'absent');
    });

    it('RFC 9989 §4.10.2: psd=y stands above the organization, psd=n is one', () => {
      const reports = 'rua=mailto:a@other.example.test';
      const zone = (psd: string): ScriptedZone => ({
        '_dmarc.shop.example.test TXT': quoted([`v=DMARC1; p=reject; ${reports}`]),
        '_dmarc.example.test TXT': quoted([`v=DMARC1; p=reject; psd=${psd}`]),
      });
      assert.equal(statesOf(sub(zone('u')), 'dmarc.rua-unauthorised'), 'pass', 'one organization');
      assert.equal(statesOf(sub(zone('n')), 'dmarc.rua-unauthorised'), 'pass', 'one organization');
      assert.equal(statesOf(sub(zone('y')), 'dmarc.rua-unauthorised'), 'warn', 'two, below a registry');
    });
  });

  it('what nobody answered is not tested, on the way up too', () => {
    assert.equal(states({ ...good, '_dmarc.example.test TXT': 'unknown' }, 'dmarc.missing'), 'not-tested');
    assert.equal(states({ ...withDmarc(), '_dmarc.test TXT': 'unknown' }, 'dmarc.missing'), 'not-tested');
    assert.equal(
      states({ ...good, '_dmarc.test TXT': 'unknown' }, 'dmarc.missing'),
      'pass',
      'its own is enough',
    );
  });
});

describe('DKIM and BIMI', () => {
  it('RFC 8020 §2: without a name at _domainkey there is no key below it', () => {
    const none = { ...good };
    Reflect.deleteProperty(none, 'sel._domainkey.example.test TXT');
    assert.equal(states(none, 'dkim.base-node'), 'absent');
    assert.equal(states(good, 'dkim.base-node'), 'pass', 'an empty non-terminal is there');
    assert.equal(
      states({ ...good, '_domainkey.example.test TXT': 'unknown' }, 'dkim.base-node'),
      'not-tested',
    );
  });

  it('a logo', () => {
    const bimi = (...records: readonly string[]): ScriptedZone => ({
      ...good,
      'default._bimi.example.test TXT': quoted(records),
    });
    assert.equal(states(bimi('x'), 'bimi.missing'), 'absent');
    assert.equal(states(bimi('v=BIMI1; l=http://x.test'), 'bimi.syntax'), 'warn');
    assert.equal(states(bimi('v=BIMI1; l=', 'v=BIMI1; l='), 'bimi.syntax'), 'warn');
    assert.equal(states(good, 'bimi.syntax'), 'pass');
  });
});

describe('domains without mail', () => {
  const parked = {
    'example.test MX': ['0 .'],
    'example.test TXT': quoted(['v=spf1 -all']),
    '_dmarc.example.test TXT': quoted(['v=DMARC1; p=reject']),
  };

  it('are asked for three records, and for nothing else', () => {
    assert.equal(states(parked, 'parked.unprotected'), 'pass');
    assert.deepEqual(
      found({ zone: parked }).filter(({ state }) => state !== 'pass'),
      [],
    );
    const [bare] = found({ zone: { 'example.test TXT': ['x'] } }).filter(({ state }) => state !== 'pass');
    assert.equal(`${bare?.id} ${bare?.state} ${bare?.severity}`, 'parked.unprotected warn low');
    assert.deepEqual(
      bare?.fix[0]?.lines?.map(({ text }) => text),
      [
        'example.test. IN MX 0 .',
        'example.test. IN TXT "v=spf1 -all"',
        '_dmarc.example.test. IN TXT "v=DMARC1; p=reject"',
      ],
    );
  });

  it('need each of them', () => {
    for (const change of [
      { 'example.test TXT': quoted(['v=spf1 mx -all']) },
      { '_dmarc.example.test TXT': quoted(['v=DMARC1; p=none']) },
    ])
      assert.equal(states({ ...parked, ...change }, 'parked.unprotected'), 'warn', JSON.stringify(change));
    assert.equal(states({ ...parked, '_dmarc.example.test TXT': 'unknown' }, 'parked.unprotected'), '');
  });

  it('do not exist: nothing is asked', () => assert.deepEqual(found({ zone: {} }), []));
});

it('servers have none of these', () => {
  const target = {
    kind: 'host',
    host: nameOf('mx1.example.test'),
    port: 25,
    protocol: 'smtp',
    tls: 'starttls',
  } as const;
  const asked: number[] = [];
  const change = (answer: Answer): Answer => {
    asked.push(answer.question.type);
    return answer;
  };
  assert.deepEqual(found({ zone: good, target, change }), []);
  assert.ok(!asked.includes(types.SOA));
});
