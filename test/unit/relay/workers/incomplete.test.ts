import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import { INCOMPLETE_HEADER, WorkersMissing } from '../../../../src/relay/workers/fan-out.ts';
import { openIncomplete } from '../../../../src/relay/workers/incomplete.ts';

function setting(): Hono {
  const app = new Hono();
  const { watch, note } = openIncomplete();
  watch(app);
  app.get('/lacks/:worker', async (context) => {
    note([Number(context.req.param('worker'))]);
    await sleep(5);
    note([1]);
    return context.json([]);
  });
  app.get('/whole', (context) => context.json([]));
  app.get('/unknown', () => {
    throw new WorkersMissing([3]);
  });
  app.get('/broken', () => {
    throw new Error('ours');
  });
  return app;
}

describe('an answer of several workers', () => {
  it('says whose part it lacks, each answer of itself', async () => {
    const app = setting();
    const headers = await Promise.all(
      ['/lacks/4', '/whole', '/lacks/2'].map(async (path) =>
        (await app.request(path)).headers.get(INCOMPLETE_HEADER),
      ),
    );
    assert.deepEqual(headers, ['1,4', null, '1,2']);
  });

  it('is no answer where it cannot be known without those who are missing', async () => {
    const answer = await setting().request('/unknown');
    assert.equal(answer.status, 503);
    assert.match(await answer.text(), /worker 3 gives no answer/);
    assert.equal((await setting().request('/broken')).status, 500);
  });
});
