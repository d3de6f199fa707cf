import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  allHolders,
  holdersOf,
  noQuota,
  openQuotas,
  type Quota,
  type QuotaHolder,
  type Quotas,
  usageOf,
} from '../../../src/relay/quotas.ts';
import type { QuotaCount } from '../../../src/store/client-store.ts';

const HOUR = 60 * 60_000;

function setting(t: TestContext) {
  const clock = { now: Date.UTC(2026, 10, 28) };
  const rows = new Map<string, QuotaCount>();
  const errors: string[] = [];
  const keyOf = ({ subject, period }: Pick<QuotaCount, 'subject' | 'period'>): string =>
    `${subject} ${period}`;
  const store = {
    fails: false,
    writes: 0,
    list: () => [...rows.values()],
    add(counted: readonly QuotaCount[], now: number) {
      if (store.fails) throw new Error('disk full');
      store.writes += 1;
      for (const [key, { since, period }] of rows)
        if (since + (period === 'hour' ? HOUR : 24 * HOUR) <= now) rows.delete(key);
      for (const one of counted) {
        const { messages = 0, recipients = 0, since = one.since } = rows.get(keyOf(one)) ?? {};
        rows.set(keyOf(one), {
          ...one,
          since,
          messages: messages + one.messages,
          recipients: recipients + one.recipients,
        });
      }
    },
  };
  const open = (parts: { readonly shared?: boolean } = {}): Quotas =>
    openQuotas({ store, now: () => clock.now, onError: (what) => errors.push(what), ...parts });
  const quotas = open();
  t.after(() => quotas.close());
  return { clock, rows, errors, store, quotas, open };
}

const holder = (subject: string, quota: Partial<Quota>): QuotaHolder => ({
  subject,
  quota: { ...noQuota, ...quota },
});
const anna = holder('account anna', { messagesPerHour: 2, messagesPerDay: 3, recipientsPerHour: 1 });

describe('a quota', () => {
  it('is used up at its limit, and its holder told when it goes on', (t) => {
    const { quotas, clock } = setting(t);
    assert.equal(quotas.spend('messages', [anna]), undefined);
    clock.now += HOUR / 2;
    assert.equal(quotas.spend('messages', [anna]), undefined);
    assert.deepEqual(quotas.spend('messages', [anna]), {
      code: 450,
      enhanced: '4.7.1',
      text: 'the quota of 2 messages an hour is used up; it goes on at 2026-11-28T01:00:00Z',
    });
  });
  it('goes on at that moment, not before', (t) => {
    const { quotas, clock } = setting(t);
    for (const _ of [1, 2]) quotas.spend('messages', [anna]);
    clock.now += HOUR - 1;
    assert.notEqual(quotas.spend('messages', [anna]), undefined);
    clock.now += 1;
    assert.equal(quotas.spend('messages', [anna]), undefined);
    // Three in the day.
    assert.match(quotas.spend('messages', [anna])?.text ?? '', /3 messages a day .* 2026-11-29T00:00:00Z$/);
  });
  it('counts messages and recipients apart', (t) => {
    const { quotas } = setting(t);
    assert.equal(quotas.spend('recipients', [anna]), undefined);
    assert.match(quotas.spend('recipients', [anna])?.text ?? '', /1 recipients an hour/);
    assert.equal(quotas.spend('messages', [anna]), undefined);
  });
  it('counts nothing for anybody where one of several is used up', (t) => {
    const { quotas } = setting(t);
    const network = holder('network 192.0.2.0/24', { messagesPerHour: 1 });
    quotas.spend('messages', [network]);
    assert.notEqual(quotas.spend('messages', [anna, network]), undefined);
    assert.deepEqual(
      quotas.list().map(({ subject, messages }) => [subject, messages]),
      [
        ['account anna', 0],
        ['account anna', 0],
        ['network 192.0.2.0/24', 1],
      ],
    );
  });
  it('is none where there is no limit, and costs no memory', (t) => {
    const { quotas } = setting(t);
    for (let n = 0; n < 100; n++) assert.equal(quotas.spend('messages', [holder('x', {})]), undefined);
    assert.deepEqual(quotas.list(), []);
  });
  it('begins anew where the clock was set back behind its beginning', (t) => {
    const { quotas, clock } = setting(t);
    for (const _ of [1, 2]) quotas.spend('messages', [anna]);
    clock.now -= HOUR;
    assert.equal(quotas.spend('messages', [anna]), undefined);
  });
});

describe('what is used up', () => {
  it('outlives a restart', (t) => {
    const here = setting(t);
    for (const _ of [1, 2]) here.quotas.spend('messages', [anna]);
    here.quotas.close();
    const again = here.open();
    t.after(() => again.close());
    assert.notEqual(again.spend('messages', [anna]), undefined);
  });
  it('is written together, and only where something has changed', (t) => {
    const here = setting(t);
    for (const _ of [1, 2, 3, 4]) here.quotas.spend('messages', [anna]);
    here.quotas.flush();
    here.quotas.flush();
    assert.equal(here.store.writes, 1);
  });
  it('is removed once its window has ended', (t) => {
    const here = setting(t);
    here.quotas.spend('messages', [anna]);
    here.quotas.flush();
    assert.equal(here.rows.size, 2);
    here.clock.now += 24 * HOUR;
    here.quotas.flush();
    assert.equal(here.rows.size, 0);
    assert.deepEqual(here.quotas.list(), []);
  });
  it('is kept for the next time where it cannot be written', (t) => {
    const here = setting(t);
    here.quotas.spend('messages', [anna]);
    here.store.fails = true;
    here.quotas.flush();
    assert.deepEqual(here.errors, ['writing the counts of quotas']);
    here.store.fails = false;
    here.quotas.flush();
    assert.equal(here.rows.size, 2);
  });
  it('is written as what came since, so that several processes add up, and each learns of the others', (t) => {
    const here = setting(t);
    const [one, other] = [here.open({ shared: true }), here.open({ shared: true })];
    t.after(() => [one, other].forEach((quotas) => quotas.close()));
    assert.equal(one.spend('messages', [anna]), undefined);
    assert.equal(other.spend('messages', [anna]), undefined);
    one.flush();
    other.flush();
    assert.notEqual(other.spend('messages', [anna]), undefined);
    one.flush();
    assert.notEqual(one.spend('messages', [anna]), undefined);
    assert.deepEqual(
      [...here.rows.values()].map(({ period, messages }) => [period, messages]),
      [
        ['hour', 2],
        ['day', 2],
      ],
    );
  });
  it('is shown with its limits, of those who have a quota still', (t) => {
    const { quotas } = setting(t);
    quotas.spend('messages', [anna, holder('account gone', { messagesPerHour: 9 })]);
    const holders = allHolders([{ user: 'anna', quota: anna.quota }], []);
    assert.deepEqual(
      usageOf(quotas.list(), holders).map((one) => [one.subject, one.period, one.messages, one.mostMessages]),
      [
        ['account anna', 'hour', 1, 2],
        ['account anna', 'day', 1, 3],
      ],
    );
  });
  it('is known of whoever has spent, for as long as a window of his is open', (t) => {
    const { quotas, clock } = setting(t);
    const cleo = holder('account cleo', { messagesPerHour: 9 });
    quotas.spend('messages', [anna, cleo]);
    assert.deepEqual(quotas.holders(), [anna, cleo]);
    clock.now += HOUR;
    quotas.flush();
    assert.deepEqual(quotas.holders(), [anna]);
    clock.now += 23 * HOUR;
    quotas.flush();
    assert.deepEqual(quotas.holders(), []);
  });
});

describe('whose quota it is', () => {
  const office = {
    networks: [{ family: 'ipv4', address: '192.0.2.0', prefix: 24 } as const],
    name: '192.0.2.0/24',
    quota: anna.quota,
  };
  const subjects = (user: string | null, address: string): string[] =>
    holdersOf(user === null ? undefined : { user, quota: anna.quota }, address, [office]).map(
      ({ subject }) => subject,
    );
  it("the account's, and that of its network", () =>
    assert.deepEqual(subjects('anna', '192.0.2.7'), ['account anna', 'network 192.0.2.0/24']));
  it('that of the network without a login', () =>
    assert.deepEqual(subjects(null, '192.0.2.7'), ['network 192.0.2.0/24']));
  it('nobody else', () => assert.deepEqual(subjects(null, '198.51.100.1'), []));
  it('not that of an account without limits', () =>
    assert.deepEqual(holdersOf({ user: 'bert', quota: noQuota }, '198.51.100.1', [office]), []));
});
