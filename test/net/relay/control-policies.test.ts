/** The control socket: policies that are kept, and an operator's word about them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { afterNote, keysOf } from '../../../src/policies/memory/track.ts';
import type { StsEntry } from '../../../src/policies/mta-sts/cache.ts';
import type { StsFacts } from '../../../src/policies/mta-sts/facts.ts';
import { parsePolicy } from '../../../src/policies/mta-sts/policy.ts';
import {
  type KeptOfDomain,
  type KeptOverride,
  type KeptPolicy,
  type Overridden,
  type Purged,
  type Refreshed,
  toKeptTls,
} from '../../../src/relay/policies-api.ts';
import { type ControlSetting, controlSetting } from '../../support/control.ts';
import { noPolicy } from '../../support/facts.ts';
import { domain } from '../../support/relay.ts';
import { settings as memorySettings, noteOf } from '../../support/tracks.ts';

const DAY = 86_400_000;
const NOW = Date.now();

/** A row as the store has it: fetched a day ago, for a week. */
function entry(name: string, rest: Partial<StsEntry> = {}): StsEntry {
  const text = 'version: STSv1\nmode: enforce\nmx: mx.a.test\nmx: *.b.test\nmax_age: 604800\nx: y\n';
  const parsed = parsePolicy(Buffer.from(text));
  assert.ok(parsed.kind === 'ok');
  const known = { id: 'a1', policy: parsed.policy, fetchedAt: NOW - DAY, expiresAt: NOW + 6 * DAY };
  const times = { attemptedAt: NOW - DAY, refreshAt: NOW + 1000, usedAt: NOW, clock: NOW };
  return { domain: domain(name), known, failures: null, ...times, ...rest };
}

const isOver: Partial<StsEntry> = {
  known: { ...(entry('x.test').known ?? assert.fail()), expiresAt: NOW - 1000 },
};
const neverHad: Partial<StsEntry> = {
  known: null,
  failures: {
    id: 'b2',
    type: 'sts-webpki-invalid',
    because: 'its certificate is for another name',
    count: 2,
    since: NOW - 1000,
    retryAt: NOW + 1000,
  },
  refreshAt: null,
};

const inDays = (days: number): string => new Date(NOW + days * DAY).toISOString();

async function list(setting: ControlSetting, query = ''): Promise<readonly KeptPolicy[]> {
  return (await setting.asked('GET', `/policies${query}`)).body as readonly KeptPolicy[];
}

async function overrides(setting: ControlSetting): Promise<readonly KeptOverride[]> {
  return (await setting.asked('GET', '/overrides')).body as readonly KeptOverride[];
}

const post = (setting: ControlSetting, path: string, body: unknown): ReturnType<ControlSetting['asked']> =>
  setting.asked('POST', path, typeof body === 'string' ? body : JSON.stringify(body));

describe('what is remembered of TLS at hosts', () => {
  it('is listed, and is nothing at first', async (t) => {
    const setting = await controlSetting(t);
    assert.deepEqual(await setting.asked('GET', '/remembered-tls'), { status: 200, body: [] });
  });

  it('is told with its times as RFC 3339 has them', () => {
    const until = NOW + 1000;
    const of = { kind: 'broken', host: 'mx.test', address: '192.0.2.1', port: 25, failures: 5 } as const;
    assert.deepEqual(toKeptTls({ ...of, since: NOW, until, because: 'a reset' }), {
      ...of,
      since: inDays(0),
      until: new Date(until).toISOString(),
      because: 'a reset',
    });
  });
});

describe('what is kept of policies', () => {
  it('is listed by domain, page by page', async (t) => {
    const setting = await controlSetting(t);
    assert.deepEqual(await list(setting), []);
    const names = Array.from({ length: 205 }, (_, index) => `d${String(index).padStart(3, '0')}.test`);
    for (const name of names) setting.policies.sts.put(entry(name));
    const first = await list(setting);
    assert.equal(first.length, 200);
    const rest = await list(setting, `?after=${first.at(-1)?.domain}`);
    assert.deepEqual(
      [...first, ...rest].map((one) => one.domain),
      names,
    );
    assert.equal((await setting.asked('GET', '/policies?after=a..b')).status, 400);
  });

  it('is shown with its lines, all times RFC 3339', async (t) => {
    const setting = await controlSetting(t);
    setting.policies.sts.put(entry('a.test'));
    const { status, body } = await setting.asked('GET', '/policies/A.test.');
    assert.equal(status, 200);
    const { sts, override } = body as KeptOfDomain;
    assert.equal(override, null);
    assert.deepEqual(sts?.policy?.lines.slice(1, 3), ['mode: enforce', 'mx: mx.a.test']);
    assert.deepEqual(sts?.policy?.mx, ['mx.a.test', '*.b.test']);
    assert.deepEqual(
      [sts?.inForce, sts?.policy?.fetchedAt, sts?.policy?.expiresAt],
      [true, inDays(-1), inDays(6)],
    );
  });

  it('tells what is over, and what could never be fetched', async (t) => {
    const setting = await controlSetting(t);
    setting.policies.sts.put(entry('ended.test', isOver));
    setting.policies.sts.put(entry('never.test', neverHad));
    const [first, second] = await list(setting);
    assert.deepEqual([first?.inForce, first?.policy?.mode], [false, 'enforce']);
    assert.deepEqual([second?.inForce, second?.policy, second?.failures?.count], [false, null, 2]);
    assert.equal(second?.refreshAt, null);
  });

  it('of a domain of which nothing is kept: 404', async (t) => {
    const setting = await controlSetting(t);
    assert.deepEqual(await setting.asked('GET', '/policies/none.test'), {
      status: 404,
      body: { error: 'nothing is kept of none.test' },
    });
    assert.equal((await setting.asked('GET', '/policies/a%20b')).status, 400);
  });
});

describe('a policy that is fetched at an operator’s word', () => {
  const facts = (change: Partial<StsFacts>): StsFacts =>
    ({ ...noPolicy(domain('a.test')), ...change }) as StsFacts;
  const record = { kind: 'found', id: 'a1' } as const;
  const known = entry('a.test').known;
  const report = { type: 'sts-policy-fetch-error', because: 'no answer', fallback: false } as const;
  const cases: readonly (readonly [what: string, facts: StsFacts, outcome: Refreshed['outcome']])[] = [
    ['one in force', facts({ kind: 'policy', known, record, from: 'fetch' } as StsFacts), 'policy'],
    ['one that says none', facts({ kind: 'none', known, record }), 'policy'],
    ['no record', facts({}), 'none'],
    ['a record, and no policy', facts({ record, report }), 'failed'],
    ['nobody who could say', facts({ kind: 'unknown', record: { kind: 'unknown', because: '?' } }), 'failed'],
    [
      'a failure over one that is kept',
      facts({
        kind: 'policy',
        known,
        record,
        report: { ...report, fallback: true },
        from: 'cache',
      } as StsFacts),
      'failed',
    ],
  ];
  for (const [what, said, outcome] of cases) {
    it(`${what}: ${outcome}`, async (t) => {
      const setting = await controlSetting(t, { refresh: () => Promise.resolve(said) });
      const { status, body } = await post(setting, '/policies/refresh', { domain: 'a.test' });
      assert.equal(status, 200);
      const refreshed = body as Refreshed;
      assert.deepEqual([refreshed.outcome, refreshed.because, refreshed.sts], [outcome, said.because, null]);
      assert.match(
        setting.words.join('\n'),
        /an operator had an MTA-STS policy fetched \{"domain":"a\.test"/,
      );
    });
  }

  it('is told as it is kept then, and mail that waits is tried', async (t) => {
    const setting = await controlSetting(t, {
      refresh(name) {
        setting.policies.sts.put(entry(name));
        return Promise.resolve(facts({ kind: 'policy', known, record, from: 'fetch' } as StsFacts));
      },
    });
    const id = await setting.relay.send({ to: ['b@a.test', 'c@other.test'] });
    await setting.relay.until('both are deferred', () => setting.relay.about(id).length === 2);
    const refreshed = (await post(setting, '/policies/refresh', { domain: 'a.test' })).body as Refreshed;
    assert.equal(refreshed.sts?.policy?.id, 'a1');
    assert.deepEqual(refreshed.mail, { due: 1, underWay: 0, destination: 'a.test' });
    const again = await setting.relay.until(
      'it is tried again at once',
      ({ attempt, to }) => attempt === 2 && to === 'b@a.test',
    );
    // Nobody was reached before, and for that alone it would not be tried for a while.
    assert.doesNotMatch(again.tls?.because ?? '', /^not tried/);
    assert.equal(setting.relay.about('c@other.test').length, 1);
  });
});

describe('a policy that is forgotten', () => {
  it('is gone, and told', async (t) => {
    const setting = await controlSetting(t);
    setting.policies.sts.put(entry('a.test'));
    const { status, body } = await post(setting, '/policies/purge', { domain: 'a.test' });
    assert.equal(status, 200);
    assert.equal((body as Purged).purged?.policy?.id, 'a1');
    assert.deepEqual(await list(setting), []);
    assert.match(setting.words.join('\n'), /an operator had a domain forgotten .*"id":"a1"/);
    const again = await post(setting, '/policies/purge', { domain: 'a.test' });
    assert.deepEqual(again, {
      status: 404,
      body: { error: 'neither an MTA-STS policy nor sessions are remembered of a.test' },
    });
  });
});

describe('sessions that are forgotten', () => {
  it('are gone before the engine forgets the domain: no answer is made of them after that', async (t) => {
    const seen: number[] = [];
    const setting = await controlSetting(t, {
      onForget: (of) => void seen.push(setting.policies.memory.of(of).length),
    });
    const note = noteOf('encrypt', NOW, { domain: domain('a.test') });
    setting.results.memory.add([note], {
      ...memorySettings,
      keysOf,
      after: (before, key, one) => afterNote(before, key, one, memorySettings).track,
    });
    const { body } = await post(setting, '/policies/purge', { domain: 'a.test' });
    assert.deepEqual([(body as Purged).outbound, seen], [true, [0]]);
  });
});

describe('an override', () => {
  const wanted = { domain: 'A.test.', level: 'encrypt', until: inDays(2), reason: 'told by phone' };

  it('is kept, listed and logged, and mail for the domain is tried at once', async (t) => {
    const setting = await controlSetting(t);
    await setting.relay.send({ to: ['b@a.test'] });
    await setting.relay.until('it is deferred', ({ event }) => event === 'deferred');
    const { status, body } = await post(setting, '/overrides', wanted);
    assert.equal(status, 200);
    const { override, mail } = body as Overridden;
    assert.deepEqual(
      [override.domain, override.level, override.until, override.reason, override.inForce],
      ['a.test', 'encrypt', inDays(2), 'told by phone', true],
    );
    assert.deepEqual(mail, { due: 1, underWay: 0, destination: 'a.test' });
    await setting.relay.until('it is tried again', ({ attempt }) => attempt === 2);
    assert.deepEqual(await overrides(setting), [override]);
    assert.match(setting.words.join('\n'), /an operator has set an override .*"reason":"told by phone"/);
  });

  it('for all domains is may, has an end, is told to whoever looks into the queue, and makes all mail due', async (t) => {
    const setting = await controlSetting(t);
    await setting.relay.send({ to: ['b@a.test', 'b@routed.test'] });
    for (const to of ['b@a.test', 'b@routed.test'])
      await setting.relay.until('deferred', (one) => one.event === 'deferred' && one.to === to);
    const notices = async (): Promise<unknown> => (await setting.asked('GET', '/notices')).body;
    assert.deepEqual(await notices(), []);
    const everywhere = { domain: '*', level: 'may', until: inDays(1), reason: 'STARTTLS is stripped' };
    for (const wrong of [{ level: 'off' }, { level: 'encrypt' }, { until: null }, { reason: '' }])
      assert.equal((await post(setting, '/overrides', { ...everywhere, ...wrong })).status, 400);
    const { mail } = (await post(setting, '/overrides', everywhere)).body as Overridden;
    assert.deepEqual(mail, { due: 2, underWay: 0, destination: '*' });
    assert.match(
      JSON.stringify(await notices()),
      /^\["TLS is required of no mail until .*: STARTTLS is stripped"\]$/,
    );
    assert.equal((await post(setting, '/overrides/end', { domain: '*' })).status, 200);
    assert.deepEqual(await notices(), []);
  });

  it('takes the place of the one before, and ends by its time or by a word', async (t) => {
    const setting = await controlSetting(t);
    await post(setting, '/overrides', wanted);
    await post(setting, '/overrides', { ...wanted, level: 'may', until: null });
    const kept = await overrides(setting);
    assert.deepEqual(
      kept.map(({ level, until }) => [level, until]),
      [['may', null]],
    );
    setting.policies.overrides.put({
      domain: domain('old.test'),
      level: 'off',
      until: NOW - 1,
      reason: 'x',
      setAt: 0,
    });
    assert.deepEqual(
      (await overrides(setting)).map((one) => [one.domain, one.inForce]),
      [
        ['a.test', true],
        ['old.test', false],
      ],
    );
    const ended = await post(setting, '/overrides/end', { domain: 'a.test' });
    assert.equal((ended.body as Overridden).override.level, 'may');
    assert.match(setting.words.join('\n'), /an operator has taken an override back/);
    assert.equal((await post(setting, '/overrides/end', { domain: 'a.test' })).status, 404);
  });

  it('says where mail for the domain goes, where that is elsewhere', async (t) => {
    const setting = await controlSetting(t);
    const { body } = await post(setting, '/overrides', { ...wanted, domain: 'routed.test' });
    assert.equal((body as Overridden).mail.destination, 'smtp://next.test:25');
  });

  it('for the name of a next hop reaches the mail that goes there', async (t) => {
    const setting = await controlSetting(t);
    await setting.relay.send({ to: ['b@routed.test'] });
    await setting.relay.until('it is deferred', ({ event }) => event === 'deferred');
    const { body } = await post(setting, '/overrides', { ...wanted, domain: 'next.test' });
    assert.deepEqual((body as Overridden).mail, { due: 1, underWay: 0, destination: 'next.test' });
    await setting.relay.until('it is tried again', ({ attempt }) => attempt === 2);
  });

  for (const [why, request] of [
    ['no JSON', '{'],
    ['a level that is none', { ...wanted, level: 'dane' }],
    ['no reason', { ...wanted, reason: '' }],
    ['a reason of two lines', { ...wanted, reason: 'a\nb' }],
    ['a reason without end', { ...wanted, reason: 'x'.repeat(501) }],
    ['no end', { domain: 'a.test', level: 'may', reason: 'x' }],
    ['an end that is no time', { ...wanted, until: 'tomorrow' }],
    ['an end that is over', { ...wanted, until: inDays(-1) }],
    ['an address', { ...wanted, domain: '192.0.2.1' }],
    ['a key nobody knows', { ...wanted, extra: 1 }],
  ] as const) {
    it(`${why}: 400, and nothing is kept`, async (t) => {
      const setting = await controlSetting(t);
      assert.equal((await post(setting, '/overrides', request)).status, 400);
      assert.deepEqual(await overrides(setting), []);
      assert.deepEqual(setting.words, []);
    });
  }

  for (const path of ['/policies/refresh', '/policies/purge', '/overrides/end']) {
    it(`${path} wants a domain: 400`, async (t) => {
      const setting = await controlSetting(t);
      for (const body of ['{', '{}', '{"domain":"a b"}', '{"domain":"a.test","x":1}'])
        assert.equal((await post(setting, path, body)).status, 400, body);
    });
  }
});
