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

  it('of a list is a line every minute where there is no terminal', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    let now = 0;
    const to = stream(false);
    const progress = openProgress(to, () => now);
    progress.begin('a.test');
    const minute = (finished: number): string => {
      now += 60_000;
      progress.count({ finished, of: 10_000, totals: { tested: finished, wrong: 0, verdicts: { lost: 2 } } });
      progress.clear();
      t.mock.timers.tick(60_000);
      return to.written.at(-1) ?? '';
    };
    minute(600);
    assert.equal(minute(1_200), 'note: 1,200 of 10,000 (12 %), 10/s, 14 min 40 s left; lost 2\n');
    progress.close();
    t.mock.timers.tick(600_000);
    assert.equal(to.written.length, 2);
  });

  it('is nothing for a few targets where there is no terminal', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const to = stream(false);
    const progress = openProgress(to);
    progress.begin('a.test');
    t.mock.timers.tick(200_000);
    progress.clear();
    progress.close();
    assert.deepEqual(to.written, []);
  });

  it('of a list has what is done, how fast, how long it will take, and what came of it', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    let now = 0;
    const to = { ...stream(true), columns: 60 };
    const progress = openProgress(to, () => now);
    const at = (seconds: number, finished: number, of: number | undefined, verdicts = {}): string => {
      now = 1_000 * seconds;
      const totals = { tested: 1_000 + finished, wrong: 0, verdicts };
      progress.count({ finished, of, totals });
      t.mock.timers.tick(1_000);
      return (to.written.at(-1) ?? '').replace('\r\x1b[K', '');
    };
    assert.equal(at(1, 0, 10_000), '1,000 of 10,000 (10 %), 0.0/s');
    assert.equal(at(2, 50, 10_000), '1,050 of 10,000 (10 %), 50/s, 2 min 59 s left');
    assert.equal(
      at(3, 250, 10_000, { protected: 900, lost: 350 }),
      '1,250 of 10,000 (12 %), 125/s, 1 min 10 s left; protected 900, lost 350'.slice(0, 59),
    );
    assert.equal(at(4, 400, undefined, { lost: 1 }), '1,400, 133/s; lost 1');
    // What was fast at first and is slow now is told by what it is now.
    for (let second = 5; second < 100; second += 1) at(second, 400, undefined);
    assert.equal(at(100, 400, undefined), '1,400, 0.0/s');
    progress.close();
  });
});
