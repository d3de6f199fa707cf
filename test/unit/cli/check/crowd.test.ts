import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crowdOf } from '../../../../src/cli/check/crowd.ts';

describe('a crowd', () => {
  it('has so many in a line, and none that joins one of two lines only', () => {
    const crowd = crowdOf<string>(2);
    const places = Array.from({ length: 4 }, () => crowd.place());
    assert.deepEqual(
      places.map(({ join }, index) => join(['a', `own ${index}`])),
      [[], [], ['a'], ['a']],
    );
    assert.deepEqual(crowd.place().join(['b', 'a']), ['a']);
    const others = [crowd.place(), crowd.place(), crowd.place()];
    assert.deepEqual(
      others.map(({ join }) => join(['b'])),
      [[], [], ['b']],
    );
    assert.deepEqual(crowd.place().join(['b', 'c', 'a']), ['b', 'a']);
    places[0]?.leave();
    assert.deepEqual(places[2]?.join(['a']), []);
    places[0]?.leave();
    assert.deepEqual(places[3]?.join(['a']), ['a']);
  });

  it('gives back those put aside, the oldest first, as there is room, each with its place', () => {
    const crowd = crowdOf<string>(1);
    const first = crowd.place();
    assert.deepEqual(first.join(['a']), []);
    for (const item of ['one', 'two']) crowd.putAside(item, ['a']);
    assert.deepEqual([crowd.aside(), crowd.takeBack()], [2, undefined]);
    first.leave();
    const back = crowd.takeBack();
    assert.equal(back?.item, 'one');
    assert.deepEqual([crowd.aside(), crowd.takeBack()], [1, undefined]);
    // It has its place in that line already.
    assert.deepEqual(back?.place.join(['a', 'b']), []);
    assert.deepEqual(crowd.place().join(['b']), ['b']);
    back?.place.leave();
    assert.equal(crowd.takeBack()?.item, 'two');
    assert.deepEqual([crowd.aside(), crowd.takeBack()], [0, undefined]);
  });

  it('gives back at once what was put aside as the line had become short', () => {
    const crowd = crowdOf<string>(1);
    crowd.putAside('late', ['a']);
    assert.equal(crowd.takeBack()?.item, 'late');
  });

  it('gives back who waits for two lines when both are short, with its place in both', () => {
    const crowd = crowdOf<string>(1);
    const [inA, inB] = [crowd.place(), crowd.place()];
    inA.join(['a']);
    inB.join(['b']);
    crowd.putAside('both', ['a', 'b']);
    crowd.putAside('one', ['a']);
    inA.leave();
    // `both` goes on waiting, and keeps nobody from what is free.
    const one = crowd.takeBack();
    assert.deepEqual([one?.item, crowd.takeBack()], ['one', undefined]);
    inB.leave();
    assert.equal(crowd.takeBack(), undefined);
    one?.place.leave();
    assert.equal(crowd.takeBack()?.item, 'both');
    for (const line of ['a', 'b']) assert.deepEqual(crowd.place().join([line]), [line]);
  });

  it('sends nobody away again who has been put aside: its further lines may have become long meanwhile', () => {
    const crowd = crowdOf<string>(1);
    crowd.place().join(['b']);
    crowd.putAside('late', ['a']);
    const back = crowd.takeBack();
    assert.deepEqual(back?.place.join(['a', 'b']), []);
  });

  it('of a hundred thousand that wait for two lines looks at few each time, and loses none', () => {
    const crowd = crowdOf<number>(1);
    const [inA, inB] = [crowd.place(), crowd.place()];
    inA.join(['a']);
    inB.join(['b']);
    const count = 100_000;
    for (let item = 0; item < count; item += 1) crowd.putAside(item, ['a', 'b']);
    const began = performance.now();
    inA.leave();
    assert.equal(crowd.takeBack(), undefined);
    inB.leave();
    const items = new Set<number | undefined>();
    for (let back = crowd.takeBack(); back !== undefined; back = crowd.takeBack()) {
      items.add(back.item);
      back.place.leave();
    }
    assert.equal(items.size, count);
    assert.ok(performance.now() - began < 1_000, `${performance.now() - began} ms`);
  });
});
