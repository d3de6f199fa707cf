import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Domain, parseDomain } from '../../../../src/names/domain.ts';
import {
  formatTarget,
  type Route,
  type RoutePattern,
  routeFor,
} from '../../../../src/policies/overrides/route.ts';

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  assert.equal(parsed.kind, 'ok');
  return parsed.kind === 'ok' ? parsed.value : assert.fail();
}

function route(match: RoutePattern): Route {
  const hello = { kind: 'domain', domain: domain('relay.test') } as const;
  return {
    match,
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
  };
}

const exact = route({ kind: 'domain', domain: domain('example.net') });
const below = route({ kind: 'below', domain: domain('example.net') });
const any = route({ kind: 'any' });

describe('the route for a recipient domain', () => {
  const cases: readonly (readonly [string, string, readonly Route[], Route | undefined])[] = [
    ['a domain matches itself', 'example.net', [exact], exact],
    ['a domain does not match what is below it', 'mx.example.net', [exact], undefined],
    ['a suffix matches what is below it', 'mx.example.net', [below], below],
    ['a suffix matches at any depth', 'a.b.example.net', [below], below],
    ['a suffix does not match itself', 'example.net', [below], undefined],
    ['a suffix does not match a name that only ends alike', 'badexample.net', [below], undefined],
    ['the first match wins, not the closest', 'example.net', [any, exact], any],
    ['* matches what nothing before matched', 'other.test', [exact, below, any], any],
    ['no routes, no route', 'example.net', [], undefined],
  ];
  for (const [why, name, routes, expected] of cases) {
    it(why, () => assert.equal(routeFor({ kind: 'domain', domain: domain(name) }, routes), expected));
  }

  it('an address literal is matched by * only', () => {
    const literal = { kind: 'literal', address: '127.0.0.1' } as const;
    assert.equal(routeFor(literal, [exact, below]), undefined);
    assert.equal(routeFor(literal, [exact, below, any]), any);
  });
});

describe('a target as text', () => {
  const name = { kind: 'name', name: domain('mail.example.net') } as const;
  const ip = (address: string) => ({ kind: 'ip', address }) as const;
  const cases = [
    [{ protocol: 'smtp', host: name, port: 25 }, 'smtp://mail.example.net:25'],
    [{ protocol: 'smtps', host: ip('192.0.2.1'), port: 465 }, 'smtps://192.0.2.1:465'],
    [{ protocol: 'lmtp', host: ip('2001:db8::1'), port: 24 }, 'lmtp://[2001:db8::1]:24'],
  ] as const;
  for (const [target, text] of cases) it(text, () => assert.equal(formatTarget(target), text));
});
