import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Registry } from 'prom-client';
import { showAttempts, showQueueStates } from '../../../src/relay/queue-metrics.ts';
import type { QueueStates } from '../../../src/store/queue-states.ts';
import { readExposition } from '../../support/exposition.ts';

const none = { recipients: 0, oldestSince: null };
const states: QueueStates = {
  waiting: { recipients: 3, oldestSince: 940_000 },
  deferred: { recipients: 2, oldestSince: 400_000 },
  'held-tls': { recipients: 1, oldestSince: 2_000_000 },
  held: none,
};

function setting(read: () => Promise<QueueStates>) {
  const registry = new Registry();
  const state = { now: 1_000_000, asked: 0, errors: 0 };
  showQueueStates({
    registry,
    read() {
      state.asked += 1;
      return read();
    },
    now: () => state.now,
    onError() {
      state.errors += 1;
    },
  });
  const shown = async (): Promise<ReadonlyMap<string, number>> => readExposition(await registry.metrics());
  return { state, shown };
}

const recipients = (state: string): string => `waxwing_queue_recipients{state="${state}"}`;
const oldest = (state: string): string => `waxwing_queue_state_oldest_seconds{state="${state}"}`;

describe('showQueueStates', () => {
  it('shows recipients by state, and the age of the oldest message of each', async () => {
    const { shown } = setting(() => Promise.resolve(states));
    const all = await shown();
    assert.deepEqual(
      ['waiting', 'deferred', 'held-tls', 'held'].map((state) => [
        all.get(recipients(state)),
        all.get(oldest(state)),
      ]),
      [
        [3, 60],
        [2, 600],
        [1, 0],
        [0, 0],
      ],
    );
  });

  it('walks through the queue not more often than every ten seconds, once for both', async () => {
    const { state, shown } = setting(() => Promise.resolve(states));
    await shown();
    state.now += 9_999;
    await shown();
    assert.equal(state.asked, 1);
    state.now += 1_000;
    await shown();
    assert.equal(state.asked, 2);
  });

  it('a walk that takes long holds up nobody who looks, and is not begun twice', async () => {
    const { promise, resolve } = Promise.withResolvers<QueueStates>();
    const { state, shown } = setting(() => promise);
    const begun = performance.now();
    const first = await shown();
    assert.ok(performance.now() - begun < 3_000);
    assert.equal(first.size, 0, 'what is not known is not shown as nothing');
    resolve(states);
    assert.equal((await shown()).get(recipients('waiting')), 3);
    assert.equal(state.asked, 1);
  });

  it('figures that cannot be read are not shown', async () => {
    const { state, shown } = setting(() => Promise.reject(new Error('the medium')));
    assert.equal((await shown()).size, 0);
    assert.equal(state.errors, 1);
  });
});

describe('showAttempts', () => {
  it('shows those of the moment', async () => {
    const registry = new Registry();
    let active = 3;
    showAttempts(registry, () => active);
    assert.equal(readExposition(await registry.metrics()).get('waxwing_delivery_attempts'), 3);
    active = 0;
    assert.equal(readExposition(await registry.metrics()).get('waxwing_delivery_attempts'), 0);
  });
});
