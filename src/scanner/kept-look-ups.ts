/** Look-ups of one run: each thing is asked once, what came is kept, and who asked to be left alone is. */
import type { Answer } from '../dns/answer.ts';
import { showName } from '../dns/name.ts';
import type { Question } from '../dns/record.ts';
import { type PolicyFetch, type Recording, recordKey } from '../findings/recording.ts';
import type { PolicyHands } from '../lookup/drive.ts';
import { namesIn } from '../lookup/https-addresses.ts';
import { type Domain, parseDomain } from '../names/domain.ts';
import { boundedCache } from '../net/dns/bounded-cache.ts';
import type { Recalled } from '../policies/look-ups.ts';
import { type OptOut, optedOutBy } from './opt-out.ts';
import { octetsOf } from './shared.ts';

export interface KeptLookUps {
  readonly hands: PolicyHands;
  /** The names that a name is an alias of, directly or by others, as far as it was asked for. */
  readonly aliasesOf: (name: string) => readonly Domain[];
  readonly all: () => Pick<Recording, 'answers' | 'fetched' | 'recalled'>;
}

/** Whoever asked to be left alone is so by his policy host, too: no answer of it, which nothing follows from. */
export function leavingAlone({ resolve, fetch, recall }: PolicyHands, optOut: OptOut): PolicyHands {
  return {
    resolve,
    recall,
    fetch: (domain) => {
      const host = parseDomain(`mta-sts.${domain}`);
      const line = host.kind === 'ok' ? optOut.ofName(host.value) : undefined;
      return line === undefined
        ? fetch(domain)
        : Promise.resolve({ kind: 'failed', fault: 'timeout', because: optedOutBy(line), tls: undefined });
    },
  };
}

/** A target that steps aside comes back as a rule before this is over. */
const KEPT_MS = 10 * 60_000;
const BOUNDS = { entries: 20_000, octets: 32 << 20 };

/** Asks for the policy of each domain once, as far as memory goes: a target of a list may be begun twice. @param now ms. */
export function fetchedOnce(fetch: PolicyHands['fetch'], now: () => number): PolicyHands['fetch'] {
  const kept = boundedCache<PolicyFetch>(BOUNDS);
  return async (domain) => {
    const known = kept.get(domain, now());
    if (known !== undefined) return known;
    const outcome = await fetch(domain);
    kept.set(domain, outcome, octetsOf(outcome), now() + KEPT_MS);
    return outcome;
  };
}

/** Asks each thing once, and keeps what came. */
export function keptLookUps({ resolve, fetch, recall }: PolicyHands): KeptLookUps {
  const answers = new Map<string, Promise<Answer>>();
  const fetched = new Map<Domain, Promise<PolicyFetch>>();
  const recalled = new Map<Domain, Recalled>();
  const settled: Answer[] = [];
  const outcomes: { domain: Domain; outcome: PolicyFetch }[] = [];
  return {
    hands: {
      resolve: (question) => keptIn(answers, recordKey(question), () => ask(resolve, question, settled)),
      fetch: (domain) =>
        keptIn(fetched, domain, async () => {
          const outcome = await fetch(domain);
          outcomes.push({ domain, outcome });
          return outcome;
        }),
      recall: (domain) => keptIn(recalled, domain, () => ofAnybody(recall(domain))),
    },
    aliasesOf: (name) =>
      settled.flatMap(({ question, aliases }) =>
        aliases.length > 0 && showName(question.name) === name ? namesIn(aliases) : [],
      ),
    all: () => ({
      answers: [...settled],
      fetched: outcomes,
      recalled: [...recalled].map(([domain, value]) => ({ domain, recalled: value })),
    }),
  };
}

/** What a check goes by: the list of this relay, its memory and its promotions are those of no other sender. */
function ofAnybody({ sts, overrides }: Recalled): Recalled {
  return { sts, overrides };
}

async function ask(resolve: PolicyHands['resolve'], question: Question, settled: Answer[]): Promise<Answer> {
  // What a resolver says of every link is for `resolve`; here it would be most of what is kept.
  const answer = { ...(await resolve(question)), chain: [] };
  settled.push(answer);
  return answer;
}

function keptIn<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const value = make();
  map.set(key, value);
  return value;
}
