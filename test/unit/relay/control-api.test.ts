import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Delivery } from '../../../src/queue/delivery.ts';
import { type QueuedDelivery, toQueuedTrail } from '../../../src/relay/control-api.ts';
import type { MessageTrail } from '../../../src/store/queue-store.ts';

const AT = Date.UTC(2026, 10, 22, 3, 4, 5, 6);
const TEXT = '2026-11-22T03:04:05.006Z';

function trail(delivery: Delivery): MessageTrail {
  return {
    id: 'm',
    receivedAt: AT,
    sender: '',
    size: 7,
    recipients: [{ address: 'b@far.test', destination: 'far.test', delivery, lastWord: null }],
    events: [],
    transcripts: [{ address: 'b@far.test', at: AT, lines: ['C: QUIT'] }],
  };
}

describe('what the control socket says of a message', () => {
  const cases: readonly (readonly [Delivery, QueuedDelivery])[] = [
    [
      { kind: 'waiting', attempts: 1, notBefore: AT },
      { kind: 'waiting', attempts: 1, notBefore: TEXT },
    ],
    [
      { kind: 'held', by: 'tls', attempts: 2, notBefore: AT },
      { kind: 'held', by: 'tls', attempts: 2, notBefore: TEXT },
    ],
    // A lease without an end is no date at all.
    [
      { kind: 'attempting', attempts: 0, leaseEnds: Number.MAX_SAFE_INTEGER, from: 'waiting' },
      { kind: 'attempting', attempts: 0 },
    ],
    [
      { kind: 'delivered', at: AT },
      { kind: 'delivered', at: TEXT },
    ],
    [
      { kind: 'bounced', at: AT },
      { kind: 'bounced', at: TEXT },
    ],
    [
      { kind: 'cancelled', at: AT },
      { kind: 'cancelled', at: TEXT },
    ],
  ];
  for (const [kept, said] of cases) {
    it(`${kept.kind}: times are RFC 3339, UTC, milliseconds`, () => {
      assert.deepEqual(toQueuedTrail(trail(kept)), {
        id: 'm',
        receivedAt: TEXT,
        sender: '',
        size: 7,
        recipients: [{ address: 'b@far.test', destination: 'far.test', delivery: said, lastWord: null }],
        events: [],
        transcripts: [{ address: 'b@far.test', at: TEXT, lines: ['C: QUIT'] }],
      });
    });
  }
});
