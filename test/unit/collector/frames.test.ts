import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Frame, frameReader, READY, TOO_LONG } from '../../../src/collector/frames.ts';

function head(length: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(length);
  return octets;
}

const written = (frame: Frame): Buffer => {
  if (frame.kind === 'ready') return head(READY);
  if (frame.kind === 'too-long') return head(TOO_LONG);
  return Buffer.concat([head(frame.octets.length), frame.octets]);
};

describe('frameReader', () => {
  it('gives the same frames wherever the octets are cut', () => {
    const frame = fc.oneof(
      fc.constant<Frame>({ kind: 'ready' }),
      fc.constant<Frame>({ kind: 'too-long' }),
      fc.uint8Array({ maxLength: 20 }).map((octets): Frame => ({ kind: 'datagram', octets })),
    );
    fc.assert(
      fc.property(fc.array(frame), fc.integer({ min: 1, max: 30 }), (frames, size) => {
        const octets = Buffer.concat(frames.map(written));
        const reader = frameReader(20);
        const read: Frame[] = [];
        for (let at = 0; at < octets.length; at += size)
          read.push(...reader.read(octets.subarray(at, at + size)));
        assert.deepEqual(
          read.map((one) => written(one).toString('hex')),
          frames.map((one) => written(one).toString('hex')),
        );
      }),
    );
  });

  it('takes a datagram of the greatest length, and refuses one octet more before it makes room for it', () => {
    assert.equal(frameReader(8).read(Buffer.concat([head(8), Buffer.alloc(8)])).length, 1);
    assert.throws(() => frameReader(8).read(head(9)), /a frame of 9 octets, where 8 are the most/);
  });

  it('keeps nothing of the pieces that it was given', () => {
    const reader = frameReader(8);
    const piece = Buffer.concat([head(2), Buffer.from('ab')]);
    const [frame] = reader.read(piece);
    piece.fill(0);
    assert.ok(frame?.kind === 'datagram');
    assert.equal(Buffer.from(frame.octets).toString(), 'ab');
  });
});
