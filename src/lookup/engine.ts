/** The policy engine at work: finds out what holds for a destination, and keeps what has to outlive a restart. */
import type { Answer } from '../dns/answer.ts';
import type { Question } from '../dns/record.ts';
import type { Domain } from '../names/domain.ts';
import {
  type DestinationFacts,
  type DestinationTerms,
  factsOfDomain,
  factsOfHost,
} from '../policies/destination.ts';
import type { KeptListed } from '../policies/list/facts.ts';
import type { MemorySettings } from '../policies/memory/expect.ts';
import type { StsEntry } from '../policies/mta-sts/cache.ts';
import type { StsFacts } from '../policies/mta-sts/facts.ts';
import { type StsTerms, stsFor } from '../policies/mta-sts/gather.ts';
import type { PolicyStore } from '../store/policy-store.ts';
import { drive, type PolicyHands } from './drive.ts';
import { recallFrom } from './recall.ts';

/** Where mail is to go: a domain by its MX records, or a host that somebody configured. */
export type Target =
  /** `port`: of its hosts, where it is not that of mail between servers. */
  | { readonly kind: 'domain'; readonly domain: Domain; readonly port?: number }
  | { readonly kind: 'host'; readonly host: Domain; readonly port: number };

/** What of the store the engine works with. */
export interface EngineStore {
  readonly sts: Pick<PolicyStore['sts'], 'get' | 'put' | 'remove' | 'due' | 'forget'>;
  readonly overrides: Pick<PolicyStore['overrides'], 'about'>;
  /** Absent: there is no policy list to go by. */
  readonly list?: { about(domain: Domain): KeptListed | undefined };
  /** Absent: nothing is remembered of sessions. */
  readonly memory?: Pick<PolicyStore['memory'], 'of'> | undefined;
  /** Absent: nothing is promoted. */
  readonly promotions?: Pick<PolicyStore['promotions'], 'get'> | undefined;
}

export interface EngineParts {
  readonly resolve: (question: Question) => Promise<Answer>;
  /** The same past all that is kept of the name. */
  readonly resolveAnew: (question: Question) => Promise<Answer>;
  readonly fetch: PolicyHands['fetch'];
  readonly store: EngineStore;
  /** What counts of what is remembered, at the moment; absent: nothing. */
  readonly memory?: () => MemorySettings;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** A row that could not be kept, or a renewal that failed by a fault of ours. */
  readonly onError: (what: string, error: unknown) => void;
}

/** What was found out, and how long that lasts. */
export interface Learnt {
  readonly facts: DestinationFacts;
  /** Milliseconds for which the same may be said again; 0 where something could not be learnt. */
  readonly forMs: number;
}

export interface PolicyEngine {
  /** All that is to be known of a destination now; equal questions at the same time are one. */
  readonly factsOf: (target: Target) => Promise<DestinationFacts>;
  /** The same, for who keeps what he makes of it. */
  readonly learn: (target: Target) => Promise<Learnt>;
  /**
   * The same with the DNS asked anew and the MTA-STS policy fetched as often as RFC 8461 §3.3 has it: what held mail, and
   * mail that is about to be returned, goes by. What was learnt so within the last ten seconds does for others.
   */
  readonly factsAnew: (target: Target) => Promise<DestinationFacts>;
  /** Fetches the MTA-STS policy of a domain anew, whatever is known of it. */
  readonly refresh: (domain: Domain) => Promise<StsFacts>;
  /**
   * Forgets the MTA-STS policy of a domain, behind whatever is under way for it, which would keep it again.
   *
   * @returns what was kept; undefined where nothing was.
   */
  readonly forget: (domain: Domain) => Promise<StsEntry | undefined>;
  /** Forgets what was learnt of the domain a moment ago: another process has fetched its policy, or forgotten it. */
  readonly overlook: (domain: Domain) => void;
  /** The same for all of them: an operator has said something. Who asks from now on joins nothing that began before. */
  readonly overlookAll: () => void;
  /** Renews no more. What is under way is not waited for, as a policy host may take a minute; nothing is kept of it. */
  readonly close: () => void;
}

/** How long fresh facts do for others: a thousand messages that are returned at once ask once. */
const ANEW_MS = 10_000;
const RENEW_EVERY_MS = 30_000;
/** Policies that are renewed in one go. */
const RENEW_IN_ONE_GO = 50;
/** A policy host may take a minute to say nothing: the others do not wait for it. */
const RENEW_AT_ONCE = 8;
/** With each session it may expect more, or give way. */
const MEMORY_LASTS_MS = 60_000;
/** The port of mail between servers. */
const SMTP = 25;
const DAY_MS = 24 * 60 * 60_000;
/** Rows that no mail has asked for so long are removed, once their policy has ended. */
const FORGET_AFTER_MS = 180 * DAY_MS;

export function openPolicyEngine(parts: EngineParts): PolicyEngine {
  const { store, now, random, onError } = parts;
  const running = new Map<string, Promise<Learnt>>();
  const anew = new Map<string, { readonly at: number; readonly facts: Promise<DestinationFacts> }>();
  const inLine = lines();
  let closed = false;
  const hands: PolicyHands = {
    resolve: parts.resolve,
    fetch: parts.fetch,
    recall: recallFrom(store),
  };
  const freshHands: PolicyHands = { ...hands, resolve: parts.resolveAnew };
  const terms = (errand: StsTerms['errand']): DestinationTerms => ({
    now: now(),
    jitter: random(),
    errand,
    memory: parts.memory?.(),
  });

  function keep(entry: StsEntry | null): void {
    if (entry === null || closed) return;
    try {
      store.sts.put(entry);
    } catch (error) {
      // The policy holds for this mail all the same; it is fetched again for the next.
      onError(`keeping the MTA-STS policy of ${entry.domain}`, error);
    }
  }

  /** One at a time for each domain: two that fetch at once would overwrite what the other has learnt. */
  async function gather(target: Target, errand: StsTerms['errand'], by: PolicyHands): Promise<Learnt> {
    const domain = target.kind === 'domain' ? target.domain : target.host;
    return inLine(domain, async () => {
      let seconds = Number.POSITIVE_INFINITY;
      const resolve = async (question: Question): Promise<Answer> => {
        const answer = await by.resolve(question);
        seconds = Math.min(seconds, answer.kind === 'unknown' ? 0 : answer.ttl);
        return answer;
      };
      const dialogue =
        target.kind === 'domain'
          ? factsOfDomain(domain, terms(errand), target.port)
          : factsOfHost(domain, target.port, terms(errand));
      const facts = await drive(dialogue, { ...by, resolve });
      keep(facts.sts.keep);
      return { facts, forMs: Math.max(0, Math.min(seconds * 1000, lastsUntil(facts, now()) - now())) };
    });
  }

  function renew(domain: Domain, errand: StsTerms['errand']): Promise<StsFacts> {
    return inLine(domain, async () => {
      const facts = await drive(stsFor(domain, terms(errand)), hands);
      keep(facts.keep);
      return facts;
    });
  }

  async function renewSome(): Promise<void> {
    await someAtOnce(store.sts.due(now(), RENEW_IN_ONE_GO), RENEW_AT_ONCE, async ({ domain }) => {
      if (closed) return;
      try {
        await renew(domain, 'refresh');
      } catch (error) {
        if (!closed) onError(`renewing the MTA-STS policy of ${domain}`, error);
      }
    });
    if (!closed) store.sts.forget(now() - FORGET_AFTER_MS);
  }
  const stopRenewals = everyNowAndThen(() =>
    renewSome().catch((error: unknown) => onError('renewing MTA-STS policies', error)),
  );

  function learn(target: Target): Promise<Learnt> {
    const key = keyOf(target);
    const under = running.get(key);
    if (under !== undefined) return under;
    const learnt = gather(target, 'delivery', hands).finally(() => {
      if (running.get(key) === learnt) running.delete(key);
    });
    running.set(key, learnt);
    return learnt;
  }

  return {
    factsOf: async (target) => (await learn(target)).facts,
    learn,
    factsAnew(target) {
      const oldest = now() - ANEW_MS;
      for (const [key, { at }] of anew) if (at < oldest || at > now()) anew.delete(key);
      const key = keyOf(target);
      const known = anew.get(key);
      if (known !== undefined) return known.facts;
      const facts = gather(target, 'again', freshHands).then((learnt) => learnt.facts);
      anew.set(key, { at: now(), facts });
      facts.catch(() => anew.delete(key));
      return facts;
    },
    refresh(domain) {
      anew.delete(domain);
      return renew(domain, 'forced');
    },
    forget: (domain) =>
      inLine(domain, () => {
        anew.delete(domain);
        const entry = store.sts.get(domain);
        store.sts.remove(domain);
        return Promise.resolve(entry);
      }),
    overlook(domain) {
      anew.delete(domain);
      running.clear();
    },
    overlookAll() {
      anew.clear();
      running.clear();
    },
    close() {
      closed = true;
      stopRenewals();
    },
  };
}

/** What is kept of MTA-STS, a list and an operator's word have times of their own. */
function lastsUntil({ sts, override, list, promotion, memory }: DestinationFacts, now: number): number {
  const listed = list?.kind === 'policy' ? list.until : Number.POSITIVE_INFINITY;
  const none = Number.POSITIVE_INFINITY;
  const remembered = memory?.mode === 'enforce' && memory.tracks.length > 0 ? now + MEMORY_LASTS_MS : none;
  return Math.min(sts.until, override?.until ?? none, promotion?.until ?? none, listed, remembered);
}

function keyOf(target: Target): string {
  if (target.kind === 'host') return `[${target.host}]:${target.port}`;
  return (target.port ?? SMTP) === SMTP ? target.domain : `${target.domain}:${target.port}`;
}

/** Lets work under the same key wait for its turn. */
function lines(): <Result>(key: string, work: () => Promise<Result>) => Promise<Result> {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = last.get(key) ?? Promise.resolve();
    // What went wrong before was heard by whoever asked for it.
    const turn = before.then(work, work);
    last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (last.get(key) === turn) last.delete(key);
    }
  };
}

/** Does all of the work, so many pieces of it at the same time. */
async function someAtOnce<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const left = items.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of left) await work(item);
    }),
  );
}

/** Repeats work that never rejects, never two at once. @returns what ends it. */
function everyNowAndThen(work: () => Promise<void>): () => void {
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    void work().finally(() => {
      busy = false;
    });
  }, RENEW_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
