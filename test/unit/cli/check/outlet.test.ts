import assert from 'node:assert/strict';
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Outlet, OutputError, openOutlet } from '../../../../src/cli/check/outlet.ts';
import { noTotals, readTotals } from '../../../../src/cli/check/totals.ts';
import type { Step } from '../../../../src/store/check-state.ts';

function fileOf(t: TestContext): { readonly fd: number; readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-outlet-'));
  const path = join(folder, 'output');
  const fd = openSync(path, 'a');
  t.after(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  return { fd, path };
}

async function put(outlet: Outlet, from: number, to: number, size = 20): Promise<void> {
  for (let line = from; line <= to; line += 1) {
    await outlet.write(`${line} `.padEnd(size - 1, '.'));
    await outlet.write('\n');
    await outlet.done(line, { ...noTotals, tested: line });
  }
}

const linesIn = (text: string): readonly number[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => Number.parseInt(line, 10));

describe('results in a file', () => {
  it('at every step exactly the lines that are done are in it, up to the certain octet', async (t) => {
    const { fd, path } = fileOf(t);
    writeSync(fd, 'of another\n');
    const steps: Step[] = [];
    const done = new Set<number>();
    const outlet = openOutlet({
      sink: { kind: 'file', fd, stat: () => fstatSync(fd) },
      offset: 11,
      totals: noTotals,
      everyMs: 2,
      state: {
        keep(step) {
          const whole = readFileSync(path, 'utf8');
          // Nothing behind the octet that the step before has announced, and nothing certain that is not there.
          assert.ok(whole.length <= (steps.at(-1)?.until ?? 11));
          assert.ok(step.offset <= whole.length && step.until >= step.offset);
          for (const line of step.done) {
            assert.ok(!done.has(line));
            done.add(line);
          }
          assert.deepEqual(linesIn(whole.slice(11, step.offset)), [...done]);
          assert.equal(readTotals(step.totals)?.tested, done.size);
          steps.push(step);
        },
      },
    });
    await put(outlet, 1, 30);
    // A small batch waits for no other one.
    while (fstatSync(fd).size === 11) await new Promise((resolve) => setTimeout(resolve, 2));
    await put(outlet, 31, 90, 100_000);
    await outlet.close();
    // The small batch, what comes behind it in one batch or in several, and the end.
    assert.ok(steps.length >= 3);
    assert.equal(done.size, 90);
    const last = steps.at(-1);
    assert.deepEqual([last?.offset, last?.until], [fstatSync(fd).size, fstatSync(fd).size]);
  });

  it('that something else writes to, too, are not gone on with', async (t) => {
    const { fd } = fileOf(t);
    const steps: Step[] = [];
    const outlet = openOutlet({
      sink: { kind: 'file', fd, stat: () => fstatSync(fd) },
      offset: 0,
      totals: noTotals,
      state: { keep: (step) => void steps.push(step) },
    });
    await put(outlet, 1, 1);
    writeSync(fd, 'mine\n');
    await assert.rejects(outlet.close(), (error: unknown) => {
      assert.ok(error instanceof OutputError);
      assert.match(error.message, /it has 5 octets in place of 0: something else writes to it/);
      return true;
    });
    // Announced, and never certain.
    assert.deepEqual(
      steps.map(({ done, offset, until }) => [done, offset, until]),
      [[[], 0, 20]],
    );
    await assert.rejects(outlet.done(2, noTotals), OutputError);
  });

  it('that the medium does not take are never certain', async () => {
    const fd = openSync('/dev/full', 'w');
    const steps: Step[] = [];
    const outlet = openOutlet({
      sink: { kind: 'file', fd, stat: () => ({ size: 0 }) },
      offset: 0,
      totals: noTotals,
      state: { keep: (step) => void steps.push(step) },
    });
    await put(outlet, 1, 3);
    await assert.rejects(outlet.close(), /OutputError: the output cannot be written: ENOSPC/);
    assert.ok(steps.every(({ done, offset }) => done.length === 0 && offset === 0));
    closeSync(fd);
  });
});

describe('results in a pipe', () => {
  it('are done once they were taken, and not before', async () => {
    const steps: Step[] = [];
    let taken = '';
    const outlet = openOutlet({
      sink: {
        kind: 'stream',
        async write(octets) {
          await new Promise((resolve) => setImmediate(resolve));
          assert.deepEqual(
            steps.flatMap(({ done }) => done),
            linesIn(taken),
          );
          taken += Buffer.from(octets).toString();
        },
      },
      offset: 0,
      totals: noTotals,
      everyMs: 1,
      state: { keep: (step) => void steps.push(step) },
    });
    await put(outlet, 1, 50, 100_000);
    await outlet.close();
    assert.deepEqual(
      steps.flatMap(({ done }) => done),
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    assert.equal(linesIn(taken).length, 50);
  });

  it('go on where a batch was written before its time was up', async () => {
    let taken = '';
    const gates: (() => void)[] = [];
    const outlet = openOutlet({
      sink: {
        kind: 'stream',
        async write(octets) {
          await new Promise<void>((resolve) => gates.push(resolve));
          taken += Buffer.from(octets).toString();
        },
      },
      offset: 0,
      totals: noTotals,
      everyMs: 20,
      state: { keep: () => undefined },
    });
    const opened = async (count: number): Promise<void> => {
      while (gates.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
      gates[count - 1]?.();
    };
    await put(outlet, 1, 1);
    while (gates.length < 1) await new Promise((resolve) => setTimeout(resolve, 1));
    // It waits for its time, and is written with the first before that.
    await put(outlet, 2, 2);
    await opened(1);
    await opened(2);
    await new Promise((resolve) => setTimeout(resolve, 60));
    await put(outlet, 3, 3);
    await Promise.all([opened(3), outlet.close()]);
    assert.deepEqual(linesIn(taken), [1, 2, 3]);
  });

  it('what is no target has no line there, and is done all the same', async () => {
    const steps: Step[] = [];
    const outlet = openOutlet({
      sink: { kind: 'stream', write: () => Promise.resolve() },
      offset: 0,
      totals: noTotals,
      state: { keep: (step) => void steps.push(step) },
    });
    await outlet.done(7, noTotals);
    await outlet.done(undefined, noTotals);
    await outlet.close();
    assert.deepEqual(
      steps.flatMap(({ done }) => done),
      [7],
    );
  });
});
