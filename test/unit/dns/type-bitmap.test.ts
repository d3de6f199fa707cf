import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readTypeBitmap } from '../../../src/dns/type-bitmap.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** The field as RFC 4034 §4.1.2 says it is written. */
function written(types: readonly number[]): number[] {
  const windows = new Map<number, number[]>();
  for (const type of types.toSorted((a, b) => a - b)) {
    const bitmap = windows.get(type >> 8) ?? [];
    const octet = (type & 0xff) >> 3;
    while (bitmap.length <= octet) bitmap.push(0);
    bitmap[octet] = (bitmap[octet] ?? 0) | (1 << (7 - (type & 7)));
    windows.set(type >> 8, bitmap);
  }
  return [...windows].flatMap(([window, bitmap]) => [window, bitmap.length, ...bitmap]);
}

describe('readTypeBitmap', () => {
  it('RFC 4034 §4.3: reads the example, A MX RRSIG NSEC TYPE1234', () => {
    const example = bytes(`00 06 40 01 00 00 00 03 04 1b ${'00'.repeat(26)} 20`);
    const read = readTypeBitmap(example, 0);
    assert.deepEqual(read?.all(), [1, 15, 46, 47, 1234]);
    for (const type of [1, 15, 46, 47, 1234]) assert.ok(read?.has(type), String(type));
    for (const type of [0, 2, 14, 16, 45, 48, 1233, 1235, 256, 1024, 65_535])
      assert.ok(!read?.has(type), String(type));
  });

  it('says what was written, and nothing else', () => {
    const type = fc.oneof(fc.nat({ max: 65_535 }), fc.nat({ max: 300 }));
    fc.assert(
      fc.property(fc.uniqueArray(type, { maxLength: 20 }), type, (types, other) => {
        const read = readTypeBitmap(Uint8Array.of(9, 9, ...written(types)), 2);
        assert.deepEqual(
          read?.all(),
          types.toSorted((a, b) => a - b),
        );
        assert.equal(read?.has(other), types.includes(other));
        assert.ok(types.every((one) => read?.has(one)));
      }),
    );
  });

  it('what a window does not reach is not set, whatever stands behind it', () => {
    const read = readTypeBitmap(bytes('00 01 40 ff 01 ff'), 0);
    for (let type = 8; type < 256; type += 1) assert.equal(read?.has(type), false, String(type));
    assert.ok(read?.has(0xff00));
  });

  it('an empty field names no type', () => {
    assert.deepEqual(readTypeBitmap(bytes('01'), 1)?.all(), []);
  });

  const refused: readonly [why: string, hex: string][] = [
    ['windows out of order', '01 01 40 00 01 40'],
    ['a window twice', '00 01 40 00 01 20'],
    ['"Blocks with no types present MUST NOT be included": no octets', '00 00'],
    ['"Blocks with no types present MUST NOT be included": no bits', '00 01 00'],
    ['"Trailing zero octets in the bitmap MUST be omitted"', '00 02 40 00'],
    ['more than 32 octets', `00 21 ${'01'.repeat(33)}`],
    ['a bitmap that is cut off', '00 02 40'],
    ['a window without a length', '00'],
    ['a second window that is cut off', '00 01 40 01'],
  ];
  for (const [why, hex] of refused) {
    it(`RFC 4034 §4.1.2: refuses ${why}`, () => assert.equal(readTypeBitmap(bytes(hex), 0), undefined));
  }

  it('reads 32 octets of a window', () => {
    assert.deepEqual(readTypeBitmap(bytes(`00 20 ${'00'.repeat(31)} 01`), 0)?.all(), [255]);
  });
});
