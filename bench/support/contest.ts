/** What the benches against other relays have in common: who takes part, and how runs become one figure. */
import { fetchPeer } from '../../test/peers/support/fetch.ts';
import { harakaVersion } from '../../test/peers/support/haraka.ts';
import { haraka } from './haraka.ts';
import { type StartRelay, shippedPostfix, tunedPostfix } from './relays.ts';
import { type Dns, waxwing } from './waxwing.ts';

/** A relay in the contest. */
export interface Contender {
  readonly name: string;
  readonly start: StartRelay;
  /** Whether it signs with DKIM. */
  readonly signs?: boolean;
  /** Whether it asks the DNS what the recipient's domain requires, and proves the answers. */
  readonly asks?: boolean;
}

/** The relays of others, in the order in which they are shown. */
export async function others(): Promise<readonly Contender[]> {
  const fetched = await fetchPeer('postfix');
  if (fetched.kind !== 'ready') throw new Error(`Postfix cannot be had here: ${fetched.because}`);
  const { root } = fetched;
  return [
    { name: 'Postfix, as shipped', start: shippedPostfix(root) },
    { name: 'Postfix, tuned', start: tunedPostfix(root) },
    { name: `Haraka ${harakaVersion}`, start: haraka },
  ];
}

/** Does the task that others are given, and no more. */
export const plain: Contender = {
  name: 'Waxwing',
  start: waxwing({ dkim: null, dns: null, workers: 1 }),
};

/** What others are not asked to do: each has a signature, and the recipient's domain decides by what it proves. */
export function everythingOn(dns: Dns, workers: number): readonly Contender[] {
  const kinds = [
    ['rsa-2048', 'RSA-2048'],
    ['ed25519', 'Ed25519'],
  ] as const;
  return kinds.map(([dkim, shown]) => ({
    name: `Waxwing, everything on, ${shown}${workers === 1 ? '' : `, ${workers} workers`}`,
    start: waxwing({ dkim, dns, workers }),
    signs: true,
    asks: true,
  }));
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
