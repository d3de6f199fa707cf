import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { testDeadlines } from './peer.ts';

it('a deadline that passes is told once, and again only after it was set again', async (t) => {
  let missed = 0;
  const deadline = testDeadlines(t).add(() => missed++);
  await sleep(50);
  assert.equal(missed, 0, 'nothing is due before it is set');
  deadline.set(20);
  await sleep(100);
  assert.equal(missed, 1);
  deadline.set(20);
  await sleep(100);
  assert.equal(missed, 2);
});

it('a deadline that is moved, cleared or dropped is not missed', async (t) => {
  const missed: string[] = [];
  const deadlines = testDeadlines(t);
  const [moved, cleared, dropped] = ['moved', 'cleared', 'dropped'].map((name) =>
    deadlines.add(() => missed.push(name)),
  );
  for (const deadline of [moved, cleared, dropped]) deadline?.set(60);
  moved?.set(60_000);
  cleared?.clear();
  dropped?.drop();
  await sleep(150);
  assert.deepEqual(missed, []);
});

it('one that is missed may add and drop others', async (t) => {
  const missed: string[] = [];
  const deadlines = testDeadlines(t);
  const other = deadlines.add(() => missed.push('other'));
  const first = deadlines.add(() => {
    missed.push('first');
    first.drop();
    other.drop();
    deadlines.add(() => missed.push('later')).set(20);
  });
  first.set(20);
  await sleep(150);
  assert.deepEqual(missed, ['first', 'later']);
});

it('after close nothing is told any more', async (t) => {
  let missed = 0;
  const deadlines = testDeadlines(t);
  deadlines.add(() => missed++).set(20);
  deadlines.close();
  await sleep(80);
  assert.equal(missed, 0);
});
