/** The control socket: rules that are tried on what was seen, and levels that are promoted. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Proposal } from '../../../src/policies/report-only/propose.ts';
import type { Promoted, Replayed } from '../../../src/relay/control-trials.ts';
import type { KeptOfDomain, ShownPromotion } from '../../../src/relay/policies-api.ts';
import { dayOf } from '../../../src/reports/tls-rpt/tally.ts';
import { type ControlSetting, controlSetting } from '../../support/control.ts';
import { domain } from '../../support/relay.ts';
import { seenOf } from '../../support/seen.ts';

const DAY = 86_400_000;
const NOW = Date.now();

/** Ten days with three sessions each, up to today. */
function fill(setting: ControlSetting, name: string): void {
  const of = domain(name);
  const seen = seenOf({ domain: of });
  setting.results.seen.add(
    Array.from({ length: 10 }, (_, ago) => ({ day: dayOf(NOW - ago * DAY), domain: of, seen, sessions: 3 })),
  );
}

const post = (setting: ControlSetting, path: string, body: unknown): ReturnType<ControlSetting['asked']> =>
  setting.asked('POST', path, JSON.stringify(body));

const page = { domain: null, after: null, back: 30 };
const terms = { leastDays: 7, leastSessions: 20 };

describe('trials', () => {
  it('are proposed for every domain, or for one, as far back as is asked', async (t) => {
    const setting = await controlSetting(t);
    fill(setting, 'a.test');
    fill(setting, 'b.test');
    const levels = async (request: unknown): Promise<readonly string[]> => {
      const { body } = await post(setting, '/trials/proposals', request);
      return (body as readonly Proposal[]).map((one) => `${one.domain} ${one.level} ${one.days}`);
    };
    assert.deepEqual(await levels({ ...page, ...terms }), ['a.test encrypt 10', 'b.test encrypt 10']);
    assert.deepEqual(await levels({ ...page, ...terms, after: 'a.test' }), ['b.test encrypt 10']);
    assert.deepEqual(await levels({ ...page, ...terms, domain: 'b.test', back: 3 }), ['b.test null 3']);
    assert.equal(
      (await post(setting, '/trials/proposals', { ...page, ...terms, domain: 'a b' })).status,
      400,
    );
    assert.equal((await post(setting, '/trials/proposals', page)).status, 400);
  });

  it('try a changed rule on what was seen', async (t) => {
    const setting = await controlSetting(t);
    fill(setting, 'a.test');
    const replay = async (names: readonly string[], rule = 'authenticate') =>
      (await post(setting, '/trials/replay', { ...page, rule, names })).body as readonly Replayed[];
    assert.deepEqual(
      (await replay([])).map(({ passed, blocked }) => [passed, blocked]),
      [[0, 30]],
    );
    assert.deepEqual(
      (await replay(['.example.test'])).map(({ passed, blocked }) => [passed, blocked]),
      [[30, 0]],
    );
    assert.deepEqual(await replay([], 'sts'), [{ domain: 'a.test', rule: null }]);
    const wrong = await post(setting, '/trials/replay', { ...page, rule: 'authenticate', names: ['a b'] });
    assert.equal(wrong.status, 400);
  });
});

describe('a promoted level', () => {
  const request = {
    domain: 'a.test',
    level: 'encrypt',
    until: new Date(NOW + 14 * DAY).toISOString(),
    reason: 'seen',
    mostBlocked: 2,
  };

  it('is in force until its end, listed, and taken back', async (t) => {
    const setting = await controlSetting(t);
    const { status, body } = await post(setting, '/promotions', request);
    assert.equal(status, 200);
    assert.equal((body as Promoted).promotion.state, 'in-force');
    assert.equal(setting.policies.promotions.get(domain('a.test'))?.mostBlocked, 2);
    assert.match(setting.words.join(), /an operator has promoted a level .*"reason":"seen"/);
    const back = await post(setting, '/promotions/rollback', { domain: 'a.test', reason: 'told so' });
    assert.equal((back.body as Promoted).promotion.state, 'rolled-back');
    const { promotion } = (await setting.asked('GET', '/policies/a.test')).body as KeptOfDomain;
    assert.deepEqual(promotion, (back.body as Promoted).promotion);
    const list = (await setting.asked('GET', '/promotions')).body as readonly ShownPromotion[];
    assert.deepEqual(
      list.map(({ domain: of, state, endedBecause }) => [of, state, endedBecause]),
      [['a.test', 'rolled-back', 'an operator: told so']],
    );
    const again = await post(setting, '/promotions/rollback', { domain: 'a.test', reason: 'told so' });
    assert.deepEqual([again.status, again.body], [404, { error: 'no level is promoted for a.test' }]);
  });

  it('only raises: a stricter one that is in force has to be taken back first', async (t) => {
    const setting = await controlSetting(t);
    await post(setting, '/promotions', { ...request, level: 'authenticate' });
    const lower = await post(setting, '/promotions', request);
    assert.deepEqual(
      [lower.status, lower.body],
      [
        409,
        { error: 'authenticate is promoted for a.test, which is more than encrypt: take that back first' },
      ],
    );
    assert.equal(setting.policies.promotions.get(domain('a.test'))?.level, 'authenticate');
    await post(setting, '/promotions/rollback', { domain: 'a.test', reason: 'too much' });
    assert.equal((await post(setting, '/promotions', request)).status, 200);
    assert.equal((await post(setting, '/promotions', { ...request, level: 'authenticate' })).status, 200);
  });

  it('is refused without an end ahead, a reason, or a domain', async (t) => {
    const setting = await controlSetting(t);
    for (const wrong of [
      { ...request, until: new Date(NOW - 1).toISOString() },
      { ...request, until: null },
      { ...request, reason: '' },
      { ...request, domain: 'a b' },
      { ...request, level: 'may' },
      { ...request, mostBlocked: -1 },
    ])
      assert.equal((await post(setting, '/promotions', wrong)).status, 400, JSON.stringify(wrong));
    assert.deepEqual(setting.policies.promotions.list(), []);
  });
});
