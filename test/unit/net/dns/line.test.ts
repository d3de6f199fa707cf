import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as fc from 'fast-check';
import { Line } from '../../../../src/net/dns/line.ts';

it('whoever came first is first, whatever comes and goes between', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer(), fc.constant('leave' as const), fc.constant('all' as const))),
      (steps) => {
        const line = new Line<number>();
        const model: number[] = [];
        for (const step of steps) {
          if (step === 'leave') {
            line.leave();
            model.shift();
          } else if (step === 'all') assert.deepEqual(line.takeAll(), model.splice(0));
          else {
            line.push(step);
            model.push(step);
          }
          assert.equal(line.length, model.length);
          assert.equal(line.next, model[0]);
        }
      },
    ),
  );
});

it('to let one go costs the same however many wait', () => {
  const line = new Line<number>();
  const many = 400_000;
  for (let index = 0; index < many; index += 1) line.push(index);
  const startedAt = performance.now();
  while (line.length > 0) line.leave();
  // If all that wait were moved each time: minutes.
  assert.ok(performance.now() - startedAt < 2_000);
});
