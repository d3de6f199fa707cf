import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { lookOf, oneLine, paint, wrap } from '../../../src/cli/terminal.ts';

const plain = { width: 80, colour: false, unicode: false };

describe('how text looks', () => {
  it('has no colour where it does not go to a terminal', () => {
    assert.deepEqual(lookOf({}, {}), plain);
    assert.equal(lookOf({ isTTY: true }, {}).colour, true);
  });

  it('has no colour where NO_COLOR is "present and not an empty string (regardless of its value)"', () => {
    for (const [value, colour] of [
      ['1', false],
      ['0', false],
      ['', true],
    ] as const) {
      assert.equal(lookOf({ isTTY: true }, { NO_COLOR: value }).colour, colour, value);
    }
    assert.equal(lookOf({ isTTY: true }, { TERM: 'dumb' }).colour, false);
  });

  it('is as wide as the terminal, within reason', () => {
    for (const [columns, width] of [
      [1, 40],
      [66, 66],
      [1000, 110],
    ] as const) {
      assert.equal(lookOf({ columns }, {}).width, width);
    }
  });

  it('of a terminal that does not know its size has 80 columns', () => {
    assert.equal(lookOf({ isTTY: true, columns: 0 }, {}).width, 80);
  });

  it('has as many columns as COLUMNS says: "the user\'s preferred width" (POSIX)', () => {
    for (const [text, width] of [
      ['66', 66],
      ['7', 40],
      ['9999', 110],
      ['', 100],
      ['0', 100],
      ['-5', 100],
      ['wide', 100],
    ] as const) {
      assert.equal(lookOf({ columns: 100 }, { COLUMNS: text }).width, width, text);
    }
  });

  it('has marks beyond ASCII where the locale is UTF-8; LC_ALL decides before LC_CTYPE, that before LANG', () => {
    assert.equal(lookOf({}, { LANG: 'de_DE.UTF-8' }).unicode, true);
    assert.equal(lookOf({}, { LANG: 'C.utf8' }).unicode, true);
    assert.equal(lookOf({}, { LC_ALL: 'C', LC_CTYPE: 'C.UTF-8', LANG: 'de_DE.UTF-8' }).unicode, false);
    assert.equal(lookOf({}, { LC_ALL: '', LC_CTYPE: 'C.UTF-8', LANG: 'C' }).unicode, true);
  });
});

it('paint leaves the text alone where there is no colour', () => {
  assert.equal(paint('x', 'red', plain), 'x');
  assert.equal(paint('x', 'red', { colour: true }), '\x1b[31mx\x1b[0m');
});

describe('wrap', () => {
  it('breaks between words, each line behind its beginning', () => {
    assert.deepEqual(wrap('one two three', 9, '- ', '  '), ['- one two', '  three']);
    assert.deepEqual(wrap('one two three', 8, '- ', '  '), ['- one', '  two', '  three']);
    assert.deepEqual(wrap('abcdefghijkl x', 5, '- '), ['- abcdefghijkl', '- x']);
  });

  it('loses no word, and no line is too wide unless it is one word', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 });
    fc.assert(
      fc.property(words, fc.integer({ min: 1, max: 40 }), (list, width) => {
        const lines = wrap(list.join(' '), width, '> ');
        assert.deepEqual(
          lines.flatMap((line) => line.slice(2).split(' ')),
          list,
        );
        assert.ok(lines.every((line) => line.length <= width || !line.slice(2).includes(' ')));
      }),
    );
  });
});

it('oneLine leaves nothing that moves the cursor', () => {
  assert.equal(oneLine('a\r\n\x1b[2Jb\x9bc ü'), 'a [2Jb c ü');
});
