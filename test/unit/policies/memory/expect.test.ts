import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideAll, type HostVerdict, type Rules } from '../../../../src/policies/combine.ts';
import type { HostFacts } from '../../../../src/policies/dane/hosts.ts';
import { formatIdentity } from '../../../../src/policies/decide.ts';
import type { DestinationFacts } from '../../../../src/policies/destination.ts';
import { listFor } from '../../../../src/policies/list/facts.ts';
import { type MemoryMode, memoryFrom, type RememberedTrack } from '../../../../src/policies/memory/expect.ts';
import { messageDemand } from '../../../../src/policies/message.ts';
import {
  byMx,
  DOMAIN,
  factsOf,
  hostWith,
  nameOf,
  noneSince,
  overrideOf,
  stsOf,
  type Told,
} from '../../../support/destinations.ts';
import { keptOf, listOf, NOON } from '../../../support/lists.ts';
import { DAY, expected, LAST, MX1, memoryWith, settings, trackOf } from '../../../support/tracks.ts';

const may: Rules = { route: undefined, defaultLevel: 'may' };
const STRANGER = 'mx.elsewhere.test';

const ofHost = expected();
const ofDomain = expected({ host: null });
const provenHost = expected({ level: 'authenticate', proof: 'name' });
const provenByTlsa = expected({ level: 'authenticate', proof: 'tlsa' });
const provenDomain = expected({ host: null, level: 'authenticate', proof: 'name' });
/** Of a domain whose host mx1 was authenticated for weeks. */
const all = [ofHost, ofDomain, provenHost, provenDomain];

interface World extends Told {
  readonly tracks: readonly RememberedTrack[];
  readonly mode?: MemoryMode;
}

function facts({ tracks, mode = 'enforce', ...told }: World): DestinationFacts {
  return { ...factsOf(told), memory: memoryWith(mode, ...tracks) };
}

/** `mx1.example.test: authenticate by memory, example.test` */
function shown(one: HostVerdict): string {
  if (one.kind === 'avoid') return `${one.host}: avoided by ${one.by}`;
  const { requires, by, match, dane } = one.decision;
  const names = requires === 'authenticate' ? `, ${match.map(formatIdentity).join(' ')}` : '';
  return `${one.host}: ${requires} by ${by}${names}${dane?.trusted === false ? ', half' : ''}`;
}

function decided(world: World, rules: Rules = may): string[] {
  return decideAll(facts(world), rules).hosts.map(shown);
}

/** Signed DNS proves that it has no TLSA records. */
function withdrawn(host: string): HostFacts {
  return hostWith(host, { kind: 'absent', because: 'proven', evidence: [], proven: true });
}

const unsigned = (...hosts: readonly string[]): Pick<Told, 'way' | 'hosts'> => ({
  way: byMx('insecure', ...hosts),
  hosts: hosts.map((host) => hostWith(host, 'absent')),
});
const signed = (...hosts: readonly string[]): Pick<Told, 'way' | 'hosts'> => ({
  way: byMx('secure', ...hosts),
  hosts: hosts.map((host) => hostWith(host, 'absent')),
});

describe('what the memory demands', () => {
  const cases: readonly (readonly [title: string, world: World, verdict: readonly string[]])[] = [
    ['R1: nothing is remembered: nothing', { tracks: [] }, [`${MX1}: none by default`]],
    [
      'R2: too little is known: nothing',
      {
        tracks: [
          { ...ofHost, state: 'young' },
          { ...ofDomain, state: 'young' },
        ],
      },
      [`${MX1}: none by default`],
    ],
    ['R3: the host has gone over TLS: TLS', { tracks: [ofHost] }, [`${MX1}: encrypt by memory`]],
    [
      'R4: the host was authenticated: it is again, by its own name, also where the MX records are signed no more',
      { tracks: all, ...unsigned(MX1) },
      [`${MX1}: authenticate by memory, ${DOMAIN} ${MX1}`],
    ],
    [
      'R5: the domain has gone over TLS, and the MX records name a new host: TLS, with whatever certificate',
      { tracks: [ofHost, ofDomain], ...unsigned(STRANGER) },
      [`${STRANGER}: encrypt by memory`],
    ],
    [
      'R6: the domain was authenticated, and unsigned MX records name a new host: it has to prove the domain itself',
      { tracks: all, ...unsigned(STRANGER) },
      [`${STRANGER}: authenticate by memory, ${DOMAIN}`],
    ],
    [
      'R7: and TLSA records of that host, which anybody can have, prove nothing of the domain',
      { tracks: all, way: byMx('insecure', STRANGER), hosts: [hostWith(STRANGER, 'usable')] },
      [`${STRANGER}: authenticate by memory, ${DOMAIN}, half`],
    ],
    [
      'R8: signed MX records name a new host: the domain has moved, and TLS is enough',
      { tracks: all, ...signed(STRANGER) },
      [`${STRANGER}: encrypt by memory`],
    ],
    [
      'R9: a policy of MTA-STS in testing names the new host: the same',
      { tracks: all, ...unsigned(STRANGER), sts: stsOf('testing', STRANGER) },
      [`${STRANGER}: encrypt by memory`],
    ],
    [
      'R9: a policy list names the new host: the same',
      { tracks: all, ...unsigned(STRANGER), list: listOf('testing', STRANGER) },
      [`${STRANGER}: encrypt by memory`],
    ],
    [
      'R10: one that is enforced decides by itself',
      { tracks: all, ...unsigned(STRANGER), sts: stsOf('enforce', STRANGER) },
      [`${STRANGER}: authenticate by sts, ${STRANGER}`],
    ],
    [
      'R11: the domain has ended its policy by the mode none: what stood on that is no more expected',
      { tracks: all, ...unsigned(MX1), sts: noneSince(LAST + 1) },
      [`${MX1}: encrypt by memory`],
    ],
    [
      'R11: and a new host neither',
      { tracks: all, ...unsigned(STRANGER), sts: noneSince(LAST + 1) },
      [`${STRANGER}: encrypt by memory`],
    ],
    [
      'R11: but what was authenticated after that did not stand on the policy',
      { tracks: all, ...unsigned(MX1), sts: noneSince(LAST - 1) },
      [`${MX1}: authenticate by memory, ${DOMAIN} ${MX1}`],
    ],
    [
      'R11, R13: nor did what TLSA records have authenticated: only signed DNS takes that back',
      { tracks: [ofHost, provenByTlsa], ...unsigned(MX1), sts: noneSince(LAST + 1) },
      [`${MX1}: authenticate by memory, ${DOMAIN} ${MX1}`],
    ],
    [
      'R12: TLSA records that authenticated the host are gone, and signed DNS says so: TLS is enough',
      { tracks: [ofHost, provenByTlsa], way: byMx('secure', MX1), hosts: [withdrawn(MX1)] },
      [`${MX1}: encrypt by memory`],
    ],
    [
      'R12: the same where those that are left authenticate nobody',
      { tracks: [ofHost, provenByTlsa], way: byMx('secure', MX1), hosts: [hostWith(MX1, 'unusable')] },
      [`${MX1}: encrypt by dane`],
    ],
    [
      'R13, D23: they are gone and nothing proves it: the host has to prove its name',
      { tracks: [ofHost, provenByTlsa], ...unsigned(MX1) },
      [`${MX1}: authenticate by memory, ${DOMAIN} ${MX1}`],
    ],
    [
      'R14: the zone of the domain is signed no more, the host has its records: a match still authenticates it',
      {
        tracks: [ofHost, provenByTlsa, provenDomain],
        way: byMx('insecure', MX1),
        hosts: [hostWith(MX1, 'usable')],
      },
      [`${MX1}: authenticate by dane, ${DOMAIN} ${MX1}`],
    ],
    [
      'R15: DANE and MTA-STS are named where they ask for as much',
      { tracks: all, way: byMx('secure', MX1), hosts: [hostWith(MX1, 'usable')] },
      [`${MX1}: authenticate by dane, ${DOMAIN} ${MX1}`],
    ],
    [
      'R22: the policy list names a host that was authenticated: it is named, and its own name counts',
      { tracks: all, ...unsigned(MX1), list: listOf('enforce', MX1) },
      [`${MX1}: authenticate by list, ${MX1}`],
    ],
    [
      'R22: the policy list does not name it: what was seen makes up for nothing',
      { tracks: all, ...unsigned(MX1), list: listOf('enforce', STRANGER) },
      [`${MX1}: avoided by list`],
    ],
    [
      'R22: the list has ended, as whoever keeps newer ones away would have it: what was seen under it holds',
      { tracks: all, ...unsigned(MX1), list: listFor(DOMAIN, keptOf('enforce', MX1), NOON + 14 * DAY) },
      [`${MX1}: authenticate by memory, ${DOMAIN} ${MX1}`],
    ],
    [
      'R16: each host by itself: what one has reached is not asked of another that is proven',
      { tracks: all, ...signed(MX1, 'mx2.example.test') },
      [`${MX1}: authenticate by memory, ${DOMAIN} ${MX1}`, 'mx2.example.test: encrypt by memory'],
    ],
    [
      'R17: observe demands nothing',
      { tracks: all, ...unsigned(STRANGER), mode: 'observe' },
      [`${STRANGER}: none by default`],
    ],
    [
      'R18: what has given way, or is forgotten, demands nothing',
      {
        tracks: [
          { ...ofHost, state: 'given-way' },
          { ...ofDomain, state: 'forgotten' },
        ],
      },
      [`${MX1}: none by default`],
    ],
    [
      'R19: an operator’s word stands over it',
      { tracks: all, ...unsigned(STRANGER), override: overrideOf('may') },
      [`${STRANGER}: none by override`],
    ],
  ];
  for (const [title, world, verdict] of cases) it(title, () => assert.deepEqual(decided(world), verdict));

  it('R20, RFC 8689 §3: TLS-Required: No lifts it', () => {
    const rules = { ...may, message: messageDemand('optional', 'enforce', false) };
    assert.deepEqual(decided({ tracks: all, ...unsigned(STRANGER) }, rules), [
      `${STRANGER}: none by message`,
    ]);
  });

  it('R21: a higher default level is named where it asks for as much', () => {
    const rules: Rules = { ...may, defaultLevel: 'authenticate' };
    assert.deepEqual(decided({ tracks: [ofHost] }, rules), [
      `${MX1}: authenticate by default, ${DOMAIN} ${MX1}`,
    ]);
  });

  it('says why, since when, and when it ends', () => {
    const [first] = decideAll(facts({ tracks: all, ...unsigned(STRANGER) }), may).hosts;
    assert.equal(
      first?.kind === 'use' && first.decision.because,
      'mail for example.test was authenticated at hosts that example.test vouched for in each session since 2026-10-29 (10), and nothing proves that mx.elsewhere.test is one of them; the memory gives way once the contrary is seen for 3 days',
    );
  });

  for (const [giveWayAfterMs, text] of [
    [86_400_000, 'a day'],
    [129_600_000, '36 hours'],
    [3_600_000, '60 minutes'],
    [60_000, 'a minute'],
  ] as const) {
    it(`says the time that it waits as ${text}`, () => {
      const memory = { ...memoryWith('enforce', ...all), giveWayAfterMs };
      const [first] = decideAll({ ...facts({ tracks: all, ...unsigned(STRANGER) }), memory }, may).hosts;
      assert.ok(first?.kind === 'use' && first.decision.because.endsWith(` is seen for ${text}`));
    });
  }
});

describe('memoryFrom', () => {
  it('is nothing where the memory is off', () => {
    assert.equal(memoryFrom([trackOf()], LAST, { ...settings, mode: 'off' }), undefined);
  });

  it('tells of each track how it stands now', () => {
    const tracks = [trackOf(), trackOf({ sessions: 1 }), trackOf({ lastAt: LAST - 100 * DAY })];
    assert.deepEqual(
      memoryFrom(tracks, LAST, settings)?.tracks.map(({ state }) => state),
      ['expected', 'young', 'forgotten'],
    );
  });

  it('is nothing that the names of a host that was never proven depend on', () => {
    assert.deepEqual(decided({ tracks: [ofHost], ...unsigned(nameOf(MX1)) }), [`${MX1}: encrypt by memory`]);
  });
});
