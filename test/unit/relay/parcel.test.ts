import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseHostPort } from '../../../src/names/address.ts';
import { type Domain, parseDomain } from '../../../src/names/domain.ts';
import { type MessageTerms, noTerms } from '../../../src/names/message-terms.ts';
import { noRecipientWishes } from '../../../src/names/wishes.ts';
import type { RequireTlsLevel } from '../../../src/policies/message.ts';
import type { Route } from '../../../src/policies/overrides/route.ts';
import { nothingRuled, type Rule } from '../../../src/policies/overrides/rule.ts';
import { byCourse, demandOf } from '../../../src/relay/parcel.ts';
import { tlsLevelOf } from '../../support/message-demands.ts';

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

function route(match: Route['match'], to: string | null): Route {
  const target = to === null ? null : parseHostPort(to);
  if (target !== null && target.kind !== 'ok') assert.fail(target.because);
  return {
    match,
    to: target === null ? null : { protocol: 'smtp', ...target.value },
    login: null,
    tls: 'authenticate',
    requireTls: null,
    onBlocked: null,
    names: [],
    hello: { kind: 'domain', domain: domain('relay.test') },
    source: null,
    connections: null,
    messagesPerMinute: null,
  };
}

function grouped(addresses: readonly string[], routes: readonly Route[]): string[] {
  const recipients = addresses.map((address) => ({ address, wishes: noRecipientWishes }));
  const groups = byCourse(
    { sender: '', terms: noTerms, recipients, release: null },
    { routes, rules: [], requireTls: 'enforce' },
  );
  return [...groups].map((group) => group.recipients.map(({ address }) => address).join(' '));
}

describe('recipients that share a transaction', () => {
  const any = { kind: 'any' } as const;
  const only = (name: string): Route['match'] => ({ kind: 'domain', domain: domain(name) });
  const below: Route['match'] = { kind: 'below', domain: domain('b.test') };
  const mixed = ['x@a.test', 'y@b.test', 'z@a.test', 'v@c.b.test'];
  const cases: readonly (readonly [string, readonly Route[], readonly string[]])[] = [
    ['by MX: those of a domain', [], ['x@a.test z@a.test', 'y@b.test', 'v@c.b.test']],
    [
      'by MX under a rule: those of a domain',
      [route(any, null)],
      ['x@a.test z@a.test', 'y@b.test', 'v@c.b.test'],
    ],
    ['behind a smarthost: all of them', [route(any, 'hub.test:25')], [mixed.join(' ')]],
    [
      'behind one host under several rules: those of a rule, as each has its own names to prove',
      [route(only('a.test'), 'hub.test:25'), route(below, 'hub.test:25'), route(any, 'hub.test:25')],
      ['x@a.test z@a.test', 'y@b.test', 'v@c.b.test'],
    ],
  ];
  for (const [why, routes, expected] of cases)
    it(why, () => assert.deepEqual(grouped(mixed, routes), expected));

  it('addresses beyond ASCII and at literals are read too', () => {
    assert.deepEqual(grouped(['jörg@a.test', 'x@[192.0.2.1]', 'y@a.test'], []), [
      'jörg@a.test y@a.test',
      'x@[192.0.2.1]',
    ]);
  });

  const requireTls = { ...noTerms, tls: 'requiretls' } as const;
  const onBlocked = (
    level: RequireTlsLevel,
    terms: MessageTerms,
    sender = 'a@origin.test',
  ): (string | null)[] => {
    const recipients = [{ address: 'x@a.test', wishes: noRecipientWishes }];
    const drop: Rule = {
      account: null,
      from: null,
      to: { kind: 'domain', domain: domain('a.test') },
      tls: null,
      onBlocked: 'drop',
    };
    const told = { sender, terms, recipients, release: null };
    return [[], [drop]].flatMap((rules) =>
      [...byCourse(told, { routes: [], rules, requireTls: level })].map(
        ({ course }) => course.ruled.onBlocked,
      ),
    );
  };

  it('RFC 8689 §4.2.1: what REQUIRETLS stops is returned, whatever a rule says: the client "MUST send a non-delivery notification"', () => {
    assert.deepEqual(onBlocked('enforce', requireTls), ['bounce', 'bounce']);
    assert.deepEqual(onBlocked('starttls', requireTls), [null, 'drop']);
    assert.deepEqual(onBlocked('enforce', requireTls, ''), [null, 'drop']);
    assert.deepEqual(onBlocked('enforce', noTerms), [null, 'drop']);
  });

  it('a route says how far REQUIRETLS is honoured behind it', () => {
    const demand = (level: RequireTlsLevel | null): string => {
      const behind = { ...route(any, 'hub.test:25'), requireTls: level };
      const course = {
        domain: { kind: 'domain', domain: domain('a.test') },
        route: behind,
        ruled: nothingRuled,
        release: null,
      } as const;
      return tlsLevelOf(
        demandOf({ course, sender: 'a@origin.test', terms: requireTls }, { requireTls: 'enforce' }),
      );
    };
    assert.equal(demand(null), 'authenticate must, over an override');
    assert.equal(demand('opportunistic'), 'none pass');
    assert.equal(demand('off'), 'nothing');
  });

  it('what a message wants of TLS it has where the route ends on this host, whatever the level of REQUIRETLS', () => {
    const demand = (tls: MessageTerms['tls'], endsHere: boolean): string => {
      const course = {
        domain: { kind: 'domain', domain: domain('a.test') },
        route: { ...route(only('a.test'), '127.0.0.1:24'), endsHere, requireTls: 'opportunistic' },
        ruled: nothingRuled,
        release: null,
      } as const;
      const terms = { ...noTerms, tls };
      return tlsLevelOf(demandOf({ course, sender: 'a@origin.test', terms }, { requireTls: 'enforce' }));
    };
    assert.deepEqual(
      [demand('encrypt', true), demand('authenticate', true), demand('requiretls', true)],
      ['nothing', 'nothing', 'none pass'],
    );
    assert.deepEqual(
      [demand('encrypt', false), demand('authenticate', false)],
      ['encrypt no', 'authenticate no'],
    );
  });

  it('an address that is none never came from our queue', () => {
    assert.throws(() => grouped(['nobody'], []), /the queue holds a bad address/);
  });
});
