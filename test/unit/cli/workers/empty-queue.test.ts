import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { tellWhenEmpty } from '../../../../src/cli/workers/empty-queue.ts';
import type { ListedMessage } from '../../../../src/store/queue-store.ts';

function setting(t: TestContext, receiptsUntil: number | undefined) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const here = { now: 10_000, messages: 1, told: 0, purged: 0 };
  const stop = tellWhenEmpty({
    store: {
      list: () => Promise.resolve(Array.from({ length: here.messages }, () => ({}) as ListedMessage)),
      purge(olderThan) {
        here.purged = olderThan;
        return Promise.resolve(0);
      },
    },
    receiptsUntil,
    keepFinalMs: () => 4_000,
    now: () => here.now,
    tell: () => {
      here.told += 1;
    },
    onError: (what, error) => assert.fail(`${what}: ${String(error)}`),
  });
  t.after(stop);
  const look = async (): Promise<number> => {
    t.mock.timers.tick(1_000);
    await new Promise((resolve) => setImmediate(resolve));
    return here.told;
  };
  return { here, look };
}

describe('a queue that no worker has any more', () => {
  it('is told of once it has no message, final ones included', async (t) => {
    const { here, look } = setting(t, undefined);
    assert.equal(await look(), 0);
    assert.equal(here.purged, 6_000);
    here.messages = 0;
    assert.equal(await look(), 1);
    assert.equal(await look(), 1, 'once');
  });

  it('stays while its receipts hold, also where the messages are forgotten: a request that comes again would be carried out twice', async (t) => {
    const { here, look } = setting(t, 20_000);
    here.messages = 0;
    here.now = 20_000;
    assert.equal(await look(), 0);
    here.now = 20_001;
    assert.equal(await look(), 1);
  });
});
