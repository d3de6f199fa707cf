/**
 * The vocabulary of look-ups for policies: what a dialogue that decides about TLS can ask of its driver.
 *
 * A dialogue knows neither sockets nor stores nor time: the same answers give the same facts, from the network, from a
 * recording or from a test.
 */
import type { Answer } from '../dns/answer.ts';
import type { Question } from '../dns/record.ts';
import type { Domain } from '../names/domain.ts';
import type { Dialogue } from '../wire/dialogue.ts';
import type { HttpsOutcome } from '../wire/https-answer.ts';
import type { KeptListed } from './list/facts.ts';
import type { Track } from './memory/track.ts';
import type { StsEntry } from './mta-sts/cache.ts';
import type { Override } from './overrides/override.ts';
import type { Promotion } from './report-only/promotion.ts';

/** A dialogue over look-ups for policies. */
export type PolicyLookUp<Outcome> = Dialogue<PolicyLookUps, Outcome>;

interface PolicyLookUps {
  readonly effect: PolicyEffect;
  readonly reaction: PolicyReaction;
}

/** What is stored for a domain. */
export interface Recalled {
  readonly sts: StsEntry | undefined;
  /** Also those whose time is over. */
  readonly overrides: readonly Override[];
  /** Absent: whoever asks goes by no policy list. */
  readonly list?: KeptListed | undefined;
  /** What sessions with its hosts came to; absent: nobody has remembered anything. */
  readonly memory?: readonly Track[];
  /** Also one that is over; absent: there is none. */
  readonly promotion?: Promotion | undefined;
}

export type PolicyEffect =
  /** A question of the DNS, with all that DNSSEC says of the answer. */
  | { readonly kind: 'resolve'; readonly question: Question }
  /** GET https://mta-sts.DOMAIN/.well-known/mta-sts.txt, by the rules of RFC 8461 §3.3. */
  | { readonly kind: 'fetch'; readonly domain: Domain }
  | { readonly kind: 'recall'; readonly domain: Domain }
  /** All of them at once. */
  | { readonly kind: 'all'; readonly dialogues: readonly PolicyLookUp<unknown>[] };

export type PolicyReaction =
  | { readonly kind: 'resolved'; readonly answer: Answer }
  | { readonly kind: 'fetched'; readonly outcome: HttpsOutcome }
  | { readonly kind: 'recalled'; readonly recalled: Recalled }
  /** In the order of the dialogues. */
  | { readonly kind: 'outcomes'; readonly outcomes: readonly unknown[] };

/** Asks the DNS. */
export function* resolve(question: Question): PolicyLookUp<Answer> {
  const reaction = yield { kind: 'resolve', question };
  if (reaction.kind !== 'resolved') throw unexpected('resolve', reaction);
  return reaction.answer;
}

/** Asks the policy host of a domain for its MTA-STS policy. */
export function* fetchPolicy(domain: Domain): PolicyLookUp<HttpsOutcome> {
  const reaction = yield { kind: 'fetch', domain };
  if (reaction.kind !== 'fetched') throw unexpected('fetch', reaction);
  return reaction.outcome;
}

/** Asks for what is stored for a domain. */
export function* recall(domain: Domain): PolicyLookUp<Recalled> {
  const reaction = yield { kind: 'recall', domain };
  if (reaction.kind !== 'recalled') throw unexpected('recall', reaction);
  return reaction.recalled;
}

/** Runs dialogues at the same time. @returns their outcomes, in their order. */
export function* all<Outcome>(dialogues: readonly PolicyLookUp<Outcome>[]): PolicyLookUp<readonly Outcome[]> {
  const reaction = yield { kind: 'all', dialogues };
  if (reaction.kind !== 'outcomes') throw unexpected('all', reaction);
  return reaction.outcomes as readonly Outcome[];
}

function unexpected(effect: PolicyEffect['kind'], reaction: PolicyReaction): Error {
  return new Error(`the driver answered ${effect} with ${reaction.kind}`);
}
