/** Registers attacks as tests. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AT_ONCE, type Attack, faultOf } from './cell.ts';

/** One test for each cell: we withstand, the twin does not, and without its weakness it would. */
export function attempt(attacks: readonly Attack[]): void {
  for (const { name, cells } of attacks) {
    describe(name, { concurrency: AT_ONCE }, () => {
      for (const cell of cells) {
        it(`${cell.protocol}, ${cell.role}: ${cell.how}`, async () =>
          assert.equal(await faultOf(cell), undefined));
      }
    });
  }
}
