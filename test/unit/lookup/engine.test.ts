import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Answer } from '../../../src/dns/answer.ts';
import { type Question, types } from '../../../src/dns/record.ts';
import {
  type EngineParts,
  type EngineStore,
  openPolicyEngine,
  type PolicyEngine,
} from '../../../src/lookup/engine.ts';
import type { Domain } from '../../../src/names/domain.ts';
import type { StsEntry } from '../../../src/policies/mta-sts/cache.ts';
import type { Override } from '../../../src/policies/overrides/override.ts';
import type { Promotion } from '../../../src/policies/report-only/promotion.ts';
import type { HttpsOutcome } from '../../../src/wire/https-answer.ts';
import { DOMAIN, nameOf, overrideOf } from '../../support/destinations.ts';
import { keptOf } from '../../support/lists.ts';
import { settings, trackOf } from '../../support/tracks.ts';
import { answered, failedFetch, policyText } from '../policies/mta-sts/policy-host.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NOON = Date.UTC(2026, 10, 28, 12);

const listed = keptOf('enforce', 'mx.example.test');
if (listed.head === undefined) throw new Error('the list of the test has no head');
const ended = { ...listed, head: { ...listed.head, expires: NOON + 30_000 } };
const promotion: Promotion = {
  domain: DOMAIN,
  level: 'encrypt',
  setAt: NOON,
  until: NOON + DAY,
  reason: 'seen',
  mostBlocked: 0,
  blocked: 0,
  endedAt: null,
  endedBecause: null,
};

/** Everything around an engine, all of it told by the test. */
interface Around {
  now: number;
  /** The record of MTA-STS that every domain has. */
  txt: string | null;
  fetch: (domain: Domain) => Promise<HttpsOutcome>;
  override: Override | undefined;
  /** What else is kept; by default nothing is. */
  kept: Pick<EngineStore, 'list' | 'memory' | 'promotions'>;
  readonly rows: Map<Domain, StsEntry>;
  readonly fetched: Domain[];
  readonly questions: Question[];
  readonly askedAnew: Question[];
  readonly errors: string[];
  readonly engine: PolicyEngine;
}

function around(change: Partial<EngineStore['sts']> = {}): Around {
  const rows = new Map<Domain, StsEntry>();
  const sts: EngineStore['sts'] = {
    get: (domain) => rows.get(domain),
    put: (entry) => void rows.set(entry.domain, entry),
    remove: (domain) => rows.delete(domain),
    due: (now, limit) =>
      [...rows.values()].filter(({ refreshAt }) => refreshAt !== null && refreshAt <= now).slice(0, limit),
    forget: () => 0,
    ...change,
  };
  const told: Omit<Around, 'engine'> = {
    now: NOON,
    txt: 'v=STSv1; id=1;',
    fetch: () => Promise.resolve(answered(policyText({ mx: ['mx.example.test'] }))),
    override: undefined,
    kept: {},
    rows,
    fetched: [],
    questions: [],
    askedAnew: [],
    errors: [],
  };
  const parts: EngineParts = {
    resolve: (question) => {
      told.questions.push(question);
      return Promise.resolve(answerTo(question, told.txt));
    },
    resolveAnew: (question) => {
      told.askedAnew.push(question);
      return Promise.resolve(answerTo(question, told.txt));
    },
    fetch: (domain) => {
      told.fetched.push(domain);
      return told.fetch(domain);
    },
    store: {
      sts,
      overrides: { about: () => (told.override === undefined ? [] : [told.override]) },
      list: { about: (domain) => told.kept.list?.about(domain) },
      memory: { of: (domain) => told.kept.memory?.of(domain) ?? [] },
      promotions: { get: (domain) => told.kept.promotions?.get(domain) },
    },
    memory: () => settings,
    now: () => told.now,
    random: () => 0,
    onError: (what) => void told.errors.push(what),
  };
  return Object.assign(told, { engine: openPolicyEngine(parts) });
}

function answerTo(question: Question, text: string | null): Answer {
  const common = {
    question,
    status: 'insecure',
    ttl: 300,
    owner: question.name,
    aliases: [],
    signedSince: null,
    signedUntil: null,
    chain: [],
    because: 'of the test',
    errors: [],
  } as const;
  if (question.type === types.TXT && text === 'unknown')
    return { ...common, status: 'indeterminate', kind: 'unknown', unproven: [] };
  if (question.type !== types.TXT || text === null)
    return { ...common, kind: 'absent', what: 'no-such-record' };
  return { ...common, kind: 'found', records: [Uint8Array.of(text.length, ...Buffer.from(text))] };
}

const target = { kind: 'domain', domain: DOMAIN } as const;
const modeOf = async (one: Around): Promise<string> => {
  const { sts } = await one.engine.factsOf(target);
  return sts.kind === 'policy' ? `${sts.known.policy.mode} from ${sts.from}` : sts.kind;
};

describe('the policy engine', () => {
  it('keeps what it has fetched, and asks nobody for it again', async () => {
    const one = around();
    assert.equal(await modeOf(one), 'enforce from fetch');
    assert.equal(await modeOf(one), 'enforce from cache');
    assert.deepEqual(one.fetched, [DOMAIN]);
  });

  it('S2: another process goes on with what the first one kept, whatever the DNS says by then', async () => {
    const first = around();
    await first.engine.factsOf(target);
    const second = around();
    for (const [domain, entry] of first.rows) second.rows.set(domain, entry);
    second.txt = null;
    second.now += DAY;
    assert.equal(await modeOf(second), 'enforce from cache');
    assert.deepEqual(second.fetched, []);
  });

  it('S22: a clock that was set back ends nothing, and one that was set forward and back does not revive what ended', async () => {
    const one = around();
    await one.engine.factsOf(target);
    one.now -= 400 * DAY;
    assert.equal(await modeOf(one), 'enforce from cache');
    one.txt = null;
    one.now = NOON + 8 * DAY;
    assert.equal(await modeOf(one), 'none');
    one.now = NOON + DAY;
    assert.equal(await modeOf(one), 'none');
  });

  it('says how long what it has found out lasts: as long as the answer that ends first', async () => {
    const one = around();
    const { facts, forMs } = await one.engine.learn(target);
    assert.equal(facts.sts.kind, 'policy');
    assert.equal(forMs, 300_000, 'as long as the records');
    one.override = { ...overrideOf('may'), until: NOON + 10_000 };
    assert.equal((await one.engine.learn(target)).forMs, 10_000, 'as long as an override');
    one.override = undefined;
    one.kept = { promotions: { get: () => ({ ...promotion, until: NOON + 20_000 }) } };
    assert.equal((await one.engine.learn(target)).forMs, 20_000, 'as long as a promotion');
    one.kept = { list: { about: () => ended } };
    assert.equal((await one.engine.learn(target)).forMs, 30_000, 'as long as a policy list');
    one.kept = { memory: { of: () => [trackOf({ since: NOON - 30 * DAY, lastAt: NOON })] } };
    assert.equal((await one.engine.learn(target)).forMs, 60_000, 'a minute, where something is remembered');
    one.kept = {};
    one.now += 7 * DAY - 2_000;
    assert.equal((await one.engine.learn(target)).forMs, 2_000, 'as long as a policy');
  });

  it('what stands on an answer that did not come lasts no time', async () => {
    const one = around();
    one.txt = 'unknown';
    assert.equal((await one.engine.learn(target)).forMs, 0);
  });

  it('asked anew, goes past what is kept, once for all who ask within ten seconds', async () => {
    const one = around();
    await one.engine.factsOf({ kind: 'domain', domain: DOMAIN });
    assert.equal(one.askedAnew.length, 0);
    await one.engine.factsAnew({ kind: 'domain', domain: DOMAIN });
    await one.engine.factsAnew({ kind: 'domain', domain: DOMAIN });
    const asked = one.askedAnew.length;
    assert.ok(asked > 0);
    assert.equal(one.questions.length, asked, 'as many by each way');
    one.now += 10_001;
    await one.engine.factsAnew({ kind: 'domain', domain: DOMAIN });
    assert.equal(one.askedAnew.length, 2 * asked);
  });

  it('"SHOULD limit further attempts to a period of five minutes or longer" (RFC 8461 §3.3), asked anew, too', async () => {
    const one = around();
    await one.engine.factsOf({ kind: 'domain', domain: DOMAIN });
    one.now += 4 * 60_000;
    await one.engine.factsAnew({ kind: 'domain', domain: DOMAIN });
    assert.equal(one.fetched.length, 1, 'the id is the same, and it is too soon');
    one.txt = 'v=STSv1; id=2;';
    one.now += 11_000;
    await one.engine.factsAnew({ kind: 'domain', domain: DOMAIN });
    assert.equal(one.fetched.length, 2, 'a new id is fetched at once');
    one.now += 5 * 60_000;
    await one.engine.factsAnew({ kind: 'domain', domain: DOMAIN });
    assert.equal(one.fetched.length, 3, 'the id may have been forgotten');
  });

  it('equal questions at the same time are one, other ones are not', async () => {
    const one = around();
    const both = await Promise.all([one.engine.factsOf(target), one.engine.factsOf(target)]);
    assert.equal(both[0], both[1]);
    assert.equal(one.questions.filter(({ type }) => type === types.MX).length, 1);
    await one.engine.factsOf({ kind: 'host', host: DOMAIN, port: 25 });
    assert.equal(one.fetched.length, 1);
    await one.engine.factsOf(target);
    assert.equal(one.questions.filter(({ type }) => type === types.MX).length, 2);
  });

  it('nor are those of another port', async () => {
    const one = around();
    await Promise.all([
      one.engine.factsOf(target),
      one.engine.factsOf({ ...target, port: 25 }),
      one.engine.factsOf({ ...target, port: 587 }),
      one.engine.factsOf({ kind: 'host', host: DOMAIN, port: 587 }),
    ]);
    assert.equal(one.questions.filter(({ type }) => type === types.MX).length, 2);
    assert.equal(one.fetched.length, 1);
  });

  it('an override is read anew each time, and holds no longer than it says', async () => {
    const one = around();
    one.override = { ...overrideOf('encrypt'), until: NOON + 1 };
    assert.equal((await one.engine.factsOf(target)).override?.level, 'encrypt');
    one.now = NOON + 1;
    assert.equal((await one.engine.factsOf(target)).override, undefined);
  });

  it('what is remembered and what is promoted is read anew each time, as it stands then', async () => {
    const one = around();
    const track = trackOf({ since: NOON - 30 * DAY, lastAt: NOON });
    one.kept = { memory: { of: () => [track] }, promotions: { get: () => promotion } };
    const before = await one.engine.factsOf(target);
    assert.deepEqual(before.promotion, promotion);
    assert.deepEqual(before.memory, {
      mode: 'enforce',
      giveWayAfterMs: settings.giveWayAfterMs,
      tracks: [{ ...track, state: 'expected' }],
    });
    one.now = NOON + 90 * DAY;
    const after = await one.engine.factsOf(target);
    assert.equal(after.promotion, undefined);
    assert.deepEqual(
      after.memory?.tracks.map(({ state }) => state),
      ['forgotten'],
    );
  });

  it('who asks after an operator has said something joins nothing that began before', async () => {
    for (const overlook of ['overlookAll', 'overlook'] as const) {
      const one = around();
      const { promise, resolve } = Promise.withResolvers<HttpsOutcome>();
      one.fetch = () => promise;
      const before = one.engine.factsOf(target);
      await new Promise(setImmediate);
      one.override = overrideOf('encrypt');
      one.engine[overlook](DOMAIN);
      const after = one.engine.factsOf(target);
      const joined = one.engine.factsOf(target);
      resolve(failedFetch('timeout'));
      assert.equal((await before).override, undefined);
      assert.equal((await after).override?.level, 'encrypt', overlook);
      assert.equal(await joined, await after);
      assert.equal(one.fetched.length, 1, 'and one after the other');
    }
  });

  it('a row that cannot be kept is said, and its policy holds for this mail', async () => {
    const one = around({
      put: () => {
        throw new Error('the disk is full');
      },
    });
    assert.equal(await modeOf(one), 'enforce from fetch');
    assert.deepEqual(one.errors, ['keeping the MTA-STS policy of example.test']);
  });

  it('what fails once does not stand in the way of the next one', async () => {
    const one = around();
    one.fetch = () => Promise.reject(new Error('no sockets'));
    await assert.rejects(one.engine.factsOf(target), /no sockets/);
    one.fetch = () => Promise.resolve(answered(policyText()));
    assert.equal(await modeOf(one), 'enforce from fetch');
  });

  it('refresh fetches although nothing is due, after what is under way for the same domain', async () => {
    const one = around();
    const [, facts] = await Promise.all([one.engine.factsOf(target), one.engine.refresh(DOMAIN)]);
    assert.equal(facts.kind === 'policy' && facts.from, 'fetch');
    assert.equal(one.fetched.length, 2);
  });

  it('forget removes a policy behind what is under way for it, and says what there was', async () => {
    const one = around();
    const [, forgotten] = await Promise.all([one.engine.factsOf(target), one.engine.forget(DOMAIN)]);
    assert.equal(forgotten?.known?.policy.mode, 'enforce');
    assert.equal(one.rows.size, 0);
    assert.equal(await one.engine.forget(DOMAIN), undefined);
  });
});

describe('renewals', () => {
  /** An engine whose timer the test moves, with so many policies that are due. */
  function due(t: TestContext, count: number, change: Partial<EngineStore['sts']> = {}): Around {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const one = around(change);
    t.after(() => one.engine.close());
    for (let index = 0; index < count; index += 1) {
      const domain = nameOf(`d${index}.test`);
      one.rows.set(domain, {
        domain,
        known: known(),
        failures: null,
        attemptedAt: NOON - DAY,
        refreshAt: NOON,
        usedAt: NOON - DAY,
        clock: NOON - DAY,
      });
    }
    return one;
  }
  const known = (): StsEntry['known'] => ({
    id: '1',
    policy: { mode: 'enforce', maxAgeSeconds: 604_800, mx: [], lines: [], warnings: [] },
    fetchedAt: NOON - DAY,
    expiresAt: NOON + DAY,
  });
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
  };

  it('S7: what is due is fetched when nobody waits', async (t) => {
    const one = due(t, 3);
    t.mock.timers.tick(30_000);
    await settled();
    assert.equal(one.fetched.length, 3);
    assert.deepEqual(
      [...one.rows.values()].map((row) => row.known?.fetchedAt),
      [NOON, NOON, NOON],
    );
    t.mock.timers.tick(30_000);
    await settled();
    assert.equal(one.fetched.length, 3);
  });

  it('hosts that say nothing do not hold up the others, and no second round begins beside them', async (t) => {
    const one = due(t, 30);
    const good = one.fetch;
    one.fetch = (domain) => (/^d[0-3]\.test$/.test(domain) ? new Promise(() => {}) : good(domain));
    t.mock.timers.tick(30_000);
    await settled();
    assert.equal(one.fetched.length, 30);
    t.mock.timers.tick(30_000);
    await settled();
    assert.equal(one.fetched.length, 30);
  });

  it('no more than eight at once', async (t) => {
    const one = due(t, 30);
    one.fetch = () => new Promise(() => {});
    t.mock.timers.tick(30_000);
    await settled();
    assert.equal(one.fetched.length, 8);
  });

  it('a fault of ours is said, and the others are renewed all the same', async (t) => {
    const one = due(t, 3);
    const good = one.fetch;
    one.fetch = (domain) => (domain === 'd0.test' ? Promise.reject(new Error('no sockets')) : good(domain));
    t.mock.timers.tick(30_000);
    await settled();
    assert.deepEqual(one.errors, ['renewing the MTA-STS policy of d0.test']);
    assert.equal(one.fetched.length, 3);
  });

  it('a store that fails is said, and asked again the next time', async (t) => {
    let asked = 0;
    const one = due(t, 0, {
      due: () => {
        asked += 1;
        throw new Error('locked');
      },
    });
    t.mock.timers.tick(30_000);
    await settled();
    t.mock.timers.tick(30_000);
    await settled();
    assert.equal(asked, 2);
    assert.deepEqual(one.errors, ['renewing MTA-STS policies', 'renewing MTA-STS policies']);
  });

  it('after the end nothing is begun, and nothing that was under way is kept', async (t) => {
    const one = due(t, 1);
    const waiting: ((outcome: HttpsOutcome) => void)[] = [];
    one.fetch = () => new Promise((resolve) => waiting.push(resolve));
    t.mock.timers.tick(30_000);
    await settled();
    one.engine.close();
    waiting[0]?.(answered(policyText()));
    await settled();
    t.mock.timers.tick(60_000);
    await settled();
    assert.equal(one.fetched.length, 1);
    assert.equal(one.rows.get(nameOf('d0.test'))?.known?.fetchedAt, NOON - DAY);
    assert.deepEqual(one.errors, []);
  });
});
