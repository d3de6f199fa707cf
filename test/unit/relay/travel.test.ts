import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeliveryEvent } from '../../../src/events/delivery-event.ts';
import type { TlsOutcome } from '../../../src/policies/words.ts';
import { createTravel, NO_SENDER } from '../../../src/relay/travel.ts';

function event(part: Partial<DeliveryEvent>, outcome: TlsOutcome | null = 'encrypted'): DeliveryEvent {
  return {
    event: 'delivered',
    id: 'id',
    at: '2026-11-28T23:59:59.999Z',
    from: 'anna@Near.test',
    to: 'bob@Far.test',
    mx: { host: 'mx.far.test', address: '198.51.100.1', port: 25 },
    reply: null,
    attempt: 1,
    tls: {
      outcome,
      required: 'none',
      by: 'default',
      because: '',
      version: null,
      cipher: null,
      group: null,
      certificateSha256: null,
      peerName: null,
      tlsa: null,
    },
    nextAttemptAt: null,
    ...part,
  };
}

const none = { authenticated: 0, encrypted: 0, cleartext: 0 };
const out = { day: '2026-11-28', direction: 'out', domain: 'far.test' };

describe('createTravel', () => {
  it('counts what was delivered by day and domain of the recipient, by its outcome', () => {
    const travel = createTravel();
    travel.sent([event({}), event({ to: 'carol@far.test' }, 'authenticated'), event({}, 'cleartext')]);
    travel.sent([event({ at: '2026-11-29T00:00:00.000Z' })]);
    assert.deepEqual(travel.take(), [
      { ...out, authenticated: 1, encrypted: 1, cleartext: 1 },
      { ...out, ...none, day: '2026-11-29', encrypted: 1 },
    ]);
    assert.deepEqual(travel.take(), []);
  });

  it('counts what comes in by the domain of the sender', () => {
    const travel = createTravel();
    const received = { event: 'received', mx: null } as const;
    travel.taken([event(received), event({ ...received, from: '' }, 'cleartext')], '192.0.2.1');
    assert.deepEqual(travel.take(), [
      { day: '2026-11-28', direction: 'in', domain: 'near.test', ...none, encrypted: 1 },
      { day: '2026-11-28', direction: 'in', domain: NO_SENDER, ...none, cleartext: 1 },
    ]);
  });

  it('leaves out what stays on this host', () => {
    const travel = createTravel();
    for (const address of ['127.0.0.1', '127.8.9.1', '::1']) {
      travel.sent([event({ mx: { host: 'localhost', address, port: 25 } })]);
      travel.taken([event({ event: 'received', mx: null })], address);
    }
    assert.deepEqual(travel.take(), []);
  });

  it('leaves out what did not travel', () => {
    const travel = createTravel();
    travel.sent([
      event({ event: 'deferred' }),
      event({ event: 'blocked' }, null),
      event({}, null),
      event({ tls: null }),
      event({ mx: null }),
    ]);
    travel.taken([event({ event: 'received', tls: null })], '192.0.2.1');
    assert.deepEqual(travel.take(), []);
  });

  it('writes a domain beyond ASCII as DNS has it', () => {
    const travel = createTravel();
    travel.sent([event({ to: 'bob@müller.test' })]);
    assert.equal(travel.take()[0]?.domain, 'xn--mller-kva.test');
  });

  it('is full with 20,000 domains', () => {
    const travel = createTravel();
    for (let n = 0; n < 19_999; n += 1) travel.sent([event({ to: `b@d${n}.test` })]);
    assert.equal(travel.isFull, false);
    travel.sent([event({ to: 'b@d7.test' }), event({ to: 'b@one-more.test' })]);
    assert.equal(travel.isFull, true);
    travel.take();
    assert.equal(travel.isFull, false);
  });
});
