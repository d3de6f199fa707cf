import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readToken, type Token } from '../../../../src/protocols/xmpp/token.ts';
import { printable } from '../../../../src/wire/dialogue.ts';

const MAX = 64;
const read = (text: string, first = false): Token | string => {
  const result = readToken(text, first, MAX);
  return result.kind === 'read' ? result.value : result.kind === 'broken' ? result.condition : result.kind;
};
const open = (name: string, empty = false, ...attributes: [string, string][]): Token => ({
  kind: 'open',
  name,
  empty,
  attributes: attributes.map(([key, value]) => ({ name: key, value })),
});

describe('readToken', () => {
  it('reads tags as they stand', () => {
    assert.deepEqual(read('<a>'), open('a'));
    assert.deepEqual(read('<a/>'), open('a', true));
    assert.deepEqual(read('<s:a  b = "1>2"\n\tc:d=\'"\' />x'), open('s:a', true, ['b', '1>2'], ['c:d', '"']));
    assert.deepEqual(read('</s:a \n>'), { kind: 'close', name: 's:a' });
  });

  it('reads text to the next tag, references one by one', () => {
    assert.deepEqual(read('a>b&lt;c<'), { kind: 'text', raw: 'a>b', literal: false });
    assert.deepEqual(read('&lt;c<'), { kind: 'text', raw: '&lt;', literal: false });
    assert.deepEqual(read('<![CDATA[<&]]]>x'), { kind: 'text', raw: '<&]', literal: true });
  });

  it('RFC 6120 §11.5: a declaration stands first of all, or not at all', () => {
    assert.deepEqual(read("<?xml version='1.0'?>", true), { kind: 'declaration', encoding: null });
    const whole = '<?xml version="1.0" encoding="UTF-8" standalone="no" ?>';
    assert.deepEqual(read(whole, true), { kind: 'declaration', encoding: 'UTF-8' });
    assert.equal(read(whole), 'restricted-xml');
    for (const text of ["<?xml version='1.1'?>", "<?xml version='1.0' x='y'?>", '<?xml ?>'])
      assert.equal(read(text, true), 'not-well-formed', text);
    for (const text of ['<?xm?', '<?xml?>', '<?php ', '<?xmlx', '<?x?>', '<?XML '])
      assert.equal(read(text, true), 'restricted-xml', text);
  });

  it('RFC 6120 §11.1: no comments, instructions, document types, entities but the five', () => {
    for (const text of [
      '<!-',
      '<!--x-->',
      '<!DOCTYPE x>',
      '<![cdata[',
      '<?x',
      '&x;',
      '&;',
      '&#;',
      '&#x;',
      '&#xg;',
      '&lt'.padEnd(11),
    ])
      assert.equal(read(text), 'restricted-xml', text);
  });

  it('takes time in proportion to a tag that is none, also where 0xA0 is in it, a part of names and no white space', () => {
    const many = '\xa0'.repeat(4000);
    for (const text of [
      `<a${many}!>`,
      `</a${many}!>`,
      `<a b${many}c>`,
      `<a${" b=''".repeat(800)}!>`,
      `<a${' '.repeat(4000)}!>`,
    ]) {
      const from = performance.now();
      const result = readToken(text, false, 8192);
      assert.ok(performance.now() - from < 500, printable(text.slice(0, 9)));
      assert.equal(result.kind === 'broken' && result.condition, 'not-well-formed');
    }
    const named = read(`<\xc3\xa0 \xc3\xa0='1'>`);
    assert.deepEqual(named, open('\xc3\xa0', false, ['\xc3\xa0', '1']));
  });

  it('refuses what is no tag', () => {
    for (const text of [
      '< a>',
      '<1>',
      '<a b>',
      '<a b=c>',
      '<a b="1"c="2">',
      '<a:b:c>',
      '<:a>',
      '<a:>',
      '</a b="1">',
      '</>',
      '<>',
      '<a/ >',
      '<a<',
      '<a b="<"',
    ])
      assert.equal(read(text), 'not-well-formed', text);
    for (const text of ['\0', '\x0b', '<a \x01>', '<![CDATA[\x1f]]>'])
      assert.equal(read(text), 'not-well-formed', JSON.stringify(text));
  });

  it('waits for the end of a tag up to the limit, and no octet further', () => {
    for (const text of [
      '',
      '<',
      '<a',
      '<a b="',
      '<a b=">',
      '<!',
      '<![CDAT',
      '<![CDATA[x]]',
      '&',
      '&amp',
      '</a',
    ])
      assert.equal(read(text), 'incomplete', text);
    for (const text of ['<', '<?', '<?xm', '<?xml', "<?xml version='1.0'"])
      assert.equal(read(text, true), 'incomplete', text);
    const tag = (octets: number): string => `<${'a'.repeat(octets - 2)}>`;
    assert.deepEqual(read(tag(MAX)), open('a'.repeat(MAX - 2)));
    assert.equal(read(tag(MAX + 1)), 'policy-violation');
    assert.equal(read(`<${'a'.repeat(MAX - 2)}`), 'incomplete');
    assert.equal(read(`<${'a'.repeat(MAX - 1)}`), 'policy-violation');
  });

  it('what follows changes nothing, and what is missing at most waits', () => {
    const marks = fc.constantFrom(
      '<',
      '>',
      '/',
      '!',
      '?',
      '&',
      ';',
      '"',
      "'",
      '=',
      ' ',
      'a',
      ':',
      '[',
      ']',
      'xml',
      '#',
      '\0',
      '\xff',
      '<a>',
      '<![CDATA[',
      '&amp;',
    );
    const texts = fc.array(marks, { maxLength: 14 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(texts, fc.boolean(), fc.nat(40), (text, first, length) => {
        const whole = readToken(text, first, MAX);
        const part = readToken(text.slice(0, length), first, MAX);
        if (part.kind === 'incomplete') return;
        // Text is given as far as it is there.
        if (part.kind === 'read' && part.value.kind === 'text' && !part.value.literal) {
          assert.ok(whole.kind !== 'read' || whole.length >= part.length);
          return;
        }
        assert.deepEqual(part, whole);
      }),
      { numRuns: 20_000 },
    );
  });

  it('a tag with many attributes that ends wrong is refused in a time that grows with its length', () => {
    const time = (count: number): number => {
      const text = `<a${" b='c'".repeat(count)} d>`;
      const begin = process.hrtime.bigint();
      assert.equal(readToken(text, false, 1_000_000).kind, 'broken');
      return Number(process.hrtime.bigint() - begin);
    };
    const best = (count: number): number => Math.min(time(count), time(count), time(count));
    const [few, many] = [best(1000), best(20_000)];
    assert.ok(many < few * 100 + 5e6, `${few} ns for 1,000, ${many} ns for 20,000`);
  });
});
