/**
 * Breaks the code on purpose, one guard at a time, and shows which test goes red.
 *
 *     npm run mutants [name…]
 *
 * Each mutant is a patch beside this file; its first lines say what it breaks (`Breaks:`) and which test files must
 * notice (`Tests:`). The tests are run on a copy, first unbroken: a test that is red anyway proves nothing.
 */
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly breaks: string;
  readonly tests: readonly string[];
}

const root = join(import.meta.dirname, '../..');
/** For the tests of one mutant. */
const PATIENCE_MS = 300_000;
const COPIED = [
  'src',
  'test',
  'docs',
  'examples',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'waxwing',
  'README.md',
];

const wanted = process.argv.slice(2);
const mutants = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.patch'))
  .toSorted()
  .map(readMutant)
  .filter(({ name }) => wanted.length === 0 || wanted.includes(name));

const soundness = await runTests([...new Set(mutants.flatMap(({ tests }) => tests))], undefined);
if (soundness.code !== 0) {
  console.error(`the tests are red without any mutant:\n${soundness.failures.join('\n')}`);
  process.exit(1);
}

console.log('| mutant | breaks | the test that goes red |\n|---|---|---|');
let survivors = 0;
for (const mutant of mutants) {
  const { code, failures } = await runTests(mutant.tests, mutant);
  if (code === 0) survivors += 1;
  const verdict = code === 0 ? '**none: it survived**' : summary(failures);
  console.log(`| ${mutant.name} | ${mutant.breaks} | ${verdict} |`);
}
console.log(`\n${mutants.length - survivors} of ${mutants.length} mutants were convicted`);
process.exitCode = survivors === 0 ? 0 : 1;

function readMutant(file: string): Mutant {
  const path = join(import.meta.dirname, file);
  const text = readFileSync(path, 'utf8');
  const breaks = /^Breaks: (.+)$/m.exec(text)?.[1];
  const tests = /^Tests: (.+)$/m.exec(text)?.[1]?.split(' ');
  if (breaks === undefined || tests === undefined)
    throw new Error(`${file} lacks its Breaks: or Tests: line`);
  return { name: basename(file, '.patch'), file: path, breaks, tests };
}

interface TestRun {
  readonly code: number | null;
  readonly failures: readonly string[];
}

async function runTests(tests: readonly string[], mutant: Mutant | undefined): Promise<TestRun> {
  const copy = mkdtempSync(join(tmpdir(), 'waxwing-mutant-'));
  // A test gives up root, and the program goes on reading its own files.
  chmodSync(copy, 0o755);
  try {
    for (const path of COPIED) cpSync(join(root, path), join(copy, path), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    if (mutant !== undefined) {
      const applied = await run('patch', ['-p1', '--no-backup-if-mismatch', '-i', mutant.file], copy);
      if (applied.code !== 0) throw new Error(`${mutant.name} does not apply any more:\n${applied.output}`);
    }
    const options = ['--test', '--test-reporter=tap', '--test-timeout=60000', '--test-force-exit'];
    const { code, output } = await run(process.execPath, [...options, ...tests], copy);
    const failures = [...output.matchAll(/^ *not ok \d+ - (.+)$/gm)].map(([, name = '']) => name);
    return { code, failures };
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** Leaves out the suites and files around the failed test: they fail with it. */
function summary(failures: readonly string[]): string {
  const [first = 'the run itself failed', ...others] = failures.filter((name) => !name.endsWith('.test.ts'));
  return others.length === 0 ? first : `${first} (and ${others.length} more)`;
}

function run(
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    // A group of its own: a test that a mutant sends round in circles hears no timeout, nor does the runner's child.
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = '';
    const overdue = setTimeout(() => {
      output += `not ok 0 - the run did not end within ${PATIENCE_MS / 1000} s\n`;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, PATIENCE_MS);
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(overdue);
      resolve({ code, output });
    });
  });
}
