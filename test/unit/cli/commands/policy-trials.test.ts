import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { startControlPeer, waxwing } from '../control-peer.ts';

interface Asked {
  readonly url: string | undefined;
  readonly body: unknown;
}

const promotion = {
  domain: 'a.test',
  level: 'encrypt',
  reason: 'seen',
  mostBlocked: 2,
  blocked: 0,
  endedBecause: null,
  state: 'in-force',
  setAt: '2026-11-28T12:00:00.000Z',
  until: '2026-12-12T12:00:00.000Z',
  endedAt: null,
};
const promoted = { promotion, mail: { due: 0, underWay: 0, destination: 'a.test' } };

/** A relay that notes what it is asked, and gives that answer. */
async function peer(t: TestContext, answer: unknown): Promise<{ data: string; asked: readonly Asked[] }> {
  const asked: Asked[] = [];
  const { data } = await startControlPeer(t, (request, response) => {
    void text(request).then((body) => {
      asked.push({ url: request.url, body: body === '' ? null : JSON.parse(body) });
      response.end(JSON.stringify(answer));
    });
  });
  return { data, asked };
}

describe('policy propose and replay', { concurrency: 2 }, () => {
  it('asks for all domains, and shows those of which something can be required', async (t) => {
    const one = { domain: 'a.test', days: 14, sessions: 42, trials: [], level: 'encrypt' };
    const { data, asked } = await peer(t, [one, { ...one, domain: 'b.test', level: null }]);
    const run = await waxwing(['policy', 'propose', '--days', '10', '--data', data]);
    assert.deepEqual([run.code, run.stderr], [0, '']);
    assert.match(run.stdout, /^a\.test/m);
    assert.doesNotMatch(run.stdout, /^b\.test/m);
    const body = { back: 30, leastDays: 10, leastSessions: 20, domain: null, after: null };
    assert.deepEqual(asked, [{ url: '/trials/proposals', body }]);
  });

  it('says where there is nothing to go by', async (t) => {
    const { data } = await peer(t, []);
    const nothing = 'is kept: there was none, or report_only.mode is "off"\n';
    const proposed = await waxwing(['policy', 'propose', '--data', data]);
    assert.equal(proposed.stdout, `no session of the last 30 days ${nothing}`);
    const replayed = await waxwing(['policy', 'replay', '--rule', 'encrypt', '--back', '1', '--data', data]);
    assert.equal(replayed.stdout, `no session of today ${nothing}`);
  });

  it('tries a rule, with names where it is about names', async (t) => {
    const { data, asked } = await peer(t, [{ domain: 'a.test', rule: null }]);
    // A domain behind them is a domain, and not one name more.
    const names = ['--names', '.b.test', '--names', 'c.test'];
    const words = ['policy', 'replay', '--rule', 'authenticate', ...names, 'a.test'];
    const run = await waxwing([...words, '--data', data]);
    assert.equal(run.stdout, 'no session was seen of which authenticate says anything\n');
    const body = {
      rule: 'authenticate',
      names: ['.b.test', 'c.test'],
      back: 14,
      domain: 'a.test',
      after: null,
    };
    assert.deepEqual(asked, [{ url: '/trials/replay', body }]);
    const wrong = await waxwing(['policy', 'replay', '--rule', 'sts', '--names', 'b.test', '--data', data]);
    assert.match(wrong.stderr, /--names says whom a certificate may prove/);
  });
});

describe('policy promote and rollback', { concurrency: 2 }, () => {
  it('says level, end, reason and what is bearable', async (t) => {
    const { data, asked } = await peer(t, promoted);
    const words = ['policy', 'promote', 'a.test', '--level', 'encrypt', '--reason', 'seen', '--most', '2'];
    const run = await waxwing([...words, '--until', '2099-01-01T00:00:00Z', '--data', data]);
    assert.match(run.stdout, /^a\.test: encrypt until 2026-12-12/);
    const body = {
      domain: 'a.test',
      level: 'encrypt',
      until: '2099-01-01T00:00:00Z',
      reason: 'seen',
      mostBlocked: 2,
    };
    assert.deepEqual(asked, [{ url: '/promotions', body }]);
    const forever = await waxwing([...words, '--until', 'forever', '--data', data]);
    assert.match(forever.stderr, /a promoted level has an end/);
  });

  it('takes it back with a reason', async (t) => {
    const { data, asked } = await peer(t, promoted);
    const run = await waxwing(['policy', 'rollback', 'a.test', '--reason', 'told so', '--data', data]);
    assert.match(run.stdout, /^a\.test: encrypt is taken back/);
    assert.deepEqual(asked, [{ url: '/promotions/rollback', body: { domain: 'a.test', reason: 'told so' } }]);
  });
});
