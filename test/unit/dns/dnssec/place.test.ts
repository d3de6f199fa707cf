import assert from 'node:assert/strict';
import { it } from 'node:test';
import { deadEnd, LONGEST, octetsOf, until } from '../../../../src/dns/dnssec/place.ts';
import { types } from '../../../../src/dns/record.ts';
import { readName } from '../../../support/dns/name-text.ts';

const now = 1_790_000_000;
const link = { kind: 'delegation', name: readName('leaf.test.'), type: types.DS, because: 'why' } as const;

it('nothing is kept for longer than a day', () => {
  assert.equal(until(60, now), now + 60);
  assert.equal(until(10 * LONGEST, now), now + 86_400);
  assert.equal(until(0, now), now);
});

it('an insecure delegation is kept as long as its proof, what is broken only for seconds', () => {
  assert.equal(deadEnd('insecure', [], link, { now, ttl: 300 }).until, now + 300);
  for (const kind of ['bogus', 'unreachable'] as const) {
    const kept = deadEnd(kind, [], link, { now }).until - now;
    assert.ok(kept >= 5 && kept <= 30, `${kind}: ${kept}`);
  }
});

it('takes about as much memory as it has keys and words: both are up to whoever holds the zone', () => {
  const zone = (count: number): number => {
    const key = {
      flags: 257,
      protocol: 3,
      algorithm: 8,
      publicKey: new Uint8Array(520),
      keyTag: 1,
      shown: 'key 1',
    };
    const keys = new Map(Array.from({ length: count }, (_, tag) => [tag, [key]]));
    return octetsOf({
      kind: 'zone',
      zone: link.name,
      keys,
      links: [],
      validity: { since: now, until: now },
      until: now,
    });
  };
  assert.ok(zone(1) < 3_000);
  assert.ok(zone(100) > 100 * 520);
  const because = 'x'.repeat(40_000);
  assert.ok(octetsOf(deadEnd('bogus', [], { ...link, because }, { now })) > 40_000);
  assert.ok(octetsOf({ kind: 'nothing', because, until: now }) > 40_000);
  assert.ok(octetsOf({ kind: 'inside', until: now }) < 3_000);
});

it('the last link on the way says why', () => {
  const end = deadEnd('unreachable', [{ ...link, kind: 'keys', status: 'secure' }], link, {
    now,
    errors: [{ code: 22, text: '' }],
  });
  assert.equal(end.because, 'why');
  assert.deepEqual(
    end.links.map(({ kind, status }) => `${kind} ${status}`),
    ['keys secure', 'delegation indeterminate'],
  );
  assert.deepEqual(end.errors, [{ code: 22, text: '' }]);
});
