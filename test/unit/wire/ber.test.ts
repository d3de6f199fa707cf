import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  ber,
  berBoolean,
  berElements,
  berNumber,
  berTags,
  berText,
  berWhole,
  readBerHead,
} from '../../../src/wire/ber.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('readBerHead', () => {
  it('reads a tag and a length in the short form and in the long one', () => {
    assert.deepEqual(readBerHead(hex('30 0c')), { kind: 'head', tag: 0x30, headLength: 2, length: 12 });
    assert.deepEqual(readBerHead(hex('04 7f')), { kind: 'head', tag: 4, headLength: 2, length: 127 });
    assert.deepEqual(readBerHead(hex('04 81 80')), { kind: 'head', tag: 4, headLength: 3, length: 128 });
    assert.deepEqual(readBerHead(hex('04 82 01 00')), { kind: 'head', tag: 4, headLength: 4, length: 256 });
    assert.deepEqual(readBerHead(hex('ff ff 04 01'), 2), { kind: 'head', tag: 4, headLength: 2, length: 1 });
  });

  it('a length may have leading zeros, as a directory that always writes four octets has them', () => {
    assert.deepEqual(readBerHead(hex('30 84 00 00 00 28')), {
      kind: 'head',
      tag: 0x30,
      headLength: 6,
      length: 40,
    });
  });

  it('the largest length is told as it is, neither negative nor allocated', () => {
    assert.deepEqual(readBerHead(hex('04 84 ff ff ff ff')), {
      kind: 'head',
      tag: 4,
      headLength: 6,
      length: 4_294_967_295,
    });
  });

  it('RFC 4511 §5.1: "Only the definite form of length encoding is used."', () => {
    assert.deepEqual(readBerHead(hex('30 80')), {
      kind: 'malformed',
      because: 'a length in the indefinite form',
    });
  });

  it('refuses lengths of five octets and tags of two, as soon as they show', () => {
    assert.equal(readBerHead(hex('30 85')).kind, 'malformed');
    assert.equal(readBerHead(hex('1f')).kind, 'malformed');
    assert.equal(readBerHead(hex('7f 81 01')).kind, 'malformed');
  });

  it('waits where octets are missing', () => {
    for (const text of ['', '30', '30 81', '30 84 00 00 00']) {
      assert.deepEqual(readBerHead(hex(text)), { kind: 'incomplete' }, text);
    }
  });
});

describe('berElements', () => {
  it('reads what stands in a content, to its last octet', () => {
    const elements = berElements(hex('02 01 05 04 00'), 2);
    assert.deepEqual(
      elements?.map(({ tag, content }) => [tag, [...content]]),
      [
        [2, [5]],
        [4, []],
      ],
    );
    assert.deepEqual(berElements(new Uint8Array(), 1), []);
  });

  it('is undefined where an element ends beyond the content, or within its head', () => {
    for (const text of ['02 02 05', '02', '04 84 ff ff ff ff', '30 80 00 00']) {
      assert.equal(berElements(hex(text), 9), undefined, text);
    }
  });

  it('is undefined where there are more than asked for', () => {
    assert.equal(berElements(hex('04 00 04 00'), 2)?.length, 2);
    assert.equal(berElements(hex('04 00 04 00 04 00'), 2), undefined);
  });

  it('takes views, not copies', () => {
    const whole = hex('04 02 61 62');
    const [only] = berElements(whole, 1) ?? [];
    assert.equal(only?.content.buffer, whole.buffer);
  });
});

describe('values', () => {
  it('numbers are in two’s complement, of one to four octets', () => {
    const numbers: [text: string, value: number | undefined][] = [
      ['00', 0],
      ['7f', 127],
      ['80', -128],
      ['00 80', 128],
      ['ff', -1],
      ['7f ff ff ff', 2_147_483_647],
      ['80 00 00 00', -2_147_483_648],
      ['', undefined],
      ['00 00 00 00 01', undefined],
    ];
    for (const [text, value] of numbers) assert.equal(berNumber(hex(text)), value, text);
  });

  it('RFC 4511 §5.1: TRUE is 255, and nothing else is', () => {
    assert.deepEqual(
      ['00', 'ff', '01', '', '00 00'].map((text) => berBoolean(hex(text))),
      [false, true, undefined, undefined, undefined],
    );
  });

  it('text is UTF-8, or it is none', () => {
    assert.equal(berText(Buffer.from('Zoë')), 'Zoë');
    assert.equal(berText(hex('5a ff')), undefined);
  });
});

describe('writing', () => {
  it('lengths are as short as they can be', () => {
    assert.deepEqual([...ber(4, 'ab')], [4, 2, 0x61, 0x62]);
    assert.deepEqual([...ber(4, Buffer.alloc(128)).subarray(0, 3)], [4, 0x81, 128]);
    assert.deepEqual([...ber(4, Buffer.alloc(256)).subarray(0, 4)], [4, 0x82, 1, 0]);
  });

  it('numbers are as short as they can be, and never negative', () => {
    const written: [value: number, text: string][] = [
      [0, '020100'],
      [127, '02017f'],
      [128, '02020080'],
      [256, '02020100'],
      [2_147_483_647, '02047fffffff'],
    ];
    for (const [value, text] of written) assert.equal(berWhole(berTags.integer, value).toString('hex'), text);
  });

  it('what is written is read again', () => {
    const parts = fc.array(fc.tuple(fc.constantFrom(2, 4, 0x30, 0x8a), fc.uint8Array({ maxLength: 300 })));
    fc.assert(
      fc.property(parts, fc.nat(2_147_483_647), (elements, number) => {
        const content = Buffer.concat(elements.map(([tag, octets]) => ber(tag, octets)));
        const read = berElements(content, elements.length);
        assert.deepEqual(
          read?.map(({ tag, content: octets }) => [tag, [...octets]]),
          elements.map(([tag, octets]) => [tag, [...octets]]),
        );
        const [one] = berElements(berWhole(berTags.enumerated, number), 1) ?? [];
        assert.equal(berNumber(one?.content ?? new Uint8Array()), number);
      }),
    );
  });
});
