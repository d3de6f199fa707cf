/** Real servers that are set up wrong, or right: a check finds exactly what is to be found of each. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readExpected } from '../zoo/expected.ts';
import { setUps } from '../zoo/servers.ts';
import { outcomeOfSetUp } from '../zoo/tour.ts';
import { peerTest } from './support/peer.ts';

const expected = readExpected('servers');

describe('a real server', () => {
  for (const one of setUps) {
    peerTest(`${one.name}, ${one.protocol}: ${one.shows}`, [one.program], async (roots) => {
      assert.deepEqual(await outcomeOfSetUp(one, roots[one.program]), expected[one.name]);
    });
  }

  it('has no row that nobody visits', () => {
    assert.deepEqual(
      Object.keys(expected),
      setUps.map(({ name }) => name),
    );
  });
});
