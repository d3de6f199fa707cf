/** Runs the tests against real peers: fetches these first, so that no test waits for a download. `fetch` stops there. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { peerNames } from './support/catalog.ts';
import { type Fetched, fetchPeer } from './support/fetch.ts';
import { fetchHaraka } from './support/haraka.ts';

// From another registry than all the others, meanwhile.
const haraka = told('haraka', fetchHaraka);
for (const name of peerNames) {
  const fetched = await told(name, () => fetchPeer(name));
  // For the tests, and for the next peers: those that are not there already cannot be fetched either.
  if (fetched.kind === 'unavailable') process.env['PEERS_UNAVAILABLE'] = fetched.because;
}
const fetchedHaraka = await haraka;
if (fetchedHaraka.kind === 'unavailable') process.env['HARAKA_UNAVAILABLE'] = fetchedHaraka.because;
if (process.argv[2] !== 'fetch') runTests();

async function told(name: string, fetch: () => Promise<Fetched>): Promise<Fetched> {
  const begun = Date.now();
  const fetched = await fetch();
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);
  const how = fetched.kind === 'ready' ? 'ready' : 'unavailable';
  const because = fetched.kind === 'ready' ? '' : `: ${fetched.because}`;
  process.stdout.write(`peer ${name}: ${how} after ${seconds} s${because}\n`);
  return fetched;
}

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
