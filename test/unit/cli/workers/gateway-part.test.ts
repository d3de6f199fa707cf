import assert from 'node:assert/strict';
import { it } from 'node:test';
import { partOfGateways } from '../../../../src/cli/workers/gateway-part.ts';
import type { Network } from '../../../../src/relay/settings.ts';

it('a gateway lets in as many in all workers together, and as many of a client as before where it comes to one', () => {
  const limits = { connections: 10, connectionsPerAddress: 4, connectionsPerMinute: 6 };
  const proxy: Network = { family: 'ipv4', address: '192.0.2.1', prefix: 32 };
  const gateways = [
    { name: 'open', limits, proxies: [] },
    { name: 'behind a proxy', limits, proxies: [proxy] },
  ];
  const parts = [0, 1, 2, 3].map((index) => partOfGateways(gateways, { index, of: 4 }));
  const numbersOf = (at: number) =>
    parts.map((part) => {
      const { connections, connectionsPerAddress, connectionsPerMinute } = part[at]?.limits ?? assert.fail();
      return [connections, connectionsPerAddress, connectionsPerMinute];
    });
  assert.deepEqual(numbersOf(0), [
    [3, 4, 6],
    [3, 4, 6],
    [2, 4, 6],
    [2, 4, 6],
  ]);
  assert.deepEqual(numbersOf(1), [
    [3, 1, 2],
    [3, 1, 2],
    [2, 1, 1],
    [2, 1, 1],
  ]);
});
