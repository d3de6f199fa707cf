/**
 * Runs the unit tests: a few processes side by side, each with all files of its folders in it.
 *
 * A process for every file spends more time on loading the same sources again than on testing them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { join } from 'node:path';

const checkout = join(import.meta.dirname, '../..');
/** Folders of about the same work; the last process has whatever is in none of them. */
const shares: readonly (readonly string[])[] = [
  ['dns', 'events', 'findings', 'mail', 'names', 'queue', 'reports', 'tls', 'wire'],
  ['collector', 'gateway', 'lookup', 'net', 'policies', 'protocols', 'relay', 'scanner', 'store'],
];
const options = ['--test', '--test-isolation=none', '--test-timeout=20000', '--test-reporter=spec'];

const files = globSync('test/unit/**/*.test.ts', { cwd: checkout });
const shareOf = (file: string): number => {
  const found = shares.findIndex((folders) => folders.includes(file.split('/')[2] ?? ''));
  return found === -1 ? shares.length : found;
};
const parts = Map.groupBy(files, shareOf);
const codes = await Promise.all([...parts.values()].map(run));
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;

/** What a process says is shown when it has ended, so that the words of several do not mix. */
async function run(part: readonly string[]): Promise<number> {
  const tests = spawn(process.execPath, [...options, ...part], {
    cwd: checkout,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: Buffer[] = [];
  tests.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  const [code]: unknown[] = await once(tests, 'close');
  const text = Buffer.concat(said).toString();
  process.stdout.write(text);
  // A test that ends the process would take the tests after it along, and its exit code could be 0.
  if (!/^ℹ tests \d+$/m.test(text)) {
    process.stdout.write(`a process with ${part.length} files of unit tests ended before its tests did\n`);
    return 1;
  }
  return typeof code === 'number' ? code : 1;
}
