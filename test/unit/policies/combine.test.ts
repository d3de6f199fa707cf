import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type DestinationVerdict,
  decideAll,
  type HostVerdict,
  othersToo,
  type Rules,
} from '../../../src/policies/combine.ts';
import { formatIdentity } from '../../../src/policies/decide.ts';
import type { TlsLevel } from '../../../src/policies/words.ts';
import {
  byMx,
  DOMAIN,
  factsOf,
  hostWith,
  hostWithout,
  nameOf,
  overrideOf,
  routeOf,
  stsOf,
  type Told,
  tlsaOf,
} from '../../support/destinations.ts';

const may: Rules = { route: undefined, defaultLevel: 'may' };

/** `mx1.example.test: authenticate by dane` for each host, with `, avoid` where mail must not go there. */
function shownHost(verdict: HostVerdict): string {
  if (verdict.kind === 'avoid') {
    return `${verdict.host}: ${verdict.requires} by ${verdict.by}, avoid${verdict.forbidden ? ' as forbidden' : ''}`;
  }
  const { requires, by, dane } = verdict.decision;
  const records =
    dane === null ? '' : `, TLSA ${dane.binding ? 'binds' : 'helps'}${dane.trusted ? '' : ' half'}`;
  return `${verdict.host}: ${requires} by ${by}${records}`;
}

function shown(verdict: DestinationVerdict): string[] {
  const kind = verdict.kind === 'refuse' ? `refuse ${verdict.status}` : verdict.kind;
  const forbidden = verdict.kind === 'defer' && verdict.forbidden ? ' as forbidden' : '';
  return [`${kind}${forbidden}`, ...verdict.hosts.map(shownHost)];
}

/** The names by which a certificate of the first host may prove it. */
function matchOf(told: Told, rules: Rules = may): string[] {
  const [first] = decideAll(factsOf(told), rules).hosts;
  return first?.kind === 'use' ? first.decision.match.map(formatIdentity) : assert.fail('not used');
}

const mx1 = 'mx1.example.test';
const mx2 = 'mx2.example.test';
const because = 'of the test';

interface Case {
  readonly title: string;
  readonly told: Told;
  readonly rules?: Rules;
  readonly verdict: readonly string[];
}

const cases: readonly Case[] = [
  {
    title: 'D1: the MX records cannot be learnt: the mail waits',
    told: { way: { kind: 'unknown', because }, hosts: [] },
    verdict: ['defer'],
  },
  {
    title: 'D1: the same with a policy in force',
    told: { way: { kind: 'unknown', because }, hosts: [], sts: stsOf('enforce', mx1) },
    verdict: ['defer'],
  },
  {
    title: 'D2: no such domain',
    told: { way: { kind: 'no-such-domain', because }, hosts: [] },
    verdict: ['refuse 5.1.2'],
  },
  {
    title: 'D3, RFC 7505 §4.1: a null MX',
    told: { way: { kind: 'null', because }, hosts: [] },
    verdict: ['refuse 5.1.10'],
  },
  {
    title: 'D4: no MX records: the domain is its own host, with its TLSA records',
    told: {
      way: { kind: 'implicit', status: 'secure', because },
      hosts: [hostWith('example.test', 'usable')],
    },
    verdict: ['deliver', 'example.test: authenticate by dane, TLSA binds'],
  },
  {
    title: 'D4: neither MX records nor an address',
    told: {
      way: { kind: 'implicit', status: 'insecure', because },
      hosts: [hostWithout('example.test', 'absent')],
    },
    verdict: ['refuse 5.4.4', 'example.test: none by default, avoid'],
  },
  {
    title: 'D4: no MX records, and the address cannot be learnt',
    told: {
      way: { kind: 'implicit', status: 'insecure', because },
      hosts: [hostWithout('example.test', 'unknown')],
    },
    verdict: ['defer', 'example.test: none by default, avoid'],
  },
  {
    title: 'D5: TLSA records of a host out of unsigned DNS bind, and authenticate nobody',
    told: { way: byMx('insecure', mx1), hosts: [hostWith(mx1, 'usable')] },
    verdict: ['deliver', `${mx1}: authenticate by dane, TLSA binds half`],
  },
  {
    title: 'D6, D12: no TLSA records: the default',
    told: { hosts: [hostWith(mx1, 'absent')] },
    verdict: ['deliver', `${mx1}: none by default`],
  },
  {
    title: 'D6, D12: no TLSA records: MTA-STS',
    told: { way: byMx('insecure', mx1), hosts: [hostWith(mx1, 'absent')], sts: stsOf('enforce', mx1) },
    verdict: ['deliver', `${mx1}: authenticate by sts`],
  },
  {
    title: 'D9: the addresses of a host cannot be learnt: the other one',
    told: { hosts: [hostWithout(mx1, 'unknown'), hostWith(mx2, 'absent')] },
    verdict: ['deliver', `${mx1}: none by default, avoid`, `${mx2}: none by default`],
  },
  {
    title: 'D9: of no host can they be learnt',
    told: { hosts: [hostWithout(mx1, 'unknown'), hostWithout(mx2, 'unknown')] },
    verdict: ['defer', `${mx1}: none by default, avoid`, `${mx2}: none by default, avoid`],
  },
  {
    title: 'D10: a host without address: the other one',
    told: { hosts: [hostWithout(mx1, 'absent'), hostWith(mx2, 'usable')] },
    verdict: ['deliver', `${mx1}: none by default, avoid`, `${mx2}: authenticate by dane, TLSA binds`],
  },
  {
    title: 'D11: the TLSA records of one host cannot be learnt: the other one',
    told: { hosts: [hostWith(mx1, 'unknown'), hostWith(mx2, 'absent')] },
    verdict: ['deliver', `${mx1}: authenticate by dane, avoid`, `${mx2}: none by default`],
  },
  {
    title: 'D11: of no host can they be learnt: the mail waits',
    told: { hosts: [hostWith(mx1, 'unknown')] },
    verdict: ['defer', `${mx1}: authenticate by dane, avoid`],
  },
  {
    title: 'D11: MTA-STS does not rescue such a host',
    told: { way: byMx('insecure', mx1), hosts: [hostWith(mx1, 'unknown')], sts: stsOf('enforce', mx1) },
    verdict: ['defer', `${mx1}: authenticate by dane, avoid`],
  },
  {
    title: 'D14: records that authenticate nobody: TLS',
    told: { hosts: [hostWith(mx1, 'unusable')] },
    verdict: ['deliver', `${mx1}: encrypt by dane`],
  },
  {
    title: 'D14: and what MTA-STS wants as well',
    told: { hosts: [hostWith(mx1, 'unusable')], sts: stsOf('enforce', mx1) },
    verdict: ['deliver', `${mx1}: authenticate by sts`],
  },
  {
    title: 'D22: a host that an operator configured is one that the path could not choose',
    told: { way: { kind: 'configured', host: nameOf(mx1) }, hosts: [hostWith(mx1, 'usable')] },
    verdict: ['deliver', `${mx1}: authenticate by dane, TLSA binds`],
  },
  {
    title: '§2.3: each host by its own layer',
    told: { hosts: [hostWith(mx1, 'usable'), hostWith(mx2, 'absent')], sts: stsOf('enforce', mx1, mx2) },
    verdict: ['deliver', `${mx1}: authenticate by dane, TLSA binds`, `${mx2}: authenticate by sts`],
  },
  {
    title: '§2.3: with secure MX records a host with TLSA need not be in the policy',
    told: { hosts: [hostWith(mx1, 'usable'), hostWith(mx2, 'absent')], sts: stsOf('enforce', 'other.test') },
    verdict: [
      'deliver',
      `${mx1}: authenticate by dane, TLSA binds`,
      `${mx2}: authenticate by sts, avoid as forbidden`,
    ],
  },
  {
    title: '§2.3: without, it must be',
    told: {
      way: byMx('insecure', mx1),
      hosts: [hostWith(mx1, 'usable')],
      sts: stsOf('enforce', 'other.test'),
    },
    verdict: ['defer as forbidden', `${mx1}: authenticate by sts, avoid as forbidden`],
  },
  {
    title: '§2.3: a policy that lists the host makes its records prove it',
    told: {
      way: byMx('insecure', mx1),
      hosts: [hostWith(mx1, 'usable')],
      sts: stsOf('enforce', '*.example.test'),
    },
    verdict: ['deliver', `${mx1}: authenticate by dane, TLSA binds`],
  },
  {
    title: '§2.3: all hosts are ruled out: later',
    told: { hosts: [hostWith(mx1, 'unknown'), hostWith(mx2, 'absent')], sts: stsOf('enforce', mx1) },
    verdict: [
      'defer as forbidden',
      `${mx1}: authenticate by dane, avoid`,
      `${mx2}: authenticate by sts, avoid as forbidden`,
    ],
  },
  {
    title: 'S9: a policy that says none',
    told: { sts: stsOf('none') },
    verdict: ['deliver', `${mx1}: none by default`],
  },
  {
    title: 'S10: a policy that says testing',
    told: { sts: stsOf('testing', 'other.test') },
    verdict: ['deliver', `${mx1}: none by default`],
  },
  {
    title: 'S11: no pattern matches one of the hosts',
    told: { hosts: [hostWith(mx1, 'absent'), hostWith(mx2, 'absent')], sts: stsOf('enforce', mx2) },
    verdict: ['deliver', `${mx1}: authenticate by sts, avoid as forbidden`, `${mx2}: authenticate by sts`],
  },
  {
    title: 'S11: or any of them: later, never a bounce',
    told: { sts: stsOf('enforce', 'other.test') },
    verdict: ['defer as forbidden', `${mx1}: authenticate by sts, avoid as forbidden`],
  },
  {
    title: 'the default level is one of the layers: it raises',
    told: { hosts: [hostWith(mx1, 'unusable')] },
    rules: { route: undefined, defaultLevel: 'authenticate' },
    verdict: ['deliver', `${mx1}: authenticate by default`],
  },
  {
    title: 'the default level off does not lower what DANE asks',
    told: { hosts: [hostWith(mx1, 'usable')] },
    rules: { route: undefined, defaultLevel: 'off' },
    verdict: ['deliver', `${mx1}: authenticate by dane, TLSA binds`],
  },
  {
    title: 'an override lowers DANE',
    told: { hosts: [hostWith(mx1, 'usable')], override: overrideOf('may') },
    verdict: ['deliver', `${mx1}: none by override, TLSA helps`],
  },
  {
    title: 'an override lets mail go where TLSA records cannot be learnt',
    told: { hosts: [hostWith(mx1, 'unknown')], override: overrideOf('encrypt') },
    verdict: ['deliver', `${mx1}: encrypt by override`],
  },
  {
    title: 'an override lets mail go to a host that MTA-STS does not list',
    told: { sts: stsOf('enforce', 'other.test'), override: overrideOf('encrypt') },
    verdict: ['deliver', `${mx1}: encrypt by override`],
  },
  {
    title: 'a route with a level does the same',
    told: { hosts: [hostWith(mx1, 'unknown')] },
    rules: { route: routeOf({ tls: 'encrypt' }), defaultLevel: 'may' },
    verdict: ['deliver', `${mx1}: encrypt by override`],
  },
  {
    title: 'a route without a level does not',
    told: { hosts: [hostWith(mx1, 'unknown')] },
    rules: { route: routeOf({}), defaultLevel: 'may' },
    verdict: ['defer', `${mx1}: authenticate by dane, avoid`],
  },
  {
    title: 'an override finds no address',
    told: { hosts: [hostWithout(mx1, 'unknown')], override: overrideOf('off') },
    verdict: ['defer', `${mx1}: none by override, avoid`],
  },
];

describe('facts and the verdict', () => {
  for (const { title, told, rules = may, verdict } of cases) {
    it(title, () => assert.deepEqual(shown(decideAll(factsOf(told), rules)), verdict));
  }
});

describe('what a host must prove', () => {
  it('S13: under MTA-STS the name of the host and no other, also where the MX records are secure', () => {
    const route = routeOf({ names: [{ kind: 'domain', domain: nameOf('other.test') }] });
    const sts = stsOf('enforce', '*.example.test');
    assert.deepEqual(matchOf({ way: byMx('insecure', mx1), sts }, { route, defaultLevel: 'may' }), [mx1]);
    assert.deepEqual(matchOf({ way: byMx('secure', mx1), sts }), [mx1]);
  });

  it('its own name where the MX records are secure', () => {
    assert.deepEqual(matchOf({}), ['example.test', mx1]);
  });

  for (const status of ['insecure', 'indeterminate', 'bogus'] as const) {
    it(`the domain’s name alone where the MX records are ${status}: the path could choose the host`, () => {
      assert.deepEqual(matchOf({ way: byMx(status, mx1) }), ['example.test']);
      assert.deepEqual(matchOf({ way: byMx(status, mx1), sts: stsOf('testing', mx1) }), ['example.test']);
    });
  }

  const namesAt = (told: Told) => {
    const [first] = decideAll(factsOf(told), may).hosts;
    return first?.kind === 'use' ? first.decision.dane?.names : assert.fail('not used');
  };

  it('D17, RFC 7672 §3.2.2: the base, the host and, where MX is secure, the domain with the end of its alias', () => {
    const alias = { ...byMx('secure', mx1), owner: nameOf('real.test') };
    assert.deepEqual(namesAt({ way: alias, hosts: [hostWith(mx1, 'usable')] }), {
      base: nameOf(mx1),
      mx: nameOf(mx1),
      nextHop: [DOMAIN, nameOf('real.test')],
    });
  });

  it('D17, RFC 7672 §3.2.2: "the MX hostname is the only reference identifier" where it is not', () => {
    assert.deepEqual(namesAt({ way: byMx('insecure', mx1), hosts: [hostWith(mx1, 'usable')] })?.nextHop, []);
  });

  it('D21: the TLSA base domain is the name for SNI', () => {
    const base = nameOf('real.example.test');
    const [first] = decideAll(factsOf({ hosts: [hostWith(mx1, tlsaOf('usable', base))] }), may).hosts;
    assert.equal(first?.kind === 'use' && first.serverName, base);
  });
});

describe('what a verdict says', () => {
  it('names an override’s level, end and reason', () => {
    const override = { ...overrideOf('encrypt'), until: Date.UTC(2027, 0, 2), reason: 'their TLSA is stale' };
    const [first] = decideAll(factsOf({ override }), may).hosts;
    assert.match(
      first?.kind === 'use' ? first.decision.because : '',
      /override for example\.test says encrypt until .*2027.*: their TLSA is stale$/,
    );
  });

  it('of several obstacles the one that a policy makes, and which others there are', () => {
    const verdict = decideAll(
      factsOf({ hosts: [hostWithout(mx1, 'unknown'), hostWith(mx2, 'absent')], sts: stsOf('enforce', mx1) }),
      may,
    );
    assert.match(
      verdict.because,
      /^the MTA-STS policy of example\.test \(enforce, id 1\) does not list mx2\.example\.test \(mx1\.example\.test cannot be used either\)$/,
    );
  });

  it('names a few of the hosts that cannot be used, and counts many', () => {
    assert.equal(othersToo([]), '');
    assert.equal(othersToo([mx1, mx2, mx1]), ` (${mx1}, ${mx2}, ${mx1} cannot be used either)`);
    assert.equal(othersToo([mx1, mx2, mx1, mx2]), ' (4 other mail hosts cannot be used either)');
  });

  it('a host that must be avoided still tells its addresses: it may be ourselves', () => {
    const [first] = decideAll(factsOf({ hosts: [hostWith(mx1, 'unknown')] }), may).hosts;
    assert.deepEqual(first?.kind === 'avoid' && first.addresses, ['192.0.2.1']);
  });

  const levels: readonly TlsLevel[] = ['off', 'may', 'encrypt', 'authenticate'];
  for (const level of levels) {
    it(`the default level ${level} says so itself`, () => {
      const [first] = decideAll(factsOf({}), { route: undefined, defaultLevel: level }).hosts;
      assert.match(
        first?.kind === 'use' ? first.decision.because : '',
        new RegExp(`default level is ${level}$`),
      );
    });
  }
});
