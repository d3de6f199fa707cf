import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { formatField, paragraph, printable } from '../../../src/mail/field.ts';

const anything = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc
    .array(fc.constantFrom('\r', '\n', ' ', 'word', 'x'.repeat(900), ' '.repeat(99), 'é', '\0'))
    .map((all) => all.join('')),
);

describe('printable', () => {
  const rows: readonly [why: string, text: string, most: number, result: string][] = [
    ['leaves ASCII alone', 'a b~', 10, 'a b~'],
    ['turns line breaks into one space', 'a\r\n\r\nb\rc\nd', 99, 'a b c d'],
    ['escapes controls and everything above 126', 'a\0é\x7f€', 99, String.raw`a\x{0}\x{e9}\x{7f}\x{20ac}`],
    ['keeps what is exactly at the limit', 'abcde', 5, 'abcde'],
    ['cuts what is one above', 'abcdef', 5, 'ab...'],
    ['counts escapes', 'éé', 9, String.raw`\x{e9}...`],
  ];
  for (const [why, text, most, result] of rows) it(why, () => assert.equal(printable(text, most), result));
});

describe('formatField', () => {
  it('folds before a space at 78 characters, and unfolding gives the text back', () => {
    const value = Array.from({ length: 40 }, (_, index) => `word${index}`).join(' ');
    const field = formatField('X', value);
    assert.ok(field.split('\r\n').every((line) => line.length <= 78));
    assert.equal(field.replace(/\r\n(?= )/g, ''), `X: ${value}\r\n`);
  });

  it('RFC 5322 §2.1.1: no line over 998, no line of white space alone, no second field, for any text', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const field = formatField('Diagnostic-Code', text);
        assert.match(field, /^Diagnostic-Code:(?:[\x20-\x7e]|\r\n )*\r\n$/);
        const lines = field.slice(0, -2).split('\r\n');
        assert.ok(lines.every((line, index) => line.length <= 998 && (index === 0 || line.trim() !== '')));
      }),
    );
  });
});

describe('paragraph', () => {
  it('breaks at 76 characters, indent included', () => {
    const text = paragraph('word '.repeat(40).trimEnd(), '    ');
    assert.ok(text.split('\r\n').every((line) => line === '' || /^ {4}\S.{0,71}$/.test(line)));
    assert.equal(text.split(/\s+/).filter((word) => word === 'word').length, 40);
  });

  it('gives short printable lines for any text', () => {
    fc.assert(
      fc.property(anything, (text) => {
        assert.match(paragraph(text), /^(?:[\x20-\x7e]{0,998}\r\n)+$/);
      }),
    );
  });
});
