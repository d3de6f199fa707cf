/** Tests that need the lab: one lab for all of a file, skipped by name where it cannot be had. */
import { after, it, type TestContext } from 'node:test';
import { rootsOf } from '../peers/support/peer.ts';
import { type Lab, labPeers, startLab } from './lab.ts';

let shared: Promise<Lab | string> | null = null;

/** A test with the file's lab; it fails where there is none and `PEERS_REQUIRED=1` is set. */
export function labTest(name: string, work: (lab: Lab, t: TestContext) => Promise<void>): void {
  it(name, async (t) => {
    shared ??= start();
    const lab = await shared;
    if (typeof lab !== 'string') return work(lab, t);
    if (process.env['PEERS_REQUIRED'] === '1') throw new Error(lab);
    t.skip(lab);
  });
}

async function start(): Promise<Lab | string> {
  const had = await rootsOf(labPeers);
  return had.kind === 'ready' ? startLab(had.roots) : had.because;
}

after(async () => {
  const lab = await shared?.catch(() => null);
  if (lab !== null && typeof lab === 'object') await lab.close();
});
