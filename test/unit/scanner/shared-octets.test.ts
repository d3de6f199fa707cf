import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ObservedTls } from '../../../src/findings/observation.ts';
import { sharedOctets, withSharedOctets } from '../../../src/scanner/shared-octets.ts';
import { agreed, helloRefused, observe, tlsSeen } from '../../support/observations.ts';

const copyOf = (tls: ObservedTls): ObservedTls => ({
  ...tls,
  chain: tls.chain.map((der) => Uint8Array.from(der)),
});

describe('equal certificates', () => {
  it('are one piece of memory, of all connections and all servers', () => {
    const once = sharedOctets();
    const tls = tlsSeen();
    const seen = { kind: 'seen', result: 'secured', tls: copyOf(tls) } as const;
    const observation = observe({
      base: { tls: copyOf(tls) },
      probes: {
        otherKey: { ...seen, tls: copyOf(tls), key: 'rsa' },
        noServerName: { ...seen, tls: copyOf(tls) },
        legacy: { kind: 'seen', result: 'failed', because: 'of the test' },
        upToTls12: seen,
        hello: {
          weakFirst: agreed({ chain: copyOf(tls).chain }),
          old: helloRefused(),
          weak: [{ without: [], ...agreed({ chain: copyOf(tls).chain }) }],
        },
      },
    });
    const shared = withSharedOctets(observation, once);
    assert.deepEqual(shared, observation);
    const other = withSharedOctets(observe({ base: { tls: copyOf(tls) } }), once);
    const leaf = shared.base.tls?.chain[0];
    assert.ok(leaf !== undefined);
    const { otherKey, noServerName, upToTls12, hello } = shared.probes;
    for (const probe of [hello?.weakFirst, hello?.weak?.[0]])
      assert.ok(probe?.kind === 'seen' && probe.result === 'agreed' && probe.session.chain[0] === leaf);
    for (const probe of [otherKey, noServerName, upToTls12])
      assert.ok(probe?.kind === 'seen' && probe.result === 'secured' && probe.tls.chain[0] === leaf);
    assert.equal(other.base.tls?.chain[0], leaf);
  });

  it('are none that only end alike, and so many at most', () => {
    const once = sharedOctets(2);
    const [one, two] = [new Uint8Array(100), new Uint8Array(100)];
    two[0] = 1;
    assert.deepEqual([once(one), once(two)], [one, two]);
    assert.equal(once(two), two);
    const [a, b] = [Uint8Array.of(1), Uint8Array.of(2)];
    for (const octets of [a, b]) assert.equal(once(octets), octets);
    assert.notEqual(once(Uint8Array.from(two)), two);
  });

  it('a server in clear has none', () => {
    const observation = observe({ base: { tls: null } });
    assert.deepEqual(withSharedOctets(observation, sharedOctets()), observation);
  });
});
