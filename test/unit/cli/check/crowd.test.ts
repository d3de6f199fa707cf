import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crowdOf } from '../../../../src/cli/check/crowd.ts';

describe('a crowd', () => {
  it('has so many in a line, and none that joins one of two lines only', () => {
    const crowd = crowdOf<string>(2);
    const places = Array.from({ length: 4 }, () => crowd.place());
    assert.deepEqual(
      places.map(({ join }, index) => join(['a', `own ${index}`])),
      [undefined, undefined, 'a', 'a'],
    );
    assert.equal(crowd.place().join(['b', 'a']), 'a');
    const others = [crowd.place(), crowd.place(), crowd.place()];
    assert.deepEqual(
      others.map(({ join }) => join(['b'])),
      [undefined, undefined, 'b'],
    );
    places[0]?.leave();
    assert.equal(places[2]?.join(['a']), undefined);
    places[0]?.leave();
    assert.equal(places[3]?.join(['a']), 'a');
  });

  it('gives back those put aside, the oldest first, as there is room, each with its place', () => {
    const crowd = crowdOf<string>(1);
    const first = crowd.place();
    assert.equal(first.join(['a']), undefined);
    for (const item of ['one', 'two']) crowd.putAside(item, 'a');
    assert.deepEqual([crowd.aside(), crowd.takeBack()], [2, undefined]);
    first.leave();
    const back = crowd.takeBack();
    assert.equal(back?.item, 'one');
    assert.deepEqual([crowd.aside(), crowd.takeBack()], [1, undefined]);
    // It has its place in that line already.
    assert.equal(back?.place.join(['a', 'b']), undefined);
    assert.equal(crowd.place().join(['b']), 'b');
    back?.place.leave();
    assert.equal(crowd.takeBack()?.item, 'two');
    assert.deepEqual([crowd.aside(), crowd.takeBack()], [0, undefined]);
  });

  it('gives back at once what was put aside as the line had become short', () => {
    const crowd = crowdOf<string>(1);
    crowd.putAside('late', 'a');
    assert.equal(crowd.takeBack()?.item, 'late');
  });
});
