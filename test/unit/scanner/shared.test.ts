import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shareObservations } from '../../../src/scanner/shared.ts';
import { observe, sentAway } from '../../support/observations.ts';

const how = { depth: 'standard', intrusive: false } as const;

describe('what was seen of a server', () => {
  it('is there for the next domain, and costs no connection', () => {
    const shared = shareObservations(() => 0);
    const observation = observe({ at: 0, connections: 6 });
    assert.equal(shared.seen(observation.endpoint, how), undefined);
    shared.keep(observation, how);
    assert.deepEqual(shared.seen(observation.endpoint, how), { ...observation, connections: 0 });
  });

  it('is not what another name, another depth or other questions would show', () => {
    const shared = shareObservations(() => 0);
    const observation = observe({ at: 0 });
    shared.keep(observation, how);
    assert.equal(shared.seen({ ...observation.endpoint, serverName: 'other.test' }, how), undefined);
    assert.equal(shared.seen(observation.endpoint, { ...how, depth: 'deep' }), undefined);
    assert.equal(shared.seen(observation.endpoint, { ...how, intrusive: true }), undefined);
  });

  it('is old after an hour', () => {
    let now = 0;
    const shared = shareObservations(() => now);
    const observation = observe({ at: 0 });
    shared.keep(observation, how);
    now = 60 * 60_000;
    assert.ok(shared.seen(observation.endpoint, how));
    now += 1;
    assert.equal(shared.seen(observation.endpoint, how), undefined);
  });

  it('is not kept where it came to no end: the next try may see more', () => {
    const shared = shareObservations(() => 0);
    const observation = observe({ at: 0, base: sentAway('throttled') });
    shared.keep(observation, how);
    assert.equal(shared.seen(observation.endpoint, how), undefined);
  });

  it('of 500 servers at most', () => {
    const shared = shareObservations(() => 0);
    const all = Array.from({ length: 501 }, (_, index) =>
      observe({ at: 0, endpoint: { serverName: `mx${index}.test` } }),
    );
    for (const observation of all) shared.keep(observation, how);
    const left = all.filter(({ endpoint }) => shared.seen(endpoint, how) !== undefined);
    assert.deepEqual(left, all.slice(1));
  });
});
