/** `waxwing check --input … --resume …`: killed at any moment, and each target once in the output all the same. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, statSync, truncateSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openCheckState } from '../../../src/store/check-state.ts';
import { randomOf } from '../../support/dns/random.ts';
import { bin } from '../../unit/cli/control-peer.ts';

/** `CHECK_TARGETS=100000` is the long run. */
const TARGETS = Number(process.env['CHECK_TARGETS'] ?? 1_000);
/** When it is killed, and where its output is torn. */
const SEED = Number(process.env['CHECK_SEED'] ?? 1);
const random = randomOf(SEED);
/** Addresses of this host where nothing listens: each is a door of its own, and none is waited for. */
function targetAt(index: number): string {
  return `[127.${77 + (index >> 16)}.${(index >> 8) & 0xff}.${index & 0xff}]:1`;
}

function listOf(count: number): string {
  return Array.from({ length: count }, (_, index) => `${targetAt(index)}\n`).join('');
}

interface Place {
  readonly list: string;
  readonly state: string;
  readonly output: string;
}

async function place(t: TestContext, targets = TARGETS): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-resume-'));
  t.after(() => rm(folder, { recursive: true }));
  const list = join(folder, 'list');
  await writeFile(list, `# of the test\n${listOf(targets)}`);
  return { list, state: join(folder, 'state'), output: join(folder, 'output') };
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
}

/** As a shell does with `>>`. */
function start({ list, state, output }: Place, form: 'ndjson' | 'csv' = 'ndjson'): Started {
  const fd = openSync(output, 'a');
  const how = ['--format', form, '--details', '--depth', 'quick', '--profile', 'default'];
  const words = ['--input', list, '--resume', state, ...how];
  const child = spawn(process.execPath, [bin, 'check', ...words, '--resolver', '127.0.0.1'], {
    env: { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] },
    stdio: ['ignore', fd, 'pipe'],
  });
  closeSync(fd);
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const stderr = child.stderr === null ? Promise.resolve('') : text(child.stderr);
  return { child, ended: Promise.all([code, stderr]).then(([c, s]) => ({ code: c, stderr: s })) };
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** Waits until the output has grown by so much, or the program has ended. */
async function grown({ child }: Started, { output }: Place, octets: number): Promise<void> {
  while (child.exitCode === null && sizeOf(output) < octets) await sleep(5);
}

async function targetsIn(output: string): Promise<readonly string[]> {
  const whole = await readFile(output, 'utf8');
  assert.ok(whole.endsWith('\n'));
  return whole
    .trimEnd()
    .split('\n')
    .map((line) => {
      const report: { target: string; profile?: { name: string } } = JSON.parse(line);
      // In whichever thread it was judged.
      assert.equal(report.profile?.name, 'default');
      return report.target;
    });
}

function assertEachOnce(found: readonly string[], count: number): void {
  assert.equal(found.length, count);
  assert.deepEqual(new Set(found), new Set(Array.from({ length: count }, (_, index) => targetAt(index))));
}

/** Octets of the output that the state does not call certain; where a kill leaves some, they are made again. */
function uncertain({ state, output }: Place): { readonly from: number; readonly to: number } {
  const opened = openCheckState(state);
  try {
    return { from: opened.kept?.offset ?? 0, to: sizeOf(output) };
  } finally {
    opened.close();
  }
}

/** As a kill leaves it that comes while a batch is written: somewhere in a line. */
function tear(at: Place): void {
  const { from, to } = uncertain(at);
  assert.ok(to > from, 'it was killed behind a batch that the state does not know of yet');
  truncateSync(at.output, from + 1 + random.below(to - from - 1));
}

/** Kills it as soon as the output has grown by so much: in the middle of a batch, or before the state knows of it. */
async function killWhenGrown(at: Place, octets: number, form?: 'csv'): Promise<void> {
  const run = start(at, form);
  await grown(run, at, sizeOf(at.output) + octets);
  assert.ok(run.child.kill('SIGKILL'), 'it was over before it could be killed');
  assert.equal((await run.ended).code, null);
}

/** Kills it at its beginning: while it starts, or while it looks at what is there. */
async function killAtOnce(at: Place, form?: 'csv'): Promise<void> {
  const run = start(at, form);
  // A state that is there already is looked at about then, too.
  while (run.child.exitCode === null && sizeOf(at.state) === 0) await sleep(1);
  await sleep(random.below(250));
  assert.ok(run.child.kill('SIGKILL'), 'it was over before it could be killed');
  assert.equal((await run.ended).code, null);
}

/** One that ends in order, and says that it can be gone on with. */
async function interrupt(at: Place): Promise<void> {
  const run = start(at);
  await grown(run, at, sizeOf(at.output) + TARGETS * 500);
  assert.ok(run.child.kill('SIGINT'), 'it was over before it could be interrupted');
  const { code, stderr } = await run.ended;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /\nnote: what is under way is finished; the same signal again ends it at once\n/);
  assert.match(stderr, /\nnote: it was interrupted; the same command again goes on with it\n$/);
  // Nothing is left to be made again.
  const found = await targetsIn(at.output);
  assert.match(stderr, new RegExp(`\nnote: ${found.length.toLocaleString('en')} targets tested, `));
  assert.ok(found.length < TARGETS);
}

describe(`waxwing check --resume (seed ${SEED})`, () => {
  it('each target is once in the output, although the program was killed four times and interrupted', async (t) => {
    const at = await place(t);
    await killAtOnce(at);
    await killWhenGrown(at, 1 + random.below(TARGETS * 1_500));
    tear(at);
    await killAtOnce(at);
    await killWhenGrown(at, 1 + random.below(TARGETS * 1_000));
    await interrupt(at);
    const last = await start(at).ended;
    assert.equal(last.code, 1, last.stderr);
    assert.match(last.stderr, /^note: going on: [1-9][0-9,]* targets are done\n/);
    const all = TARGETS.toLocaleString('en');
    assert.match(last.stderr, new RegExp(`\nnote: verdicts: nothing-arrives ${all}\n`));
    assertEachOnce(await targetsIn(at.output), TARGETS);
    const more = await start(at).ended;
    assert.equal(more.code, 1);
    assert.match(more.stderr, new RegExp(`^note: going on: ${all} targets are done\n`));
    assertEachOnce(await targetsIn(at.output), TARGETS);
  });

  it('rows of CSV have one head, although the program was killed, and threads have written them', async (t) => {
    const at = await place(t);
    // With nothing that is certain yet, with half a head or row, and behind a batch.
    await killWhenGrown(at, 1, 'csv');
    tear(at);
    await killAtOnce(at, 'csv');
    await killWhenGrown(at, 1 + random.below(TARGETS * 100), 'csv');
    const { code, stderr } = await start(at, 'csv').ended;
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^note: going on: [0-9,]+ targets are done\n/);
    const whole = await readFile(at.output, 'utf8');
    assert.ok(whole.startsWith('target,protocol,'));
    assert.equal(whole.split('target,protocol,').length, 2);
    const rows = whole.match(/^\[127\.[0-9.]+\]:1(?=,smtp,)/gm) ?? [];
    const counts = Map.groupBy(rows, (target) => target);
    assertEachOnce([...counts.keys()], TARGETS);
    assert.equal(new Set([...counts.values()].map(({ length }) => length)).size, 1);
  });
});
