import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isWithinOneOf } from '../../../src/relay/networks.ts';
import type { Network } from '../../../src/relay/settings.ts';

const networks: readonly Network[] = [
  { family: 'ipv4', address: '192.0.2.0', prefix: 24 },
  { family: 'ipv6', address: '2001:db8::', prefix: 32 },
];

describe('isWithinOneOf', () => {
  const cases: readonly [address: string, within: boolean][] = [
    ['192.0.2.0', true],
    ['192.0.2.255', true],
    ['192.0.3.0', false],
    ['2001:db8:ffff::1', true],
    ['2001:DB8:0:0:0:0:0:1', true],
    ['2001:db9::1', false],
    ['::1', false],
    ['', false],
    ['192.0.2.1.example.test', false],
  ];
  for (const [address, within] of cases) {
    it(`${address || 'nothing'}: ${within}`, () => assert.equal(isWithinOneOf(networks, address), within));
  }

  it('nobody is within no network', () => assert.equal(isWithinOneOf([], '192.0.2.1'), false));
});
