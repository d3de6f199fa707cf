import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openHostPlaces } from '../../../src/relay/host-places.ts';

const host = '192.0.2.1 25';

describe('places at a host', () => {
  it('are as many as the limit says, and another host has its own', async () => {
    const places = openHostPlaces(10_000);
    assert.deepEqual(await Promise.all([places.take(host, 2), places.take(host, 2)]), [true, true]);
    assert.equal(places.isFull(host, 2), true);
    assert.equal(await places.take('192.0.2.2 25', 2), true);
    places.leave(host);
    assert.equal(places.isFull(host, 2), false);
  });

  it('whoever waits longest has the place of whoever leaves', async () => {
    const places = openHostPlaces(10_000);
    await places.take(host, 1);
    const told: string[] = [];
    const waiting = ['first', 'second'].map(async (who) => {
      if (await places.take(host, 1)) told.push(who);
    });
    assert.equal(places.isWanted(host), true);
    places.leave(host);
    await waiting[0];
    assert.deepEqual(told, ['first']);
    assert.equal(places.isFull(host, 1), true, 'nobody comes in between');
    places.leave(host);
    await waiting[1];
    assert.deepEqual(told, ['first', 'second']);
  });

  it('nobody comes in ahead of those who wait, also where the limit has become larger', async () => {
    const places = openHostPlaces(10_000);
    await places.take(host, 1);
    const before = places.take(host, 1);
    const later = places.take(host, 2);
    places.leave(host);
    assert.equal(await before, true);
    places.leave(host);
    assert.equal(await later, true);
  });

  it('nobody waits for longer than he may, and no more than five wait at a time', async () => {
    const places = openHostPlaces(20);
    await places.take(host, 1);
    const answers = Array.from({ length: 6 }, () => places.take(host, 1));
    assert.equal(await answers[5], false);
    assert.equal(places.isWanted(host), true);
    assert.deepEqual(await Promise.all(answers), [false, false, false, false, false, false]);
    assert.equal(places.isWanted(host), false);
    places.leave(host);
    assert.equal(places.isFull(host, 1), false, 'who has gone gets no place');
  });

  it('at the end everybody who waits is sent away', async () => {
    const places = openHostPlaces(10_000);
    await places.take(host, 1);
    const waiting = places.take(host, 1);
    places.close();
    assert.equal(await waiting, false);
  });

  it('a place that nobody has is not left', () => {
    assert.throws(() => openHostPlaces(1).leave(host), /nobody has a place at 192\.0\.2\.1 25/);
  });
});
