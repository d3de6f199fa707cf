import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openDialRate } from '../../../src/relay/dial-rate.ts';

function rate() {
  const clock = { now: 0 };
  const opened: number[] = [];
  const given = openDialRate(
    () => clock.now,
    async (ms) => {
      opened[opened.length - 1] = Math.round(clock.now + ms);
    },
  );
  /** Wants to open so many at this moment. @returns when each may be opened, ms. */
  const want = async (count: number, most = 1_000): Promise<readonly number[]> => {
    const from = opened.length;
    for (let n = 0; n < count; n++) {
      opened.push(clock.now);
      await given.turn(most);
    }
    return opened.slice(from);
  };
  return { clock, given, want };
}

describe('connections that are opened in a second', () => {
  it('are 50 at the start, and 50 in each second while nobody answers', async () => {
    const { want } = rate();
    const at = await want(200);
    assert.deepEqual([at[0], at[49], at[50], at[99], at[149]], [0, 0, 20, 1_000, 2_000]);
  });

  it('are one more for each that is answered, up to what an operator allows', async () => {
    const { clock, given, want } = rate();
    await want(50);
    for (let n = 0; n < 50; n++) given.answered();
    clock.now = 1_000;
    const at = await want(200);
    assert.equal(at.filter((one) => one < 2_000).length, 199, '100 at once, 100 in the second that follows');
    for (let n = 0; n < 5_000; n++) given.answered();
    clock.now = 10_000;
    await want(1, 300);
    assert.equal(given.perSecond, 300);
  });

  it('begin anew where 20 in a row were in vain: that is our network, not a host', () => {
    const { given } = rate();
    for (let n = 0; n < 400; n++) given.answered();
    for (let n = 0; n < 19; n++) given.missed();
    given.answered();
    for (let n = 0; n < 19; n++) given.missed();
    assert.equal(given.perSecond, 451, 'there are always some that are dead');
    given.missed();
    assert.equal(given.perSecond, 50);
  });

  it('begin anew after a minute without any', async () => {
    const { clock, given, want } = rate();
    for (let n = 0; n < 400; n++) given.answered();
    await want(1);
    clock.now = 60_000;
    await want(1);
    assert.equal(given.perSecond, 450);
    clock.now = 120_001;
    await want(1);
    assert.equal(given.perSecond, 50);
  });

  it('are as few as an operator wants also where that is fewer than at the start', async () => {
    const { want } = rate();
    const at = await want(20, 10);
    assert.equal(at.filter((one) => one === 0).length, 10);
    assert.equal(at[19], 1_000);
  });
});
