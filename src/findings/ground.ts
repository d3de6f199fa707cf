/** Whether the DNS itself can be learnt from here: what fails at the root already is no fault of any domain. */
import { root } from '../dns/name.ts';
import { types } from '../dns/record.ts';
import type { DestinationFacts } from '../policies/destination.ts';
import { type PolicyLookUp, resolve } from '../policies/look-ups.ts';
import type { Remedy } from './check.ts';

/**
 * `firm`: the root can be learnt, or what was asked for was. `silent`: nobody answers even for the root. `unproven`: its
 * answers are bogus, so that the trust anchor, the clock or the resolver of this host is at fault, or somebody on the way.
 */
export type Ground =
  | { readonly kind: 'firm' }
  | { readonly kind: 'silent' | 'unproven'; readonly because: string; readonly fix: readonly Remedy[] };

const firm: Ground = { kind: 'firm' };

/** Asks for the root where what comes first of a target could not be learnt. @param facts of the target. */
export function* groundOf(facts: DestinationFacts | null): PolicyLookUp<Ground> {
  if (facts === null || isLearnt(facts)) return firm;
  const answer = yield* resolve({ name: root, type: types.SOA });
  if (answer.kind !== 'unknown') return firm;
  const { because } = answer;
  return answer.status === 'bogus'
    ? {
        kind: 'unproven',
        because: `the root of the DNS itself cannot be proven, so that the fault is not the domain's: ${because}`,
        fix: unprovenRoot,
      }
    : {
        kind: 'silent',
        because: `nobody answers even for the root of the DNS, so that nothing can be learnt of any domain: ${because}`,
        fix: silentRoot,
      };
}

function isLearnt({ way, hosts }: DestinationFacts): boolean {
  if (way.kind === 'configured') return hosts.every(({ facts }) => facts.kind !== 'unknown');
  return way.kind !== 'unknown';
}

const silentRoot: readonly Remedy[] = [
  {
    who: 'tester',
    do: 'Look whether the resolver of this host is reached and answers, or name another one (--resolver ADDRESS).',
    verify: 'waxwing resolve . SOA',
  },
];

const unprovenRoot: readonly Remedy[] = [
  {
    who: 'tester',
    do: 'Look whether the trust anchor of this host is that of the root (--trust-anchor), whether its clock is right, and whether its resolver changes what it passes on.',
    verify: 'waxwing resolve . SOA',
  },
];
