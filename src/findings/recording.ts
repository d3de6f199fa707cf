/** All that one check has learnt, as plain data: it can be judged again, at another time or by other rules, without the network. */
import type { Answer } from '../dns/answer.ts';
import type { Question } from '../dns/record.ts';
import type { Domain } from '../names/domain.ts';
import type { PolicyReaction, Recalled } from '../policies/look-ups.ts';
import type { Skipped, Target } from './case.ts';
import type { Depth } from './endpoint.ts';
import type { Observation } from './observation.ts';

/** What became of the GET at a policy host. */
export type PolicyFetch = Extract<PolicyReaction, { kind: 'fetched' }>['outcome'];

export interface Recording {
  readonly target: Target;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly depth: Depth;
  readonly intrusive: boolean;
  /** One for each question that was asked; their chains are left out. */
  readonly answers: readonly Answer[];
  readonly fetched: readonly { readonly domain: Domain; readonly outcome: PolicyFetch }[];
  /** What the data folder knew. */
  readonly recalled: readonly { readonly domain: Domain; readonly recalled: Recalled }[];
  /** In which order does not matter. */
  readonly observations: readonly Observation[];
  /** Why the intrusive questions that were wanted were not asked, by host; empty where they were asked, or not wanted. */
  readonly withoutConsent: readonly { readonly host: string; readonly because: string }[];
  /** Doors that were left alone, by the host whose they are. */
  readonly skipped: readonly (Skipped & { readonly host: string })[];
}

/** Equal for questions that are the same. */
export function recordKey({ name, type }: Question): string {
  return `${type} ${name}`;
}
