import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  formatMx,
  MAX_LIST_OCTETS,
  matchingMx,
  type PolicyList,
  parsePolicyList,
} from '../../../../src/policies/list/policy-list.ts';
import { nameOf } from '../../../support/destinations.ts';
import { DAY, listText, NOON } from '../../../support/lists.ts';

function parsed(text: string): PolicyList {
  const list = parsePolicyList(Buffer.from(text));
  return list.kind === 'ok' ? list.value : assert.fail(list.because);
}

function because(text: string): string {
  const list = parsePolicyList(Buffer.from(text));
  return list.kind === 'invalid' ? list.because : assert.fail('it was taken');
}

function withPolicy(policy: unknown): string {
  return listText({ policies: { 'a.test': policy } });
}

function shown({ domains }: PolicyList): string[] {
  return [...domains].map(
    ([domain, { policy, alias }]) =>
      `${domain} ${policy.mode} ${policy.mxs.map(formatMx).join(' ')}${alias === null ? '' : ` (${alias})`}`,
  );
}

const VECTOR = join(
  import.meta.dirname,
  '../../../../../shared/vectors/policy/eff-starttls-everywhere/policy.json',
);

describe('the form of STARTTLS Everywhere', () => {
  it('has times, an author, aliases and policies', () => {
    const list = parsed(listText());
    assert.deepEqual(
      [list.timestamp, list.expires, list.author],
      [NOON, NOON + 14 * DAY, 'Example https://lists.test'],
    );
    assert.deepEqual(shown(list), [
      'example.test enforce mx1.example.test .mx.example.test',
      'tried.test testing mx.tried.test',
      'alias.test enforce .big.test (big)',
    ]);
  });

  it('the list of 2020-05-20, 926 domains', {
    skip: existsSync(VECTOR) ? false : 'the vectors are not here',
  }, () => {
    const list = parsed(readFileSync(VECTOR, 'utf8'));
    assert.equal(list.domains.size, 926);
    assert.equal(new Date(list.timestamp).toISOString(), '2020-05-20T17:25:12.710Z');
    assert.equal(new Date(list.expires).toISOString(), '2020-06-03T17:25:12.710Z');
    const modes = [...list.domains.values()].map(({ policy }) => policy.mode);
    assert.equal(modes.filter((mode) => mode === 'enforce').length, 361);
    const aol = list.domains.get(nameOf('aol.com'));
    assert.equal(aol?.alias, 'yahoo');
    assert.ok(aol !== undefined && matchingMx(aol.policy, nameOf('mta7.am0.yahoodns.net')) !== undefined);
  });

  it('times may be seconds since 1970', () => {
    const list = parsed(listText({ timestamp: 1_000, expires: 2_000 }));
    assert.deepEqual([list.timestamp, list.expires], [1_000_000, 2_000_000]);
  });

  it('fields that are not known are ignored; beside an alias all others are', () => {
    const unknown = {
      pinsets: {},
      comment: 'x',
      policies: {
        'a.test': { mode: 'enforce', mxs: ['mx.a.test'], report: ['x'], 'mta-sts': true },
        'b.test': { 'policy-alias': 'big', mode: 5, mxs: {} },
      },
    };
    assert.deepEqual(shown(parsed(listText(unknown))), [
      'a.test enforce mx.a.test',
      'b.test enforce .big.test (big)',
    ]);
  });

  it('aliases may be missing, and so may the author', () => {
    const text = listText({ 'policy-aliases': undefined, author: undefined, policies: {} });
    assert.deepEqual([parsed(text).author, shown(parsed(text))], [null, []]);
  });

  it('those with the same alias share one policy, however many they are', () => {
    const names = ['a.test', 'b.test'].map((name) => [name, { 'policy-alias': 'big' }]);
    const [one, other] = [...parsed(listText({ policies: Object.fromEntries(names) })).domains.values()];
    assert.equal(one?.policy, other?.policy);
  });

  it('names are compared as A-labels in lower case', () => {
    assert.deepEqual(
      shown(parsed(listText({ policies: { 'A.Test': { mode: 'enforce', mxs: ['MX.A.TEST'] } } }))),
      ['a.test enforce mx.a.test'],
    );
  });
});

describe('a list that is refused as a whole', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['no JSON', '{', /^it is not JSON$/],
    ['no object', '[]', /^it is not a JSON object$/],
    ['no version', listText({ version: undefined }), /^"version" is not a text such as "0.1"$/],
    ['version as a number', listText({ version: 0.1 }), /^"version"/],
    ['a later version', listText({ version: '1.0' }), /^"version"/],
    ['an author with a line end', listText({ author: 'a\nb' }), /^"author" is not a text/],
    ['no timestamp', listText({ timestamp: undefined }), /^"timestamp" is neither/],
    ['a date', listText({ timestamp: '2026-11-28' }), /^"timestamp" is not a time such as/],
    ['a time without an offset', listText({ expires: '2026-11-28T12:00:00' }), /^"expires" is not a time/],
    ['a negative time', listText({ timestamp: -1 }), /^"timestamp" is neither/],
    ['half a second', listText({ timestamp: 1.5 }), /^"timestamp" is neither/],
    [
      'an end before the beginning',
      listText({ timestamp: 2, expires: 2 }),
      /^it expires before it was made$/,
    ],
    ['no policies', listText({ policies: undefined }), /^"policies" is not an object$/],
    ['policies as a list', listText({ policies: [] }), /^"policies" is not an object$/],
    ['aliases as a text', listText({ 'policy-aliases': 'x' }), /^"policy-aliases" is not an object$/],
    ['an alias without a name', listText({ 'policy-aliases': { '': {} } }), /^an alias has a name that/],
    [
      'an alias that is wrong',
      listText({ 'policy-aliases': { x: { mode: 'on' } } }),
      /^the alias "x": "mode" is neither/,
    ],
    [
      'an alias of an alias',
      listText({ 'policy-aliases': { x: { 'policy-alias': 'big' } } }),
      /"mode" is neither/,
    ],
    [
      'an alias without target',
      withPolicy({ 'policy-alias': 'other' }),
      /^a\.test: there is no alias "other"$/,
    ],
    [
      'an alias that is no text',
      withPolicy({ 'policy-alias': null }),
      /^a\.test: "policy-alias" is not a text$/,
    ],
    ['a policy that is none', withPolicy('enforce'), /^a\.test: its policy is not an object$/],
    ['no mode', withPolicy({ mxs: ['a.test'] }), /^a\.test: "mode" is neither enforce nor testing nor none$/],
    ['another mode', withPolicy({ mode: 'Enforce', mxs: ['a.test'] }), /"mode" is neither/],
    ['no hosts', withPolicy({ mode: 'enforce' }), /^a\.test: "mxs" names no host$/],
    ['an empty list of hosts', withPolicy({ mode: 'testing', mxs: [] }), /"mxs" names no host$/],
    ['one host without a list', withPolicy({ mode: 'enforce', mxs: 'a.test' }), /"mxs" is not a list$/],
    [
      'a host that is no text',
      withPolicy({ mode: 'enforce', mxs: [1] }),
      /"mxs" holds something that is no name$/,
    ],
    [
      'a host that is an address',
      withPolicy({ mode: 'enforce', mxs: ['192.0.2.1'] }),
      /its last label is a number$/,
    ],
    ['a wildcard', withPolicy({ mode: 'enforce', mxs: ['*.a.test'] }), /"\*" is not a domain label$/],
    ['a dot alone', withPolicy({ mode: 'enforce', mxs: ['.'] }), /the domain is empty$/],
    ['a top-level domain', withPolicy({ mode: 'enforce', mxs: ['.com'] }), /is a whole top-level domain$/],
    ['Unicode', withPolicy({ mode: 'enforce', mxs: ['mx.ä.test'] }), /is not in A-labels$/],
    [
      'no domain',
      listText({ policies: { 'a b': {} } }),
      /^a policy is for no domain: "a b" is not a domain label$/,
    ],
    ['a domain in Unicode', listText({ policies: { 'ä.test': {} } }), /is not in A-labels$/],
    [
      'a domain in two spellings',
      listText({
        policies: { 'a.test': { 'policy-alias': 'big' }, 'A.test': { 'policy-alias': 'big' } },
      }),
      /^a\.test is there in two spellings$/,
    ],
    [
      'a domain twice',
      listText().replace('"tried.test"', '"example.test"'),
      /^the name "example\.test" stands twice/,
    ],
  ];
  for (const [title, text, reason] of cases) it(title, () => assert.match(because(text), reason));

  const alias = { 'policy-alias': 'big' };
  const limits: readonly (readonly [string, (count: number) => string, number])[] = [
    ['hosts of a policy', (count) => withPolicy({ mode: 'enforce', mxs: Array(count).fill('a.test') }), 100],
    [
      'aliases',
      (count) =>
        listText({
          policies: {},
          'policy-aliases': Object.fromEntries(
            Array.from({ length: count }, (_, index) => [`a${index}`, { mode: 'none' }]),
          ),
        }),
      1_000,
    ],
    [
      'domains',
      (count) =>
        listText({
          policies: Object.fromEntries(
            Array.from({ length: count }, (_, index) => [`d${index}.test`, alias]),
          ),
        }),
      50_000,
    ],
  ];
  for (const [what, text, most] of limits) {
    it(`${most} ${what} are taken, and one more is not`, () => {
      assert.equal(parsePolicyList(Buffer.from(text(most))).kind, 'ok');
      assert.match(because(text(most + 1)), new RegExp(`more than ${most} `));
    });
  }

  it('one octet more than may be', () => {
    const text = listText({ policies: {} });
    assert.equal(parsePolicyList(Buffer.from(text.padEnd(MAX_LIST_OCTETS))).kind, 'ok');
    assert.match(because(text.padEnd(MAX_LIST_OCTETS + 1)), /octets, the limit is 4194304$/);
  });
});

describe('whatever is signed', () => {
  it('is a list or is refused with a reason, and what is taken is in bounds', () => {
    const text = listText();
    const piece = fc.record({
      at: fc.nat(text.length),
      cut: fc.nat(30),
      put: fc.oneof(fc.string({ maxLength: 8 }), fc.json({ maxDepth: 2 })),
    });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 4 }), (pieces) => {
        let changed = text;
        for (const { at, cut, put } of pieces) changed = changed.slice(0, at) + put + changed.slice(at + cut);
        const read = parsePolicyList(Buffer.from(changed));
        if (read.kind === 'invalid') return assert.notEqual(read.because, '');
        const { timestamp, expires, domains } = read.value;
        assert.ok(timestamp < expires);
        for (const { policy } of domains.values())
          assert.ok(policy.mode === 'none' || (policy.mxs.length > 0 && policy.mxs.length <= 100));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is any JSON: a list or a reason', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        assert.equal(parsePolicyList(Buffer.from(text)).kind, 'invalid');
      }),
    );
  });
});

describe('which hosts a policy names', () => {
  const policy = parsed(withPolicy({ mode: 'enforce', mxs: ['mx.a.test', '.b.test'] })).domains.get(
    nameOf('a.test'),
  );
  const names = (host: string): boolean =>
    policy !== undefined && matchingMx(policy.policy, nameOf(host)) !== undefined;

  it('a name is that name', () => {
    assert.deepEqual(['mx.a.test', 'x.mx.a.test', 'a.test', 'xmx.a.test'].map(names), [
      true,
      false,
      false,
      false,
    ]);
  });

  it('a suffix is any number of labels more, and not itself: "mta7.am0.yahoodns.net" for ".yahoodns.net"', () => {
    assert.deepEqual(['m.b.test', 'x.m.b.test', 'b.test', 'xb.test'].map(names), [true, true, false, false]);
  });
});
