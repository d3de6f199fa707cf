import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blockTable, clientOf, clientTable, isSpent, networkOf, spend } from '../../../src/net/clients.ts';

const MINUTE = 60_000;
const MAX_KNOWN = 100_000;

describe('who counts as one client', () => {
  const cases: readonly [address: string, client: string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:DB8:0:0:ffff::2', '2001:db8:0:0'],
    ['2001:db8:1:2::', '2001:db8:1:2'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0db8:0001:0002::9', '2001:db8:1:2'],
    ['2001:db8::4:5:6:7:8', '2001:db8:0:4'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
    ['0:0:0:1::', '0:0:0:1'],
  ];
  for (const [address, client] of cases) {
    it(`${address} is of ${client}`, () => assert.equal(clientOf(address), client));
  }
});

describe('spending', () => {
  const client = (): Parameters<typeof spend>[0] => ({ key: 'x', sessions: 0, seenAt: 0, buckets: {} });

  it('never more than twice the limit in a period, and no less than the limit after it', () => {
    const one = client();
    let done = 0;
    for (let now = 0; now <= MINUTE; now += 100) if (spend(one, 'messages', 30, MINUTE, now)) done += 1;
    assert.ok(done >= 58 && done <= 60, String(done));
    let more = 0;
    while (spend(one, 'messages', 30, MINUTE, 2 * MINUTE)) more += 1;
    assert.equal(more, 30);
  });

  it('one kind of thing does not count for another', () => {
    const one = client();
    assert.ok(spend(one, 'messages', 1, MINUTE, 0));
    assert.ok(!spend(one, 'messages', 1, MINUTE, 0));
    assert.ok(spend(one, 'recipients', 1, MINUTE, 0));
  });
});

describe('the bounds of the tables', () => {
  it('the least recent of too many is forgotten; who is here is not', () => {
    const table = clientTable(() => 0);
    const here = table.of('here');
    table.enter(here);
    const first = table.of('0');
    const second = table.of('1');
    table.of('0');
    for (let n = 2; n <= MAX_KNOWN; n++) table.of(String(n));
    assert.equal(table.of('0'), first);
    assert.notEqual(table.of('1'), second);
    assert.equal(table.of('here'), here);
  });

  it('who was here last is forgotten after ten minutes', () => {
    let now = 0;
    const table = clientTable(() => now);
    const first = table.of('first');
    now += 10 * MINUTE;
    table.of('next');
    assert.notEqual(table.of('first'), first);
  });

  it('too many blocks: the oldest ends before its time', () => {
    const blocks = blockTable(() => 0);
    for (let n = 0; n <= MAX_KNOWN; n++) blocks.add(String(n));
    assert.deepEqual(
      ['0', '1', String(MAX_KNOWN)].map((key) => blocks.holds(key)),
      [false, true, true],
    );
  });

  it('a clock that is set back makes no block one of days', () => {
    let now = 0;
    const blocks = blockTable(() => now);
    blocks.add('one');
    now -= 60 * MINUTE;
    assert.equal(blocks.holds('one'), true);
    now -= 24 * 60 * MINUTE;
    assert.equal(blocks.holds('one'), false);
  });

  it('a block that is repeated counts as new', () => {
    const blocks = blockTable(() => 0);
    for (let n = 0; n < MAX_KNOWN; n++) blocks.add(String(n));
    blocks.add('0');
    blocks.add('next');
    assert.deepEqual(
      ['0', '1', 'next'].map((key) => blocks.holds(key)),
      [true, false, true],
    );
  });
});

describe('the network of an address', () => {
  const prefixes = { ipv4: 24, ipv6: 48 };
  const cases: readonly [address: string, network: string][] = [
    ['192.0.2.77', '192.0.2.0/24'],
    ['::ffff:192.0.2.77', '192.0.2.0/24'],
    ['2001:db8:7:8::9', '2001:db8:7:0:0:0:0:0/48'],
    ['2001:DB8:7:FFFF:1::', '2001:db8:7:0:0:0:0:0/48'],
    ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:0/48'],
  ];
  for (const [address, network] of cases)
    it(address, () => assert.equal(networkOf(address, prefixes), network));
  it('may end within a part of it', () => {
    assert.equal(networkOf('192.0.2.77', { ipv4: 26, ipv6: 48 }), '192.0.2.64/26');
    assert.equal(networkOf('192.0.2.77', { ipv4: 32, ipv6: 48 }), '192.0.2.77/32');
    assert.equal(networkOf('10.255.2.77', { ipv4: 9, ipv6: 48 }), '10.128.0.0/9');
  });
});

describe('whether a limit is reached', () => {
  it('is the same as whether one more would be too many, and counts nothing', () => {
    const client = clientTable(() => 0).of('a');
    for (let n = 0; n < 3; n++) {
      assert.equal(isSpent(client, 'unknown', 3, 1000, 0), false);
      assert.equal(spend(client, 'unknown', 3, 1000, 0), true);
    }
    assert.equal(isSpent(client, 'unknown', 3, 1000, 0), true);
    assert.equal(spend(client, 'unknown', 3, 1000, 0), false);
    assert.equal(isSpent(client, 'unknown', 3, 1000, 1000), false);
    assert.equal(isSpent(client, 'unknown', Number.POSITIVE_INFINITY, 1000, 0), false);
  });
});
