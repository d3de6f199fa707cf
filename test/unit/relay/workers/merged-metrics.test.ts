import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { mergedMetrics } from '../../../../src/relay/workers/merged-metrics.ts';
import { deafCalls } from '../../../support/worker-calls.ts';

/** A worker that counts, can die, and begins anew. */
function worker(number: number) {
  const begin = (since: number) => {
    const registers = [new Registry()];
    return {
      since,
      registry: registers[0] ?? assert.fail(),
      events: new Counter({ name: 'events_total', help: 'e', labelNames: ['event'], registers }),
      open: new Gauge({ name: 'open', help: 'o', registers }),
      oldest: new Gauge({ name: 'oldest', help: 'o', aggregator: 'max', registers }),
      seconds: new Histogram({ name: 'seconds', help: 's', buckets: [1, 2], registers }),
    };
  };
  const state = { down: false, counts: begin(1) };
  return {
    state,
    restart: () => (state.counts = begin(state.counts.since + 1)),
    end: {
      number,
      takes: true,
      calls: {
        ...deafCalls,
        async metrics() {
          if (state.down) throw new Error('gone');
          const { since, registry } = state.counts;
          return structuredClone({ since, metrics: await registry.getMetricsAsJSON() });
        },
      },
    },
  };
}

function setting() {
  const [one, other] = [worker(1), worker(2)];
  const page = mergedMetrics({
    own: new Registry(),
    workers: () => [one.end, other.end],
    wanted: () => 2,
    restarts: () => 3,
  });
  const values = async (): Promise<Record<string, string>> =>
    Object.fromEntries(
      (await page())
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => line.split(/ (?=[^ ]*$)/)),
    );
  return { one, other, values };
}

describe('the counters of all workers', () => {
  it('are added up, gauges as each says, histograms by bucket', async () => {
    const { one, other, values } = setting();
    for (const [{ state }, count] of [
      [one, 2],
      [other, 3],
    ] as const) {
      state.counts.events.inc({ event: 'delivered' }, count);
      state.counts.open.set(count);
      state.counts.oldest.set(count);
      state.counts.seconds.observe(count - 1);
    }
    const page = await values();
    assert.equal(page['events_total{event="delivered"}'], '5');
    assert.equal(page['open'], '5');
    assert.equal(page['oldest'], '3');
    assert.equal(page['seconds_bucket{le="1"}'], '1');
    assert.equal(page['seconds_bucket{le="2"}'], '2');
    assert.equal(page['seconds_sum'], '3');
    assert.equal(page['waxwing_workers{state="alive"}'], '2');
    assert.equal(page['waxwing_workers{state="wanted"}'], '2');
    assert.equal(page['waxwing_worker_restarts_total'], '3');
  });

  it('never fall: a worker that is gone, or begins anew, keeps what it had counted', async () => {
    const { one, other, values } = setting();
    one.state.counts.events.inc({ event: 'delivered' }, 2);
    other.state.counts.events.inc({ event: 'delivered' }, 3);
    other.state.counts.seconds.observe(1);
    other.state.counts.open.set(7);
    await values();
    other.state.down = true;
    const without = await values();
    assert.equal(without['events_total{event="delivered"}'], '5');
    assert.equal(without['seconds_count'], '1');
    assert.equal(without['open'], '0', 'what is open now is not known of it');
    assert.equal(without['waxwing_workers{state="alive"}'], '1');
    for (const sum of ['9', '13']) {
      other.restart();
      other.state.down = false;
      other.state.counts.events.inc({ event: 'delivered' }, 4);
      assert.equal((await values())['events_total{event="delivered"}'], sum);
    }
  });
});
