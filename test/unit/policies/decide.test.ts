import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseHostPort } from '../../../src/names/address.ts';
import { type Domain, parseDomain } from '../../../src/names/domain.ts';
import { decide, decisionKey, formatIdentity } from '../../../src/policies/decide.ts';
import type { NamePattern, Route, RouteTarget } from '../../../src/policies/overrides/route.ts';

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

function host(text: string): RouteTarget {
  const parsed = parseHostPort(text);
  return parsed.kind === 'ok' ? { protocol: 'smtp', ...parsed.value } : assert.fail(parsed.because);
}

const recipient = { kind: 'domain', domain: domain('example.net') } as const;

function route(change: Partial<Route>): Route {
  const hello = { kind: 'domain', domain: domain('relay.test') } as const;
  return {
    match: { kind: 'any' },
    to: null,
    login: null,
    tls: null,
    requireTls: null,
    onBlocked: null,
    names: [],
    hello,
    source: null,
    connections: null,
    messagesPerMinute: null,
    ...change,
  };
}

describe('the decision', () => {
  const levels = [
    ['off', 'none', 'no'],
    ['may', 'none', 'yes'],
    ['encrypt', 'encrypt', 'yes'],
    ['authenticate', 'authenticate', 'yes'],
  ] as const;
  for (const [level, requires, tryTls] of levels) {
    it(`level ${level} requires ${requires} and ${tryTls === 'yes' ? 'tries' : 'does not try'} TLS`, () => {
      const byDefault = decide(recipient, undefined, level);
      assert.deepEqual([byDefault.requires, byDefault.tryTls, byDefault.by], [requires, tryTls, 'default']);
      const byRoute = decide(recipient, route({ tls: level }), 'may');
      assert.deepEqual([byRoute.requires, byRoute.tryTls, byRoute.by], [requires, tryTls, 'override']);
    });
  }

  it('a route that says nothing about TLS leaves the default, and is not named as the one who decided', () => {
    const decision = decide(recipient, route({ to: host('mail.example.org:25') }), 'encrypt');
    assert.deepEqual([decision.requires, decision.by], ['encrypt', 'default']);
  });

  it('an operator may lower what the default requires', () => {
    assert.equal(decide(recipient, route({ tls: 'off' }), 'authenticate').requires, 'none');
  });

  const under: NamePattern = { kind: 'below', domain: domain('example.org') };
  const names: readonly (readonly [string, Route | undefined, readonly string[]])[] = [
    ['by MX: the recipient domain, never an MX name', undefined, ['example.net']],
    [
      'a configured host, which stands for every domain',
      route({ to: host('mail.example.org:25') }),
      ['mail.example.org'],
    ],
    ['a configured address', route({ to: host('127.0.0.1:25') }), ['127.0.0.1']],
    [
      'a configured host for one domain: that domain too',
      route({ match: { kind: 'domain', domain: recipient.domain }, to: host('mail.example.org:25') }),
      ['mail.example.org', 'example.net'],
    ],
    [
      'a configured host for all below a domain: every name below it',
      route({ match: under, to: host('mail.example.net:25') }),
      ['mail.example.net', '.example.org'],
    ],
    ['what the route matches', route({ match: under }), ['example.net', '.example.org']],
    ['names of the operator', route({ names: [under] }), ['example.net', '.example.org']],
  ];
  for (const [why, given, expected] of names) {
    it(`proves: ${why}`, () => {
      assert.deepEqual(decide(recipient, given, 'authenticate').match.map(formatIdentity), expected);
    });
  }

  it('a recipient at an address literal is proved by that address', () => {
    const literal = { kind: 'literal', address: '127.0.0.1' } as const;
    assert.deepEqual(decide(literal, undefined, 'authenticate').match, [
      { kind: 'ip', address: '127.0.0.1' },
    ]);
  });

  it('has one key for the same demands, and another for each that differs', () => {
    const base = decide(recipient, undefined, 'authenticate');
    assert.equal(decisionKey(base), decisionKey(decide(recipient, route({ tls: 'authenticate' }), 'may')));
    const others = [
      decide(recipient, undefined, 'encrypt'),
      decide(recipient, undefined, 'may'),
      decide(recipient, undefined, 'off'),
      decide({ kind: 'domain', domain: domain('example.org') }, undefined, 'authenticate'),
    ];
    assert.equal(new Set([base, ...others].map(decisionKey)).size, 5);
  });
});
