import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Inquiry, Reply } from '../../../src/advisor/desk.ts';
import type { Learnt } from '../../../src/lookup/engine.ts';
import { learnt, watchedDesk } from '../../support/advisor.ts';
import { DOMAIN, factsOf } from '../../support/destinations.ts';
import { manualDeadlines } from '../../support/manual-deadlines.ts';

const inquiry: Inquiry = {
  target: { kind: 'domain', domain: DOMAIN },
  reply: (): Reply => ({ kind: 'policy', text: 'found' }),
  failing: (because, late) => `${late ? 'late' : 'failing'}: ${because}`,
};
const later: Inquiry = { ...inquiry, reply: () => ({ kind: 'later', text: 'later' }) };

describe('the answers of a listener', () => {
  it('are kept for as long as what they stand on', async () => {
    const watched = watchedDesk(() => Promise.resolve(learnt(factsOf(), 60_000)));
    const { desk } = watched;
    assert.equal(desk.kept('a'), undefined);
    assert.equal(await desk.lookUp('a', inquiry), 'found');
    watched.now = 59_999;
    assert.equal(desk.kept('a'), 'found');
    watched.now = 60_000;
    assert.equal(desk.kept('a'), undefined);
    assert.deepEqual(watched.answers, ['policy', 'policy kept']);
  });

  it('five seconds at least, and an hour at most', async () => {
    for (const [forMs, keptMs] of [
      [1, 5_000],
      [86_400_000, 3_600_000],
    ] as const) {
      const watched = watchedDesk(() => Promise.resolve(learnt(factsOf(), forMs)));
      await watched.desk.lookUp('a', inquiry);
      watched.now = keptMs - 1;
      assert.equal(watched.desk.kept('a'), 'found');
      watched.now = keptMs;
      assert.equal(watched.desk.kept('a'), undefined);
    }
  });

  it('three seconds where they stand on something that could not be learnt', async () => {
    for (const [forMs, asked] of [
      [0, inquiry],
      [60_000, later],
    ] as const) {
      const watched = watchedDesk(() => Promise.resolve(learnt(factsOf(), forMs)));
      await watched.desk.lookUp('a', asked);
      watched.now = 2_999;
      assert.notEqual(watched.desk.kept('a'), undefined);
      watched.now = 3_000;
      assert.equal(watched.desk.kept('a'), undefined);
    }
  });

  it('a look-up that fails by a fault is told, and is an answer for three seconds', async () => {
    const watched = watchedDesk(() => Promise.reject(new Error('the disk is gone')));
    assert.equal(await watched.desk.lookUp('a', inquiry), 'failing: the disk is gone');
    assert.deepEqual(watched.errors, ['looking up a policy']);
    assert.deepEqual(watched.answers, ['later']);
    watched.now = 3_000;
    assert.equal(watched.desk.kept('a'), undefined);
  });

  it('are all forgotten, those that are looked up meanwhile too', async () => {
    const { promise, resolve } = Promise.withResolvers<Learnt>();
    const watched = watchedDesk(() => promise);
    const answer = watched.desk.lookUp('a', inquiry);
    watched.desk.forget();
    resolve(learnt());
    assert.equal(await answer, 'found');
    assert.equal(watched.desk.kept('a'), undefined);
    await watched.desk.lookUp('b', inquiry);
    assert.equal(watched.desk.kept('b'), 'found');
    watched.desk.forget();
    assert.equal(watched.desk.kept('b'), undefined);
  });

  it('who asks is told to come again where a look-up takes too long; its outcome is kept for then', async () => {
    const { promise, resolve } = Promise.withResolvers<Learnt>();
    const deadlines = manualDeadlines();
    const watched = watchedDesk(() => promise, { deadlines });
    const answer = watched.desk.lookUp('a', inquiry);
    deadlines.later(30_000);
    assert.equal(await answer, 'late: it takes more than 30 s to find out');
    assert.equal(watched.desk.kept('a'), undefined);
    resolve(learnt());
    await new Promise(setImmediate);
    assert.equal(watched.desk.kept('a'), 'found');
  });

  it('only so many look-ups are under way at once', async () => {
    const { promise, resolve } = Promise.withResolvers<Learnt>();
    const lookUps = { count: 999 };
    const watched = watchedDesk(() => promise, { lookUps });
    const first = watched.desk.lookUp('a', inquiry);
    assert.equal(await watched.desk.lookUp('b', inquiry), 'failing: too many look-ups are under way');
    assert.equal(watched.desk.kept('b'), undefined);
    resolve(learnt());
    assert.equal(await first, 'found');
    assert.equal(lookUps.count, 999);
  });

  it('their number is bounded: what was not asked for longest makes room', async () => {
    const { desk } = watchedDesk(undefined, { most: () => 10 });
    for (let index = 0; index <= 10; index += 1) await desk.lookUp(`k${index}`, inquiry);
    assert.equal(desk.kept('k0'), undefined);
    assert.equal(desk.kept('k1'), 'found');
  });

  it('of long ones fewer are kept', async () => {
    const { desk } = watchedDesk(undefined, { most: () => 10 });
    const long: Inquiry = { ...inquiry, reply: () => ({ kind: 'policy', text: 'x'.repeat(1_000) }) };
    for (let index = 0; index < 10; index += 1) await desk.lookUp(`k${index}`, long);
    const kept = Array.from({ length: 10 }, (_, index) => desk.kept(`k${index}`) !== undefined);
    // 10 × 512 octets for all of them.
    assert.deepEqual(kept, [...Array.from({ length: 6 }, () => false), true, true, true, true]);
  });

  it('another number holds from the moment on at which they are forgotten', async () => {
    let most = 1;
    const { desk } = watchedDesk(undefined, { most: () => most });
    most = 2;
    desk.forget();
    await desk.lookUp('a', inquiry);
    await desk.lookUp('b', inquiry);
    assert.equal(desk.kept('a'), 'found');
  });
});
