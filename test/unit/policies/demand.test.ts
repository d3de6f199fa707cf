import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TlsWish } from '../../../src/names/message-terms.ts';
import { decideAll, decideUnasked, type Rules } from '../../../src/policies/combine.ts';
import { formatIdentity } from '../../../src/policies/decide.ts';
import { messageDemand } from '../../../src/policies/message.ts';
import type { Rule } from '../../../src/policies/overrides/rule.ts';
import type { TlsLevel } from '../../../src/policies/words.ts';
import {
  byMx,
  DOMAIN,
  factsOf,
  hostWith,
  overrideOf,
  routeOf,
  stsOf,
  type Told,
} from '../../support/destinations.ts';

const mx = 'mx1.example.test';
const rule: Rule = {
  account: null,
  from: null,
  to: { kind: 'domain', domain: DOMAIN },
  tls: null,
  onBlocked: null,
};

/** What stands where; absent: nothing. */
interface Stand {
  readonly override?: TlsLevel;
  readonly rule?: TlsLevel;
  readonly route?: TlsLevel;
  readonly message?: TlsWish;
  readonly dane?: 'usable' | 'unusable' | 'unknown';
  readonly sts?: 'lists' | 'does not list';
  readonly level?: TlsLevel;
  readonly mxs?: 'secure' | 'insecure';
}

function factsIn({ override, dane, sts, mxs = 'secure' }: Stand): ReturnType<typeof factsOf> {
  const told: Told = {
    way: byMx(mxs, mx),
    hosts: [hostWith(mx, dane ?? 'absent')],
    ...(sts === undefined ? {} : { sts: stsOf('enforce', sts === 'lists' ? mx : 'other.test') }),
    override: override === undefined ? undefined : overrideOf(override),
  };
  return factsOf(told);
}

function rulesIn({ rule: ruled, route, message, level = 'may' }: Stand): Rules {
  return {
    route: route === undefined ? undefined : routeOf({ tls: route }),
    ruled: ruled === undefined ? null : { level: ruled, rule: { ...rule, tls: ruled } },
    message: messageDemand(message ?? null, 'enforce', false),
    defaultLevel: level,
  };
}

/** `authenticate by message, named`: of a proven name. */
function decided(stand: Stand): string {
  const [host] = decideAll(factsIn(stand), rulesIn(stand)).hosts;
  if (host === undefined) assert.fail('there is no host');
  if (host.kind === 'avoid') return `avoid by ${host.by}`;
  const { requires, by, provesName, tryTls, dane } = host.decision;
  const binds = dane?.binding === true ? ', binds' : '';
  return `${requires} by ${by}${provesName ? ', named' : ''}${tryTls === 'no' ? ', untried' : ''}${binds}`;
}

const levels = ['off', 'may', 'encrypt', 'authenticate'] as const;
const asks = {
  off: 'none',
  may: 'none',
  encrypt: 'encrypt',
  authenticate: 'authenticate',
} as const satisfies Record<TlsLevel, string>;

function byOperator(level: TlsLevel): string {
  const ending = level === 'authenticate' ? ', named' : level === 'off' ? ', untried' : '';
  return `${asks[level]} by override${ending}`;
}

describe('the order of the layers, pair by pair', () => {
  for (const level of levels) {
    it(`an override that says ${level} stands over rule, route, DANE, MTA-STS and default`, () => {
      for (const below of [
        { rule: 'authenticate' },
        { route: 'authenticate' },
        { dane: 'usable' },
        { sts: 'does not list' },
        { level: 'authenticate' },
      ] satisfies Stand[])
        assert.equal(decided({ override: level, ...below }), byOperator(level), JSON.stringify(below));
    });

    it(`a rule that says ${level} stands over route, DANE, MTA-STS and default`, () => {
      for (const below of [
        { route: 'authenticate' },
        { dane: 'usable' },
        { dane: 'unknown' },
        { sts: 'lists' },
        { level: 'authenticate' },
      ] satisfies Stand[])
        assert.equal(decided({ rule: level, ...below }), byOperator(level), JSON.stringify(below));
    });

    it(`a route that says ${level} stands over DANE, MTA-STS and default`, () => {
      for (const below of [{ dane: 'usable' }, { sts: 'lists' }, { level: 'authenticate' }] satisfies Stand[])
        assert.equal(decided({ route: level, ...below }), byOperator(level), JSON.stringify(below));
    });

    it(`a message raises a rule, a route and a default that say ${level}, and lowers none`, () => {
      for (const wish of ['encrypt', 'authenticate', 'requiretls', 'optional'] as const) {
        for (const place of ['rule', 'route', 'level'] as const) {
          const got = decided({ [place]: level, message: wish });
          assert.equal(got, raisedFrom(level, wish, place === 'level' ? 'default' : 'override'), place);
        }
      }
    });

    it(`of a message with REQUIRETLS an override that says ${level} takes nothing away`, () => {
      const expected =
        level === 'authenticate' ? 'authenticate by override, named' : 'authenticate by message, named';
      assert.equal(decided({ override: level, message: 'requiretls' }), expected);
      for (const wish of ['encrypt', 'authenticate', 'optional'] as const)
        assert.equal(decided({ override: level, message: wish }), byOperator(level));
    });
  }

  /** The stricter of the two; of two that are equal the one that stands higher. */
  function raisedFrom(level: TlsLevel, wish: TlsWish, by: 'override' | 'default'): string {
    const wanted = {
      optional: 'none',
      encrypt: 'encrypt',
      authenticate: 'authenticate',
      requiretls: 'authenticate',
    }[wish];
    const rank = ['none', 'encrypt', 'authenticate'];
    const more = rank.indexOf(wanted) - rank.indexOf(asks[level]);
    const raises = wanted !== 'none' && (more > 0 || (more === 0 && by === 'default'));
    if (!raises)
      return by === 'override' ? byOperator(level) : byOperator(level).replace('override', 'default');
    return `${wanted} by message${wanted === 'authenticate' ? ', named' : ''}`;
  }

  it('a message beside DANE: the strictest, and of two that are equal the message', () => {
    assert.equal(decided({ message: 'encrypt', dane: 'usable' }), 'authenticate by dane, binds');
    assert.equal(
      decided({ message: 'authenticate', dane: 'usable' }),
      'authenticate by message, named, binds',
    );
    assert.equal(decided({ message: 'encrypt', dane: 'unusable' }), 'encrypt by message');
    assert.equal(decided({ message: 'requiretls', dane: 'unusable' }), 'authenticate by message, named');
    assert.equal(decided({ message: 'requiretls', dane: 'unknown' }), 'avoid by dane');
  });

  it('a message beside MTA-STS: its hosts and its names stay those that count', () => {
    assert.equal(decided({ message: 'encrypt', sts: 'lists' }), 'authenticate by sts, named');
    assert.equal(decided({ message: 'requiretls', sts: 'lists' }), 'authenticate by message, named');
    assert.equal(decided({ message: 'requiretls', sts: 'does not list' }), 'avoid by sts');
    const stand: Stand = { message: 'requiretls', sts: 'lists', mxs: 'insecure' };
    const [host] = decideAll(factsIn(stand), rulesIn(stand)).hosts;
    assert.deepEqual(host?.kind === 'use' ? host.decision.match.map(formatIdentity) : [], [mx]);
  });

  const namesIn = (stand: Stand): readonly string[] => {
    const [host] = decideAll(factsIn(stand), rulesIn(stand)).hosts;
    return host?.kind === 'use' ? host.decision.match.map(formatIdentity) : assert.fail('not used');
  };

  it('RFC 8689 §4.2.1: "The hostname from the MX record lookup [...] MUST match": the domain of the mail is another name', () => {
    assert.deepEqual(namesIn({ message: 'requiretls' }), [mx]);
    assert.deepEqual(namesIn({ message: 'authenticate' }), ['example.test', mx]);
  });

  it('RFC 8689 §4.2.1: a host out of unsigned DNS does not satisfy REQUIRETLS by any name', () => {
    const stand: Stand = { message: 'requiretls', mxs: 'insecure' };
    assert.deepEqual(namesIn(stand), []);
    assert.equal(decided({ ...stand, dane: 'usable' }), 'authenticate by message, named, binds');
  });
});

describe('RFC 8689 §3: TLS-Required: No', () => {
  it('sets aside DANE and MTA-STS, and TLS is tried all the same', () => {
    for (const below of [
      { dane: 'usable' },
      { dane: 'unusable' },
      { dane: 'unknown' },
      { sts: 'lists' },
      { sts: 'does not list' },
    ] satisfies Stand[])
      assert.equal(decided({ message: 'optional', ...below }), 'none by message', JSON.stringify(below));
  });

  it('names itself only where it took something away', () => {
    assert.equal(decided({ message: 'optional' }), 'none by default');
    assert.equal(
      decided({ message: 'optional', level: 'authenticate', dane: 'usable' }),
      'authenticate by default, named',
    );
  });

  it('does not touch what the operator demands', () => {
    assert.equal(decided({ message: 'optional', level: 'encrypt', dane: 'usable' }), 'encrypt by message');
    assert.equal(decided({ message: 'optional', route: 'encrypt', dane: 'usable' }), 'encrypt by override');
    assert.equal(decided({ message: 'optional', rule: 'encrypt', sts: 'lists' }), 'encrypt by override');
  });
});

describe('a host that is named by its address', () => {
  const at = { kind: 'literal', address: '192.0.2.1' } as const;
  it('has the operator and the message alone', () => {
    const said = (stand: Stand): string => {
      const { requires, by } = decideUnasked(at, rulesIn(stand));
      return `${requires} by ${by}`;
    };
    assert.equal(said({}), 'none by default');
    assert.equal(said({ rule: 'encrypt', route: 'authenticate' }), 'encrypt by override');
    assert.equal(said({ rule: 'off', message: 'requiretls' }), 'authenticate by message');
    assert.equal(said({ message: 'optional', level: 'encrypt' }), 'encrypt by default');
  });
});
