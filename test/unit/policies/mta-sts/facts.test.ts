import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  afterFailure,
  afterFetch,
  type RecordLookUp,
  type StsEntry,
} from '../../../../src/policies/mta-sts/cache.ts';
import { type Findings, factsFrom, type StsFacts } from '../../../../src/policies/mta-sts/facts.ts';
import { domain, policy } from './policy-host.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const t0 = Date.UTC(2026, 10, 22);
const example = domain('example.test');
const attempt = { domain: example, id: 'a', now: t0, jitter: 0, used: true };
const timedOut = {
  kind: 'failed',
  type: 'sts-policy-fetch-error',
  because: 'mta-sts.example.test at 192.0.2.80:443: no answer',
} as const;

const known: StsEntry = afterFetch(undefined, policy(), attempt);
const failing: StsEntry = afterFailure(known, timedOut, { ...attempt, now: t0 + day });
const record: RecordLookUp = { kind: 'found', id: 'a' };

function facts(parts: Partial<Findings>): StsFacts {
  return factsFrom({
    domain: example,
    now: t0 + day,
    record,
    recordUntil: t0 + day + 5 * minute,
    entry: known,
    keep: null,
    tried: undefined,
    ...parts,
  });
}

describe('the reason, in one sentence', () => {
  const holds =
    'the policy with the id a was fetched 24 h ago and holds for another 6 d: enforce, mx mx.example.test';
  const cases: [title: string, parts: Partial<Findings>, because: string][] = [
    ['a policy out of the cache', {}, holds],
    [
      'one that was fetched now',
      { now: t0, tried: { succeeded: true, evidence: [] } },
      'the policy with the id a was fetched: enforce, mx mx.example.test',
    ],
    [
      'S2: the record is gone',
      { record: { kind: 'absent', because: 'NXDOMAIN for _mta-sts.example.test' } },
      `${holds}; what the DNS says does not end it (NXDOMAIN for _mta-sts.example.test)`,
    ],
    [
      'S7: the renewal fails',
      { entry: failing },
      `${holds}; it cannot be renewed (${timedOut.because}; tried once, next try in 5 min)`,
    ],
    [
      'S8: the new policy cannot be had',
      {
        record: { kind: 'found', id: 'b' },
        entry: afterFailure(known, timedOut, { ...attempt, id: 'b', now: t0 + day }),
      },
      `the record names a new policy, b, which cannot be had (${timedOut.because}; tried once, next try in 5 min); until it can, ${holds}`,
    ],
    [
      'S1: no record',
      { entry: undefined, record: { kind: 'absent', because: 'NXDOMAIN' } },
      'there is no MTA-STS record: NXDOMAIN',
    ],
    [
      'S1: a wrong record',
      { entry: undefined, record: { kind: 'invalid', because: 'no id' } },
      'the MTA-STS record cannot be used: no id',
    ],
    [
      'S3: no answer',
      { entry: undefined, record: { kind: 'unknown', because: 'SERVFAIL' } },
      'whether there is an MTA-STS record could not be learnt: SERVFAIL',
    ],
    [
      'S4: tried more than once',
      {
        now: t0 + 6 * minute,
        entry: afterFailure(afterFailure(undefined, timedOut, attempt), timedOut, {
          ...attempt,
          now: t0 + 5 * minute,
        }),
      },
      `the record names the policy a, which cannot be had (${timedOut.because}; tried 2 times in 6 min, next try in 9 min)`,
    ],
    [
      'S6: ended',
      { now: t0 + 8 * day, entry: known, record: { kind: 'absent', because: 'NXDOMAIN' } },
      'there is no MTA-STS record: NXDOMAIN; the policy with the id a has ended 24 h ago',
    ],
  ];
  for (const [title, parts, because] of cases) {
    it(title, () => assert.equal(facts(parts).because, because));
  }

  it('S9: of one that says none there are no hosts to name', () => {
    const entry = afterFetch(undefined, policy({ mode: 'none', mx: [] }), attempt);
    const { kind, because } = facts({ entry });
    assert.equal(kind, 'none');
    assert.match(because, /holds for another 6 d: none$/);
  });

  it('names no more than five of many hosts', () => {
    const mx = Array.from({ length: 8 }, (_, index) => `mx${index}.test`);
    const { because } = facts({ entry: afterFetch(undefined, policy({ mx }), attempt) });
    assert.match(because, /mx mx0.test, mx1.test, mx2.test, mx3.test, mx4.test and 3 more$/);
  });
});

describe('RFC 8461 §6: what is reported', () => {
  it('"HTTPS policy fetch failures when a valid TXT record is present"', () => {
    const entry = afterFailure(undefined, timedOut, { ...attempt, now: t0 + day });
    assert.deepEqual(facts({ entry }).report, {
      type: timedOut.type,
      because: timedOut.because,
      fallback: false,
    });
  });

  it('"Policy fetch failures of any kind when a valid policy exists in the policy cache"', () => {
    for (const kind of ['absent', 'invalid', 'unknown'] as const) {
      assert.deepEqual(facts({ record: { kind, because: kind } }).report, {
        type: 'sts-policy-fetch-error',
        because: kind,
        fallback: true,
      });
    }
    assert.equal(facts({ entry: failing }).report?.fallback, true);
  });

  it('what stood in the way of a fetch says more than that there is no record', () => {
    const { report } = facts({
      entry: afterFailure(known, { ...timedOut, type: 'sts-webpki-invalid' }, { ...attempt, now: t0 + day }),
      record: { kind: 'absent', because: 'NXDOMAIN' },
    });
    assert.equal(report?.type, 'sts-webpki-invalid');
  });

  it('S9: "except if that policy\'s mode is "none""', () => {
    const none = afterFetch(undefined, policy({ mode: 'none', mx: [] }), attempt);
    assert.equal(facts({ entry: none, record: { kind: 'absent', because: '' } }).report, null);
    assert.equal(facts({ entry: afterFailure(none, timedOut, { ...attempt, now: t0 + day }) }).report, null);
    const news = afterFailure(none, timedOut, { ...attempt, id: 'b', now: t0 + day });
    assert.equal(facts({ entry: news, record: { kind: 'found', id: 'b' } }).report?.fallback, true);
  });

  it('nothing where all is well, and no failure of an id that is named no more', () => {
    assert.equal(facts({}).report, null);
    const other = afterFailure(known, timedOut, { ...attempt, id: 'b', now: t0 + day });
    assert.equal(facts({ entry: other }).report, null);
  });
});

describe('the evidence', () => {
  it('is what was asked and seen, and what the owner should put right', () => {
    const entry = afterFetch(undefined, policy({ maxAge: 31_557_601 }), attempt);
    const tried = {
      succeeded: true,
      evidence: ['https://mta-sts.example.test/.well-known/mta-sts.txt: 200'],
    };
    assert.deepEqual(facts({ now: t0, entry, tried }).evidence, [
      '_mta-sts.example.test TXT: names the policy a',
      'https://mta-sts.example.test/.well-known/mta-sts.txt: 200',
      'the policy with the id a: max_age is 31557601, more than a year: 31557600 counts',
    ]);
    assert.deepEqual(facts({ entry: undefined, record: { kind: 'absent', because: 'NXDOMAIN' } }).evidence, [
      '_mta-sts.example.test TXT: NXDOMAIN',
    ]);
  });
});
