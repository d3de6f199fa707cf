import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HelloSession } from '../../../src/findings/hello-seen.ts';
import type { Observation, Probes } from '../../../src/findings/observation.ts';
import { bounded } from '../../../src/scanner/bounded.ts';
import { observeDoor } from '../../../src/scanner/observe-door.ts';
import { Channel } from '../../../src/wire/channel.ts';
import { scenes } from '../../support/fuzz/book.ts';
import { honestTurn } from '../../support/fuzz/hostile.ts';
import { talkInMemory } from '../../support/fuzz/memory.ts';
import { PEER, serverOf, TIMEOUT_MS } from '../../support/fuzz/play.ts';
import { agreed, endpointOf, now, observe, otherKey, secured, tlsSeen } from '../../support/observations.ts';
import { everyHello } from './hellos.ts';

/** So many certificates of so many octets, none of them equal to any other. */
function certificates(count: number, octets: number): readonly Uint8Array[] {
  return Array.from({ length: count }, () => {
    made += 1;
    const der = new Uint8Array(octets);
    new DataView(der.buffer).setUint32(0, made);
    return der;
  });
}

let made = 0;

const chainOf = (probe: Probes['otherKey'] | Probes['upToTls12']): readonly Uint8Array[] =>
  probe?.kind === 'seen' && probe.result === 'secured' ? probe.tls.chain : [];

/** Octets of all different certificates. */
function octetsIn({ base, probes }: Observation): number {
  const { otherKey: other, noServerName, upToTls12, hello = {} } = probes;
  const { suites: _, weak = [], ...single } = hello;
  const ours = [...Object.values(single), ...weak].flatMap((probe) => {
    if (probe.kind !== 'seen') return [];
    return probe.result === 'agreed' ? probe.session.chain : probe.result === 'sslv2' ? probe.chain : [];
  });
  const all = [...(base.tls?.chain ?? []), ...[other, noServerName, upToTls12].flatMap(chainOf), ...ours];
  return [...new Set(all.map((der) => Buffer.from(der).toString('latin1')))].join('').length;
}

const sessionOf = (probe: unknown): HelloSession => {
  const { session } = probe as { readonly session: HelloSession };
  return session;
};

describe('what is kept of what a server shows', () => {
  it('is all of it where it is no more than servers have', () => {
    const observation = observe({
      probes: {
        otherKey: otherKey(),
        noServerName: secured(),
        upToTls12: secured(),
        hello: everyHello(() => agreed()),
      },
    });
    assert.deepEqual(bounded(observation), observation);
  });

  it('has at most 128 KB of certificates, whatever is shown at every connection', () => {
    const chain = (): readonly Uint8Array[] => certificates(16, 4_000);
    const observation = observe({
      base: { tls: tlsSeen({ chain: chain() }) },
      probes: {
        otherKey: otherKey({ chain: chain() }),
        noServerName: secured({ chain: chain() }),
        upToTls12: secured({ chain: chain() }),
        hello: everyHello(() => agreed({ chain: chain() })),
      },
    });
    assert.ok(octetsIn(observation) > 1_000_000);
    const kept = bounded(observation);
    assert.ok(octetsIn(kept) <= 128 * 1024);
    assert.equal(kept.base, observation.base);
    assert.equal(kept.probes.otherKey, observation.probes.otherKey);
  });

  it('a further handshake is not tested where there is no room for its certificates', () => {
    const chain = certificates(16, 6_000);
    const observation = observe({
      base: { tls: tlsSeen({ chain }) },
      probes: { otherKey: otherKey({ chain: certificates(16, 6_000) }), upToTls12: secured({ chain }) },
    });
    const { otherKey: other, upToTls12 } = bounded(observation).probes;
    // To show the difference of long lists of octets takes minutes.
    assert.ok(other?.kind === 'not-tested');
    assert.equal(
      other.because,
      'its certificates have 96000 octets, and of one port no more than 131072 of different ones are kept',
    );
    assert.equal(upToTls12, observation.probes.upToTls12);
  });

  it('a hello has the beginning of a chain, and all else that it has shown', () => {
    const chain = certificates(10, 4_000);
    const shown = agreed({ chain, version: 0x0301 });
    const { hello } = bounded(observe({ probes: { hello: { weakFirst: shown } } })).probes;
    const session = sessionOf(hello?.weakFirst);
    assert.equal(session.chain.length, 8);
    assert.deepEqual(session, { ...sessionOf(shown), chain: chain.slice(0, 8), cut: true });
  });

  it('the first connection has its chain, however long', () => {
    const observation = observe({ base: { tls: tlsSeen({ chain: certificates(16, 20_000) }) } });
    assert.equal(bounded(observation).base, observation.base);
  });

  it('a prime has 32,768 bits at most, and SSL 2.0 a hundred kinds of ciphers', () => {
    const observation = observe({
      probes: {
        hello: {
          prime: agreed({ prime: new Uint8Array(60_000).fill(255) }),
          ssl2: {
            kind: 'seen',
            result: 'sslv2',
            cipherKinds: Array.from({ length: 20_000 }, (_, kind) => kind),
            chain: certificates(1, 40_000),
          },
        },
      },
    });
    const { hello } = bounded(observation).probes;
    assert.equal(sessionOf(hello?.prime).prime?.length, 4_096);
    assert.equal(sessionOf(hello?.prime).cut, true);
    assert.ok(hello?.ssl2?.kind === 'seen' && hello.ssl2.result === 'sslv2');
    const { cipherKinds, chain, cut } = hello.ssl2;
    assert.deepEqual([cipherKinds.length, chain.length, cut], [100, 0, true]);
  });
});

describe('a server that shows other certificates at every connection', () => {
  it('has as many of them in an observation as any other', async () => {
    const scene = scenes.find(({ protocol, task }) => protocol === 'smtp' && task.startsWith('visit'));
    assert.ok(scene !== undefined);
    const [leaf, issuer] = tlsSeen().chain;
    assert.ok(leaf !== undefined && issuer !== undefined);
    const shown = (): readonly Uint8Array[] => [leaf, issuer, ...certificates(14, 6_000)];
    const server = serverOf(
      scene,
      (_, honest) => honestTurn(honest),
      () => ({ kind: 'secured', facts: tlsSeen({ chain: shown() }) }),
      [],
    );
    const observation = await observeDoor(
      endpointOf(),
      { depth: 'deep', intrusive: false, budget: 16, between: () => Promise.resolve('go') },
      { helloName: 'probe.example.test', timeoutMs: TIMEOUT_MS, now: () => now, clock: () => 0 },
      (_, talk, step) =>
        Promise.resolve(talkInMemory(talk(new Channel(PEER), '127.0.0.1'), step, server, TIMEOUT_MS)),
    );
    assert.equal(observation.base.tls?.chain.length, 16);
    assert.equal(observation.probes.otherKey?.kind, 'not-tested');
    assert.ok(octetsIn(observation) <= 128 * 1024);
  });
});
