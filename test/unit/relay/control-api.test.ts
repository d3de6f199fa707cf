import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noTerms } from '../../../src/names/message-terms.ts';
import type { Delivery } from '../../../src/queue/delivery.ts';
import { type QueuedDelivery, toQueuedTrail } from '../../../src/relay/control-api.ts';
import type { MessageTrail, Pause } from '../../../src/store/queue-store.ts';

const AT = Date.UTC(2026, 10, 22, 3, 4, 5, 6);
const TEXT = '2026-11-22T03:04:05.006Z';

function trail(delivery: Delivery, pause: Pause | null = null): MessageTrail {
  return {
    id: 'm',
    receivedAt: AT,
    sender: '',
    size: 7,
    terms: noTerms,
    recipients: [
      {
        address: 'b@far.test',
        destination: 'far.test',
        delivery,
        lastWord: null,
        blockedBecause: null,
        pause,
      },
    ],
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
      const { recipients, ...rest } = toQueuedTrail(trail(kept), AT);
      assert.deepEqual(
        { ...rest, recipients: recipients.map((one) => ({ ...one, why: null })) },
        {
          id: 'm',
          receivedAt: TEXT,
          sender: '',
          size: 7,
          recipients: [
            {
              address: 'b@far.test',
              destination: 'far.test',
              delivery: said,
              why: null,
              lastWord: null,
              pause: null,
            },
          ],
          events: [],
          transcripts: [{ address: 'b@far.test', at: TEXT, lines: ['C: QUIT'] }],
        },
      );
    });
  }

  it('what a look at the destination found is the last word of held mail, and of no other', () => {
    const word = { found: { at: AT, because: 'looked' }, nextAt: AT };
    const last = (delivery: Delivery): string | null | undefined =>
      toQueuedTrail(trail(delivery), AT, () => word).recipients[0]?.lastWord;
    assert.equal(last({ kind: 'held', by: 'tls', attempts: 1, notBefore: AT }), 'looked');
    assert.equal(last({ kind: 'held', by: 'operator', attempts: 1, notBefore: AT }), null);
    assert.equal(last({ kind: 'waiting', attempts: 1, notBefore: AT }), null);
  });

  for (const [until, said] of [
    [null, { destination: 'far.test', until: null }],
    [AT + 1, { destination: 'far.test', until: '2026-11-22T03:04:05.007Z' }],
    [AT, null],
  ] as const) {
    it(`a pause until ${until} is ${JSON.stringify(said)}`, () => {
      const kept = trail({ kind: 'waiting', attempts: 0, notBefore: AT }, { destination: 'far.test', until });
      assert.deepEqual(toQueuedTrail(kept, AT).recipients[0]?.pause, said);
    });
  }
});
