import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ControlParts } from '../../../src/relay/control.ts';
import { controlSetting } from '../../support/control.ts';

const SINCE = '2026-11-28T12:00:00Z';

async function asking(t: TestContext, given: Partial<ControlParts['webhooks']> = {}) {
  const calls: unknown[][] = [];
  const webhooks: ControlParts['webhooks'] = {
    list: () => Promise.resolve([]),
    replay(...asked) {
      calls.push(asked);
      return Promise.resolve({ kind: 'ok', value: { events: 0, from: null, to: null, ended: 'all' } });
    },
    dead(...asked) {
      calls.push(asked);
      return Promise.resolve({ kind: 'ok', value: [] });
    },
    retryDead: () => Promise.resolve({ kind: 'refused', because: 'there is no webhook shop' }),
    ...given,
  };
  const { asked } = await controlSetting(t, { webhooks });
  return { asked, calls };
}

describe('the control socket', () => {
  it('lists webhooks, those that are not configured any more among them', async (t) => {
    const { asked } = await asking(t, {
      list: () =>
        Promise.resolve([
          {
            webhook: 'shop',
            waiting: { batches: 1, events: 2, octets: 3, oldestAt: 0 },
            dead: { batches: 0, events: 0, octets: 0 },
            ended: { url: 'https://x.test/', at: 0, because: 'the receiver answered 410' },
            sender: null,
          },
        ]),
    });
    assert.deepEqual(await asked('GET', '/webhooks'), {
      status: 200,
      body: [
        {
          name: 'shop',
          url: null,
          state: 'unknown',
          because: 'the receiver answered 410',
          nextAt: null,
          waiting: { batches: 1, events: 2, octets: 3, oldestAt: '1970-01-01T00:00:00.000Z' },
          dead: { batches: 0, events: 0, octets: 0 },
          sent: 0,
        },
      ],
    });
  });

  it('replays from a moment to another one, at most to now', async (t) => {
    const { asked, calls } = await asking(t);
    const name = encodeURIComponent('my shop');
    const replay = (body: unknown) => asked('POST', `/webhooks/${name}/replay`, JSON.stringify(body));
    assert.equal((await replay({ since: SINCE, until: '2026-11-28T12:00:01Z' })).status, 200);
    assert.deepEqual(calls[0], ['my shop', Date.parse(SINCE), Date.parse('2026-11-28T12:00:01Z')]);
    await replay({ since: SINCE, until: '2099-01-01T00:00:00Z' });
    assert.ok(Number(calls[1]?.[2]) <= Date.now());
    for (const wrong of [{}, { since: 'yesterday' }, { since: SINCE, more: 1 }, 'x'])
      assert.equal((await replay(wrong)).status, 400, JSON.stringify(wrong));
    assert.equal((await asked('POST', '/webhooks/shop/replay', '{')).status, 400);
    assert.equal(calls.length, 2);
  });

  it('pages through dead letters', async (t) => {
    const letter = { id: 'msg', at: 0, deadAt: 0, events: 1, attempts: 1, because: 'x' };
    const { asked } = await asking(t, {
      dead: (_, after) =>
        Promise.resolve({
          kind: 'ok',
          value: Array.from({ length: after === 0 ? 100 : 1 }, (__, index) => ({
            ...letter,
            number: after + index + 1,
          })),
        }),
    });
    const first = await asked('GET', '/webhooks/shop/dead');
    assert.equal((first.body as { after: number }).after, 100);
    const second = await asked('GET', '/webhooks/shop/dead?after=100');
    assert.equal((second.body as { after: null }).after, null);
    assert.equal((await asked('GET', '/webhooks/shop/dead?after=x')).status, 400);
  });

  it('says why something is not done', async (t) => {
    const { asked } = await asking(t);
    assert.deepEqual(await asked('POST', '/webhooks/shop/retry-dead'), {
      status: 409,
      body: { error: 'there is no webhook shop' },
    });
  });
});
