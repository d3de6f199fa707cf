import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { DeliveryEvent, RelayEvent } from '../../../src/events/delivery-event.ts';
import type { Promotion } from '../../../src/policies/report-only/promotion.ts';
import { watchPromotions } from '../../../src/relay/promotion-watch.ts';
import { DOMAIN } from '../../support/destinations.ts';

const promotion: Promotion = {
  domain: DOMAIN,
  level: 'encrypt',
  setAt: 0,
  until: 10_000,
  reason: 'seen',
  mostBlocked: 2,
  blocked: 0,
  endedAt: null,
  endedBecause: null,
};

function blockedFor(to: string, by = 'override', event = 'blocked'): RelayEvent {
  const told: Pick<DeliveryEvent, 'to'> & { event: string; tls: { by: string } } = { event, to, tls: { by } };
  return told as unknown as DeliveryEvent;
}

function setting(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const state = { row: promotion, now: 0, fails: false };
  const told: string[] = [];
  const errors: string[] = [];
  const watch = watchPromotions({
    store: {
      block(domain, recipients) {
        if (state.fails) throw new Error('no room');
        if (domain !== DOMAIN) return undefined;
        state.row = { ...state.row, blocked: state.row.blocked + recipients };
        return state.row;
      },
      end(_, at, because) {
        if (state.row.endedAt !== null) return false;
        state.row = { ...state.row, endedAt: at, endedBecause: because };
        return true;
      },
    },
    now: () => state.now,
    onRollback: ({ domain }, because) => void told.push(`${domain}: ${because}`),
    onError: (what) => void errors.push(what),
  });
  return { state, told, errors, watch };
}

describe('a promoted level is watched', () => {
  it('and taken back, once, when it has blocked more than was said to be bearable', (t) => {
    const { state, told, watch } = setting(t);
    watch.events([blockedFor('a@example.test'), blockedFor('b@EXAMPLE.test')]);
    t.mock.timers.tick(5_000);
    assert.deepEqual([state.row.blocked, told], [2, []]);
    watch.events([blockedFor('c@example.test')]);
    t.mock.timers.tick(5_000);
    assert.deepEqual(told, ['example.test: it has blocked 3 recipients, and 2 were said to be bearable']);
    watch.events([blockedFor('d@example.test')]);
    watch.close();
    assert.equal(told.length, 1);
    assert.equal(state.row.endedBecause, 'it has blocked 3 recipients, and 2 were said to be bearable');
  });

  it('what others block is not its doing', (t) => {
    const { state, watch } = setting(t);
    watch.events([
      blockedFor('a@example.test', 'dane'),
      blockedFor('a@example.test', 'override', 'held'),
      blockedFor('a@other.test'),
      blockedFor('a@[192.0.2.1]'),
    ]);
    watch.flush();
    assert.equal(state.row.blocked, 0);
  });

  it('nothing is lost where it cannot be written down', (t) => {
    const { state, errors, watch } = setting(t);
    state.fails = true;
    watch.events([blockedFor('a@example.test')]);
    watch.flush();
    assert.deepEqual(errors, ['counting what is blocked for example.test']);
    state.fails = false;
    watch.close();
    assert.equal(state.row.blocked, 1);
  });
});
