import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { netstring, netstringReader } from '../../../src/advisor/netstrings.ts';

/** All that comes out of these octets, cut at every place that is named. */
function readAll(octets: Buffer, most = 10_000, cuts: readonly number[] = []): (string | undefined)[] {
  const reader = netstringReader(most);
  const read: (string | undefined)[] = [];
  const ends = [...cuts.toSorted((a, b) => a - b), octets.length];
  let from = 0;
  for (const end of ends) {
    reader.feed(octets.subarray(from, end));
    from = Math.max(from, end);
    for (;;) {
      const request = reader.next();
      if (request === undefined) break;
      if (typeof request !== 'string') return [...read, undefined];
      read.push(request);
    }
  }
  return read;
}

describe('netstrings', () => {
  it('are read one after the other', () =>
    assert.deepEqual(readAll(Buffer.from('3:abc,0:,1:,,')), ['abc', '', ',']));

  it('come out the same however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 5 }),
        fc.array(fc.nat(120)),
        (strings, cuts) => {
          const texts = strings.map((one) => Buffer.from(one).toString('latin1'));
          const octets = Buffer.from(texts.map(netstring).join(''), 'latin1');
          assert.deepEqual(
            readAll(
              octets,
              10_000,
              cuts.filter((cut) => cut < octets.length),
            ),
            texts,
          );
        },
      ),
    );
  });

  const broken = [
    '01:a,',
    '00:,',
    ':,',
    'a',
    '-1:,',
    '+1:a,',
    ' 1:a,',
    '1 :a,',
    '1:ab',
    '1:a;',
    '0x1:a,',
    '\n',
  ];
  for (const text of broken)
    it(`${JSON.stringify(text)} is none, and nothing behind it is read`, () =>
      assert.deepEqual(readAll(Buffer.from(`2:ok,${text}1:x,`)), ['ok', undefined]));

  it('one of the greatest length is read, one that is longer is refused by its length alone', () => {
    assert.deepEqual(readAll(Buffer.from(netstring('a'.repeat(10))), 10), ['a'.repeat(10)]);
    assert.deepEqual(readAll(Buffer.from('11:'), 10), [undefined]);
    assert.deepEqual(readAll(Buffer.from('99'), 10), [undefined]);
    assert.deepEqual(readAll(Buffer.from('111'), 10), [undefined]);
  });

  it('a length that never ends is refused', () =>
    assert.deepEqual(readAll(Buffer.from('1'.repeat(1_000)), 10_000), [undefined]));

  it('says whether one has begun', () => {
    const reader = netstringReader(10);
    assert.equal(reader.midway, false);
    reader.feed(Buffer.from('3:ab'));
    assert.equal(reader.next(), undefined);
    assert.equal(reader.midway, true);
    reader.feed(Buffer.from('c,'));
    assert.equal(reader.next(), 'abc');
    assert.equal(reader.midway, false);
  });

  it('one of the greatest length takes no time, though it comes octet by octet', () => {
    const octets = Buffer.from(netstring('a'.repeat(10_000)));
    const reader = netstringReader(10_000);
    const begun = performance.now();
    for (let at = 0; at < octets.length; at += 1) {
      reader.feed(octets.subarray(at, at + 1));
      if (at < octets.length - 1) assert.equal(reader.next(), undefined);
    }
    assert.equal(reader.next(), 'a'.repeat(10_000));
    assert.ok(performance.now() - begun < 2_000);
  });
});
