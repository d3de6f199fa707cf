import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alone, answered, crowded, firstRoom } from '../../../src/relay/room.ts';

describe('the room of a destination', () => {
  it('is two at first and doubles up to our limit', () => {
    let room = firstRoom;
    const seen = [room.allowed];
    for (let count = 0; count < 4; count++) seen.push((room = answered(room, 12, 0)).allowed);
    assert.deepEqual(seen, [2, 4, 8, 12, 12]);
    assert.equal(answered(room, 12, 0), room, 'nothing is made where nothing changes');
  });

  it('is one where nobody was there, and doubles from there', () => {
    const room = alone({ ...firstRoom, allowed: 16 });
    assert.equal(room.allowed, 1);
    assert.equal(answered(room, 20, 0).allowed, 2);
  });

  it('is half of what was too much, at least one', () => {
    const full = { ...firstRoom, allowed: 20 };
    assert.equal(crowded(full, 20, 0).allowed, 10);
    assert.equal(crowded(full, 5, 0).allowed, 2);
    assert.equal(crowded(full, 1, 0).allowed, 1);
    assert.equal(crowded({ ...full, allowed: 1 }, 5, 0).allowed, 1, 'never more than before');
  });

  it('grows by one a minute above that, and is free again at our limit', () => {
    let room = crowded({ ...firstRoom, allowed: 4 }, 4, 0);
    assert.deepEqual([room.allowed, room.ceiling], [2, 2]);
    room = answered(room, 4, 59_999);
    assert.equal(room.allowed, 2);
    room = answered(room, 4, 60_000);
    assert.deepEqual([room.allowed, room.ceiling], [3, 3]);
    room = answered(room, 4, 119_999);
    assert.equal(room.allowed, 3);
    room = answered(room, 4, 120_000);
    assert.deepEqual([room.allowed, room.ceiling], [4, Number.POSITIVE_INFINITY]);
  });

  it('is what the host has taken where several are told so side by side', () => {
    let room = crowded({ ...firstRoom, allowed: 16 }, 16, 5_000);
    assert.equal(room.allowed, 8);
    room = crowded(room, 15, 5_500);
    assert.equal(room.allowed, 8, 'not halved again');
    for (let active = 14; active > 3; active--) room = crowded(room, active, 5_600);
    assert.equal(room.allowed, 3, 'thirteen were told, and three were not');
    assert.equal(crowded(room, 3, 6_000).allowed, 1, 'after a second it is said again');
  });
});
