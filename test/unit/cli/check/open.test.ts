import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { believed } from '../../../../src/cli/check/open.ts';
import { loadConfig } from '../../../../src/cli/config/load.ts';

function believedOf(...resolver: readonly string[]): string {
  const loaded = loadConfig({
    file: undefined,
    env: {},
    flags: { resolver: resolver.length === 0 ? undefined : resolver },
  });
  assert.ok(loaded.kind === 'ok');
  return believed(loaded.config);
}

describe('whom a check believes that a name does not exist, where nothing is proven', () => {
  for (const [whom, ...resolver] of [
    // A lab listens where it can.
    ['everyone', '127.0.0.1:5300'],
    ['everyone', '127.0.0.1:5300', '[::1]:5301'],
    // A forwarder hands on what a network says before somebody has logged in.
    ['who-knows-a-name', '127.0.0.1'],
    ['who-knows-a-name', '127.0.0.1:5300', '127.0.0.53:53'],
    ['who-knows-the-root', '192.0.2.53:5300'],
    ['who-knows-the-root', '127.0.0.1:5300', '192.0.2.53'],
    ['who-knows-the-root'],
  ] as const)
    it(`${resolver.join(' and ') || 'those of the system'}: ${whom}`, () =>
      assert.equal(believedOf(...resolver), whom));
});
