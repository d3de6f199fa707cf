import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Usage, usageOf, watchDescriptors } from '../../../src/cli/descriptors.ts';

const used = (count: number): Usage => ({ kind: 'used', used: count, limit: 100 });

/** What is said of these, one after the other. */
async function saidOf(...usages: readonly Usage[]): Promise<readonly string[]> {
  const left = [...usages];
  const said: string[] = [];
  watchDescriptors(
    (level, what) => said.push(`${level}: ${what.split(':')[0]}`),
    () => Promise.resolve(left.shift() ?? { kind: 'unknown' }),
    1,
  );
  while (left.length > 0) await sleep(1);
  await sleep(3);
  return said;
}

describe('the watch of descriptors', () => {
  it('tells once that they are scarce, from nine tenths of the limit on', async () => {
    assert.deepEqual(await saidOf(used(89)), []);
    assert.deepEqual(await saidOf(used(89), used(90), used(95), { kind: 'none-left' }), [
      'warn: 90 of 100 file descriptors are in use',
    ]);
    assert.deepEqual(await saidOf({ kind: 'none-left' }), ['warn: no file descriptor is left']);
  });

  it('tells once that there are enough again, below eight tenths', async () => {
    const scarce = 'warn: 90 of 100 file descriptors are in use';
    assert.deepEqual(await saidOf(used(90), used(80)), [scarce]);
    assert.deepEqual(await saidOf(used(90), used(79), used(50), used(90)), [
      scarce,
      'info: there are enough file descriptors again',
      scarce,
    ]);
  });
});

describe('the usage of descriptors', () => {
  it('is read where Linux tells of the process', async (t) => {
    const place = await mkdtemp(join(tmpdir(), 'waxwing-proc-'));
    t.after(() => rm(place, { recursive: true }));
    const limits =
      'Limit    Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files     \n';
    await writeFile(join(place, 'limits'), limits);
    await mkdir(join(place, 'fd'));
    for (const name of ['0', '1', '2']) await writeFile(join(place, 'fd', name), '');
    assert.deepEqual(await usageOf(place), { kind: 'used', used: 3, limit: 1_024 });
  });

  it('is unknown where nothing tells of it, or there is no limit', async (t) => {
    const place = await mkdtemp(join(tmpdir(), 'waxwing-proc-'));
    t.after(() => rm(place, { recursive: true }));
    assert.deepEqual(await usageOf(place), { kind: 'unknown' });
    await writeFile(
      join(place, 'limits'),
      'Max open files            unlimited            unlimited            files     \n',
    );
    assert.deepEqual(await usageOf(place), { kind: 'unknown' });
  });
});
