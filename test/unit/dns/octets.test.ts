import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { lowerCase, root } from '../../../src/dns/name.ts';
import {
  charactersAt,
  compareOctets,
  endOfCanonicalName,
  nameAt,
  plainNameAt,
  putU16,
  putU32,
  u16,
  u32,
  writeCharacters,
} from '../../../src/dns/octets.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
/** A message whose octets behind the header are these. */
const message = (text: string): Uint8Array => bytes(`${'h'.repeat(12)}${text}`);

describe('numbers', () => {
  it('are written and read with the most significant octet first', () => {
    const octets = new Uint8Array(8);
    putU16(octets, 1, 0xabcd);
    putU32(octets, 4, 0xfedc_ba98);
    assert.deepEqual([...octets], [0, 0xab, 0xcd, 0, 0xfe, 0xdc, 0xba, 0x98]);
    assert.equal(u16(octets, 1), 0xabcd);
    assert.equal(u32(octets, 4), 0xfedc_ba98);
  });
});

describe('characters', () => {
  it('are octets, one for each', () => {
    const all = Uint8Array.from({ length: 255 }, (_, index) => index + 1);
    const text = charactersAt(all, 0, 255);
    assert.deepEqual(
      Array.from(text, (one) => one.charCodeAt(0)),
      [...all],
    );
    const written = new Uint8Array(256);
    writeCharacters(written, 1, text);
    assert.deepEqual(written.subarray(1), all);
  });
});

describe('compareOctets', () => {
  it('RFC 4034 §6.3: octets are unsigned, and a missing octet sorts before a zero octet', () => {
    const sorted = ['', '\0', '\0\0', '\x01', '\x7f', '\x80', '\xff', '\xff\0'];
    assert.deepEqual(sorted.toReversed().map(bytes).toSorted(compareOctets), sorted.map(bytes));
  });

  it('is the order of Buffer.compare', () => {
    const some = fc.uint8Array({ maxLength: 4, max: 3 });
    fc.assert(
      fc.property(some, some, (a, b) => {
        assert.equal(Math.sign(compareOctets(a, b)), Buffer.compare(a, b));
      }),
    );
  });
});

describe('nameAt', () => {
  it('RFC 1035 §4.1.4: reads the example', () => {
    // F.ISI.ARPA at 20, FOO.F.ISI.ARPA at 40, ARPA at 64, the root at 92.
    const octets = new Uint8Array(93);
    writeCharacters(octets, 20, '\x01F\x03ISI\x04ARPA\0');
    writeCharacters(octets, 40, '\x03FOO\xc0\x14');
    writeCharacters(octets, 64, '\xc0\x1a');
    assert.deepEqual(nameAt(octets, 20), { name: '\x01f\x03isi\x04arpa\0', end: 32 });
    assert.deepEqual(nameAt(octets, 40), { name: '\x03foo\x01f\x03isi\x04arpa\0', end: 46 });
    assert.deepEqual(nameAt(octets, 64), { name: '\x04arpa\0', end: 66 });
    assert.deepEqual(nameAt(octets, 92), { name: root, end: 93 });
  });

  const refused: readonly [why: string, text: string, at: number][] = [
    ['a pointer to itself', '\xc0\x0c', 12],
    ['a pointer to its own labels', '\x01a\xc0\x0c', 12],
    ['a pointer into its own labels', '\x01a\x01b\xc0\x0e', 12],
    ['a pointer forwards', '\xc0\x0f\0\x01a\0', 12],
    ['two pointers to each other', '\xc0\x0e\xc0\x0c', 12],
    ['two pointers to each other, from the second', '\x01a\xc0\x10\x01b\xc0\x0c', 16],
    ['a pointer beyond the end', '\xc0\xff', 12],
    ['half a pointer', '\0\xc0', 13],
    ['labels without an end', '\x01a', 12],
    ['a label that is cut off', '\x05abcd', 12],
    ['a pointer back and another forth', '\x01a\xc0\x10\x01b\0\xc0\x0c', 19],
    ['nothing', '', 12],
    ['an extended label (RFC 6891 §5)', '\x41a\0', 12],
    ['a label type that was never given out', '\x80a\0', 12],
  ];
  for (const [why, text, at] of refused) {
    it(`refuses ${why}`, () => assert.equal(nameAt(message(text), at), undefined));
  }

  it('refuses a pointer into the header, whatever is in it', () => {
    for (const target of [0, 11]) {
      const octets = new Uint8Array(16);
      putU16(octets, 14, 0xc000 | target);
      assert.equal(nameAt(octets, 14), undefined);
    }
  });

  it('refuses half a pointer, whatever the other half would be', () => {
    const octets = new Uint8Array(300);
    octets[299] = 0xc1;
    assert.equal(nameAt(octets, 299), undefined);
  });

  it('RFC 1035 §2.3.4: a name has up to 255 octets, with what its pointers bring', () => {
    const long = `${`\x3f${'a'.repeat(63)}`.repeat(3)}\x3b${'b'.repeat(59)}\0`;
    const octets = message(`${long}\x01c\xc0\x0c\x02cd\xc0\x0c`);
    assert.equal(nameAt(octets, 12)?.name.length, 253);
    assert.equal(nameAt(octets, 12 + 253)?.name.length, 255);
    assert.equal(nameAt(octets, 12 + 257), undefined);
    assert.equal(nameAt(message(`\x01a${long}`), 12)?.name.length, 255);
    assert.equal(nameAt(message(`\x02ab${long}`), 12), undefined);
  });

  it('follows 127 pointers and no more', () => {
    const chain = Array.from({ length: 130 }, (_, index) => `\xc0${String.fromCharCode(12 + 2 * index)}`);
    const octets = message(`\0\0${chain.slice(0, 110).join('')}`);
    assert.deepEqual(nameAt(octets, 14 + 2 * 109), { name: root, end: 14 + 2 * 110 });
    const wide = new Uint8Array(600);
    for (let index = 0; index < 200; index += 1) putU16(wide, 14 + 2 * index, 0xc000 | (12 + 2 * index));
    assert.equal(nameAt(wide, 14 + 2 * 126)?.name, root);
    assert.equal(nameAt(wide, 14 + 2 * 127), undefined);
  });

  /** Without limits on pointers: labels are joined, pointers followed, as long as they go backwards. */
  function naive(octets: Uint8Array, at: number): string | undefined {
    let name = '';
    for (let from = at, begin = at; ; ) {
      const length = octets[from];
      if (length === undefined || name.length > 254) return undefined;
      if (length === 0) return `${name}\0`;
      if (length >= 0xc0) {
        const target = (length & 0x3f) * 256 + (octets[from + 1] ?? 0xffff);
        if (target < 12 || target >= begin) return undefined;
        from = target;
        begin = target;
      } else {
        if (length > 63 || from + 1 + length > octets.length) return undefined;
        name += lowerCase(Buffer.from(octets.subarray(from, from + 1 + length)).toString('latin1'));
        from += 1 + length;
      }
    }
  }

  it('reads what a naive reading reads', () => {
    const octet = fc.oneof(fc.constantFrom(0, 1, 2, 0xc0, 0x0c, 0x0d, 0x10, 0x41), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(octet, { maxLength: 24 }), fc.nat({ max: 24 }), (tail, offset) => {
        const octets = Uint8Array.of(...bytes('h'.repeat(12)), ...tail);
        assert.equal(nameAt(octets, 12 + offset)?.name, naive(octets, 12 + offset));
      }),
      { numRuns: 5000 },
    );
  });
});

describe('plainNameAt', () => {
  it('reads a name in lower case, and says where it ends', () => {
    assert.deepEqual(plainNameAt(bytes('??\x01A\x02bC\0?'), 2), { name: '\x01a\x02bc\0', end: 8 });
  });

  it('refuses pointers and what is cut off', () => {
    for (const text of ['\x01a\xc0\x00', '\xc0\x00', '\x01a', '\x01', '', '\x40a\0'])
      assert.equal(plainNameAt(bytes(text), 0), undefined);
  });
});

describe('endOfCanonicalName', () => {
  it('knows a name that needs no change', () => {
    assert.equal(endOfCanonicalName(bytes('?\x01a\x02[@\0?'), 1), 7);
    assert.equal(endOfCanonicalName(bytes('\0'), 0), 1);
    assert.equal(endOfCanonicalName(bytes(`${'\x01a'.repeat(127)}\0`), 0), 255);
  });

  it('leaves all others to the slow way', () => {
    const others = ['\x01A\0', '\x01a\xc0\x00', '\x01a', '\x05a', '', `${'\x01a'.repeat(128)}\0`];
    others.push(`\x40${'a'.repeat(64)}\0`);
    for (const text of others) assert.equal(endOfCanonicalName(bytes(text), 0), -1);
  });

  it('agrees with plainNameAt', () => {
    const octet = fc.constantFrom(0, 1, 2, 0x41, 0x61, 0xc0);
    fc.assert(
      fc.property(
        fc.array(octet, { maxLength: 12 }).map((some) => Uint8Array.from(some)),
        (octets) => {
          const read = plainNameAt(octets, 0);
          const same =
            read !== undefined && read.name === Buffer.from(octets.subarray(0, read.end)).toString('latin1');
          assert.equal(endOfCanonicalName(octets, 0), same ? read.end : -1);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
