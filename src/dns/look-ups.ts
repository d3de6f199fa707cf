/**
 * The vocabulary of look-ups: what a dialogue that needs facts can ask of its driver.
 *
 * A dialogue knows neither sockets nor time: the same answers give the same outcome, from a resolver, from a
 * recording or from a test.
 */
import type { Dialogue } from '../wire/dialogue.ts';
import type { Message } from './message.ts';
import type { ExtendedError, Question } from './record.ts';

/** A dialogue over look-ups. */
export type LookUp<Outcome> = Dialogue<LookUps, Outcome>;

interface LookUps {
  readonly effect: LookUpEffect;
  readonly reaction: LookUpReaction;
}

/** What became of a question to a resolver. */
export type Asked =
  /** Any rcode; `from` names the resolver: `192.0.2.53:53 (UDP)`. */
  | { readonly kind: 'message'; readonly message: Message; readonly from: string }
  /** No usable answer from any resolver in the time there was: one sentence that names them and says why. */
  | { readonly kind: 'failed'; readonly because: string; readonly errors: readonly ExtendedError[] };

/** One public-key operation (RFC 4034 §3.1.8.1). */
export interface SignatureCheck {
  /** IANA's registry "DNS Security Algorithm Numbers". */
  readonly algorithm: number;
  /** The Public Key field of the DNSKEY (RFC 4034 §2.1.4). */
  readonly publicKey: Uint8Array;
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

/** An outcome worth keeping. */
export interface Kept<Outcome> {
  readonly outcome: Outcome;
  /** Seconds since 1970 until which the same outcome may be used again; 0 for never. */
  readonly until: number;
  /** About how much memory it takes. */
  readonly octets: number;
}

export type LookUpEffect =
  | { readonly kind: 'ask'; readonly question: Question }
  | { readonly kind: 'verify'; readonly check: SignatureCheck }
  /** All of them at once. */
  | { readonly kind: 'all'; readonly dialogues: readonly LookUp<unknown>[] }
  /** What runs under the same key already is waited for; what is kept under it is used. */
  | { readonly kind: 'once'; readonly key: string; readonly dialogue: () => LookUp<Kept<unknown>> };

export type LookUpReaction =
  | { readonly kind: 'answered'; readonly answer: Asked }
  | { readonly kind: 'verified'; readonly good: boolean }
  /** In the order of the dialogues. */
  | { readonly kind: 'outcomes'; readonly outcomes: readonly unknown[] }
  | { readonly kind: 'outcome'; readonly outcome: unknown };

/** Asks a resolver, with DO and CD set where DNSSEC is validated here. */
export function* ask(question: Question): LookUp<Asked> {
  const reaction = yield { kind: 'ask', question };
  if (reaction.kind !== 'answered') throw unexpected('ask', reaction);
  return reaction.answer;
}

/** @returns whether the signature is good; a key or signature that is malformed is not. */
export function* verify(check: SignatureCheck): LookUp<boolean> {
  const reaction = yield { kind: 'verify', check };
  if (reaction.kind !== 'verified') throw unexpected('verify', reaction);
  return reaction.good;
}

/** Runs dialogues at the same time. @returns their outcomes, in their order. */
export function* all<Outcome>(dialogues: readonly LookUp<Outcome>[]): LookUp<readonly Outcome[]> {
  const reaction = yield { kind: 'all', dialogues };
  if (reaction.kind !== 'outcomes') throw unexpected('all', reaction);
  return reaction.outcomes as readonly Outcome[];
}

/**
 * Runs a dialogue unless the same one is under way or its outcome is kept: concurrent equal dialogues run once.
 *
 * @param key names the dialogue with all that its outcome depends on; the same key always means the same type.
 */
export function* once<Outcome>(key: string, dialogue: () => LookUp<Kept<Outcome>>): LookUp<Outcome> {
  const reaction = yield { kind: 'once', key, dialogue };
  if (reaction.kind !== 'outcome') throw unexpected('once', reaction);
  return reaction.outcome as Outcome;
}

function unexpected(effect: LookUpEffect['kind'], reaction: LookUpReaction): Error {
  return new Error(`the driver answered ${effect} with ${reaction.kind}`);
}
