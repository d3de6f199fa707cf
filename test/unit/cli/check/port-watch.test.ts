import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openPortWatch } from '../../../../src/cli/check/port-watch.ts';
import { observe } from '../../../support/observations.ts';
import { recordingOf, unreachable } from './recordings.ts';

const silent = ['198.51.100.1', '203.0.113.1', '192.0.2.1', '8.8.8.8'].map((address) =>
  unreachable(address, 'timeout'),
);

describe('whether this network blocks port 25', () => {
  it('is told where several unrelated hosts all say nothing', () => {
    const watch = openPortWatch();
    for (const one of silent) watch.add(one.observations);
    assert.equal(watch.verdict().kind, 'blocked');
  });

  it('is not so where a single connection was made, before or after', () => {
    for (const index of [0, silent.length]) {
      const watch = openPortWatch();
      const open = recordingOf({ observations: [observe()] });
      for (const one of silent.toSpliced(index, 0, open)) watch.add(one.observations);
      assert.equal(watch.verdict().kind, 'open');
    }
  });

  it('is not forgotten after any number of hosts', () => {
    const watch = openPortWatch();
    for (let round = 0; round < 100; round += 1) for (const one of silent) watch.add(one.observations);
    assert.equal(watch.verdict().kind, 'blocked');
    watch.add([observe()]);
    for (const one of silent) watch.add(one.observations);
    assert.equal(watch.verdict().kind, 'open');
  });

  it('is not told by one host', () => {
    const watch = openPortWatch();
    for (const one of silent.slice(0, 1)) watch.add(one.observations);
    assert.equal(watch.verdict().kind, 'open');
  });

  it('is known where an earlier part of the run has had a connection', () => {
    const watch = openPortWatch(true);
    for (const one of silent) watch.add(one.observations);
    assert.deepEqual([watch.verdict().kind, watch.isOpen()], ['open', true]);
  });
});
