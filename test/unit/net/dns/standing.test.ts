import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newStanding, type Standing } from '../../../../src/net/dns/standing.ts';

function standing(): { readonly standing: Standing; readonly at: (ms: number) => void } {
  let now = 0;
  return {
    standing: newStanding(() => now),
    at: (ms) => {
      now = ms;
    },
  };
}

describe('patience', () => {
  it('is that of a stranger at first, and never less than a resolver with an empty cache needs', () => {
    const { standing: one } = standing();
    assert.equal(one.patienceMs, 800);
    for (let times = 0; times < 50; times += 1) one.answered(1);
    assert.equal(one.patienceMs, 400);
  });

  it('grows with the time that answers take and with how much it varies, to a limit', () => {
    const { standing: one } = standing();
    for (let times = 0; times < 50; times += 1) one.answered(500);
    assert.ok(one.patienceMs > 500 && one.patienceMs < 700, `${one.patienceMs}`);
    for (let times = 0; times < 50; times += 1) one.answered(times % 2 === 0 ? 200 : 800);
    assert.ok(one.patienceMs > 1_000, `${one.patienceMs}`);
    for (let times = 0; times < 50; times += 1) one.answered(60_000);
    assert.equal(one.patienceMs, 1_500);
  });
});

describe('who does not answer', () => {
  it('is asked after the others for a while, the longer the more often it failed', () => {
    const { standing: one, at } = standing();
    const until: number[] = [];
    for (let times = 0; times < 12; times += 1) {
      at(one.shunnedUntil === Number.NEGATIVE_INFINITY ? 0 : one.shunnedUntil);
      const askedAt = Math.max(0, one.shunnedUntil);
      one.failed(askedAt);
      until.push(one.shunnedUntil - askedAt);
    }
    assert.deepEqual(until.slice(0, 4), [2_000, 4_000, 8_000, 16_000]);
    assert.equal(until.at(-1), 120_000);
  });

  it('many questions that fail together count once', () => {
    const { standing: one } = standing();
    for (let times = 0; times < 100; times += 1) one.failed(0);
    assert.equal(one.shunnedUntil, 2_000);
  });

  it('a question that fails while others are answered says nothing of the resolver', () => {
    const { standing: one, at } = standing();
    at(50);
    one.answered(10);
    at(100);
    one.failed(20);
    assert.equal(one.shunnedUntil, Number.NEGATIVE_INFINITY);
    one.failed(60);
    assert.equal(one.shunnedUntil, 2_100);
  });

  it('one question finds out for all whether it is back; an answer clears it', () => {
    const { standing: one, at } = standing();
    one.failed(0);
    at(2_000);
    one.probed();
    assert.equal(one.shunnedUntil, 4_000);
    one.answered(undefined);
    assert.equal(one.shunnedUntil, Number.NEGATIVE_INFINITY);
    one.probed();
    assert.equal(one.shunnedUntil, Number.NEGATIVE_INFINITY);
  });
});
