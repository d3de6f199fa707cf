import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';

const subject = new URL('../../../src/cli/collecting.ts', import.meta.url);

/** A heap of some twenty megabytes that stays, and much that lives for a moment only, as in a relay. */
const work = `
const kept = Array.from({ length: 300_000 }, (_, index) => ({ index, text: 'x' + index }));
const lately = new Array(60_000);
for (let index = 0; index < 2_000_000; index++) lately[index % lately.length] = { index, next: [index, index] };
console.log(kept.length);`;

/** How often V8 goes through the whole heap, which it tells. */
function collections(before: string): number {
  const script = `${before}${work}`;
  const args = ['--trace-gc', '--single-threaded', '--input-type=module', '--eval', script];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  // V8 says there that it does not know a flag, and goes on.
  assert.deepEqual([status, stderr], [0, '']);
  return stdout.split('\n').filter((line) => line.includes('Mark-Compact')).length;
}

it('V8 goes through the whole heap less often than it would by itself', () => {
  const late = collections(`import { collectLate } from ${JSON.stringify(subject.href)}; collectLate();`);
  const alone = collections('');
  assert.ok(late < alone, `${late} times, and ${alone} by itself`);
});
