/**
 * Where the answers of one listener come from: those that are kept, or a look-up.
 *
 * A mail server asks about the same domains again and again, and for each delivery anew. An answer is kept for as long as all
 * that it stands on may be used again; one that stands on something that could not be learnt, a few seconds, so that nobody
 * asks a resolver that fails a thousand times, and mail waits no longer than it must.
 */
import type { Learnt, Target } from '../lookup/engine.ts';
import type { Deadlines } from '../net/deadlines.ts';
import { boundedCache, type Cache } from '../net/dns/bounded-cache.ts';
import { wordsOf } from '../net/error.ts';
import type { DestinationFacts } from '../policies/destination.ts';

/**
 * `policy`: something is asked for; `absent`: nothing is; `later`: it could not be learnt; `refused`: the request has no answer.
 */
export type AnswerKind = (typeof answerKinds)[number];

export const answerKinds = ['policy', 'absent', 'later', 'refused'] as const;

export interface Reply {
  readonly kind: AnswerKind;
  /** One character for each octet. */
  readonly text: string;
}

/** A request that takes a look-up. */
export interface Inquiry {
  readonly target: Target;
  readonly reply: (facts: DestinationFacts) => Reply;
  /** What is said where nothing could be found out. `late`: it takes too long. */
  readonly failing: (because: string, late: boolean) => string;
}

/** What is counted. */
export interface DeskCounters {
  answered(kind: AnswerKind, kept: boolean): void;
  /** @param seconds from the request to the answer. */
  lookedUp(seconds: number): void;
}

export interface DeskParts {
  readonly learn: (target: Target) => Promise<Learnt>;
  readonly deadlines: Deadlines;
  /** Milliseconds on a clock that nobody sets. */
  readonly now: () => number;
  readonly counters: DeskCounters;
  /** Shared by all desks. */
  readonly lookUps: LookUpsUnderWay;
  readonly onError: (what: string, error: unknown) => void;
  /** Answers that are kept at most; asked whenever all of them are forgotten. */
  readonly most: () => number;
}

/** How many there are. */
export interface LookUpsUnderWay {
  count: number;
}

export interface Desk {
  /** The answer that is kept for the request; undefined where there is none. */
  kept(request: string): string | undefined;
  /** Looks it up and keeps the answer. Never rejects. */
  lookUp(request: string, inquiry: Inquiry): Promise<string>;
  /** An answer for which nothing has to be looked up. */
  at(kind: AnswerKind, text: string): string;
  /** Forgets all answers: an operator has said something, or the configuration is another. */
  forget(): void;
}

/** Of memory for an answer, one with another: where they are longer, fewer are kept. */
const OCTETS_EACH = 512;
/** Of what could be learnt, where it lasts at all. */
const SHORTEST_MS = 5_000;
const LONGEST_MS = 3_600_000;
/** Of what could not, or has a TTL of 0. */
const FAILING_MS = 3_000;
/** A client of Postfix waits 100 s; by then it should have heard that it is to come again. */
const ANSWER_MS = 30_000;
/** Look-ups for clients that may be under way at once. */
const MOST_LOOK_UPS = 1_000;

export function openDesk(parts: DeskParts): Desk {
  const { learn, deadlines, now, counters, lookUps, most, onError } = parts;
  let replies = emptyCache(most());
  /** What was looked up before the last time that all was forgotten is not kept. */
  let era = 0;

  async function find(request: string, { target, reply, failing }: Inquiry): Promise<Reply> {
    const begun = era;
    let made: Reply;
    let forMs = 0;
    try {
      const learnt = await learn(target);
      made = reply(learnt.facts);
      forMs = learnt.forMs === 0 || made.kind === 'later' ? 0 : Math.min(LONGEST_MS, learnt.forMs);
    } catch (error) {
      onError('looking up a policy', error);
      made = { kind: 'later', text: failing(wordsOf(error), false) };
    }
    const keepMs = forMs === 0 ? FAILING_MS : Math.max(SHORTEST_MS, forMs);
    if (begun === era) keep(request, made, keepMs);
    return made;
  }

  /** In one piece: what was put together is a tree of its parts, which are kept with it. */
  function keep(request: string, { kind, text }: Reply, forMs: number): void {
    const flat = Buffer.from(text, 'latin1').toString('latin1');
    replies.set(request, { kind, text: flat }, flat.length, now() + forMs);
  }

  function answer({ kind, text }: Reply, kept: boolean): string {
    counters.answered(kind, kept);
    return text;
  }

  return {
    kept(request) {
      const reply = replies.get(request, now());
      return reply === undefined ? undefined : answer(reply, true);
    },
    async lookUp(request, inquiry) {
      if (lookUps.count >= MOST_LOOK_UPS) {
        const busy = inquiry.failing('too many look-ups are under way', false);
        return answer({ kind: 'later', text: busy }, false);
      }
      lookUps.count += 1;
      const begun = now();
      const found = find(request, inquiry).finally(() => {
        lookUps.count -= 1;
      });
      const { promise: late, resolve } = Promise.withResolvers<Reply>();
      const deadline = deadlines.add(() => {
        const because = `it takes more than ${ANSWER_MS / 1000} s to find out`;
        resolve({ kind: 'later', text: inquiry.failing(because, true) });
      });
      deadline.set(ANSWER_MS);
      const reply = await Promise.race([found, late]);
      deadline.drop();
      counters.lookedUp((now() - begun) / 1000);
      return answer(reply, false);
    },
    at(kind, text) {
      counters.answered(kind, false);
      return text;
    },
    forget() {
      era += 1;
      replies = emptyCache(most());
    },
  };
}

function emptyCache(entries: number): Cache<Reply> {
  return boundedCache({ entries, octets: entries * OCTETS_EACH });
}
