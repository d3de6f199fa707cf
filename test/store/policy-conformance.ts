/** What every implementation of {@link PolicyStore} promises. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Domain, parseDomain } from '../../src/names/domain.ts';
import type { AcceptedList } from '../../src/policies/list/accept.ts';
import { parsePolicyList } from '../../src/policies/list/policy-list.ts';
import { type Attempt, afterFailure, afterFetch, type StsEntry } from '../../src/policies/mta-sts/cache.ts';
import { parsePolicy, type StsPolicy } from '../../src/policies/mta-sts/policy.ts';
import type { Override } from '../../src/policies/overrides/override.ts';
import type { PolicyStore } from '../../src/store/policy-store.ts';
import { listText } from '../support/lists.ts';

/** One store under test, empty at first. */
export interface PolicyHarness {
  readonly store: PolicyStore;
  /** Closes the store that is open and opens what it has kept, as a new process would. */
  reopen(): PolicyStore;
  destroy(): void;
}

export function domain(text: string): Domain {
  const parsed = parseDomain(text);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.value;
}

function policy(maxAge: number): StsPolicy {
  const lines = [
    'version: STSv1',
    'mode: enforce',
    'mx: *.mx.test',
    'mx: backup.test',
    'x: {ä}',
    `max_age: ${maxAge}`,
  ];
  const parsed = parsePolicy(Buffer.from(lines.join('\r\n')));
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.policy;
}

const attempt = (name: string, now: number, parts: Partial<Attempt> = {}): Attempt => ({
  domain: domain(name),
  id: 'a',
  now,
  jitter: 0,
  used: true,
  ...parts,
});
const broken = {
  kind: 'failed',
  type: 'sts-webpki-invalid',
  because: 'its certificate is "for" other.test',
} as const;

/** max_age is a day, so it is renewed after 12 hours. */
export function fetched(name: string, now: number, maxAge = 86_400): StsEntry {
  return afterFetch(undefined, policy(maxAge), attempt(name, now));
}
const failed = (name: string, now: number): StsEntry => afterFailure(undefined, broken, attempt(name, now));

const override = (name: string, parts: Partial<Override> = {}): Override => ({
  domain: domain(name),
  level: 'encrypt',
  until: 5000,
  reason: "their server's certificate; till Monday",
  setAt: 1000,
  ...parts,
});

const hour = 3_600_000;
const day = 24 * hour;

export function policyStoreConforms(name: string, open: () => PolicyHarness): void {
  const withStore = (test: (harness: PolicyHarness) => void) => () => {
    const harness = open();
    try {
      test(harness);
    } finally {
      harness.destroy();
    }
  };
  describe(name, () => {
    stsConforms(withStore);
    dueConforms(withStore);
    overridesConform(withStore);
    listConforms(withStore);
  });
}

type WithStore = (test: (harness: PolicyHarness) => void) => () => void;

function stsConforms(withStore: WithStore): void {
  describe('sts', () => {
    it(
      'gives a row back as it was put, over a restart',
      withStore((harness) => {
        const rows = [
          fetched('fetched.test', 1000),
          failed('failed.test', 1000),
          afterFailure(fetched('both.test', 1000), broken, attempt('both.test', 2000, { id: 'b' })),
          fetched('zero.test', 1000, 0),
        ];
        for (const row of rows) harness.store.sts.put(row);
        const store = harness.reopen();
        for (const row of rows) assert.deepEqual(store.sts.get(row.domain), row);
        assert.equal(store.sts.get(domain('other.test')), undefined);
      }),
    );

    it(
      'has one row for each domain, the last one that was put',
      withStore(({ store }) => {
        store.sts.put(failed('one.test', 1000));
        store.sts.put(fetched('one.test', 2000));
        store.sts.put(
          afterFailure(fetched('one.test', 2000), broken, attempt('one.test', 3000, { id: 'b' })),
        );
        assert.equal(store.sts.get(domain('one.test'))?.failures?.count, 1);
        assert.equal(store.sts.list({ after: null, limit: 10 }).length, 1);
      }),
    );

    it(
      'keeps the policy that was fetched last, whoever of two processes puts a row last that it read before',
      withStore(({ store }) => {
        const newer = fetched('one.test', 2000);
        store.sts.put(newer);
        for (const stale of [fetched('one.test', 1000), failed('one.test', 3000)]) {
          store.sts.put(stale);
          assert.deepEqual(store.sts.get(domain('one.test')), newer);
        }
        store.sts.remove(domain('one.test'));
        store.sts.put(fetched('one.test', 1000));
        assert.equal(store.sts.get(domain('one.test'))?.known?.fetchedAt, 1000);
      }),
    );

    it(
      'removes a row, and says whether there was one',
      withStore(({ store }) => {
        store.sts.put(fetched('one.test', 1000));
        assert.equal(store.sts.remove(domain('one.test')), true);
        assert.equal(store.sts.remove(domain('one.test')), false);
        assert.equal(store.sts.get(domain('one.test')), undefined);
      }),
    );

    it(
      'lists page by page in the order of the domains',
      withStore(({ store }) => {
        for (const one of ['c.test', 'a.test', 'd.test', 'b.test']) store.sts.put(fetched(one, 1000));
        const page = (after: string | null): string[] =>
          store.sts.list({ after: after === null ? null : domain(after), limit: 2 }).map((row) => row.domain);
        assert.deepEqual(
          [page(null), page('b.test'), page('d.test')],
          [['a.test', 'b.test'], ['c.test', 'd.test'], []],
        );
      }),
    );

    it(
      'forgets what nobody asks for, once its policy has ended',
      withStore(({ store }) => {
        store.sts.put(fetched('ended.test', 0));
        store.sts.put(failed('failed.test', 0));
        store.sts.put(fetched('long.test', 0, 31_557_600));
        store.sts.put(fetched('used.test', 90 * day));
        assert.equal(store.sts.forget(day), 1, 'a policy that ends at that moment has not ended before');
        assert.equal(store.sts.forget(90 * day), 1);
        assert.equal(store.sts.forget(90 * day), 0);
        assert.deepEqual(
          store.sts.list({ after: null, limit: 9 }).map((row) => row.domain),
          ['long.test', 'used.test'],
        );
      }),
    );
  });
}

function dueConforms(withStore: WithStore): void {
  describe('what is due', () => {
    it(
      'is what is to be renewed by now, the first due first, no more than asked for',
      withStore(({ store }) => {
        store.sts.put(fetched('second.test', 2000));
        store.sts.put(fetched('first.test', 1000));
        store.sts.put(fetched('third.test', 3000));
        const due = (now: number, limit = 9): string[] => store.sts.due(now, limit).map((row) => row.domain);
        assert.deepEqual(due(1000 + 12 * hour - 1), []);
        assert.deepEqual(due(1000 + 12 * hour), ['first.test']);
        assert.deepEqual(due(day), ['first.test', 'second.test', 'third.test']);
        assert.deepEqual(due(day, 2), ['first.test', 'second.test']);
      }),
    );

    it(
      'is nothing that only mail asks for: short policies, failures without one',
      withStore(({ store }) => {
        store.sts.put(fetched('short.test', 1000, 60));
        store.sts.put(failed('failed.test', 1000));
        assert.deepEqual(store.sts.due(Number.MAX_SAFE_INTEGER, 9), []);
        assert.deepEqual(store.sts.due(0, 9), []);
      }),
    );

    it(
      'S22: is all whose last attempt lies ahead of a clock that was set back, until it is attempted',
      withStore(({ store }) => {
        store.sts.put(fetched('one.test', 10 * day));
        assert.deepEqual(store.sts.due(10 * day, 9), []);
        assert.equal(store.sts.due(5 * day, 9).length, 1);
        const renewed = afterFetch(
          fetched('one.test', 10 * day),
          policy(86_400),
          attempt('one.test', 5 * day),
        );
        store.sts.put(renewed);
        assert.deepEqual(store.sts.due(5 * day, 9), []);
      }),
    );
  });
}

function overridesConform(withStore: WithStore): void {
  describe('overrides', () => {
    it(
      'are given back as they were put, over a restart, those whose time is over too',
      withStore((harness) => {
        const rows = [
          override('b.test', { until: null }),
          override('a.test', { level: 'off', until: 1 }),
          override('c.test', { level: 'may', reason: '' }),
          override('d.test', { level: 'authenticate' }),
        ];
        for (const row of rows) harness.store.overrides.put(row);
        const { overrides } = harness.reopen();
        for (const row of rows) assert.deepEqual(overrides.get(row.domain), row);
        assert.deepEqual(
          overrides.list().map((row) => row.domain),
          ['a.test', 'b.test', 'c.test', 'd.test'],
        );
        assert.equal(overrides.get(domain('e.test')), undefined);
        const general = override('a.test', { domain: '*' });
        overrides.put(general);
        assert.deepEqual(overrides.about(domain('e.test')), [general]);
        assert.equal(overrides.about(domain('a.test')).length, 2);
        assert.equal(overrides.remove('*'), true);
        assert.deepEqual(overrides.about(domain('e.test')), []);
      }),
    );

    it(
      'there is one for each domain, the last that was put, until it is removed',
      withStore(({ store: { overrides } }) => {
        overrides.put(override('a.test'));
        overrides.put(override('a.test', { level: 'may', setAt: 2000 }));
        assert.deepEqual(overrides.list(), [override('a.test', { level: 'may', setAt: 2000 })]);
        assert.equal(overrides.remove(domain('a.test')), true);
        assert.equal(overrides.remove(domain('a.test')), false);
        assert.deepEqual(overrides.list(), []);
      }),
    );
  });
}

function accepted(
  digest: string,
  signers: readonly string[],
  change: Parameters<typeof listText>[0] = {},
): AcceptedList {
  const list = parsePolicyList(Buffer.from(listText(change)));
  if (list.kind !== 'ok') throw new Error(list.because);
  return { list: list.value, digest, signers };
}

function listConforms(withStore: WithStore): void {
  describe('list', () => {
    it(
      'gives a list back as it was put, over a restart',
      withStore((harness) => {
        const one = accepted('ab', ['k1', 'k2']);
        assert.equal(harness.store.list.head(), undefined);
        harness.store.list.put(one, '/etc/policy.json', 5000);
        const { list } = harness.reopen();
        const { timestamp, expires, author, domains } = one.list;
        assert.deepEqual(list.head(), {
          timestamp,
          expires,
          author,
          signers: ['k1', 'k2'],
          digest: 'ab',
          source: '/etc/policy.json',
          acceptedAt: 5000,
          domains: 3,
          ended: false,
        });
        for (const [name, listed] of domains) assert.deepEqual(list.listed(name), listed);
        assert.equal(list.listed(domain('other.test')), undefined);
        assert.deepEqual(
          list.signings(),
          ['k1', 'k2'].map((key) => ({ key, timestamp, digest: 'ab' })),
        );
      }),
    );

    it(
      'has one list, the last that was put, and knows the newest that each key has signed',
      withStore(({ store: { list } }) => {
        list.put(accepted('ab', ['k1', 'k2'], { timestamp: 100 }), 'a', 1);
        list.put(
          accepted('cd', ['k2'], { timestamp: 200, policies: { 'b.test': { mode: 'none' } } }),
          'b',
          2,
        );
        assert.equal(list.head()?.source, 'b');
        assert.equal(list.head()?.domains, 1);
        assert.equal(list.listed(domain('example.test')), undefined);
        assert.equal(list.listed(domain('b.test'))?.policy.mode, 'none');
        list.put(accepted('ef', ['k2'], { timestamp: 150 }), 'c', 3);
        assert.deepEqual(list.signings(), [
          { key: 'k1', timestamp: 100_000, digest: 'ab' },
          { key: 'k2', timestamp: 200_000, digest: 'cd' },
        ]);
      }),
    );

    it(
      'that has ended names no domain, and stays known as one that was accepted; the next one is whole again',
      withStore((harness) => {
        const one = accepted('ab', ['k1']);
        harness.store.list.put(one, 'a', 1);
        harness.store.list.end();
        const { list } = harness.reopen();
        assert.equal(list.head()?.ended, true);
        assert.equal(list.listed(domain('example.test')), undefined);
        assert.equal(list.signings().length, 1);
        list.put(one, 'a', 1);
        assert.equal(list.head()?.ended, false);
        assert.notEqual(list.listed(domain('example.test')), undefined);
      }),
    );

    it(
      'is all of it or nothing: one that cannot be put leaves the one before whole',
      withStore(({ store: { list } }) => {
        list.put(accepted('ab', ['k1']), 'a', 1);
        const { list: other } = accepted('cd', ['k2']);
        const timeless = { ...other, timestamp: Number.NaN };
        assert.throws(() => list.put({ list: timeless, digest: 'cd', signers: ['k2'] }, 'b', 2));
        assert.equal(list.head()?.digest, 'ab');
        assert.notEqual(list.listed(domain('example.test')), undefined);
        assert.equal(list.signings().length, 1);
      }),
    );
  });
}
