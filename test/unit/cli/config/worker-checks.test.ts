import assert from 'node:assert/strict';
import { it } from 'node:test';
import { workerChecks } from '../../../../src/cli/config/worker-checks.ts';

it('each worker has a part of every limit that they divide', () => {
  const limitsOf = (limit: number) => ({
    relay: { connections: limit, connectionsPerHost: limit, connectionsPerSecond: limit },
    limits: { sessions: limit },
  });
  assert.deepEqual(workerChecks({ workers: 4, ...limitsOf(4) }), []);
  assert.deepEqual(
    workerChecks({ workers: 4, ...limitsOf(3) }).map(([path]) => path),
    ['relay.connections', 'relay.connections_per_host', 'relay.connections_per_second', 'limits.sessions'],
  );
  const { relay, limits } = limitsOf(9);
  assert.deepEqual(workerChecks({ workers: 4, relay: { ...relay, connectionsPerHost: null }, limits }), []);
});
