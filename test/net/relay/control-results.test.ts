import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { DayResults, ResultPage, TravelFigures } from '../../../src/relay/control-results.ts';
import { type ResultCount, typeAlone } from '../../../src/reports/tls-rpt/tally.ts';
import { controlSetting } from '../../support/control.ts';

const DAY_MS = 86_400_000;
const daysAgo = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);

function count(domain: string, part: Partial<ResultCount> = {}): ResultCount {
  return {
    day: daysAgo(0),
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

async function setting(t: TestContext) {
  const { asked, results } = await controlSetting(t);
  async function ask<Body>(path: string): Promise<Body> {
    const { status, body } = await asked('GET', path);
    assert.equal(status, 200, JSON.stringify(body));
    return body as Body;
  }
  return { results, asked, ask };
}

describe('GET /tls-results', { concurrency: 3 }, () => {
  it('is all of a day, page by page, today by default', async (t) => {
    const { results, ask } = await setting(t);
    const names = Array.from({ length: 120 }, (_, n) => `d${String(n).padStart(3, '0')}.test`);
    results.sessions.add(names.map((name) => count(name)));
    const first = await ask<ResultPage>('/tls-results');
    assert.deepEqual([first.day, first.domains.length, first.after], [daysAgo(0), 100, 'd099.test']);
    const second = await ask<ResultPage>(`/tls-results?day=${daysAgo(0)}&after=d099.test`);
    assert.deepEqual([second.domains.length, second.after], [20, null]);
    assert.equal((await ask<ResultPage>(`/tls-results?day=${daysAgo(1)}`)).domains.length, 0);
  });

  it('is one domain, in whatever spelling, with failures and how often', async (t) => {
    const { results, ask } = await setting(t);
    const detail = { ...typeAlone({ type: 'tlsa-invalid' }), reason: 'none is usable' };
    results.sessions.add([count('far.test', { failures: 2, details: [{ detail, sessions: 2 }] })]);
    const { domains } = await ask<ResultPage>('/tls-results?domain=FAR.test.');
    const { day: _day, domain: _domain, ...counted } = count('far.test', { failures: 2 });
    assert.deepEqual(domains, [
      {
        day: daysAgo(0),
        domain: 'far.test',
        policies: [{ ...counted, details: [{ ...detail, sessions: 2 }] }],
      },
    ]);
  });

  it('refuses what it does not understand', async (t) => {
    const { asked } = await setting(t);
    for (const [query, error] of [
      ['day=today', 'day is a day such as 2026-11-28'],
      ['day=2026-02-30', 'day is a day such as 2026-11-28'],
      ['domain=a%20b', 'a b is not a domain'],
      ['dya=2026-11-28', 'nothing can be asked by dya'],
    ])
      assert.deepEqual(await asked('GET', `/tls-results?${query}`), { status: 400, body: { error } });
    for (const days of ['0', '1.5', 'week', '91'])
      assert.deepEqual(await asked('GET', `/travel?days=${days}`), {
        status: 400,
        body: { error: 'days is a number from 1 to 90' },
      });
  });
});

describe('GET /policies/DOMAIN', () => {
  it('has the sessions of today and yesterday, also where no policy is known', async (t) => {
    const { results, ask, asked } = await setting(t);
    assert.equal((await asked('GET', '/policies/far.test')).status, 404);
    results.sessions.add([0, 1, 2].map((days) => count('far.test', { day: daysAgo(days) })));
    const kept = await ask<{ readonly results: readonly DayResults[] }>('/policies/far.test');
    assert.deepEqual(
      kept.results.map(({ day }) => day),
      [daysAgo(0), daysAgo(1)],
    );
  });
});

describe('GET /travel', { concurrency: 2 }, () => {
  it('is a week by default, today included, of all domains or of one', async (t) => {
    const { results, ask } = await setting(t);
    const travelled = { direction: 'out', authenticated: 1, encrypted: 0, cleartext: 0 } as const;
    results.travel.add(
      [0, 6, 7, 89, 90].flatMap((days) => [
        { ...travelled, day: daysAgo(days), domain: 'far.test' },
        { ...travelled, day: daysAgo(days), domain: '<>' },
      ]),
    );
    const week = await ask<TravelFigures>('/travel');
    assert.deepEqual(
      week.counts.map(({ day, domain, authenticated }) => [day, domain, authenticated]),
      [
        [daysAgo(6), '', 2],
        [daysAgo(0), '', 2],
      ],
    );
    assert.equal((await ask<TravelFigures>('/travel?days=1')).counts.length, 1);
    assert.equal((await ask<TravelFigures>('/travel?days=90&domain=far.test')).counts.length, 4);
    assert.equal((await ask<TravelFigures>('/travel?domain=%3C%3E')).counts[0]?.authenticated, 1);
  });

  it('refuses what it does not understand', async (t) => {
    const { asked } = await setting(t);
    for (const query of ['days=0', 'days=91', 'days=1.5', 'days=x', 'domain=a%20b', 'day=1'])
      assert.equal((await asked('GET', `/travel?${query}`)).status, 400, query);
  });
});
