/** What the benches against Postfix have in common: who takes part, and how runs become one figure. */
import { fetchPeer } from '../../test/peers/support/fetch.ts';
import { haraka, harakaVersion } from './haraka.ts';
import { type StartRelay, shippedPostfix, tunedPostfix, waxwing } from './relays.ts';

/** A relay in the contest. */
export interface Contender {
  readonly name: string;
  readonly start: StartRelay;
}

/** Postfix's root, and the relays that are compared, ours last. */
export async function contest(): Promise<{
  readonly root: string;
  readonly contenders: readonly Contender[];
}> {
  const fetched = await fetchPeer('postfix');
  if (fetched.kind !== 'ready') throw new Error(`Postfix cannot be had here: ${fetched.because}`);
  const { root } = fetched;
  return {
    root,
    contenders: [
      { name: 'Postfix, as shipped', start: shippedPostfix(root) },
      { name: 'Postfix, tuned', start: tunedPostfix(root) },
      { name: `Haraka ${harakaVersion}`, start: haraka },
      { name: 'Waxwing', start: waxwing },
    ],
  };
}

/** The run in the middle, by speed: one that took place, so that its figures belong together. */
export function medianRun<Run extends { readonly perSecond: number }>(runs: readonly Run[]): Run {
  const sorted = runs.toSorted((a, b) => a.perSecond - b.perSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('no runs');
  return middle;
}

/** The ratio of two contenders, round by round, so that a machine whose speed drifts does not decide. */
export function medianRatio(
  ours: readonly { readonly perSecond: number }[],
  theirs: readonly { readonly perSecond: number }[],
): number {
  const ratios = ours.map(({ perSecond }, round) => perSecond / (theirs[round]?.perSecond ?? Number.NaN));
  const sorted = ratios.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
