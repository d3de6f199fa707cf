/** RFC 1035 §4.2.2: "The message is prefixed with a two byte length field". */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as fc from 'fast-check';
import { framed, frameReader } from '../../../../src/net/dns/frames.ts';

it('messages come out as they went in, wherever the stream is cut', () => {
  const message = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 700 })),
      (messages, cuts) => {
        const stream = Buffer.concat(messages.map(framed));
        const read: Uint8Array[] = [];
        const take = frameReader((one) => {
          read.push(one);
          return 'more';
        });
        let at = 0;
        for (const cut of [...cuts, stream.length]) {
          take(stream.subarray(at, at + cut));
          at += cut;
        }
        assert.deepEqual(
          read.map((one) => [...one]),
          messages.map((one) => [...one]),
        );
      },
    ),
  );
});

it('a message of 65,535 octets, one octet at a time', () => {
  const message = new Uint8Array(65_535).fill(7);
  const read: number[] = [];
  const take = frameReader((one) => {
    read.push(one.length);
    return 'more';
  });
  for (const octet of framed(message)) take(Uint8Array.of(octet));
  assert.deepEqual(read, [65_535]);
});

it('the length of 65,536 octets does not fit, and none is made of it: encodeMessage has refused it', () => {
  assert.deepEqual([...framed(new Uint8Array(65_535)).subarray(0, 2)], [0xff, 0xff]);
});

it('who wants no more gets no more, although it is there', () => {
  const read: number[] = [];
  const take = frameReader((one) => {
    read.push(one.length);
    return 'stop';
  });
  take(Buffer.concat([framed(new Uint8Array(1)), framed(new Uint8Array(2))]));
  assert.deepEqual(read, [1]);
});

it('what it gives is its own: the piece it came in may be used again', () => {
  let kept: Uint8Array = new Uint8Array();
  const piece = Buffer.from(framed(Uint8Array.of(1, 2, 3)));
  frameReader((one) => {
    kept = new Uint8Array(one.buffer, one.byteOffset, one.length);
    return 'more';
  })(piece);
  piece.fill(0xff);
  assert.deepEqual([...kept], [1, 2, 3]);
});
