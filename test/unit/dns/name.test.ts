import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  childOf,
  commonAncestor,
  compareNames,
  countLabels,
  isAtOrBelow,
  labelsOf,
  lastLabels,
  lowerCase,
  type Name,
  nameOf,
  parentOf,
  parseName,
  root,
  showName,
  wildcardOf,
} from '../../../src/dns/name.ts';
import { parseDomain } from '../../../src/names/domain.ts';

function read(text: string): Name {
  const parsed = parseName(text);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.value;
}

/** Names of few labels out of few octets, so that some are equal, and some below others. */
const octet = fc.oneof(
  fc.constantFrom('a', 'b', '\0', '*', '.', '\\', '\xff', '\x01'),
  fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
);
const label = fc.string({ unit: octet, minLength: 1, maxLength: 3 });
const name: fc.Arbitrary<Name> = fc
  .array(label, { maxLength: 5 })
  .map((labels) => labels.reduceRight<Name>((below, one) => childOf(one, below) ?? root, root));

describe('parseName', () => {
  const accepted: readonly [why: string, text: string, wire: string][] = [
    ['the root', '.', '\0'],
    ['a name', 'example.test', '\x07example\x04test\0'],
    ['a name with the dot of the root', 'example.test.', '\x07example\x04test\0'],
    ['upper case as lower case', 'EXAMPLE.Test', '\x07example\x04test\0'],
    ['an escaped dot as part of a label', 'a\\.b.test', '\x03a.b\x04test\0'],
    ['an escaped dot at the end', 'a\\.', '\x02a.\0'],
    ['an escaped backslash before a dot at the end', 'a\\\\.', '\x02a\\\0'],
    ['an octet by its number', 'a\\000b\\255.test', '\x04a\0b\xff\x04test\0'],
    ['a letter by its number, in lower case', '\\065.test', '\x01a\x04test\0'],
    ['an escaped space', 'a\\ b.test', '\x03a b\x04test\0'],
    ['a wildcard', '*.test', '\x01*\x04test\0'],
    ['what zone files would need escaped', '@.$.(;).test', '\x01@\x01$\x03(;)\x04test\0'],
    ['RFC 1035 §2.3.4: 63 octets in a label', `${'a'.repeat(63)}.test`, `?${'a'.repeat(63)}\x04test\0`],
  ];
  for (const [why, text, wire] of accepted) {
    it(`reads ${why}`, () => assert.deepEqual(parseName(text), { kind: 'ok', value: wire }));
  }

  const refused: readonly [why: string, text: string, because: RegExp][] = [
    ['nothing', '', /empty label/],
    ['two dots', '..', /empty label/],
    ['an empty label', 'a..test', /empty label/],
    ['a dot before', '.test', /empty label/],
    ['a backslash at the end', 'test\\', /escape/],
    ['a number above 255', 'a\\256.test', /escape/],
    ['a number of two digits', 'a\\25.test', /escape/],
    ['a space', 'a b.test', /escape or a character/],
    ['a line feed', 'a\n.test', /escape or a character/],
    ['a letter beyond ASCII, which could be two octets or one', 'bücher.test', /escape or a character/],
    ['an escaped letter beyond ASCII', '\\ü.test', /escape or a character/],
    ['a character beyond 16 bits', '\u{1f600}.test', /escape or a character/],
    ['a label of 64 octets', `${'a'.repeat(64)}.test`, /label of more than 63/],
    ['256 octets', `${`${'a'.repeat(63)}.`.repeat(3)}${'a'.repeat(62)}`, /longer than 255/],
    ['what is far too long, unread', '\\097'.repeat(256), /longer than 255/],
  ];
  for (const [why, text, because] of refused) {
    it(`refuses ${why}`, () => {
      const parsed = parseName(text);
      assert.match(parsed.kind === 'invalid' ? parsed.because : 'read', because);
    });
  }

  it('RFC 1035 §2.3.4: reads a name of 255 octets, however it is written', () => {
    const text = `${`${'a'.repeat(63)}.`.repeat(3)}${'a'.repeat(61)}`;
    assert.equal(read(text).length, 255);
    assert.equal(read(text.replaceAll('a', '\\097')), read(text));
    assert.equal(countLabels(read('a.'.repeat(127))), 127);
  });

  it('reads what showName writes as the same name', () => {
    fc.assert(
      fc.property(name, (one) => {
        assert.match(showName(one), /^[!-~]+$/);
        assert.equal(read(showName(one)), one);
        assert.equal(read(`${showName(one)}${one === root ? '' : '.'}`), one);
      }),
    );
  });

  it('gives for any text a name within the limits, or a reason', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.domain(), fc.string({ unit: octet })),
        (text) => {
          const parsed = parseName(text);
          if (parsed.kind === 'ok') {
            assert.ok(parsed.value.length <= 255);
            assert.ok(labelsOf(parsed.value).every(({ length }) => length > 0 && length < 64));
            assert.equal(read(showName(parsed.value)), parsed.value);
          } else assert.match(parsed.because, /^the name /);
        },
      ),
    );
  });
});

describe('showName', () => {
  it('escapes as dig does: what means something in zone files, and what is not printable', () => {
    const one = childOf('a.b"c;d\\e(f)g@h$i\t \x7f', read('test')) ?? root;
    assert.equal(showName(one), 'a\\.b\\"c\\;d\\\\e\\(f\\)g\\@h\\$i\\009\\032\\127.test');
  });
});

describe('nameOf', () => {
  it('is the name that its domain reads as', () => {
    fc.assert(
      fc.property(fc.domain(), (text) => {
        const domain = parseDomain(text);
        if (domain.kind === 'ok') assert.equal(nameOf(domain.value), read(domain.value));
      }),
    );
  });
});

describe('parts of names', () => {
  it('labels, parents and children', () => {
    const one = read('a.b.test');
    assert.deepEqual(labelsOf(one), ['a', 'b', 'test']);
    assert.deepEqual(labelsOf(root), []);
    assert.equal(countLabels(one), 3);
    assert.equal(countLabels(root), 0);
    assert.equal(parentOf(one), read('b.test'));
    assert.equal(parentOf(read('test')), root);
    assert.equal(parentOf(root), undefined);
    assert.equal(childOf('C', one), read('c.a.b.test'));
    assert.equal(wildcardOf(one), read('*.a.b.test'));
    assert.equal(lastLabels(one, 2), read('b.test'));
    assert.equal(lastLabels(one, 0), root);
    assert.equal(lastLabels(one, 9), one);
  });

  it('a child that would be too long is none', () => {
    const long = read(`${`${'a'.repeat(63)}.`.repeat(3)}${'a'.repeat(59)}`);
    assert.equal(long.length, 253);
    assert.equal(childOf('b', long)?.length, 255);
    assert.equal(childOf('bc', long), undefined);
    assert.equal(childOf('', root), undefined);
    assert.equal(childOf('a'.repeat(64), root), undefined);
  });

  it('isAtOrBelow goes by labels, not by octets', () => {
    assert.ok(isAtOrBelow(read('a.test'), read('test')));
    assert.ok(isAtOrBelow(read('test'), read('test')));
    assert.ok(isAtOrBelow(read('test'), root));
    assert.ok(!isAtOrBelow(read('atest'), read('test')));
    assert.ok(!isAtOrBelow(read('test'), read('a.test')));
    // A label whose octets look like the end of another name.
    assert.ok(!isAtOrBelow(read('x\\004test'), read('test')));
    assert.ok(!isAtOrBelow(childOf('a\x04test', root) ?? root, read('test')));
  });

  it('agrees with what the labels say', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        const below = labelsOf(b).length <= labelsOf(a).length && lastLabels(a, countLabels(b)) === b;
        assert.equal(isAtOrBelow(a, b), below);
        const shared = commonAncestor(a, b);
        assert.ok(isAtOrBelow(a, shared) && isAtOrBelow(b, shared));
        const next = countLabels(shared) + 1;
        const more = countLabels(a) >= next && countLabels(b) >= next;
        assert.ok(!more || lastLabels(a, next) !== lastLabels(b, next));
      }),
    );
  });

  it('lowerCase leaves octets alone that are no ASCII letters', () => {
    assert.equal(lowerCase('AZ[@\xc0\xdeaz'), 'az[@\xc0\xdeaz');
  });
});

describe('compareNames', () => {
  it('RFC 4034 §6.1: the example, in its order', () => {
    const texts = [
      'example',
      'a.example',
      'yljkjljk.a.example',
      'Z.a.example',
      'zABC.a.EXAMPLE',
      'z.example',
      '\\001.z.example',
      '*.z.example',
      '\\200.z.example',
    ];
    const names = texts.map(read);
    assert.deepEqual(names.toReversed().toSorted(compareNames), names);
  });

  /** Labels from the right as arrays of octets. */
  function naive(a: Name, b: Name): number {
    const octets = (one: Name): number[][] =>
      labelsOf(one)
        .toReversed()
        .map((text) => Array.from(text, (character) => character.charCodeAt(0)));
    const [left, right] = [octets(a), octets(b)];
    for (let index = 0; ; index += 1) {
      const [one, other] = [left[index], right[index]];
      if (one === undefined || other === undefined) return left.length - right.length;
      for (let at = 0; at < 64; at += 1) {
        const difference = (one[at] ?? -1) - (other[at] ?? -1);
        if (difference !== 0) return difference;
      }
    }
  }

  it('is what RFC 4034 §6.1 says, done naively', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        assert.equal(Math.sign(compareNames(a, b)), Math.sign(naive(a, b)));
      }),
      { numRuns: 2000 },
    );
  });

  it('is a total order', () => {
    fc.assert(
      fc.property(name, name, name, (a, b, c) => {
        assert.equal(Math.sign(compareNames(a, b)), -Math.sign(compareNames(b, a)) + 0);
        assert.equal(compareNames(a, b) === 0, a === b);
        if (compareNames(a, b) <= 0 && compareNames(b, c) <= 0) assert.ok(compareNames(a, c) <= 0);
      }),
      { numRuns: 2000 },
    );
  });
});
