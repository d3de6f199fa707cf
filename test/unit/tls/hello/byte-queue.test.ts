import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { byteQueue } from '../../../../src/tls/hello/byte-queue.ts';

describe('byteQueue', () => {
  it('what was added comes out, in any pieces', () => {
    const slices = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 12 });
    fc.assert(
      fc.property(slices, fc.array(fc.integer({ min: 1, max: 15 }), { maxLength: 12 }), (added, counts) => {
        const queue = byteQueue();
        const whole = Buffer.concat(added);
        for (const slice of added) queue.add(slice);
        let at = 0;
        for (const count of counts) {
          const isThere = at + count <= whole.length;
          const expected = isThere ? [...whole.subarray(at, at + count)] : undefined;
          assert.deepEqual(queue.peek(count) && [...(queue.peek(count) ?? [])], expected);
          assert.deepEqual(queue.length(), whole.length - at);
          const taken = queue.take(count);
          assert.deepEqual(taken && [...taken], expected);
          if (isThere) at += count;
        }
      }),
      { numRuns: 200 },
    );
  });

  it('many small slices are joined once', () => {
    const queue = byteQueue();
    for (let count = 0; count < 20_000; count++) {
      queue.add(Uint8Array.of(count & 0xff));
      assert.equal(queue.take(20_001), undefined);
    }
    assert.equal(queue.take(20_000)?.length, 20_000);
    assert.equal(queue.length(), 0);
  });
});
