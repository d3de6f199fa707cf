import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import type { KeptPolicy } from '../../../../src/relay/policies-api.ts';
import { startControlPeer, waxwing } from '../control-peer.ts';

const at = '2026-11-28T12:00:00.000Z';
const kept: KeptPolicy = {
  domain: 'a.test',
  inForce: true,
  policy: {
    id: 'a1',
    mode: 'enforce',
    mx: ['mx.a.test'],
    maxAgeSeconds: 86_400,
    lines: ['version: STSv1'],
    warnings: [],
    fetchedAt: at,
    expiresAt: at,
  },
  failures: null,
  attemptedAt: at,
  refreshAt: at,
  usedAt: at,
};
const override = { domain: 'a.test', inForce: true, level: 'may', until: at, reason: 'x', setAt: at };
const mail = { due: 1, underWay: 0, destination: 'a.test' };

interface Asked {
  readonly url: string | undefined;
  readonly body: unknown;
}

/** A relay that notes what it is asked, and answers by what stands at the beginning of the path. */
async function peer(
  t: TestContext,
  answers: Readonly<Record<string, unknown>>,
): Promise<{ readonly data: string; readonly asked: readonly Asked[] }> {
  const asked: Asked[] = [];
  const { data } = await startControlPeer(t, (request, response) => {
    void text(request).then((body) => {
      asked.push({ url: request.url, body: body === '' ? null : JSON.parse(body) });
      const key = Object.keys(answers).find((one) => request.url?.startsWith(one) === true);
      if (key === undefined) response.writeHead(404).end('{"error":"nothing is kept of b.test"}');
      else response.end(JSON.stringify(answers[key]));
    });
  });
  return { data, asked };
}

describe('policy list and show', { concurrency: 2 }, () => {
  it('asks page by page, for the overrides, and for the policy list', async (t) => {
    const page = Array.from({ length: 200 }, (_, index) => ({ ...kept, domain: `d${index}.test` }));
    const { data, asked } = await peer(t, {
      '/policies?after=d199.test': [kept],
      '/policies': page,
      '/overrides': [override],
      '/list': null,
    });
    const run = await waxwing(['policy', 'list', '--json', '--data', data]);
    assert.deepEqual([run.code, run.stderr], [0, '']);
    const said = JSON.parse(run.stdout) as { policies: unknown[]; overrides: unknown[]; list: unknown };
    assert.deepEqual([said.policies.length, said.overrides, said.list], [201, [override], null]);
    assert.deepEqual(
      asked.map(({ url }) => url),
      ['/policies', '/policies?after=d199.test', '/overrides', '/list'],
    );
  });

  it('--broken: what is remembered of TLS at hosts, all of it', async (t) => {
    const { data, asked } = await peer(t, { '/remembered-tls': [] });
    const run = await waxwing(['policy', 'list', '--broken', '--data', data]);
    assert.deepEqual([run.code, run.stdout], [0, 'nothing is remembered of TLS at any host\n']);
    assert.deepEqual(
      asked.map(({ url }) => url),
      ['/remembered-tls'],
    );
    const both = await waxwing(['policy', 'list', '--broken', '--after', 'a.test', '--data', data]);
    assert.notEqual(both.code, 0);
    assert.match(both.stderr, /--after means nothing/);
  });

  it('begins behind a domain', async (t) => {
    const { data, asked } = await peer(t, { '/policies': [], '/overrides': [], '/list': null });
    const run = await waxwing(['policy', 'list', '--after', 'C.test.', '--data', data]);
    const nothing = [
      'no MTA-STS policies are kept',
      'there are no overrides',
      'there is no policy list: list.keys is not set',
    ];
    assert.deepEqual([run.code, run.stdout], [0, nothing.map((line) => `${line}\n`).join('\n')]);
    assert.equal(asked[0]?.url, '/policies?after=c.test');
  });

  it('shows a domain in its one spelling', async (t) => {
    const { data, asked } = await peer(t, {
      '/policies/': {
        domain: 'a.test',
        sts: kept,
        override: null,
        promotion: null,
        listed: null,
        outbound: [],
        inbound: [],
        results: [],
      },
    });
    const run = await waxwing(['policy', 'show', 'BÜCHER.test', '--data', data]);
    assert.equal(run.code, 0);
    assert.match(run.stdout, /^a\.test: MTA-STS enforce, id a1, in force\n/);
    assert.equal(asked[0]?.url, '/policies/xn--bcher-kva.test');
  });

  it('says that nothing is kept: exit code 1', async (t) => {
    const { data } = await peer(t, {});
    const run = await waxwing(['policy', 'show', 'b.test', '--data', data]);
    assert.deepEqual(run, { code: 1, stdout: '', stderr: 'error: nothing is kept of b.test\n' });
  });
});

describe('policy refresh and purge', { concurrency: 2 }, () => {
  for (const [outcome, code] of [
    ['policy', 0],
    ['none', 0],
    ['failed', 1],
  ] as const) {
    it(`${outcome}: exit code ${code}`, async (t) => {
      const answer = { domain: 'a.test', outcome, because: 'so', evidence: [], sts: null, mail };
      const { data, asked } = await peer(t, { '/policies/refresh': answer });
      const run = await waxwing(['policy', 'refresh', 'a.test', '--data', data]);
      assert.deepEqual([run.code, run.stderr], [code, '']);
      assert.match(run.stdout, /^a\.test: so\n/);
      assert.deepEqual(asked, [{ url: '/policies/refresh', body: { domain: 'a.test' } }]);
    });
  }

  it('forgets, and says what that means', async (t) => {
    const { data, asked } = await peer(t, { '/policies/purge': { purged: kept, mail } });
    const run = await waxwing(['policy', 'purge', 'a.test', '--data', data]);
    assert.equal(run.code, 0);
    assert.match(run.stdout, /is forgotten\.\nNothing of it protects mail any more/);
    assert.deepEqual(asked, [{ url: '/policies/purge', body: { domain: 'a.test' } }]);
  });
});

describe('policy override', { concurrency: 2 }, () => {
  it('says the level, the end and the reason', async (t) => {
    const { data, asked } = await peer(t, { '/overrides': { override, mail } });
    const before = Date.now();
    const words = ['override', 'a.test', 'may', '--until', '2d', '--reason', 'told by phone'];
    const run = await waxwing(['policy', ...words, '--data', data]);
    assert.deepEqual([run.code, run.stderr], [0, '']);
    const [{ url, body } = { url: undefined, body: null }] = asked;
    assert.equal(url, '/overrides');
    const { until, ...rest } = body as { readonly until: string };
    assert.deepEqual(rest, { domain: 'a.test', level: 'may', reason: 'told by phone' });
    const days = (Date.parse(until) - before) / 86_400_000;
    assert.ok(days > 1.99 && days < 2.01, until);
  });

  it('forever is no end', async (t) => {
    const { data, asked } = await peer(t, { '/overrides': { override: { ...override, until: null }, mail } });
    const words = ['override', 'a.test', 'off', '--until', 'forever', '--reason', 'x', '--json'];
    const run = await waxwing(['policy', ...words, '--data', data]);
    assert.equal(run.code, 0);
    assert.deepEqual(asked[0]?.body, { domain: 'a.test', level: 'off', until: null, reason: 'x' });
    assert.deepEqual(JSON.parse(run.stdout), { override: { ...override, until: null }, mail });
  });

  it('is taken back', async (t) => {
    const { data, asked } = await peer(t, { '/overrides/end': { override, mail } });
    const run = await waxwing(['policy', 'override', 'a.test', '--remove', '--data', data]);
    assert.deepEqual([run.code, run.stderr], [0, '']);
    assert.match(run.stdout, /^the override for a\.test \(may\) is taken back\n/);
    assert.deepEqual(asked, [{ url: '/overrides/end', body: { domain: 'a.test' } }]);
  });
});

describe('wrong words', { concurrency: 2 }, () => {
  const mistakes: readonly (readonly [words: readonly string[], message: RegExp])[] = [
    [['show'], /missing required argument 'domain'/],
    [['show', 'a b'], /^error: "a b" is not a domain: /],
    [['refresh', '192.0.2.1'], /^error: "192\.0\.2\.1" is not a domain/],
    [['list', '--after', '..'], /^error: "\.\." is not a domain/],
    [['import-list'], /missing required argument 'file'/],
    [['sign-list', 'x'], /required option '--key <file>' not specified/],
    [['override', 'a.test'], /^error: an override takes a level, --until and --reason; or --remove alone/],
    [['override', 'a.test', 'may', '--until', '2d'], /^error: an override takes a level/],
    [['override', 'a.test', 'may', '--reason', 'x'], /^error: an override takes a level/],
    [
      ['override', 'a.test', 'dane', '--until', '2d', '--reason', 'x'],
      /Allowed choices are off, may, encrypt/,
    ],
    [['override', 'a.test', 'may', '--until', 'soon', '--reason', 'x'], /^error: --until: "soon" is neither/],
    [['override', 'a.test', 'may', '--until', '2d', '--reason', ''], /^error: --reason: it is empty/],
    [['override', 'a.test', 'may', '--remove'], /^error: --remove takes back what is there/],
    [['override', 'a.test', '--remove', '--reason', 'x'], /^error: --remove takes back what is there/],
  ];
  for (const [words, message] of mistakes) {
    it(`policy ${words.join(' ')}: exit code 2, and what would be right`, async () => {
      const run = await waxwing(['policy', ...words]);
      assert.deepEqual([run.code, run.stdout], [2, '']);
      assert.match(run.stderr, message);
    });
  }

  it('nobody serves the folder: exit code 1, and how to start one', async () => {
    const run = await waxwing(['policy', 'list', '--data', '/none']);
    assert.deepEqual([run.code, run.stdout], [1, '']);
    assert.match(run.stderr, /^error: no waxwing serves \/none; start it with: waxwing serve\n/);
  });
});

it('shows no option that means nothing to who asks the running relay', async () => {
  const { stdout } = await waxwing(['policy', 'show', '--help']);
  assert.match(stdout, /--data <dir>/);
  assert.doesNotMatch(stdout, /--resolver|--smtp-port|--trust-anchor/);
});
