import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import type { FailureDetail } from '../../../src/reports/tls-rpt/session-result.ts';
import { OTHERS, type ResultCount, typeAlone } from '../../../src/reports/tls-rpt/tally.ts';
import { openDataFolder } from '../../../src/store/data-folder.ts';
import { openPolicies } from '../../../src/store/open-policies.ts';
import { openResults, type Results } from '../../../src/store/open-results.ts';
import type { TravelCount } from '../../../src/store/result-store.ts';
import { resultsTable } from '../../../src/store/results-table.ts';

const DAY = '2026-11-28';

function setting(t: TestContext): { readonly results: Results; readonly reopen: () => Results } {
  const path = mkdtempSync(join(tmpdir(), 'waxwing-results-'));
  const folder = openDataFolder(path);
  // As in the relay: another connection to the same file.
  const policies = openPolicies(folder);
  let results = openResults(folder);
  t.after(() => {
    results.close();
    policies.close();
    folder.close();
    rmSync(path, { recursive: true });
  });
  return {
    results,
    reopen() {
      results.close();
      results = openResults(folder);
      return results;
    },
  };
}

const expired: FailureDetail = {
  ...typeAlone({ type: 'certificate-expired' }),
  sendingAddress: '192.0.2.1',
  receivingHost: 'mx.far.test',
  receivingAddress: '198.51.100.1',
  reason: 'the certificate is not valid (CERT_HAS_EXPIRED)',
};

function count(domain: string, part: Partial<ResultCount> = {}): ResultCount {
  return {
    day: DAY,
    source: 'waxwing',
    domain,
    record: null,
    policy: { type: 'no-policy-found', domain, strings: [], mxHosts: [] },
    successes: 1,
    failures: 0,
    details: [],
    ...part,
  };
}

describe('results of sessions in the store', () => {
  it('are added up over calls and restarts: one row for each source, record and policy', (t) => {
    const { results, reopen } = setting(t);
    const failed = count('far.test', {
      successes: 0,
      failures: 1,
      details: [{ detail: expired, sessions: 1 }],
    });
    assert.deepEqual(results.sessions.add([count('far.test'), failed]), { spilled: 0 });
    results.sessions.add([failed, count('far.test', { source: 'postfix' })]);
    const [own, theirs, ...more] = reopen().sessions.of(DAY, 'far.test');
    const details = [{ detail: expired, sessions: 2 }];
    assert.deepEqual(own, { ...count('far.test'), failures: 2, details });
    assert.deepEqual([theirs?.source, theirs?.successes, more], ['postfix', 1, []]);
  });

  it('keep a policy that changed during the day apart from the one before', (t) => {
    const { results } = setting(t);
    const policy = { type: 'sts', domain: 'far.test', mxHosts: ['mx.far.test'] } as const;
    const modes = ['testing', 'enforce'].map((mode) => ({ ...policy, strings: [`mode: ${mode}`] }));
    results.sessions.add(modes.map((one) => count('far.test', { policy: one })));
    assert.deepEqual(
      results.sessions.of(DAY, 'far.test').map((one) => one.policy),
      modes,
    );
  });

  it('are forgotten with their day, failures with them', (t) => {
    const { results } = setting(t);
    const details = [{ detail: expired, sessions: 1 }];
    results.sessions.add([count('far.test', { day: '2026-11-17', details }), count('far.test', { details })]);
    assert.equal(results.sessions.forget('2026-11-18'), 1);
    assert.deepEqual(results.sessions.of('2026-11-17', 'far.test'), []);
    assert.equal(results.sessions.of(DAY, 'far.test').length, 1);
  });

  it('name their domains page by page', (t) => {
    const { results } = setting(t);
    results.sessions.add(['c.test', 'a.test', 'b.test', 'a.test'].map((domain) => count(domain)));
    assert.deepEqual(results.sessions.domains(DAY, { after: null, limit: 2 }), ['a.test', 'b.test']);
    assert.deepEqual(results.sessions.domains(DAY, { after: 'b.test', limit: 2 }), ['c.test']);
  });

  it('count together what comes behind the 40th policy of a domain, and lose no session', (t) => {
    const { results } = setting(t);
    const policies = Array.from({ length: 45 }, (_, n) => ({
      type: 'sts' as const,
      domain: 'far.test',
      strings: [`id ${n}`],
      mxHosts: [],
    }));
    const added = results.sessions.add(policies.map((policy) => count('far.test', { policy })));
    const kept = results.sessions.of(DAY, 'far.test');
    assert.equal(added.spilled, 5);
    assert.equal(kept.length, 41);
    assert.deepEqual(kept.at(-1)?.policy, { type: 'sts', domain: 'far.test', strings: [], mxHosts: [] });
    assert.equal(
      kept.reduce((sum, { successes }) => sum + successes, 0),
      45,
    );
    assert.equal(
      results.sessions.add([count('far.test', { policy: policies[3] ?? assert.fail() })]).spilled,
      0,
    );
  });

  it('that are told in so many characters are told by numbers alone for the rest of the day, over a restart too', (t) => {
    const path = mkdtempSync(join(tmpdir(), 'waxwing-results-'));
    t.after(() => rmSync(path, { recursive: true }));
    const folder = openDataFolder(path);
    openPolicies(folder).close();
    const database = new DatabaseSync(join(path, 'data.db'));
    const long = {
      type: 'tlsa',
      domain: 'mx.test',
      strings: ['3 1 1 '.padEnd(1_000, 'a')],
      mxHosts: [],
    } as const;
    const failing = (domain: string, reason: string): ResultCount =>
      count(domain, {
        policy: long,
        failures: 1,
        details: [{ detail: { ...expired, reason }, sessions: 1 }],
      });
    const first = resultsTable(database, 1_200);
    assert.deepEqual(first.add([failing('one.test', 'one')]), { spilled: 0 });
    const again = resultsTable(database, 1_200);
    assert.deepEqual(again.add([failing('one.test', 'two'), failing('two.test', 'three')]), { spilled: 1 });
    const [one] = again.of(DAY, 'one.test');
    assert.deepEqual([one?.successes, one?.failures], [2, 2]);
    assert.deepEqual(
      one?.details.map(({ detail }) => detail.reason),
      ['one', null],
    );
    assert.deepEqual(again.domains(DAY, { after: null, limit: 9 }), ['one.test', OTHERS]);
    const [others] = again.of(DAY, OTHERS);
    assert.deepEqual(
      [others?.policy.strings, others?.details.map(({ detail }) => detail)],
      [[], [typeAlone(expired)]],
    );
    database.close();
    folder.close();
  });

  it('tell failures behind the 200th by their type alone', (t) => {
    const { results } = setting(t);
    const details = Array.from({ length: 205 }, (_, n) => ({
      detail: { ...expired, reason: `reason ${n}` },
      sessions: 1,
    }));
    results.sessions.add([count('far.test', { successes: 0, failures: 205, details })]);
    const [kept] = results.sessions.of(DAY, 'far.test');
    assert.equal(kept?.details.length, 201);
    assert.deepEqual(kept?.details[0], { detail: typeAlone(expired), sessions: 5 });
  });

  it('count together what comes behind the 20,000th domain of a day, and lose no session', (t) => {
    const { results } = setting(t);
    const names = Array.from({ length: 20_003 }, (_, n) => `d${n}.test`);
    assert.deepEqual(results.sessions.add(names.map((name) => count(name))), { spilled: 3 });
    const [others] = results.sessions.of(DAY, OTHERS);
    assert.equal(others?.successes, 3);
    assert.deepEqual(results.sessions.add([count('late.test'), count('d7.test')]), { spilled: 1 });
    assert.deepEqual(results.sessions.add([count('late.test', { day: '2026-11-29' })]), { spilled: 0 });
  });

  it('change nothing where a call fails', (t) => {
    const { results } = setting(t);
    const bad = { ...count('far.test'), successes: 0.5 };
    assert.throws(() => results.sessions.add([count('near.test'), bad]), { code: 'failed' });
    assert.deepEqual(results.sessions.of(DAY, 'near.test'), []);
  });
});

describe('the ways of mail in the store', () => {
  const travelled = (part: Partial<TravelCount>): TravelCount => ({
    day: DAY,
    direction: 'out',
    domain: 'far.test',
    authenticated: 0,
    encrypted: 0,
    cleartext: 0,
    ...part,
  });

  it('are added up by day, direction and domain, and told for all domains or for one', (t) => {
    const { results } = setting(t);
    results.travel.add([travelled({ authenticated: 2 }), travelled({ domain: 'near.test', cleartext: 1 })]);
    results.travel.add([travelled({ encrypted: 1 }), travelled({ direction: 'in', encrypted: 4 })]);
    results.travel.add([travelled({ day: '2026-11-27', encrypted: 9 })]);
    assert.deepEqual(results.travel.since(DAY, null), [
      travelled({ direction: 'in', domain: '', encrypted: 4 }),
      travelled({ domain: '', authenticated: 2, encrypted: 1, cleartext: 1 }),
    ]);
    assert.deepEqual(results.travel.since('2026-11-27', 'far.test'), [
      travelled({ day: '2026-11-27', encrypted: 9 }),
      travelled({ direction: 'in', encrypted: 4 }),
      travelled({ authenticated: 2, encrypted: 1 }),
    ]);
    assert.equal(results.travel.forget(DAY), 1);
  });

  it('count together what comes behind the 20,000th domain of a day', (t) => {
    const { results } = setting(t);
    const counts = Array.from({ length: 20_002 }, (_, n) =>
      travelled({ domain: `d${n}.test`, encrypted: 1 }),
    );
    assert.deepEqual(results.travel.add(counts), { spilled: 2 });
    assert.deepEqual(results.travel.since(DAY, OTHERS), [travelled({ domain: OTHERS, encrypted: 2 })]);
    assert.deepEqual(results.travel.add([travelled({ domain: 'd1.test', encrypted: 1 })]), { spilled: 0 });
  });
});
