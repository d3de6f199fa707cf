import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openProgress } from '../../../../src/cli/check/progress.ts';

function stream(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, written, write: (text: string) => written.push(text) };
}

describe('progress', () => {
  it('is shown on a terminal, and taken away', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const to = stream(true);
    const progress = openProgress(to);
    t.mock.timers.tick(1_000);
    assert.deepEqual(to.written, []);
    progress.begin('a.test');
    progress.begin(`${'b'.repeat(100)}.test`);
    t.mock.timers.tick(1_000);
    const [erased, shown] = (to.written[0] ?? '').split('[K');
    assert.equal(erased, '\r\x1b');
    assert.match(shown ?? '', /^0 done, checking a\.test and 1 more, \d+ s$/);
    progress.clear();
    progress.clear();
    assert.deepEqual(to.written.slice(1), ['\r\x1b[K']);
    progress.end('a.test');
    t.mock.timers.tick(1_000);
    assert.match(to.written[2] ?? '', /1 done, checking bbb/);
    assert.ok((to.written[2] ?? '').length < 80);
    progress.close();
    assert.equal(to.written.length, 4);
    t.mock.timers.tick(5_000);
    assert.equal(to.written.length, 4);
  });

  it('is nothing where there is no terminal', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const to = stream(false);
    const progress = openProgress(to);
    progress.begin('a.test');
    t.mock.timers.tick(2_000);
    progress.clear();
    progress.close();
    assert.deepEqual(to.written, []);
  });
});
