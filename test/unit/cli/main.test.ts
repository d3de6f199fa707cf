import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const bin = join(import.meta.dirname, '../../../src/cli/bin.ts');

function waxwing(args: readonly string[]) {
  return spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8' });
}

describe('waxwing', () => {
  it('without a command shows its help on stderr and exits with 2', () => {
    const run = waxwing([]);
    assert.deepEqual([run.status, run.stdout], [2, '']);
    assert.match(run.stderr, /^Examples:\n/);
  });

  it('shows help on stdout where it is asked for', () => {
    const run = waxwing(['config', '--help']);
    assert.deepEqual([run.status, run.stderr], [0, '']);
    assert.match(run.stdout, /^Examples:\n {2}waxwing config init[\s\S]*Usage: waxwing config/);
  });

  const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
    [['config', 'show', '--efective'], /unknown option '--efective'\n\(Did you mean --effective\?\)/],
    [['config', 'chekc'], /unknown command 'chekc'\n\(Did you mean check\?\)/],
    [['conifg'], /unknown command 'conifg'\n\(Did you mean config\?\)/],
    [['config', 'check', 'extra'], /too many arguments/],
    [['config', 'check', '--config'], /argument missing/],
  ];
  for (const [args, message] of mistakes) {
    it(`refuses "${args.join(' ')}" with exit code 2`, () => {
      const run = waxwing(args);
      assert.deepEqual([run.status, run.stdout], [2, '']);
      assert.match(run.stderr, message);
    });
  }

  it('ends quietly where nobody reads its output to the end', () => {
    const script = '"$0" "$1" config schema | true';
    const run = spawnSync('sh', ['-c', script, process.execPath, bin], { encoding: 'utf8' });
    assert.equal(run.stderr, '');
  });
});
