import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import type { InboundRow } from '../../../src/policies/memory/inbound.ts';
import type { Bounce, ClientStore, QuotaCount, Suppression } from '../../../src/store/client-store.ts';
import { openDataFolder } from '../../../src/store/data-folder.ts';
import { openClients } from '../../../src/store/open-clients.ts';
import { openPolicies } from '../../../src/store/open-policies.ts';
import { StoreError } from '../../../src/store/store-error.ts';
import { domain } from '../../store/policy-conformance.ts';

function setting(t: TestContext) {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-clients-'));
  const folder = openDataFolder(path);
  const open: ClientStore[] = [];
  t.after(() => {
    for (const store of open) store.close();
    folder.close();
    rmSync(path, { recursive: true });
  });
  const again = (): ClientStore => {
    open.pop()?.close();
    const store = openClients(folder);
    open.push(store);
    return store;
  };
  return { folder, store: again(), again };
}

const count = (subject: string, parts: Partial<QuotaCount> = {}): QuotaCount => ({
  subject,
  period: 'hour',
  since: 1,
  messages: 2,
  recipients: 3,
  ...parts,
});
const row = (client: string, parts: Partial<InboundRow> = {}): InboundRow => ({
  client,
  domain: domain('a.test'),
  since: 1,
  sessions: 2,
  lastAt: 3,
  clearAt: null,
  clear: 0,
  ...parts,
});

describe('counts of quotas', () => {
  const HOUR = 60 * 60_000;
  it('of one window add up, whichever process began it first', (t) => {
    const { store } = setting(t);
    store.quotas.add([count('account a', { since: HOUR })], HOUR);
    store.quotas.add([count('account a', { since: HOUR - 60_000 })], HOUR);
    store.quotas.add([count('account a', { since: 2 * HOUR - 60_001 })], HOUR);
    assert.deepEqual(store.quotas.list(), [
      count('account a', { since: HOUR - 60_000, messages: 6, recipients: 9 }),
    ]);
  });
  it('of the next window take the place of the last one, as do those of a clock that was set back', (t) => {
    const { store } = setting(t);
    store.quotas.add([count('account a', { since: HOUR })], HOUR);
    store.quotas.add([count('account a', { since: 2 * HOUR })], HOUR);
    assert.deepEqual(store.quotas.list(), [count('account a', { since: 2 * HOUR })]);
    store.quotas.add([count('account a', { since: 2 * HOUR - 60_001 })], HOUR);
    assert.deepEqual(store.quotas.list(), [count('account a', { since: 2 * HOUR - 60_001 })]);
  });
  it('are there after a restart', (t) => {
    const { store, again } = setting(t);
    store.quotas.add([count('account a'), count('account b'), count('account a', { period: 'day' })], 2);
    store.quotas.add([count('account c', { since: HOUR })], HOUR + 1);
    assert.deepEqual(again().quotas.list(), [
      count('account a', { period: 'day' }),
      count('account c', { since: HOUR }),
    ]);
  });

  it('are written all or not at all', (t) => {
    const { store } = setting(t);
    store.quotas.add([count('account a')], 2);
    const bad = count('account c', { messages: Number.NaN });
    const add = (): void => store.quotas.add([count('account b'), bad], HOUR + 1);
    assert.throws(add, StoreError);
    assert.deepEqual(store.quotas.list(), [count('account a')]);
    store.quotas.add([count('account b')], 2);
  });
});

/** In place of what is kept. */
const newer = (_: InboundRow, after: InboundRow): InboundRow => after;

describe('rows of who sends over TLS', () => {
  it('are merged with what is kept, and those seen since a moment can be asked for', (t) => {
    const { store } = setting(t);
    const both = (kept: InboundRow, after: InboundRow): InboundRow => ({
      ...after,
      sessions: kept.sessions + after.sessions,
    });
    store.inbound.write([row('192.0.2.1'), row('192.0.2.2', { clearAt: 9 })], [], both);
    store.inbound.write([row('192.0.2.1', { lastAt: 5 })], [], both);
    assert.deepEqual(store.inbound.seenSince(4), [
      row('192.0.2.2', { clearAt: 9 }),
      row('192.0.2.1', { lastAt: 5, sessions: 4 }),
    ]);
  });

  it('are there after a restart, the longest unused first', (t) => {
    const { store, again } = setting(t);
    const clear = row('192.0.2.3', { lastAt: 1, clearAt: 2, clear: 3 });
    store.inbound.write([row('192.0.2.1'), row('192.0.2.2'), clear], [], newer);
    store.inbound.write([row('192.0.2.1', { lastAt: 9 })], [row('192.0.2.2')], newer);
    assert.deepEqual(again().inbound.list(), [clear, row('192.0.2.1', { lastAt: 9 })]);
  });

  it('are of a client and a domain', (t) => {
    const { store } = setting(t);
    store.inbound.write([row('192.0.2.1'), row('192.0.2.1', { domain: domain('b.test') })], [], newer);
    store.inbound.write([], [{ client: '192.0.2.1', domain: domain('a.test') }], newer);
    assert.deepEqual(
      store.inbound.list().map((one) => one.domain),
      ['b.test'],
    );
  });
});

it('both write beside the policies, into the same file', (t) => {
  const { folder, store } = setting(t);
  const policies = openPolicies(folder);
  t.after(() => policies.close());
  store.quotas.add([count('account a')], 2);
  policies.overrides.put({ domain: domain('a.test'), level: 'may', until: null, reason: 'r', setAt: 1 });
  store.inbound.write([row('192.0.2.1')], [], newer);
  assert.equal(policies.overrides.list().length, 1);
});

it('what the medium says is a StoreError', (t) => {
  const { folder, store } = setting(t);
  const other = new DatabaseSync(join(folder.path, 'data.db'));
  other.exec('DROP TABLE quotas');
  other.close();
  assert.throws(() => store.quotas.list(), StoreError);
});

describe('recipients whose mail comes back', () => {
  const rule = { after: 3, withinMs: 100 };
  const bounce = (address: string, at: number, status = '5.1.1'): Bounce => ({
    address,
    at,
    status,
    diagnostic: `550 at ${at}`,
  });
  const shown = ({ address, times, suppressedAt }: Suppression) => [address, times, suppressedAt];

  it('are suppressed from the last of so many bounces on, also after a restart', (t) => {
    const { store, again } = setting(t);
    assert.deepEqual(store.suppressions.add([bounce('a@b.test', 10), bounce('a@b.test', 20)], rule), []);
    const fresh = store.suppressions.add([bounce('a@b.test', 30, '5.2.1'), bounce('c@d.test', 30)], rule);
    assert.deepEqual(fresh.map(shown), [['a@b.test', [10, 20, 30], 30]]);
    assert.deepEqual(store.suppressions.add([bounce('a@b.test', 31)], rule), [], 'it is told once');
    const kept = again().suppressions;
    assert.deepEqual(kept.list({ after: '', most: 9 }).map(shown), [['a@b.test', [20, 30, 31], 30]]);
    assert.equal(kept.count(), 1);
    assert.deepEqual(kept.of('c@d.test'), {
      address: 'c@d.test',
      times: [30],
      status: '5.1.1',
      diagnostic: '550 at 30',
      suppressedAt: null,
    });
    assert.equal(kept.of('nobody@b.test'), undefined);
  });

  it('are not where the bounces are too far apart, each time looked at from the last one', (t) => {
    const { suppressions } = setting(t).store;
    const at = [0, 60, 101, 161, 202].map((time) => bounce('a@b.test', time));
    assert.deepEqual(suppressions.add(at, rule), []);
    assert.equal(suppressions.add([bounce('a@b.test', 230)], rule).length, 1, '161, 202 and 230');
  });

  it('are lifted, and begin at nothing', (t) => {
    const { suppressions } = setting(t).store;
    suppressions.add(
      [1, 2, 3].map((at) => bounce('a@b.test', at)),
      rule,
    );
    assert.equal(suppressions.lift('a@b.test'), true);
    assert.equal(suppressions.lift('a@b.test'), false);
    assert.deepEqual(suppressions.add([bounce('a@b.test', 4)], rule), []);
  });

  it('are listed in pages, and forgotten where they were never suppressed', (t) => {
    const { suppressions } = setting(t).store;
    const once = { ...rule, after: 1 };
    suppressions.add(
      ['c@x.test', 'a@x.test', 'b@x.test'].map((one) => bounce(one, 5)),
      once,
    );
    suppressions.add([bounce('d@x.test', 5), bounce('e@x.test', 50)], rule);
    const page = (after: string) => suppressions.list({ after, most: 2 }).map(({ address }) => address);
    assert.deepEqual([page(''), page('b@x.test')], [['a@x.test', 'b@x.test'], ['c@x.test']]);
    suppressions.forget(50);
    assert.equal(suppressions.of('d@x.test'), undefined);
    assert.ok(suppressions.of('e@x.test'));
    assert.equal(suppressions.count(), 3);
  });
});
