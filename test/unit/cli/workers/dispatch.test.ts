import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooserOf } from '../../../../src/cli/workers/dispatch.ts';
import type { Network } from '../../../../src/relay/settings.ts';

const network = (address: string): Network => ({ family: 'ipv4', address, prefix: 24 });

describe('the worker of a connection', () => {
  const config = () => ({
    listeners: [
      { networks: [network('192.0.2.0')], proxies: [network('198.51.100.0')], fronts: [] },
      { networks: [], proxies: [], fronts: [network('203.0.113.0')] },
    ],
    gateways: [{ proxies: [network('233.252.0.0')] }],
    limits: { network: { prefixes: { ipv4: 16, ipv6: 48 }, sessions: 1, connectionsPerMinute: 1 } },
  });
  const choose = chooserOf(config, Buffer.from('secret'));

  it('is any for whoever is known by address, and for who speaks for others', () => {
    for (const address of ['192.0.2.9', '198.51.100.9', '::ffff:203.0.113.9', '233.252.0.9'])
      assert.equal(choose(address, [1, 2, 3]), undefined);
  });

  it('is one for all strangers of a network, which is as wide as the limits for networks say', () => {
    const chosen = choose('10.1.0.1', [1, 2, 3]);
    assert.ok(chosen !== undefined);
    for (const address of ['10.1.255.9', '::ffff:10.1.7.7']) assert.equal(choose(address, [1, 2, 3]), chosen);
    const others = new Set(Array.from({ length: 50 }, (_, n) => choose(`10.${n}.0.1`, [1, 2, 3])));
    assert.deepEqual(others, new Set([1, 2, 3]));
  });
});
