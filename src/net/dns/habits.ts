/** What is known of the way in which one resolver answers. */
import { type Cookies, cookiesWith } from './cookies.ts';
import type { Entropy } from './entropy.ts';
import type { Manner } from './query.ts';

export interface Habits {
  readonly cookies: Cookies;
  /** How to write the next question. */
  manner(): Manner;
  /** Whether it answers questions that have EDNS (RFC 6891); as long as nothing is known it does. */
  readonly edns: boolean;
  /** It took EDNS for an error, and answers without. */
  refusesEdns(): void;
  /** Whether it repeats a question letter by letter; as long as nothing is known it does. */
  readonly keepsCase: boolean;
  /** Told of each answer by TCP, where nobody else can have changed the case. */
  repeatedOverTcp(caseKept: boolean): void;
}

/** So many answers by TCP in another case, and none in ours, and the resolver is one that does not keep it. */
const CONVICTED = 3;

/** A resolver may be updated, and a relay may run for a year. */
const ASK_AGAIN_ABOUT_EDNS_MS = 15 * 60_000;

/** @param now milliseconds. */
export function newHabits(entropy: Entropy, now: () => number): Habits {
  const cookies = cookiesWith(entropy);
  let plainUntil = Number.NEGATIVE_INFINITY;
  let folded = 0;
  let kept = false;
  const edns = (): boolean => now() >= plainUntil;
  const keepsCase = (): boolean => kept || folded < CONVICTED;
  return {
    cookies,
    manner: () => ({
      edns: edns(),
      cookie: cookies.offered,
      spelling: keepsCase() ? entropy : undefined,
    }),
    get edns() {
      return edns();
    },
    refusesEdns() {
      plainUntil = now() + ASK_AGAIN_ABOUT_EDNS_MS;
    },
    get keepsCase() {
      return keepsCase();
    },
    repeatedOverTcp(caseKept) {
      if (caseKept) kept = true;
      else folded += 1;
    },
  };
}
