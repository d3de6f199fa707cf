import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Delivery, type DeliveryEvent, isFinal, next } from '../../../src/queue/delivery.ts';

const waiting: Delivery = { kind: 'waiting', attempts: 2, notBefore: 100 };
const attempting: Delivery = { kind: 'attempting', attempts: 2, leaseEnds: 150, from: 'waiting' };
const attemptingAgain: Delivery = { kind: 'attempting', attempts: 2, leaseEnds: 150, from: 'tls' };
const heldByTls: Delivery = { kind: 'held', by: 'tls', attempts: 2, notBefore: 100 };
const heldByOperator: Delivery = { kind: 'held', by: 'operator', attempts: 2, notBefore: 100 };
const delivered: Delivery = { kind: 'delivered', at: 90 };
const bounced: Delivery = { kind: 'bounced', at: 90 };
const cancelled: Delivery = { kind: 'cancelled', at: 90 };

const events = {
  claimed: { kind: 'claimed', at: 200, leaseEnds: 300 },
  accepted: { kind: 'accepted', at: 200 },
  failed: { kind: 'failed', at: 200, notBefore: 400 },
  blocked: { kind: 'blocked', at: 200, notBefore: 400 },
  refused: { kind: 'refused', at: 200 },
  expired: { kind: 'expired', at: 200 },
  lost: { kind: 'lost', at: 200 },
  retry: { kind: 'retry', at: 200 },
  hold: { kind: 'hold' },
  release: { kind: 'release', at: 200 },
  cancel: { kind: 'cancel', at: 200 },
} as const satisfies { readonly [Kind in DeliveryEvent['kind']]: DeliveryEvent & { kind: Kind } };

type Row = { readonly [Kind in DeliveryEvent['kind']]?: Delivery };

const givenUp: Delivery = { kind: 'bounced', at: 200 };
const calledOff: Delivery = { kind: 'cancelled', at: 200 };

const afterAttempt: Row = {
  accepted: { kind: 'delivered', at: 200 },
  failed: { kind: 'waiting', attempts: 3, notBefore: 400 },
  blocked: { kind: 'held', by: 'tls', attempts: 3, notBefore: 400 },
  refused: givenUp,
  expired: givenUp,
};

/** Every cell that is not named here is one that cannot happen. */
const table: readonly { readonly why: string; readonly from: Delivery; readonly to: Row }[] = [
  {
    why: 'waiting: claimed on schedule, at the call of an operator, or given up unclaimed',
    from: waiting,
    to: {
      claimed: { kind: 'attempting', attempts: 2, leaseEnds: 300, from: 'waiting' },
      retry: { kind: 'waiting', attempts: 2, notBefore: 200 },
      expired: givenUp,
      hold: heldByOperator,
      cancel: calledOff,
    },
  },
  {
    why: 'held by tls: claimed on schedule just like waiting, held when only the time changes, waiting once it is released',
    from: heldByTls,
    to: {
      claimed: { kind: 'attempting', attempts: 2, leaseEnds: 300, from: 'tls' },
      retry: { kind: 'held', by: 'tls', attempts: 2, notBefore: 200 },
      release: { kind: 'waiting', attempts: 2, notBefore: 200 },
      expired: givenUp,
      hold: heldByOperator,
      cancel: calledOff,
    },
  },
  {
    why: 'held by an operator: neither tried nor expired until released',
    from: heldByOperator,
    to: { release: { kind: 'waiting', attempts: 2, notBefore: 200 }, cancel: calledOff },
  },
  {
    why: 'attempting: an attempt that was lost does not count as one',
    from: attempting,
    to: { ...afterAttempt, lost: { kind: 'waiting', attempts: 2, notBefore: 200 } },
  },
  {
    why: 'attempting from held by tls: a lost attempt goes back to held, not to waiting',
    from: attemptingAgain,
    to: { ...afterAttempt, lost: { kind: 'held', by: 'tls', attempts: 2, notBefore: 200 } },
  },
  { why: 'delivered is final', from: delivered, to: {} },
  { why: 'bounced is final', from: bounced, to: {} },
  { why: 'cancelled is final', from: cancelled, to: {} },
];

const anyTime = fc.nat({ max: 1_000_000 });
const anyEvent: fc.Arbitrary<DeliveryEvent> = fc.oneof(
  fc.record({ kind: fc.constant('claimed' as const), at: anyTime, leaseEnds: anyTime }),
  fc.record({
    kind: fc.constantFrom('failed' as const, 'blocked' as const),
    at: anyTime,
    notBefore: anyTime,
  }),
  fc.record({
    kind: fc.constantFrom(
      ...(['accepted', 'refused', 'expired', 'lost', 'retry', 'release', 'cancel'] as const),
    ),
    at: anyTime,
  }),
  fc.constant({ kind: 'hold' as const }),
);

describe('the life of a delivery', () => {
  for (const { why, from, to } of table) {
    describe(why, () => {
      for (const event of Object.values(events)) {
        const expected = to[event.kind];
        it(`${event.kind} ${expected === undefined ? 'cannot happen' : `leads to ${expected.kind}`}`, () => {
          assert.deepEqual(next(from, event), expected);
        });
      }
    });
  }

  it('is final exactly where no event leads on', () => {
    for (const { from, to } of table) assert.equal(isFinal(from), Object.keys(to).length === 0, from.kind);
  });

  it('never leaves a final state, never loses an attempt, never counts more than one at a time', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (happened) => {
        let delivery: Delivery = { kind: 'waiting', attempts: 0, notBefore: 0 };
        for (const event of happened) {
          const before: Delivery = delivery;
          const after = next(before, event);
          if (isFinal(before)) assert.equal(after, undefined);
          if (after === undefined) continue;
          if ('attempts' in after && 'attempts' in before) {
            const counts = event.kind === 'failed' || event.kind === 'blocked';
            assert.equal(after.attempts, before.attempts + Number(counts));
          }
          delivery = after;
        }
      }),
    );
  });

  it('is delivered only out of an attempt', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (happened) => {
        let delivery: Delivery = { kind: 'waiting', attempts: 0, notBefore: 0 };
        for (const event of happened) {
          const after = next(delivery, event);
          if (after?.kind === 'delivered') assert.equal(delivery.kind, 'attempting');
          delivery = after ?? delivery;
        }
      }),
    );
  });

  it('does not change what it is given', () => {
    for (const { from } of table) {
      const frozen = Object.freeze({ ...from });
      for (const event of Object.values(events)) next(frozen, Object.freeze({ ...event }));
      assert.deepEqual(frozen, from);
    }
  });
});
