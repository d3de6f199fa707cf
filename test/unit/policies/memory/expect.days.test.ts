/** The memory over weeks, on a clock: mail every few hours, a domain that changes, and somebody on the path. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DnssecStatus } from '../../../../src/dns/answer.ts';
import { decideAll, type UsableHost } from '../../../../src/policies/combine.ts';
import { memoryFrom } from '../../../../src/policies/memory/expect.ts';
import {
  afterNote,
  keysOf,
  type Reached,
  type SessionNote,
  type Track,
  type TrackChange,
} from '../../../../src/policies/memory/track.ts';
import { byMx, DOMAIN, factsOf, hostWith, nameOf } from '../../../support/destinations.ts';
import { DAY, settings } from '../../../support/tracks.ts';

const HOUR = DAY / 24;
const START = Date.UTC(2026, 8, 1);
const H = 'mx1.example.test';
const N = 'mx.new-provider.test';
const E = 'mx.attacker.test';

/** How the domain looks from here at one time. */
interface Scene {
  readonly mx: DnssecStatus;
  /** What a host offers, from the first MX on: no TLS, TLS, or TLS with a certificate valid for the host's name. */
  readonly hosts: Readonly<Record<string, 'clear' | 'tls' | 'valid'>>;
}

interface Attempt {
  readonly at: number;
  /** `mx1.example.test authenticate`, or `waits`. */
  readonly came: string;
}

interface Weeks {
  /** @param days of mail every six hours. */
  live(scene: Scene, days: number): readonly Attempt[];
  readonly changes: readonly string[];
  expects(host: string | null, level: Track['level']): boolean;
}

function weeks(mode: 'observe' | 'enforce' = 'enforce'): Weeks {
  let now = START;
  const tracks = new Map<string, Track>();
  const changes: string[] = [];
  const terms = { ...settings, mode };
  const keyOf = ({ host, level }: Pick<Track, 'host' | 'level'>): string => `${host ?? '*'} ${level}`;

  function note(host: string, reached: Reached): void {
    const proof = reached === 'authenticate' ? 'name' : null;
    const one: SessionNote = {
      domain: DOMAIN,
      host: nameOf(host),
      reached,
      at: now,
      sessions: 1,
      proof,
      spki: null,
    };
    for (const key of keysOf(one)) {
      const { track, change } = afterNote(tracks.get(keyOf(key)), key, one, terms);
      if (track === undefined) tracks.delete(keyOf(key));
      else tracks.set(keyOf(key), track);
      if (change !== null) changes.push(told(change));
    }
  }
  function told({ kind, track }: TrackChange): string {
    return `day ${Math.floor((now - START) / DAY)}: ${kind} ${keyOf(track)}`;
  }

  function attempt({ mx, hosts }: Scene): string {
    const names = Object.keys(hosts);
    const facts = factsOf({ way: byMx(mx, ...names), hosts: names.map((name) => hostWith(name, 'absent')) });
    const memory = memoryFrom([...tracks.values()], now, terms);
    const verdict = decideAll({ ...facts, memory }, { route: undefined, defaultLevel: 'may' });
    for (const host of verdict.hosts.filter((one): one is UsableHost => one.kind === 'use')) {
      const reached = reachedAt(host, hosts[host.host] ?? 'clear');
      note(host.host, reached);
      if (RANK[reached] >= RANK[host.decision.requires]) return `${host.host} ${reached}`;
    }
    return 'waits';
  }

  return {
    live(scene, days) {
      return Array.from({ length: days * 4 }, () => {
        const came = { at: now, came: attempt(scene) };
        now += 6 * HOUR;
        return came;
      });
    },
    changes,
    expects: (host, level) =>
      memoryFrom([...tracks.values()], now, terms)?.tracks.some(
        (track) => track.host === host && track.level === level && track.state === 'expected',
      ) ?? false,
  };
}

const RANK = { clear: 0, failed: 0, none: 0, encrypt: 1, authenticate: 2 } as const;

/** As a relay judges it: a valid certificate proves a name only where the path could not choose that. */
function reachedAt({ host, decision }: UsableHost, offers: 'clear' | 'tls' | 'valid'): Reached {
  if (offers === 'clear') return 'clear';
  const isTrusted = decision.match.some((one) => one.kind === 'name' && one.name === host);
  return offers === 'valid' && isTrusted ? 'authenticate' : 'encrypt';
}

/** Hours from the first attempt that waits to the first behind it that does not; 0: none waits. */
function waited(attempts: readonly Attempt[]): number {
  const first = attempts.findIndex(({ came }) => came === 'waits');
  if (first === -1) return 0;
  const end = attempts.findIndex(({ came }, index) => index > first && came !== 'waits');
  return ((attempts[end]?.at ?? Number.POSITIVE_INFINITY) - (attempts[first]?.at ?? 0)) / HOUR;
}

const all = (attempts: readonly Attempt[]): string[] => [...new Set(attempts.map(({ came }) => came))];

describe('a host that had authenticated TLS for weeks', () => {
  it('strips it, and mail waits; TLS comes back, and mail goes at once', () => {
    const own = weeks();
    assert.deepEqual(all(own.live({ mx: 'secure', hosts: { [H]: 'valid' } }, 21)), [`${H} authenticate`]);
    assert.deepEqual(all(own.live({ mx: 'secure', hosts: { [H]: 'clear' } }, 2)), ['waits']);
    assert.deepEqual(all(own.live({ mx: 'secure', hosts: { [H]: 'valid' } }, 1)), [`${H} authenticate`]);
    assert.deepEqual(
      own.changes.map((change) => change.replace('stands-against', 'against')),
      ['* encrypt', '* authenticate', `${H} encrypt`, `${H} authenticate`].map(
        (key) => `day 21: against ${key}`,
      ),
    );
  });

  it('or the certificate is another one: the same', () => {
    const own = weeks();
    own.live({ mx: 'secure', hosts: { [H]: 'valid' } }, 21);
    assert.deepEqual(all(own.live({ mx: 'secure', hosts: { [H]: 'tls' } }, 2)), ['waits']);
  });

  it('the zone is signed no more, its host is the same: no mail waits', () => {
    const own = weeks();
    own.live({ mx: 'secure', hosts: { [H]: 'valid' } }, 21);
    assert.deepEqual(all(own.live({ mx: 'insecure', hosts: { [H]: 'valid' } }, 10)), [`${H} authenticate`]);
  });

  it('really gave its TLS up: mail waits for three days, and not longer', () => {
    const own = weeks();
    own.live({ mx: 'secure', hosts: { [H]: 'valid' } }, 21);
    const after = own.live({ mx: 'secure', hosts: { [H]: 'clear' } }, 10);
    assert.equal(waited(after), 72);
    assert.deepEqual(all(after), ['waits', `${H} clear`]);
    assert.ok(own.changes.includes(`day 24: gave-way ${H} encrypt`));
  });

  it('in observe nothing waits, and the same is told', () => {
    const own = weeks('observe');
    own.live({ mx: 'secure', hosts: { [H]: 'valid' } }, 21);
    assert.deepEqual(all(own.live({ mx: 'secure', hosts: { [H]: 'clear' } }, 5)), [`${H} clear`]);
    assert.ok(own.changes.includes(`day 21: stands-against ${H} authenticate`));
    assert.ok(own.changes.includes(`day 24: gave-way ${H} authenticate`));
  });
});

describe('a domain that changes its provider', () => {
  it('in a signed zone, to a host with TLS: no mail waits, whatever certificate that has', () => {
    for (const offers of ['valid', 'tls'] as const) {
      const own = weeks();
      own.live({ mx: 'secure', hosts: { [H]: 'valid' } }, 21);
      assert.equal(waited(own.live({ mx: 'secure', hosts: { [N]: offers } }, 10)), 0);
    }
  });

  it('that was never authenticated, in a zone that is not signed, to a host with TLS: no mail waits', () => {
    const own = weeks();
    own.live({ mx: 'insecure', hosts: { [H]: 'valid' } }, 21);
    assert.equal(waited(own.live({ mx: 'insecure', hosts: { [N]: 'tls' } }, 10)), 0);
  });

  it('to a zone that is not signed: three days, as for whoever forges', () => {
    const own = weeks();
    own.live({ mx: 'secure', hosts: { [H]: 'valid' } }, 21);
    assert.equal(waited(own.live({ mx: 'insecure', hosts: { [N]: 'valid' } }, 10)), 72);
    assert.equal(own.expects(null, 'authenticate'), false);
    assert.equal(own.expects(null, 'encrypt'), true);
  });

  it('to a host without TLS: three days', () => {
    for (const mx of ['secure', 'insecure'] as const) {
      const own = weeks();
      own.live({ mx, hosts: { [H]: 'valid' } }, 21);
      assert.equal(waited(own.live({ mx, hosts: { [N]: 'clear' } }, 10)), 72);
    }
  });
});

describe('somebody on the path', () => {
  it('names another host by a forged MX record: what is known of the domain catches it', () => {
    const own = weeks();
    own.live({ mx: 'insecure', hosts: { [H]: 'tls' } }, 21);
    assert.deepEqual(all(own.live({ mx: 'insecure', hosts: { [E]: 'clear' } }, 2)), ['waits']);
    assert.deepEqual(all(own.live({ mx: 'insecure', hosts: { [H]: 'tls' } }, 1)), [`${H} encrypt`]);
  });

  it('does so now and then, and never makes it forget', () => {
    const own = weeks();
    own.live({ mx: 'secure', hosts: { [H]: 'valid' } }, 21);
    for (let round = 0; round < 10; round += 1) {
      assert.deepEqual(all(own.live({ mx: 'insecure', hosts: { [E]: 'valid' } }, 2)), ['waits']);
      own.live({ mx: 'secure', hosts: { [H]: 'valid' } }, 1);
    }
    assert.equal(own.expects(H, 'authenticate'), true);
    assert.equal(own.expects(null, 'authenticate'), true);
  });

  it('has mail go to a host of his own with the best TLS for weeks, and goes: three days at most', () => {
    const own = weeks();
    own.live({ mx: 'insecure', hosts: { [E]: 'valid' } }, 60);
    assert.equal(own.expects(null, 'authenticate'), false);
    assert.equal(waited(own.live({ mx: 'insecure', hosts: { [H]: 'clear' } }, 10)), 72);
  });

  it('gives a host TLS that it does not have, for a day or two: nothing is learnt by that', () => {
    const own = weeks();
    own.live({ mx: 'insecure', hosts: { [H]: 'clear' } }, 21);
    own.live({ mx: 'insecure', hosts: { [H]: 'valid' } }, 2);
    assert.equal(waited(own.live({ mx: 'insecure', hosts: { [H]: 'clear' } }, 10)), 0);
  });

  it('of several hosts keeps mail from the good one: it goes to no host that was not as good', () => {
    const own = weeks();
    own.live({ mx: 'insecure', hosts: { [H]: 'tls', 'mx2.example.test': 'clear' } }, 21);
    const after = own.live({ mx: 'insecure', hosts: { 'mx2.example.test': 'clear' } }, 2);
    assert.deepEqual(all(after), ['waits']);
  });
});
