import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { DeliveryEvent, RelayEvent } from '../../../src/events/delivery-event.ts';
import { type Domain, parseDomain } from '../../../src/names/domain.ts';
import type { Route } from '../../../src/policies/overrides/route.ts';
import type { Rule } from '../../../src/policies/overrides/rule.ts';
import type { Promotion } from '../../../src/policies/report-only/promotion.ts';
import { promotedDomain, watchPromotions } from '../../../src/relay/promotion-watch.ts';
import { DOMAIN, nameOf } from '../../support/destinations.ts';

const promotion: Promotion = {
  domain: DOMAIN,
  level: 'encrypt',
  setAt: 0,
  until: 10_000,
  reason: 'seen',
  mostBlocked: 2,
  blocked: 0,
  endedAt: null,
  endedBecause: null,
};

function blockedFor(to: string, by = 'override', event = 'blocked'): RelayEvent {
  const told: Pick<DeliveryEvent, 'to'> & { event: string; tls: { by: string } } = { event, to, tls: { by } };
  return told as unknown as DeliveryEvent;
}

function readDomain(address: string): Domain | undefined {
  const domain = parseDomain(address.slice(address.lastIndexOf('@') + 1));
  return domain.kind === 'ok' ? domain.value : undefined;
}

function setting(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const state = { row: promotion, now: 0, fails: false };
  const told: string[] = [];
  const freed: string[] = [];
  const errors: string[] = [];
  const watch = watchPromotions({
    store: {
      block(domain, recipients) {
        if (state.fails) throw new Error('no room');
        if (domain !== DOMAIN) return undefined;
        state.row = { ...state.row, blocked: state.row.blocked + recipients };
        return state.row;
      },
      get: (domain) => (domain === DOMAIN ? state.row : undefined),
      end(_, at, because) {
        if (state.row.endedAt !== null) return false;
        state.row = { ...state.row, endedAt: at, endedBecause: because };
        return true;
      },
    },
    now: () => state.now,
    domainOf: ({ to }) => (to.startsWith('ruled') ? undefined : readDomain(to)),
    onEnded: (domain) => void freed.push(domain),
    onRollback: ({ domain }, because) => void told.push(`${domain}: ${because}`),
    onError: (what) => void errors.push(what),
  });
  return { state, told, freed, errors, watch };
}

describe('a promoted level is watched', () => {
  it('and taken back, once, when it has blocked more than was said to be bearable', (t) => {
    const { state, told, watch } = setting(t);
    watch.events([blockedFor('a@example.test'), blockedFor('b@EXAMPLE.test')]);
    t.mock.timers.tick(5_000);
    assert.deepEqual([state.row.blocked, told], [2, []]);
    watch.events([blockedFor('c@example.test')]);
    t.mock.timers.tick(5_000);
    assert.deepEqual(told, ['example.test: it has blocked 3 recipients, and 2 were said to be bearable']);
    watch.events([blockedFor('d@example.test')]);
    watch.close();
    assert.equal(told.length, 1);
    assert.equal(state.row.endedBecause, 'it has blocked 3 recipients, and 2 were said to be bearable');
  });

  it('what others block is not its doing', (t) => {
    const { state, watch } = setting(t);
    watch.events([
      blockedFor('a@example.test', 'dane'),
      blockedFor('a@example.test', 'override', 'held'),
      blockedFor('a@other.test'),
      blockedFor('a@[192.0.2.1]'),
      blockedFor('ruled@example.test'),
    ]);
    watch.flush();
    assert.equal(state.row.blocked, 0);
  });

  it('and what it has blocked is looked at again where it ends, whoever ends it, or its time', (t) => {
    for (const end of ['another process', 'an operator', 'its time'] as const) {
      const { state, freed, watch } = setting(t);
      watch.events([blockedFor('a@example.test')]);
      watch.flush();
      assert.deepEqual(freed, [], end);
      if (end === 'its time') state.now = promotion.until;
      else state.row = { ...state.row, endedAt: 1, endedBecause: end };
      watch.flush();
      watch.flush();
      assert.deepEqual(freed, [DOMAIN], end);
      watch.close();
      t.mock.timers.reset();
    }
  });

  it('one that takes the place of another blocks nothing of what that has blocked', (t) => {
    const { state, freed, watch } = setting(t);
    watch.events([blockedFor('a@example.test')]);
    watch.flush();
    state.row = { ...promotion, level: 'authenticate', setAt: 5 };
    watch.flush();
    assert.deepEqual(freed, []);
    watch.close();
  });

  it('nothing is lost where it cannot be written down', (t) => {
    const { state, errors, watch } = setting(t);
    state.fails = true;
    watch.events([blockedFor('a@example.test')]);
    watch.flush();
    assert.deepEqual(errors, ['counting what is blocked for example.test']);
    state.fails = false;
    watch.close();
    assert.equal(state.row.blocked, 1);
  });
});

describe('the domain whose promotion may have blocked mail', () => {
  const at = (address: string, words: Partial<Parameters<typeof promotedDomain>[1]> = {}) =>
    promotedDomain(address, { routes: [], rules: [], overridden: () => false, ...words });
  const route: Route = {
    match: { kind: 'any' },
    to: null,
    login: null,
    tls: null,
    requireTls: null,
    onBlocked: null,
    names: [],
    hello: { kind: 'domain', domain: DOMAIN },
    source: null,
    connections: null,
    messagesPerMinute: null,
  };
  const hop = nameOf('smart.test');

  it('is that of the recipient', () => {
    assert.equal(at('a@EXAMPLE.test'), DOMAIN);
    assert.equal(at('a@example.test', { routes: [route] }), DOMAIN);
    assert.equal(at('a@[192.0.2.1]'), undefined);
    assert.equal(at('nobody'), undefined);
  });

  it('or the next hop, where a route has one by name', () => {
    const to = { protocol: 'smtp', host: { kind: 'name', name: hop }, port: 25 } as const;
    assert.equal(at('a@example.test', { routes: [{ ...route, to }] }), hop);
    const bare = { ...to, host: { kind: 'ip', address: '127.0.0.1' } } as const;
    assert.equal(at('a@example.test', { routes: [{ ...route, to: bare }] }), undefined);
  });

  it('is none where another word of the operator stands over it', () => {
    assert.equal(at('a@example.test', { routes: [{ ...route, tls: 'encrypt' }] }), undefined);
    assert.equal(at('a@example.test', { overridden: (domain) => domain === DOMAIN }), undefined);
    const rule: Rule = { account: null, from: null, to: null, tls: 'encrypt', onBlocked: null };
    assert.equal(at('a@example.test', { rules: [rule] }), undefined);
    assert.equal(at('a@example.test', { rules: [{ ...rule, tls: null }] }), DOMAIN);
  });
});
