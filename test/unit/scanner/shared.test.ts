import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Endpoint } from '../../../src/findings/endpoint.ts';
import type { Observation } from '../../../src/findings/observation.ts';
import {
  octetsOf,
  type Seeing,
  type SharedObservations,
  shareObservations,
} from '../../../src/scanner/shared.ts';
import { answerOf, observe, type Seen, sentAway } from '../../support/observations.ts';

const how = { depth: 'standard', intrusive: false } as const;
const withoutTls: Seen['base'] = {
  upgrade: { kind: 'not-offered', because: 'of the test' },
  tls: null,
  inside: null,
  again: null,
  end: { kind: 'without-tls' },
};
const notConnected: Seen['base'] = {
  connect: { kind: 'failed', how: 'timeout', because: 'of the test', ms: 20_000 },
  greeting: null,
  upgrade: { kind: 'not-reached' },
  tls: null,
  end: { kind: 'not-connected' },
};
const nobody = (): Promise<Seeing> => assert.fail('nobody has to go there');

/** Somebody sees this. */
async function keep(shared: SharedObservations, observation: Observation, plan = how): Promise<void> {
  await shared.seeing(observation.endpoint, plan, () => Promise.resolve({ kind: 'seen', observation }));
}

describe('what was seen of a server', () => {
  it('is there for the next domain, and costs no connection', async () => {
    const shared = shareObservations(() => 0);
    const observation = observe({ at: 0, connections: 6 });
    assert.equal(shared.isKnown(observation.endpoint, how), false);
    await keep(shared, observation);
    assert.equal(shared.isKnown(observation.endpoint, how), true);
    assert.deepEqual(await shared.seeing(observation.endpoint, how, nobody), {
      kind: 'seen',
      observation: { ...observation, connections: 0 },
    });
  });

  it('is there for a thousand who wait for it at once, by one visit', async () => {
    const shared = shareObservations(() => 0);
    const observation = observe({ at: 0, connections: 6 });
    const { promise, resolve } = Promise.withResolvers<Seeing>();
    let visits = 0;
    const visit = (): Promise<Seeing> => {
      visits += 1;
      return promise;
    };
    const all = Array.from({ length: 1_000 }, () => shared.seeing(observation.endpoint, how, visit));
    resolve({ kind: 'seen', observation });
    const seen = await Promise.all(all);
    assert.equal(visits, 1);
    assert.deepEqual(
      seen.map((one) => one.kind === 'seen' && one.observation.connections),
      [6, ...Array.from({ length: 999 }, () => 0)],
    );
  });

  it('is not what another name, another depth or other questions would show', async () => {
    const shared = shareObservations(() => 0);
    const observation = observe({ at: 0 });
    await keep(shared, observation);
    const isKnown = (change: Partial<Endpoint>, plan = {}): boolean =>
      shared.isKnown({ ...observation.endpoint, ...change }, { ...how, ...plan });
    assert.deepEqual(
      [isKnown({}), isKnown({ serverName: 'other.test' }), isKnown({}, { depth: 'deep' })],
      [true, false, false],
    );
    assert.equal(isKnown({}, { intrusive: true }), false);
  });

  const nameless: readonly (readonly [string, Seen, Partial<Endpoint>, boolean])[] = [
    ['no connection', { base: notConnected }, {}, true],
    ['no TLS', { base: withoutTls }, {}, true],
    ['no TLS, but a name that XMPP asks for', { base: withoutTls }, { protocol: 'xmpp' }, false],
    ['no connection to XMPP either', { base: notConnected }, { protocol: 'xmpp' }, true],
    ['a handshake', {}, {}, false],
  ];
  for (const [title, seen, change, isKnown] of nameless) {
    it(`${isKnown ? 'is' : 'is not'} what another name shows, too: ${title}`, async () => {
      let now = 0;
      const shared = shareObservations(() => now);
      const first = observe({ at: 0, ...seen, endpoint: { ...change, serverName: 'first.test' } });
      await keep(shared, first);
      const endpoint = { ...first.endpoint, serverName: 'second.test' };
      assert.equal(shared.isKnown(endpoint, how), isKnown);
      assert.deepEqual(
        shared.ofDoor(endpoint, how),
        isKnown ? { kind: 'seen', observation: { ...first, endpoint, connections: 0 } } : undefined,
      );
      for (const other of [{ port: 26 }, { address: '9.9.9.8' }, { tls: 'implicit' as const }])
        assert.equal(shared.isKnown({ ...endpoint, ...other }, how), false);
      now = 10 * 60_000;
      // A failure may have passed.
      assert.equal(shared.isKnown(endpoint, how), isKnown && first.base.end.kind === 'without-tls');
    });
  }

  const ages: readonly (readonly [string, Seen, number])[] = [
    ['is old after an hour', {}, 60],
    [
      'of a server that sent us away: after ten minutes, as the next try may see more',
      { base: sentAway('throttled') },
      10,
    ],
    [
      'of one that sent us away at a further connection, too',
      {
        probes: {
          upToTls12: {
            kind: 'not-tested',
            because: 'of the test',
            end: { kind: 'throttled', at: 'greeting', answer: answerOf(421, 'too many') },
          },
        },
      },
      10,
    ],
  ];
  for (const [title, seen, minutes] of ages) {
    it(title, async () => {
      let now = 0;
      const shared = shareObservations(() => now);
      const observation = observe({ at: 0, ...seen });
      await keep(shared, observation);
      now = minutes * 60_000 - 1;
      assert.ok(shared.isKnown(observation.endpoint, how));
      now += 1;
      assert.equal(shared.isKnown(observation.endpoint, how), false);
    });
  }

  it('is bounded by memory: what was not used for longest makes room', async () => {
    const all = Array.from({ length: 30 }, (_, index) =>
      observe({ at: 0, endpoint: { serverName: `mx${index}.test` } }),
    );
    const each = Math.max(...all.map(octetsOf));
    const shared = shareObservations(() => 0, { entries: 1_000, octets: 10 * (each + 1_000) });
    for (const observation of all) {
      await keep(shared, observation);
      assert.ok(shared.isKnown(all[0]?.endpoint ?? assert.fail(), how));
    }
    const left = all.filter(({ endpoint }) => shared.isKnown(endpoint, how)).length;
    assert.ok(left >= 9 && left <= 12, String(left));
  });

  it('is nothing where nobody could look, and the next may', async () => {
    const shared = shareObservations(() => 0);
    const { endpoint } = observe({});
    const resting = { kind: 'resting', ms: 5 } as const;
    assert.deepEqual(await shared.seeing(endpoint, how, () => Promise.resolve(resting)), resting);
    await assert.rejects(
      shared.seeing(endpoint, how, () => Promise.reject(new Error('lost'))),
      /lost/,
    );
    const observation = observe({});
    await keep(shared, observation);
    assert.ok(shared.isKnown(endpoint, how));
  });
});

describe('the memory of what was seen', () => {
  it('is counted with its texts and certificates', () => {
    const certificate = new Uint8Array(1_500);
    const observation = { chain: [certificate, certificate], transcript: ['x'.repeat(1_000)], end: null };
    const octets = octetsOf(observation);
    assert.ok(octets > 4_000 && octets < 5_000, String(octets));
  });
});
