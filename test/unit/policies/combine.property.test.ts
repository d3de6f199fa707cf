import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { DnssecStatus } from '../../../src/dns/answer.ts';
import { decideAll, type HostVerdict, type Rules } from '../../../src/policies/combine.ts';
import type { HostFacts } from '../../../src/policies/dane/hosts.ts';
import { decisionKey } from '../../../src/policies/decide.ts';
import type { DestinationFacts } from '../../../src/policies/destination.ts';
import { messageDemand } from '../../../src/policies/message.ts';
import type { Rule } from '../../../src/policies/overrides/rule.ts';
import type { TlsLevel } from '../../../src/policies/words.ts';
import {
  byMx,
  factsOf,
  hostWith,
  hostWithout,
  nameOf,
  overrideOf,
  routeOf,
  stsOf,
} from '../../support/destinations.ts';

type TlsaKind = 'usable' | 'unusable' | 'absent' | 'unknown';
interface World {
  readonly status: DnssecStatus;
  readonly tlsa: readonly (TlsaKind | 'no address' | 'address unknown')[];
  readonly mode: 'enforce' | 'testing' | 'none' | null;
  /** Which of the hosts the policy lists. */
  readonly listed: readonly boolean[];
  readonly level: TlsLevel;
}

const levels: readonly TlsLevel[] = ['off', 'may', 'encrypt', 'authenticate'];
const worlds: fc.Arbitrary<World> = fc.record({
  status: fc.constantFrom<DnssecStatus>('secure', 'insecure', 'indeterminate'),
  tlsa: fc.array(
    fc.constantFrom<World['tlsa'][number]>(
      'usable',
      'unusable',
      'absent',
      'unknown',
      'no address',
      'address unknown',
    ),
    { minLength: 1, maxLength: 3 },
  ),
  mode: fc.constantFrom('enforce', 'testing', 'none', null),
  listed: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  level: fc.constantFrom(...levels),
});

function hostOf(index: number): string {
  return `mx${index}.example.test`;
}

function factsIn({ status, tlsa, mode, listed }: World): DestinationFacts {
  const hosts = tlsa.map((kind, index): HostFacts => {
    if (kind === 'no address') return hostWithout(hostOf(index), 'absent');
    return kind === 'address unknown' ? hostWithout(hostOf(index), 'unknown') : hostWith(hostOf(index), kind);
  });
  const patterns = tlsa.flatMap((_, index) => (listed[index] === true ? [hostOf(index)] : []));
  const mx = patterns.length > 0 ? patterns : ['nowhere.test'];
  return factsOf({
    way: byMx(status, ...hosts.map(({ host }) => host)),
    hosts,
    ...(mode === null ? {} : { sts: mode === 'none' ? stsOf('none') : stsOf(mode, ...mx) }),
  });
}

function rulesIn({ level }: World): Rules {
  return { route: undefined, defaultLevel: level };
}

/** What operators may have said beside the default level. */
const said = fc
  .record({
    override: fc.constantFrom(undefined, ...levels),
    route: fc.constantFrom(undefined, ...levels),
    ruled: fc.constantFrom(undefined, ...levels),
  })
  .map(({ override, route, ruled }) => ({
    override: override === undefined ? undefined : overrideOf(override),
    rules: {
      route: route === undefined ? undefined : routeOf({ tls: route }),
      ruled: ruled === undefined ? null : { level: ruled, rule: anyRule },
    },
  }));

const anyRule: Rule = { account: 'anna', from: null, to: null, tls: 'may', onBlocked: null };
const wishes = ['requiretls', 'authenticate', 'encrypt'] as const;

function withoutTlsa(kind: World['tlsa'][number]): World['tlsa'][number] {
  return kind === 'no address' || kind === 'address unknown' ? kind : 'absent';
}

function hostsIn(world: World): readonly HostVerdict[] {
  return decideAll(factsIn(world), rulesIn(world)).hosts;
}

/** How much a verdict asks; a host that must be avoided asks the most. */
function strictness(verdict: HostVerdict | undefined): number {
  if (verdict === undefined) return assert.fail('there is no such host');
  if (verdict.kind === 'avoid') return 3;
  return { none: 0, encrypt: 1, authenticate: 2 }[verdict.decision.requires];
}

function neverWeaker(before: readonly HostVerdict[], after: readonly HostVerdict[]): void {
  assert.equal(after.length, before.length);
  before.forEach((one, index) => {
    assert.ok(
      strictness(after[index]) >= strictness(one),
      `${JSON.stringify(one)} became ${JSON.stringify(after[index])}`,
    );
  });
}

describe('every verdict', () => {
  it('never gets weaker where a look-up of one host turns into an unknown one', () => {
    fc.assert(
      fc.property(
        worlds,
        fc.nat(2),
        fc.constantFrom('unknown' as const, 'address unknown' as const),
        (world, at, kind) => {
          const tlsa = world.tlsa.map((one, index) => (index === at ? kind : one));
          neverWeaker(hostsIn(world), hostsIn({ ...world, tlsa }));
        },
      ),
    );
  });

  it('waits where the MX records turn unknown: nothing is sent, nothing is bounced', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const facts = {
          ...factsIn(world),
          way: { kind: 'unknown', because: 'SERVFAIL' } as const,
          hosts: [],
        };
        assert.equal(decideAll(facts, rulesIn(world)).kind, 'defer');
      }),
    );
  });

  it('never gets weaker where MX records are less than secure', () => {
    fc.assert(
      fc.property(worlds, fc.constantFrom('insecure' as const, 'indeterminate' as const), (world, status) => {
        neverWeaker(hostsIn({ ...world, status: 'secure' }), hostsIn({ ...world, status }));
      }),
    );
  });

  it('never gets weaker by a policy of MTA-STS, or by a higher default level', () => {
    fc.assert(
      fc.property(worlds, fc.nat(3), (world, more) => {
        neverWeaker(hostsIn({ ...world, mode: null }), hostsIn(world));
        const level = levels[Math.max(levels.indexOf(world.level), more)] ?? 'authenticate';
        neverWeaker(hostsIn(world), hostsIn({ ...world, level }));
      }),
    );
  });

  it('never gets weaker by TLSA records, but that DANE frees a secure MX host of what MTA-STS lists', () => {
    fc.assert(
      fc.property(
        worlds,
        fc.nat(2),
        fc.constantFrom('usable' as const, 'unusable' as const),
        (world, at, kind) => {
          const without = {
            ...world,
            tlsa: world.tlsa.map((one, index) => (index === at ? ('absent' as const) : one)),
          };
          const tlsa = without.tlsa.map((one, index) => (index === at ? kind : one));
          const isFreed = kind === 'usable' && world.status === 'secure' && world.mode === 'enforce';
          fc.pre(!isFreed);
          neverWeaker(hostsIn(without), hostsIn({ ...world, tlsa }));
        },
      ),
    );
  });

  it('to avoid a host whose TLSA records are unknown is never lifted by MTA-STS', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        hostsIn(world).forEach((verdict, index) => {
          if (world.tlsa[index] !== 'unknown') return;
          assert.equal(verdict.kind, 'avoid');
          assert.equal(verdict.by, 'dane');
        });
      }),
    );
  });

  it('lowers for an override alone, which decides for every host that has an address', () => {
    fc.assert(
      fc.property(worlds, fc.constantFrom(...levels), (world, level) => {
        const facts = { ...factsIn(world), override: overrideOf(level) };
        for (const verdict of decideAll(facts, rulesIn(world)).hosts) {
          if (verdict.kind === 'avoid') {
            assert.equal(verdict.by, 'override');
            continue;
          }
          const { by, requires, tryTls } = verdict.decision;
          const wanted = { off: 'none', may: 'none', encrypt: 'encrypt', authenticate: 'authenticate' }[
            level
          ];
          assert.deepEqual([by, requires, tryTls], ['override', wanted, level === 'off' ? 'no' : 'yes']);
        }
      }),
    );
  });

  it('never gets weaker by a wish of the message for TLS, whatever operators have said', () => {
    fc.assert(
      fc.property(worlds, said, fc.constantFrom(...wishes), (world, words, wish) => {
        const facts = { ...factsIn(world), override: words.override };
        const before = decideAll(facts, { ...rulesIn(world), ...words.rules }).hosts;
        const message = messageDemand(wish, 'enforce', false);
        neverWeaker(before, decideAll(facts, { ...rulesIn(world), ...words.rules, message }).hosts);
      }),
    );
  });

  it('RFC 8689 §4.2.1: asks for a proven name of each host that a message with REQUIRETLS may go to', () => {
    const message = messageDemand('requiretls', 'enforce', false);
    fc.assert(
      fc.property(worlds, said, (world, words) => {
        const facts = { ...factsIn(world), override: words.override };
        for (const verdict of decideAll(facts, { ...rulesIn(world), ...words.rules, message }).hosts) {
          if (verdict.kind === 'avoid') continue;
          const { requires, provesName, tryTls } = verdict.decision;
          assert.deepEqual([requires, provesName, tryTls], ['authenticate', true, 'yes']);
        }
      }),
    );
  });

  it('RFC 8689 §3: TLS-Required: No leaves exactly what operators and the default level ask for', () => {
    const message = messageDemand('optional', 'enforce', false);
    fc.assert(
      fc.property(worlds, said, (world, words) => {
        const facts = { ...factsIn(world), override: words.override };
        const rules = { ...rulesIn(world), ...words.rules };
        const bare = factsIn({ ...world, mode: null, tlsa: world.tlsa.map(withoutTlsa) });
        const expected = decideAll({ ...bare, override: words.override }, rules).hosts;
        const got = decideAll(facts, { ...rules, message }).hosts;
        assert.deepEqual(got.map(strictness), expected.map(strictness));
        for (const verdict of got)
          if (verdict.kind === 'use') assert.notEqual(verdict.decision.dane?.binding, true);
      }),
    );
  });

  it('is bounced by no policy: with a host there is only now and later', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        assert.notEqual(decideAll(factsIn(world), rulesIn(world)).kind, 'refuse');
      }),
    );
  });

  it('counts a match as proof of a host only where the path could not choose it', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        hostsIn(world).forEach((verdict, index) => {
          if (verdict.kind === 'avoid') return;
          const isTrusted =
            world.status === 'secure' || (world.mode === 'enforce' && world.listed[index] === true);
          if (verdict.decision.dane !== null) assert.equal(verdict.decision.dane.trusted, isTrusted);
          const own = verdict.decision.match.some((one) => one.kind === 'name' && one.name === verdict.host);
          assert.equal(own, isTrusted);
        });
      }),
    );
  });
});

describe('the key of a session', () => {
  it('differs wherever what a session must show differs', () => {
    const decisions = worlds.map((world) => {
      const [first] = hostsIn({ ...world, tlsa: ['usable', 'unusable', 'absent'] });
      return first?.kind === 'use' ? first.decision : undefined;
    });
    fc.assert(
      fc.property(decisions, decisions, (one, other) => {
        if (one === undefined || other === undefined) return;
        const shown = ({ requires, tryTls, provesName, match, dane }: typeof one): unknown => ({
          requires,
          tryTls,
          provesName,
          match,
          dane,
        });
        assert.equal(
          decisionKey(one) === decisionKey(other),
          JSON.stringify(shown(one)) === JSON.stringify(shown(other)),
        );
      }),
    );
  });

  it('differs where the TLSA records differ, where a match binds or proves, and where a name is another', () => {
    const [first] = hostsIn({ status: 'secure', tlsa: ['usable'], mode: null, listed: [], level: 'may' });
    if (first?.kind !== 'use' || first.decision.dane === null) return assert.fail('DANE does not decide');
    const { decision } = first;
    const dane = first.decision.dane;
    const [record] = dane.set.usable;
    if (record === undefined) return assert.fail('no record');
    const changed = [
      { ...decision, dane: null },
      { ...decision, dane: { ...dane, binding: !dane.binding } },
      { ...decision, dane: { ...dane, trusted: !dane.trusted } },
      {
        ...decision,
        dane: { ...dane, set: { ...dane.set, usable: [{ ...record, data: Uint8Array.of(1) }] } },
      },
      {
        ...decision,
        dane: { ...dane, set: { ...dane.set, usable: [record, { ...record, usage: 2 as const }] } },
      },
      { ...decision, dane: { ...dane, names: { ...dane.names, base: nameOf('other.test') } } },
      { ...decision, dane: { ...dane, names: { ...dane.names, nextHop: [] } } },
    ];
    assert.equal(new Set([decision, ...changed].map(decisionKey)).size, changed.length + 1);
  });
});
