import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { bin, waxwing } from './control-peer.ts';

describe('waxwing', { concurrency: 4 }, () => {
  it('without a command shows its help on stderr and exits with 2', async () => {
    const run = await waxwing([]);
    assert.deepEqual([run.code, run.stdout], [2, '']);
    assert.match(run.stderr, /^Examples:\n/);
  });

  it('shows help on stdout where it is asked for', async () => {
    const run = await waxwing(['config', '--help']);
    assert.deepEqual([run.code, run.stderr], [0, '']);
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
    it(`refuses "${args.join(' ')}" with exit code 2`, async () => {
      const run = await waxwing(args);
      assert.deepEqual([run.code, run.stdout], [2, '']);
      assert.match(run.stderr, message);
    });
  }

  it('ends quietly where nobody reads its output to the end', () => {
    const script = '"$0" "$1" config schema | true';
    const run = spawnSync('sh', ['-c', script, process.execPath, bin], { encoding: 'utf8' });
    assert.equal(run.stderr, '');
  });
});
