import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { fromColumns, type KeptDelivery, toColumns } from '../../../src/store/delivery-columns.ts';

const number = fc.nat();
const anyDelivery: fc.Arbitrary<KeptDelivery> = fc.oneof(
  fc.record({ kind: fc.constant('waiting' as const), attempts: number, notBefore: number }),
  fc.record({
    kind: fc.constant('held' as const),
    by: fc.constantFrom('tls' as const, 'operator' as const),
    attempts: number,
    notBefore: number,
  }),
  fc.record({
    kind: fc.constantFrom('delivered' as const, 'bounced' as const, 'cancelled' as const),
    at: number,
  }),
);

describe('a delivery in columns', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(anyDelivery, (delivery) => {
        assert.deepEqual(fromColumns(toColumns(delivery)), { ...delivery });
      }),
    );
  });
});
