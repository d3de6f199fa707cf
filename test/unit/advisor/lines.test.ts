import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { requestLineReader } from '../../../src/advisor/lines.ts';

function readAll(octets: Buffer, most: number, cut: number): (string | undefined)[] {
  const reader = requestLineReader(most);
  const read: (string | undefined)[] = [];
  for (const piece of [octets.subarray(0, cut), octets.subarray(cut)]) {
    reader.feed(piece);
    for (;;) {
      const request = reader.next();
      if (request === undefined) break;
      if (typeof request !== 'string') return [...read, undefined];
      read.push(request);
    }
  }
  return read;
}

describe('requests of one line', () => {
  it('end with LF, a CR before it belongs to the end', () =>
    assert.deepEqual(readAll(Buffer.from('get a\nget b\r\n\nget c'), 100, 3), ['get a', 'get b', '']));

  it('come out the same wherever they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z ]{0,9}$/), { maxLength: 5 }),
        fc.nat(60),
        (lines, cut) => {
          const octets = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          assert.deepEqual(readAll(octets, 9, Math.min(cut, octets.length)), lines);
        },
      ),
    );
  });

  it('one of the greatest length is read, one that is longer is refused, with or without its end', () => {
    assert.deepEqual(readAll(Buffer.from('abcde\n'), 5, 0), ['abcde']);
    assert.deepEqual(readAll(Buffer.from('abcde\r\n'), 5, 6), ['abcde']);
    assert.deepEqual(readAll(Buffer.from('abcdefg\n'), 5, 0), [undefined]);
    assert.deepEqual(readAll(Buffer.from('abcdefg'), 5, 0), [undefined]);
  });

  it('says whether one has begun', () => {
    const reader = requestLineReader(10);
    reader.feed(Buffer.from('a'));
    assert.equal(reader.next(), undefined);
    assert.equal(reader.midway, true);
    reader.feed(Buffer.from('\n'));
    assert.equal(reader.next(), 'a');
    assert.equal(reader.midway, false);
  });
});
