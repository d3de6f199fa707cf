import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { asksDns, isSpf, parseSpf, type SpfTerm } from '../../../../src/findings/records/spf.ts';

function read(text: string): readonly SpfTerm[] {
  const parsed = parseSpf(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

function refused(text: string): string {
  const parsed = parseSpf(text);
  return parsed.kind === 'invalid' ? parsed.because : assert.fail(`${text} was read`);
}

describe('which records are SPF', () => {
  it('RFC 7208 §4.5: "v=spf10" does not match and is discarded', () => {
    for (const text of ['v=spf1', 'v=spf1 -all', 'V=SPF1 mx']) assert.ok(isSpf(text), text);
    for (const text of ['v=spf10', 'v=spf1,mx', 'v=spf1\tmx', ' v=spf1', 'v=spf2', 'v=spf', ''])
      assert.ok(!isSpf(text), text);
  });
});

describe('terms', () => {
  it('the examples of RFC 7208 Appendix A are read', () => {
    for (const record of [
      'v=spf1 +all',
      'v=spf1 a -all',
      'v=spf1 a:example.org -all',
      'v=spf1 mx -all',
      'v=spf1 mx:example.org -all',
      'v=spf1 mx mx:example.org -all',
      'v=spf1 mx/30 mx:example.org/30 -all',
      'v=spf1 ptr -all',
      'v=spf1 ip4:192.0.2.128/28 -all',
      'v=spf1 redirect=_spf.example.com',
      'v=spf1 include:example.com include:example.net -all',
      'v=spf1 exists:%{i}._spf.%{d2} -all',
      'v=spf1 mx:example.com -all exp=explain._spf.%{d}',
      'v=spf1 a:mailers.%{d} ip6:2001:db8::/32 ~all',
      'v=spf1 ?include:%{l1r-}._spf.%{d} a//64 mx:example.org/24//128',
    ])
      read(record);
  });

  it('have a qualifier, which is + where there is none, and their target as it is written', () => {
    assert.deepEqual(read('v=spf1  -MX:Example.org/24//64 ?ip6:2001:db8::1 all'), [
      {
        kind: 'directive',
        qualifier: '-',
        mechanism: 'mx',
        target: 'Example.org',
        text: '-MX:Example.org/24//64',
      },
      {
        kind: 'directive',
        qualifier: '?',
        mechanism: 'ip6',
        target: '2001:db8::1',
        text: '?ip6:2001:db8::1',
      },
      { kind: 'directive', qualifier: '+', mechanism: 'all', target: null, text: 'all' },
    ]);
  });

  it('RFC 7208 §6: unknown modifiers are ignored, wherever they are', () => {
    assert.equal(read('v=spf1 moo=%{d}/x all').length, 2);
    assert.match(refused('v=spf1 moo=%x all'), /macro/);
  });

  it('RFC 7208 §6: redirect and exp "MUST NOT appear in a record more than once each"', () => {
    assert.match(refused('v=spf1 redirect=a.test redirect=b.test'), /^redirect= is there more than once/);
    assert.match(refused('v=spf1 exp=a.test -all EXP=b.test'), /^exp= is there more than once/);
  });

  const wrong: readonly string[] = [
    'v=spf1 foo',
    'v=spf1 mx:',
    'v=spf1 include',
    'v=spf1 include:',
    'v=spf1 include:com',
    'v=spf1 include:example.123',
    'v=spf1 a:example.-com',
    'v=spf1 all:x',
    'v=spf1 -all.',
    'v=spf1 ip4',
    'v=spf1 ip4:192.0.2',
    'v=spf1 ip4:192.0.2.1/33',
    'v=spf1 ip4:192.0.2.1/08',
    'v=spf1 ip4:192.0.2.1/24/24',
    'v=spf1 ip4:2001:db8::1',
    'v=spf1 ip6:192.0.2.1',
    'v=spf1 ip6:2001:db8::/129',
    'v=spf1 a/33',
    'v=spf1 a//129',
    'v=spf1 a/24/64',
    'v=spf1 exists:%{x}.test',
    'v=spf1 exists:%{d0}.test',
    'v=spf1 exists:%{c}.test',
    'v=spf1 exists:%(d).test',
    'v=spf1 ++all',
    'v=spf1 ptr:',
    'v=spf1 redirect=',
    'v=spf1 mx\t-all',
    'v=spf1 a:ex\u{e4}mple.test',
    'v=spf1 "mx"',
  ];
  for (const record of wrong)
    it(`refuses ${JSON.stringify(record)}`, () => assert.notEqual(refused(record), ''));

  it('RFC 7208 §4.6.4: include, a, mx, ptr, exists and redirect ask the DNS; all, ip4, ip6 and exp do not', () => {
    const terms = read(
      'v=spf1 include:a.test a mx ptr exists:a.test ip4:192.0.2.1 ip6:::1 -all exp=a.test redirect=b.test',
    );
    assert.deepEqual(
      terms.filter(asksDns).map((term) => (term.kind === 'modifier' ? term.name : term.mechanism)),
      ['include', 'a', 'mx', 'ptr', 'exists', 'redirect'],
    );
  });
});

describe('hostile records', () => {
  it('any text is read or refused, and what is read is the text again', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'mx',
        '-all',
        'a:x.test/24',
        'include:%{d}.test',
        'x=y',
        'ip4:192.0.2.1',
        '%',
        'a//',
        ':',
      ),
      fc.string({ maxLength: 12 }),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const parsed = parseSpf(['v=spf1', ...words].join(' '));
        if (parsed.kind === 'invalid') return;
        const again = words
          .join(' ')
          .split(' ')
          .filter((one) => one !== '');
        assert.deepEqual(
          parsed.value.map(({ text }) => text),
          again,
        );
      }),
    );
  });

  it('64 KiB take no longer than a look', () => {
    for (const piece of ['a', '0', '.', '-', '%', '%{d}', '%{', '/', '//', '9', 'a.', '=', ' x=', ' mx/']) {
      const long = piece.repeat(Math.floor(65_000 / piece.length));
      for (const text of [
        `v=spf1 ${long}`,
        `v=spf1 a:${long}`,
        `v=spf1 a:${long}\u{1}`,
        `v=spf1 ip4:${long}`,
        `v=spf1 x=${long}\u{1}`,
      ]) {
        const from = performance.now();
        parseSpf(text);
        assert.ok(performance.now() - from < 1_000, `${piece} took ${performance.now() - from} ms`);
      }
    }
  });
});
