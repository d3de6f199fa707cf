/** Runs the tests against real peers: fetches these first, so that no test waits for a download. `fetch` stops there. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { peerNames } from './support/catalog.ts';
import { fetchPeer } from './support/fetch.ts';

for (const name of peerNames) {
  const begun = Date.now();
  const fetched = await fetchPeer(name);
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);
  if (fetched.kind === 'ready') {
    process.stdout.write(`peer ${name}: ready after ${seconds} s\n`);
    continue;
  }
  process.stdout.write(`peer ${name}: unavailable after ${seconds} s: ${fetched.because}\n`);
  // For the tests, and for the next peers: those that are not there already cannot be fetched either.
  process.env['PEERS_UNAVAILABLE'] = fetched.because;
}
if (process.argv[2] !== 'fetch') runTests();

function runTests(): void {
  // Done once is enough.
  delete process.env['PEERS_REFRESH'];
  const checkout = join(import.meta.dirname, '../..');
  // More than there may be processors: most of the time they wait for each other's programs.
  const options = ['--test-timeout=120000', '--test-force-exit', '--test-concurrency=3'];
  const tests = spawn(process.execPath, ['--test', ...options, 'test/peers/**/*.test.ts'], {
    cwd: checkout,
    stdio: 'inherit',
  });
  tests.on('close', (code) => {
    process.exitCode = code ?? 1;
  });
}
