/** The words of an advice: where a domain is on its way to enforced TLS, and what comes next. */
import type { Remedy } from '../check.ts';

/** The steps, in the order in which they are safe. */
export type StepId =
  | 'repair'
  | 'tls'
  | 'tls-rpt'
  | 'mta-sts-testing'
  | 'mta-sts-watch'
  | 'mta-sts-enforce'
  | 'mta-sts-long'
  | 'dnssec'
  | 'tlsa'
  | 'tlsa-rollover';

/**
 * `done`. `now`: nothing stands in its way. `later`: another step comes first. `blocked`: it cannot be told from here whether
 * it would be safe.
 */
export type StepState = 'done' | 'now' | 'later' | 'blocked';

export interface AdviceStep {
  readonly id: StepId;
  /** What is reached by it, in few words. */
  readonly title: string;
  readonly state: StepState;
  /** Why it is in this state; one sentence without its full stop. */
  readonly because: string;
  /** What it is good for, and what could go wrong without it. */
  readonly why: string;
  /** What is done, in this order; empty where it is done, or cannot be told yet. */
  readonly do: readonly Remedy[];
  /** How long to wait when it is done, before the next step; null: no longer than it takes. */
  readonly wait: { readonly hours: number; readonly because: string } | null;
}

/** One thing that a domain may have. */
export interface Standing {
  readonly what: 'tls' | 'tls-rpt' | 'mta-sts' | 'dnssec' | 'dane';
  readonly state: 'done' | 'partly' | 'missing' | 'broken' | 'unknown';
  /** One sentence without its full stop. */
  readonly says: string;
}

export interface Advice {
  readonly domain: string;
  /** Milliseconds since 1970: for when it is given. */
  readonly at: number;
  /** Why there is nothing to advise; null where there is. */
  readonly nothing: string | null;
  readonly standing: readonly Standing[];
  readonly steps: readonly AdviceStep[];
  /** The first step that can be done now; null where none can, or all is done. */
  readonly next: StepId | null;
}
