import assert from 'node:assert/strict';
import { it } from 'node:test';
import { queuePages } from '../../../src/cli/queue-pages.ts';

it('asks for the next page behind the last message, and no further once one is not full', async () => {
  const full = Array.from({ length: 200 }, (_, index) => ({ id: `m${index}` }));
  const asked: string[] = [];
  const answers: unknown[] = [full, []];
  const pages = queuePages('open', 'm', (path) => {
    asked.push(path);
    return Promise.resolve(answers.shift());
  });
  const steps = [await pages.next(), await pages.next(), await pages.next()];
  assert.deepEqual(steps, [
    { done: false, value: full },
    { done: false, value: [] },
    { done: true, value: 'whole' },
  ]);
  assert.deepEqual(asked, ['/queue?which=open&after=m', '/queue?which=open&after=m199']);
});

it('is cut where an answer cannot be had', async () => {
  const pages = queuePages('all', undefined, () => Promise.resolve(undefined));
  assert.deepEqual(await pages.next(), { done: true, value: 'cut' });
});
