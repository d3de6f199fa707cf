import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Attempt,
  afterFailure,
  afterFetch,
  afterLook,
  isBackingOff,
  policyInForce,
  type RecordLookUp,
  type StsEntry,
  stsNeed,
} from '../../../../src/policies/mta-sts/cache.ts';
import type { FailedFetch } from '../../../../src/policies/mta-sts/fetched.ts';
import { domain, type PolicyParts, policy } from './policy-host.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** Some day in 2026. */
const t0 = Date.UTC(2026, 10, 22);

const attempt = (now: number, parts: Partial<Attempt> = {}): Attempt => ({
  domain: domain('example.test'),
  id: 'a',
  now,
  jitter: 0,
  used: true,
  ...parts,
});
const failed: FailedFetch = { kind: 'failed', type: 'sts-policy-fetch-error', because: 'it did not work' };

/** A row as the first fetch at `t0` leaves it; max_age is 7 days unless `parts` says otherwise. */
const fetchedAt0 = (parts: PolicyParts = {}): StsEntry => afterFetch(undefined, policy(parts), attempt(t0));
const found = (id: string): RecordLookUp => ({ kind: 'found', id });
const others: RecordLookUp[] = [
  { kind: 'absent', because: 'NXDOMAIN' },
  { kind: 'invalid', because: 'two records' },
  { kind: 'unknown', because: 'SERVFAIL' },
];

describe('S7: max_age counts from the last fetch', () => {
  it('"whose time-since-fetch has not exceeded its "max_age""', () => {
    const entry = fetchedAt0();
    assert.equal(policyInForce(entry, t0 + 7 * day - 1)?.id, 'a');
    assert.equal(policyInForce(entry, t0 + 7 * day), undefined);
  });

  it('that the record still has the id lengthens nothing: looking writes no later end', () => {
    let entry = fetchedAt0();
    for (let now = t0; now < t0 + 7 * day; now += hour) entry = afterLook(entry, now, true) ?? entry;
    assert.equal(entry.known?.expiresAt, t0 + 7 * day);
    assert.equal(policyInForce(entry, t0 + 7 * day), undefined);
  });

  it('a fetch begins it anew', () => {
    const entry = afterFetch(fetchedAt0(), policy(), attempt(t0 + day));
    assert.equal(entry.known?.expiresAt, t0 + 8 * day);
  });

  it('S15: with max_age 0 nothing is kept in force', () => {
    const entry = fetchedAt0({ maxAge: 0 });
    assert.equal(policyInForce(entry, t0), undefined);
    assert.equal(entry.refreshAt, null);
    assert.equal(stsNeed(entry, found('a'), t0), 'fetch');
  });
});

describe('S1, S3, S4: without a policy', () => {
  it('a record asks for a fetch', () => assert.equal(stsNeed(undefined, found('a'), t0), 'fetch'));

  for (const record of others) {
    it(`nothing is fetched where the record is ${record.kind}`, () => {
      assert.equal(stsNeed(undefined, record, t0), 'nothing');
      assert.equal(stsNeed(fetchedAt0(), record, t0 + 8 * day), 'nothing');
    });
  }
});

describe('S2, S8: with a policy in force', () => {
  for (const record of others) {
    it(`nothing is needed where the record is ${record.kind}`, () => {
      assert.equal(stsNeed(fetchedAt0(), record, t0 + hour), 'nothing');
    });
  }

  it('the same id needs nothing', () =>
    assert.equal(stsNeed(fetchedAt0(), found('a'), t0 + hour), 'nothing'));

  it('another id needs a fetch at once, and until it succeeds the old policy holds', () => {
    const entry = fetchedAt0();
    assert.equal(stsNeed(entry, found('b'), t0), 'fetch');
    const after = afterFailure(entry, failed, attempt(t0 + hour, { id: 'b' }));
    assert.equal(policyInForce(after, t0 + hour)?.id, 'a');
    assert.equal(after.known?.expiresAt, t0 + 7 * day);
  });

  it('S9: one that says none replaces it at once', () => {
    const after = afterFetch(fetchedAt0(), policy({ mode: 'none', mx: [] }), attempt(t0 + hour, { id: 'b' }));
    assert.equal(policyInForce(after, t0 + hour)?.policy.mode, 'none');
    assert.equal(after.refreshAt, null, 'what asks for nothing is not renewed');
  });
});

describe('"a suggested refresh frequency is once per day" (RFC 8461 §3.3)', () => {
  const refreshAfter = (maxAge: number, jitter = 0): number | null => {
    const { refreshAt } = afterFetch(undefined, policy({ maxAge }), attempt(t0, { jitter }));
    return refreshAt === null ? null : refreshAt - t0;
  };

  it('a day after the fetch, or half of its time after it', () => {
    assert.equal(refreshAfter(31_557_600), day);
    assert.equal(refreshAfter(2 * 86_400), day);
    assert.equal(refreshAfter(86_400), 12 * hour);
    assert.equal(refreshAfter(600), 5 * minute);
  });

  it('up to a quarter earlier, by the jitter', () => {
    assert.equal(refreshAfter(31_557_600, 0.5), 21 * hour);
    assert.ok((refreshAfter(31_557_600, 0.999) ?? 0) > 18 * hour);
  });

  it('not for what ends within ten minutes: mail fetches that anew', () =>
    assert.equal(refreshAfter(599), null));

  for (const record of [found('a'), ...others]) {
    it(`"regardless of the state of the "_mta-sts" TXT record": ${record.kind}`, () => {
      assert.equal(stsNeed(fetchedAt0(), record, t0 + day - 1), 'nothing');
      assert.equal(stsNeed(fetchedAt0(), record, t0 + day), 'refresh');
    });
  }

  it('of what no mail has asked for in 90 days there is none any more, until mail asks', () => {
    const old = afterFetch(undefined, policy({ maxAge: 31_557_600 }), attempt(t0));
    const unused = afterFetch(
      old,
      policy({ maxAge: 31_557_600 }),
      attempt(t0 + 90 * day + 1, { used: false }),
    );
    assert.equal(unused.refreshAt, null);
    assert.equal(afterLook(unused, t0 + 100 * day, false), undefined);
    const asked = afterLook(unused, t0 + 100 * day, true);
    assert.deepEqual([asked?.refreshAt, asked?.usedAt], [t0 + 101 * day, t0 + 100 * day]);
  });

  it('that mail has asked is written once a day', () => {
    assert.equal(afterLook(fetchedAt0(), t0 + day - 1, true), undefined);
    assert.equal(afterLook(fetchedAt0(), t0 + day, true)?.usedAt, t0 + day);
    assert.equal(afterLook(fetchedAt0(), t0 + day, false), undefined);
  });
});

describe('S4, S6: "SHOULD limit further attempts to a period of five minutes or longer per version ID"', () => {
  it('5 minutes, twice as long after each failure, at most a day', () => {
    let entry: StsEntry | undefined;
    let now = t0;
    const waits: number[] = [];
    for (let count = 1; count <= 11; count += 1) {
      entry = afterFailure(entry, failed, attempt(now));
      const retryAt = entry.failures?.retryAt ?? 0;
      assert.equal(stsNeed(entry, found('a'), retryAt - 1), 'wait');
      assert.equal(stsNeed(entry, found('a'), retryAt), 'fetch');
      assert.equal(entry.failures?.count, count);
      waits.push((retryAt - now) / minute);
      now = retryAt;
    }
    assert.deepEqual(waits, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440]);
    assert.equal(entry?.failures?.since, t0);
  });

  it('jitter makes it longer, never shorter', () => {
    const { failures } = afterFailure(undefined, failed, attempt(t0, { jitter: 0.5 }));
    assert.equal((failures?.retryAt ?? 0) - t0, 5.625 * minute);
  });

  it('another id is tried at once, and counted anew', () => {
    const first = afterFailure(undefined, failed, attempt(t0));
    assert.equal(stsNeed(first, found('b'), t0), 'fetch');
    const second = afterFailure(first, failed, attempt(t0 + 1, { id: 'b' }));
    assert.equal(second.failures?.count, 1);
    assert.equal(isBackingOff(second, 'b', t0 + 2), true);
  });

  it('a success ends it', () => {
    const entry = afterFetch(afterFailure(undefined, failed, attempt(t0)), policy(), attempt(t0 + hour));
    assert.equal(entry.failures, null);
  });

  it('a renewal that fails is tried again before the policy ends, and when it has ended', () => {
    let entry = afterFetch(undefined, policy({ maxAge: 3600 }), attempt(t0));
    const tries: number[] = [];
    for (let at = entry.refreshAt; at !== null; at = entry.refreshAt) {
      tries.push((at - t0) / minute);
      assert.equal(stsNeed(entry, found('a'), at), at - t0 < hour ? 'refresh' : 'fetch');
      entry = afterFailure(entry, failed, attempt(at));
    }
    assert.deepEqual(tries, [30, 35, 45, 55, 60]);
    assert.equal(policyInForce(entry, t0 + hour), undefined);
  });
});

describe('S6: a policy whose time is over', () => {
  it('is gone where it cannot be fetched anew, and is remembered as what was there', () => {
    const entry = afterFailure(fetchedAt0(), failed, attempt(t0 + 8 * day));
    assert.equal(policyInForce(entry, t0 + 8 * day), undefined);
    assert.equal(entry.known?.id, 'a');
    assert.equal(entry.refreshAt, null, 'nobody asks for it without mail');
  });

  it('asks for a fetch also where the id is the same', () => {
    assert.equal(stsNeed(fetchedAt0(), found('a'), t0 + 7 * day), 'fetch');
  });
});

describe('S22: a clock that is set back', () => {
  const back = t0 - 365 * day;

  it('ends no policy', () => {
    assert.equal(policyInForce(fetchedAt0(), back)?.id, 'a');
    assert.equal(policyInForce(fetchedAt0(), 0)?.id, 'a');
  });

  it('brings no policy to life that was seen to have ended', () => {
    const ended = afterLook(fetchedAt0(), t0 + 7 * day, false);
    assert.ok(ended, 'that it has ended is worth writing');
    assert.equal(policyInForce(ended, t0), undefined);
    assert.equal(afterLook(ended, t0 + 8 * day, false), undefined, 'once');
    const failedThen = afterFailure(fetchedAt0(), failed, attempt(t0 + 7 * day));
    assert.equal(policyInForce(failedThen, t0), undefined);
  });

  it('a fetch does not take back how long a policy was to hold: corrected, the clock ends it no sooner', () => {
    const entry = afterFetch(fetchedAt0(), policy(), attempt(t0 - 30 * day));
    assert.equal(entry.known?.fetchedAt, t0);
    assert.equal(policyInForce(entry, t0 + 6 * day)?.id, 'a');
  });

  it('renewal does not wait until the clock has caught up', () => {
    const entry = fetchedAt0();
    assert.equal(stsNeed(entry, found('a'), t0 - hour), 'refresh');
    const renewed = afterFetch(entry, policy(), attempt(t0 - hour));
    assert.equal(stsNeed(renewed, found('a'), t0 - hour), 'nothing', 'once');
    assert.equal(stsNeed(renewed, found('a'), t0 - hour + day), 'refresh');
  });

  it('neither does the next try after a failure', () => {
    const entry = afterFailure(fetchedAt0(), failed, attempt(t0 + hour, { id: 'b' }));
    assert.equal(stsNeed(entry, found('b'), t0), 'fetch');
    const again = afterFailure(entry, failed, attempt(t0, { id: 'b' }));
    assert.deepEqual([again.failures?.count, (again.failures?.retryAt ?? 0) - t0], [2, 10 * minute]);
  });

  it('a fetch shows that it was ahead before where it is back by more than any certificate holds', () => {
    const ahead = afterFetch(undefined, policy(), attempt(t0 + 3650 * day));
    const corrected = afterFetch(ahead, policy(), attempt(t0));
    assert.deepEqual([corrected.known?.fetchedAt, corrected.clock], [t0, t0]);
    assert.equal(policyInForce(corrected, t0 + 7 * day), undefined);
  });
});
