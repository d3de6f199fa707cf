import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { OutputError } from '../../../../src/cli/check/outlet.ts';
import { type Resumed, type ResumeRequest, resume } from '../../../../src/cli/check/resume.ts';
import { noTotals, writeTotals } from '../../../../src/cli/check/totals.ts';
import { openCheckState } from '../../../../src/store/check-state.ts';

interface Bench {
  readonly state: string;
  readonly output: string;
  /** As the program is called; `flag` as a shell opens its output. */
  readonly open: (change?: Partial<ResumeRequest>, flag?: string) => Resumed;
}

const terms = { '--depth': 'quick', '--only': '' };
const survey = { sha256: 'a'.repeat(64), targets: 9 };

function bench(t: TestContext): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-resume-unit-'));
  const [state, output] = [join(folder, 'state'), join(folder, 'output')];
  const open: Bench['open'] = (change = {}, flag = 'a') => {
    const fd = openSync(output, flag);
    t.after(() => closeSync(fd));
    const write = (): Promise<void> => Promise.resolve();
    return resume({ file: state, survey, terms, output: { fd, write }, ...change });
  };
  t.after(() => rmSync(folder, { recursive: true }));
  return { state, output, open };
}

/** A run that was begun behind `head`, and killed as it was writing `batch` behind `certain`. */
function killed({ state, output, open }: Bench, head: string, certain: string, batch: string): void {
  writeFileSync(output, head);
  open().close();
  const begun = openCheckState(state);
  const offset = head.length + certain.length;
  const totals = writeTotals({ ...noTotals, tested: 1 });
  begun.keep({ done: [1], totals, offset, until: offset + batch.length });
  begun.close();
}

const head = 'of an earlier run\n';
const certain = '{"target":"a.test"}\n';
const batch = '{"target":"b.test"}\n{"target":"c.test"}\n';

describe('a run that was killed', () => {
  it('goes on behind what is certain, wherever in the batch it was cut', (t) => {
    for (let length = 0; length <= batch.length; length += 1) {
      const at = bench(t);
      killed(at, head, certain, batch);
      writeFileSync(at.output, `${head}${certain}${batch.slice(0, length)}`);
      const resumed = at.open();
      assert.equal(readFileSync(at.output, 'utf8'), head + certain);
      assert.deepEqual(
        [resumed.isBack, resumed.totals.tested, resumed.isDone(1), resumed.isDone(2)],
        [true, 1, true, false],
      );
      resumed.close();
    }
  });

  const changed: readonly (readonly [string, string, RegExp])[] = [
    [
      'something else was appended',
      `${head}${certain}${batch}mine\n`,
      /no more than 78 are of this run: something else was written to it\. Without what stands behind octet 38 \(truncate -s 38\)/,
    ],
    [
      'it was cut',
      head,
      /has 18 octets, and 38 were written to it: it was cut, or begun anew with > in place/,
    ],
    ['it was begun anew', '', /has 0 octets, and 38 were written/],
  ];
  for (const [what, text, because] of changed) {
    it(`is not gone on with where ${what}, and nothing is changed`, (t) => {
      const at = bench(t);
      killed(at, head, certain, batch);
      writeFileSync(at.output, text);
      assert.throws(
        () => at.open(),
        (error: unknown) => error instanceof OutputError && because.test(error.message),
      );
      assert.equal(readFileSync(at.output, 'utf8'), text);
      // The state is nobody's after that.
      openCheckState(at.state).close();
    });
  }

  it('is another one with another list, other options, or another output', (t) => {
    const at = bench(t);
    killed(at, head, certain, batch);
    writeFileSync(at.output, `${head}${certain}`);
    const others: readonly (readonly [Partial<ResumeRequest>, RegExp])[] = [
      [{ survey: { ...survey, sha256: 'b'.repeat(64) } }, /the list has changed since it was begun/],
      [
        { terms: { ...terms, '--depth': 'deep' } },
        /it was begun with --depth quick, and this one has --depth deep/,
      ],
      [
        { terms: { ...terms, '--only': 'dane' } },
        /it was begun with no --only, and this one has --only dane/,
      ],
    ];
    for (const [change, because] of others) assert.throws(() => at.open(change), because);
    renameSync(at.output, `${at.output}.old`);
    assert.throws(() => at.open(), /killed while it wrote to another file; name that one behind >>, once/);
  });
});

describe('a run that came to its end, or was interrupted in peace', () => {
  it('goes on in another file, and takes nothing there for its own', (t) => {
    const at = bench(t);
    killed(at, head, certain, '');
    writeFileSync(at.output, `${head}${certain}`);
    renameSync(at.output, `${at.output}.old`);
    const resumed = at.open();
    assert.deepEqual(
      [resumed.isBack, resumed.isElsewhere, resumed.isAppended, resumed.isDone(1), resumed.isDone(2)],
      [true, true, false, true, false],
    );
    resumed.close();
    assert.equal(readFileSync(`${at.output}.old`, 'utf8'), head + certain);
    // From then on it belongs to that one.
    assert.equal(at.open().isElsewhere, false);
  });

  it('but not where nothing is left of it: an empty file is no result', (t) => {
    const at = bench(t);
    killed(at, head, certain, '');
    renameSync(at.output, `${at.output}.old`);
    const alone = { ...survey, targets: 1 };
    assert.throws(() => at.open({ survey: alone }), /at its end, and its results are in another file/);
  });

  it('but behind no part of a line, nor where a file gives way to a pipe', (t) => {
    const at = bench(t);
    killed(at, head, certain, '');
    renameSync(at.output, `${at.output}.old`);
    writeFileSync(at.output, 'half');
    assert.throws(() => at.open(), /the output ends within a line/);
    const fd = openSync('/dev/null', 'w');
    t.after(() => closeSync(fd));
    const write = (): Promise<void> => Promise.resolve();
    assert.throws(() => at.open({ output: { fd, write } }), /its results are in a file; name that one/);
  });
});

describe('a state that is damaged', () => {
  it('is refused, and the output stays as it is', (t) => {
    for (const change of [
      "terms = 'x'",
      "totals = 'x'",
      "totals = '{}'",
      "output = '{'",
      'output = \'{"kind":"pipe"}\'',
    ]) {
      const at = bench(t);
      killed(at, head, certain, batch);
      writeFileSync(at.output, `${head}${certain}${batch}`);
      const database = new DatabaseSync(at.state);
      database.exec(`UPDATE run SET ${change}`);
      database.close();
      assert.throws(
        () => at.open(),
        (error) =>
          error instanceof OutputError && /another version of waxwing has begun it/.test(error.message),
        change,
      );
      assert.equal(readFileSync(at.output, 'utf8'), `${head}${certain}${batch}`);
    }
  });
});

describe('a run that begins', () => {
  it('appends to what is there, but not to half a line', (t) => {
    const at = bench(t);
    writeFileSync(at.output, 'half');
    assert.throws(() => at.open({}, 'a+'), /ends within a line; what is appended would be part of it/);
    writeFileSync(at.output, head);
    const begun = at.open();
    assert.deepEqual([begun.isBack, begun.totals, begun.isDone(1)], [false, noTotals, false]);
    assert.equal(begun.isAppended, true);
    begun.close();
  });

  it('has a beginning until something of it is certain, however often it is begun', (t) => {
    const at = bench(t);
    for (const isBack of [false, true]) {
      const begun = at.open();
      assert.deepEqual([begun.isBack, begun.isAppended], [isBack, false]);
      begun.close();
    }
    killed(at, '', certain, batch);
    writeFileSync(at.output, certain);
    const back = at.open();
    assert.equal(back.isAppended, true);
    back.close();
  });

  it('into what is no file goes on by what was taken', (t) => {
    const at = bench(t);
    const fd = openSync('/dev/null', 'w');
    const output = { fd, write: (): Promise<void> => Promise.resolve() };
    at.open({ output }).close();
    const again = at.open({ output });
    assert.deepEqual([again.isBack, again.isAppended], [true, false]);
    again.close();
    const state = openCheckState(at.state);
    state.keep({ done: [1], totals: writeTotals({ ...noTotals, tested: 1 }), offset: 0, until: 0 });
    state.close();
    const later = at.open({ output });
    assert.equal(later.isAppended, true);
    later.close();
    assert.throws(() => at.open(), /its results did not go to a file/);
    closeSync(fd);
  });
});
