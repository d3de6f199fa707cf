import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readAddressList } from '../../../src/mail/address-list.ts';

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

function read(value: string): string {
  const list = readAddressList(latin1(value));
  return list.kind === 'ok' ? list.value.map(({ text }) => text).join(' ') : 'invalid';
}

describe('addresses in a field (RFC 5322 §3.4)', () => {
  const cases: readonly [value: string, read: string][] = [
    [' anna@example.test', 'anna@example.test'],
    [' <anna@example.test>', 'anna@example.test'],
    [' Anna <anna@Example.TEST>', 'anna@example.test'],
    [' Anna Q. Public <anna@example.test>', 'anna@example.test'],
    [' "Public, Anna" <anna@example.test>, bert@example.test', 'anna@example.test bert@example.test'],
    [' "Q \\" <eve@example.test>" <anna@example.test>', 'anna@example.test'],
    [' (a (nested) comment <eve@x.test>) anna@example.test (\\))', 'anna@example.test'],
    [' =?utf-8?q?Anna?= <anna@example.test>', 'anna@example.test'],
    [' "anna b"@example.test', '"anna b"@example.test'],
    [' anna@[192.0.2.1]', 'anna@[192.0.2.1]'],
    [' Änne <änne@example.test>', 'änne@example.test'],
    // RFC 6854: a group, also an empty one.
    [' Team: anna@example.test, Bert <bert@example.test>;', 'anna@example.test bert@example.test'],
    [' Nobody:;, anna@example.test', 'anna@example.test'],
    [' Team: anna@example.test;, bert@example.test', 'anna@example.test bert@example.test'],
  ];
  for (const [value, expected] of cases) it(value, () => assert.equal(read(value), expected));

  const refused: readonly [value: string, why: string][] = [
    ['', 'nothing'],
    [' Nobody:;', 'a group without anybody'],
    [' anna@example.test, ', 'a list that goes on with nothing'],
    [' , anna@example.test', 'a list that begins with nothing'],
    [' anna@example.test bert@example.test', 'two without a comma'],
    [' anna@example.test <bert@example.test>', 'an address in place of a name'],
    [' <anna@example.test> <bert@example.test>', 'two in angle brackets'],
    [' <anna@example.test> Anna', 'a name behind the address'],
    [' <anna@example.test', 'a bracket that does not end'],
    [' anna@example.test>', 'a bracket that has not begun'],
    [' <@relay.test:anna@example.test>', 'a source route, which is obsolete'],
    [' anna @ example.test', 'white space within an address, which is obsolete'],
    [' anna(c)@example.test', 'a comment within an address'],
    [' "anna@example.test', 'a quote that does not end'],
    [' (anna@example.test', 'a comment that does not end'],
    [' Team: anna@example.test', 'a group that does not end'],
    [' anna@example.test;', 'a group that has not begun'],
    [' A: B: anna@example.test;;', 'a group in a group'],
    [' anna', 'no domain'],
    [' anna@example.test\0', 'a NUL'],
    [' anna@example.test\r\n', 'a line end'],
  ];
  for (const [value, why] of refused) it(`not ${why}`, () => assert.equal(read(value), 'invalid'));

  it('not octets that are no UTF-8', () =>
    assert.equal(readAddressList(' anna\xff@example.test').kind, 'invalid'));

  it('not more than 64 KiB', () =>
    assert.equal(readAddressList(`${' '.repeat(64 * 1024)}anna@example.test`).kind, 'invalid'));

  it('whatever stands there: an answer', () => {
    const piece = fc.constantFrom(
      'a',
      '@',
      '.',
      '<',
      '>',
      '"',
      '(',
      ')',
      '\\',
      ',',
      ':',
      ';',
      ' ',
      '[',
      ']',
      'é',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const list = readAddressList(latin1(pieces.join('')));
        if (list.kind === 'ok') assert.ok(list.value.length > 0);
      }),
    );
  });

  it('takes linear time', () => {
    const begun = performance.now();
    for (const part of ['(', '"', '<', 'a,', 'a@b.test,', '\\', '[']) read(part.repeat(60_000 / part.length));
    assert.ok(performance.now() - begun < 1_500);
  });
});
