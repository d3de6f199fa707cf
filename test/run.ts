/**
 * Runs all tests, one stage after the other, up to the first that fails.
 *
 * What the last stage needs is fetched meanwhile, and gives way to the tests: downloads wait for the network.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';

const checkout = join(import.meta.dirname, '..');
/** The scripts of a stage run side by side: making and installing the package waits for npm most of its time. */
const stages: readonly (readonly string[])[] = [
  ['check'],
  ['test:net'],
  ['test:attacks', 'test:pack'],
  ['test:peers'],
];

// The stage of the peers asks for each of them again, so nothing is lost where this one fails, and that one says why.
const fetching = spawn(process.execPath, ['test/peers/run.ts', 'fetch'], { cwd: checkout, stdio: 'ignore' });
if (fetching.pid !== undefined) setPriority(fetching.pid, constants.priority.PRIORITY_LOW);
for (const stage of stages) {
  const codes = await Promise.all(stage.map(run));
  if (codes.every((code) => code === 0)) continue;
  process.exitCode = 1;
  break;
}
fetching.kill();

/** The first script of a stage is seen at work; what the others say is shown at their end. */
async function run(script: string, place: number): Promise<number> {
  const child = spawn('npm', ['run', script], {
    cwd: checkout,
    stdio: ['ignore', place === 0 ? 'inherit' : 'pipe', 'inherit'],
  });
  const said: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => said.push(chunk));
  const [code]: unknown[] = await once(child, 'close');
  process.stdout.write(Buffer.concat(said));
  return typeof code === 'number' ? code : 1;
}
