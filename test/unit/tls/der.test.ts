import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readElements, readInside } from '../../../src/tls/der.ts';
import { der } from './forge.ts';

describe('readElements, X.690', () => {
  it('reads elements one after the other', () => {
    const found = readElements(Buffer.concat([der(0x02, Buffer.from([1])), der(0x30)]));
    assert.deepEqual(
      found?.map(({ tag, content, whole }) => [tag, content.length, whole.length]),
      [
        [0x02, 1, 3],
        [0x30, 0, 2],
      ],
    );
    assert.deepEqual(readElements(Buffer.alloc(0)), []);
  });

  for (const length of [0, 127, 128, 255, 256, 65_535, 65_536]) {
    it(`reads a content of ${length} octets, and not one octet less of it`, () => {
      const element = der(0x04, Buffer.alloc(length));
      assert.equal(readElements(element)?.[0]?.content.length, length);
      assert.equal(readElements(element.subarray(0, -1)), undefined);
    });
  }

  const refused: readonly [why: string, octets: readonly number[]][] = [
    ['a tag alone', [0x30]],
    ['the indefinite form', [0x30, 0x80, 0, 0]],
    ['a length of more octets than needed', [0x04, 0x81, 1, 0]],
    ['a length with a leading zero', [0x04, 0x82, 0, 0x80, ...Buffer.alloc(128)]],
    ['a length of five octets', [0x04, 0x85, 1, 0, 0, 0, 0]],
    ['a length that is cut off', [0x04, 0x82, 1]],
    ['a tag number above 30', [0x1f, 0x81, 0, 0]],
    ['an element behind which one octet is left', [0x04, 0, 0x04]],
  ];
  for (const [why, octets] of refused) {
    it(`refuses ${why}`, () => assert.equal(readElements(Buffer.from(octets)), undefined));
  }

  it('refuses more elements than any certificate has', () => {
    assert.equal(readElements(Buffer.alloc(2 * 20_000))?.length, 20_000);
    assert.equal(readElements(Buffer.alloc(2 * 20_001)), undefined);
  });

  it('reads what der writes, and gives for any octets elements that fill them or nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        assert.deepEqual(readElements(der(0x04, octets))?.[0]?.content, Buffer.from(octets));
        const found = readElements(octets);
        if (found !== undefined)
          assert.deepEqual(Buffer.concat(found.map(({ whole }) => whole)), Buffer.from(octets));
      }),
    );
  });
});

describe('readInside', () => {
  it('wants one element of that tag that fills its input', () => {
    const inner = der(0x02, Buffer.from([1]));
    assert.equal(readInside(der(0x30, inner, inner), 0x30)?.length, 2);
    assert.equal(readInside(der(0x31, inner), 0x30), undefined);
    assert.equal(readInside(Buffer.concat([der(0x30, inner), der(0x30)]), 0x30), undefined);
    assert.equal(readInside(Buffer.alloc(0), 0x30), undefined);
  });
});
