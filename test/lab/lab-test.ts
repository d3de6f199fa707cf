/** Tests that need the lab: one lab for all of a file, skipped by name where it cannot be had. */
import { after, it, type TestContext } from 'node:test';
import { rootsOf } from '../peers/support/peer.ts';
import { type Lab, type LabOptions, labPeers, startLab } from './lab.ts';

/** A test with the file's lab; it fails where there is none and `PEERS_REQUIRED=1` is set. */
export type LabTest = (name: string, work: (lab: Lab, t: TestContext) => Promise<void>) => void;

/** The tests of a file: their lab starts with the first one that runs. */
export function labTests(options: LabOptions = {}): LabTest {
  let shared: Promise<Lab | string> | null = null;
  after(async () => {
    const lab = await shared?.catch(() => null);
    if (lab !== undefined && lab !== null && typeof lab !== 'string') await lab.close();
  });
  return (name, work) => {
    it(name, async (t) => {
      shared ??= start(options);
      const lab = await shared;
      if (typeof lab !== 'string') return work(lab, t);
      if (process.env['PEERS_REQUIRED'] === '1') throw new Error(lab);
      t.skip(lab);
    });
  };
}

/** @returns why there is none, where it cannot be had. */
async function start(options: LabOptions): Promise<Lab | string> {
  const had = await rootsOf([...labPeers, ...(options.mail ?? [])]);
  return had.kind === 'ready' ? startLab(options) : had.because;
}
