/**
 * Many look-ups through the real table, engine and cache of answers, some at once, with a resolver and policy hosts that fail at
 * random, and domains that change. Each answer is judged by what the test itself saw of the look-up that it stands on.
 */
import { type Desk, openDesk } from '../../src/advisor/desk.ts';
import type { Dialect } from '../../src/advisor/dialect.ts';
import { socketmap } from '../../src/advisor/socketmap.ts';
import type { Answer } from '../../src/dns/answer.ts';
import { showName } from '../../src/dns/name.ts';
import type { Question } from '../../src/dns/record.ts';
import { type EngineParts, openPolicyEngine, type PolicyEngine } from '../../src/lookup/engine.ts';
import type { Domain } from '../../src/names/domain.ts';
import { startDeadlines } from '../../src/net/deadlines.ts';
import { boundedCache } from '../../src/net/dns/bounded-cache.ts';
import type { DestinationFacts } from '../../src/policies/destination.ts';
import type { StsEntry } from '../../src/policies/mta-sts/cache.ts';
import { answered, failedFetch, policyText } from '../unit/policies/mta-sts/policy-host.ts';
import { mayRules } from './advisor.ts';
import {
  dnsAnswer,
  expected,
  type Kind,
  kindOf,
  numberOf,
  partial,
  randomFrom,
  ttlOf,
} from './advisor-world.ts';
import { nameOf } from './destinations.ts';
import { type Said, shortfall } from './postfix-oracle.ts';
import { readPostfixPolicy } from './postfix-policy.ts';

export interface HistoryOptions {
  readonly lookUps: number;
  /** Different ones. */
  readonly domains: number;
  /** Of questions that fail while it lasts, and of fetches. */
  readonly failing: number;
  readonly seed: number;
  /** Between two look-ups, one with another. */
  readonly stepMs: number;
  /** Called now and then with the look-ups so far. */
  readonly onProgress?: (done: number) => void;
}

export interface History {
  /** Answers by what they let out. */
  readonly policy: number;
  readonly absent: number;
  readonly later: number;
  /** Of those answers, the ones that were kept from an earlier look-up. */
  readonly kept: number;
  /** Of the kept ones: that mail has to wait. */
  readonly keptLater: number;
  /** Answers that stand on something that failed, and let mail out by the rest. */
  readonly partial: number;
  /** Answers for a domain whose policy nobody could fetch yet, and that were those of a domain without (RFC 8461 §5.1). */
  readonly unseen: number;
  /** What was wrong, a sentence each. */
  readonly wrong: readonly string[];
  /** Once nothing fails any more: domains whose answer was not the truth. */
  readonly unhealed: readonly string[];
}

/** A look-up, as the test saw it. */
interface Log {
  readonly at: number;
  readonly kind: Kind;
  /** The policy was known before. */
  readonly seen: boolean;
  lost: boolean;
  fetched: boolean;
}

const NOON = Date.UTC(2026, 10, 29, 12);
const HOUR_MS = 3_600_000;
/** Look-ups at the same moment, up to. */
const AT_ONCE = 16;
/** Of what fails, by a fault in place of an answer. */
const BY_FAULT = 0.05;
/** So often, by batches of look-ups, an operator says something. */
const FORGETTING = 0.01;

/** What the look-ups go through. */
interface Stage {
  readonly table: Dialect;
  readonly desk: Desk;
  /** By domain. */
  readonly logs: ReadonlyMap<string, Log>;
  readonly tally: Tally;
  now: number;
  failing: number;
  close(): void;
}

type Tally = { -readonly [Key in Exclude<keyof History, 'wrong' | 'unhealed'>]: number } & {
  refused: number;
};

export async function playHistory(options: HistoryOptions): Promise<History> {
  const random = randomFrom(options.seed);
  const stage = setStage(options, random);
  const { table, desk } = stage;
  const judge = judgeOf(stage);
  const names = Array.from({ length: options.domains }, (_, index) => nameOf(`d${index}.test`));
  const wrong: string[] = [];
  let forgotten = 0;
  let done = 0;
  while (done < options.lookUps) {
    stage.now += 1 + Math.floor(random() * options.stepMs * AT_ONCE);
    const asked = Array.from({ length: 1 + Math.floor(random() * AT_ONCE) }, () => {
      // Few are asked about often, many now and then.
      return names[Math.floor(random() ** 3 * names.length)] ?? nameOf('d0.test');
    });
    const answering = Promise.all(asked.map(async (domain) => await table.answer(`postfix ${domain}`)));
    // While the rest is looked up; what is kept has been said by now.
    const isForgotten = random() < FORGETTING;
    if (isForgotten) desk.forget();
    const answers = await answering;
    for (const [index, domain] of asked.entries()) {
      const what = await judge(domain, textIn(answers[index] ?? ''), forgotten);
      if (what !== undefined) wrong.push(what);
    }
    if (isForgotten) forgotten = stage.now;
    const before = done;
    done += asked.length;
    if (Math.floor(before / 10_000) < Math.floor(done / 10_000)) options.onProgress?.(done);
  }
  const unhealed = await heal(stage, names.slice(0, 2_000));
  stage.close();
  return { ...stage.tally, wrong, unhealed };
}

function setStage(options: HistoryOptions, random: () => number): Stage {
  const rows = new Map<Domain, StsEntry>();
  const logs = new Map<string, Log>();
  const tally: Tally = {
    policy: 0,
    absent: 0,
    later: 0,
    refused: 0,
    kept: 0,
    keptLater: 0,
    partial: 0,
    unseen: 0,
  };
  const deadlines = startDeadlines(1_000);
  const clock = (): number => told.now;
  const engine = engineOf(
    clock,
    rows,
    random,
    failingHands(random, logs, clock, () => told.failing),
  );
  const desk = openDesk({
    learn(target) {
      const domain = target.kind === 'domain' ? target.domain : target.host;
      const at = clock();
      if (logs.get(domain)?.at !== at) {
        const seen = (rows.get(domain)?.known ?? null) !== null;
        logs.set(domain, { at, kind: kindOf(numberOf(domain), at), seen, lost: false, fetched: false });
      }
      return engine.learn(target);
    },
    deadlines,
    now: clock,
    counters: {
      answered(kind, kept) {
        tally[kind] += 1;
        if (kept) tally.kept += 1;
        if (kept && kind === 'later') tally.keptLater += 1;
      },
      lookedUp: () => undefined,
    },
    lookUps: { count: 0 },
    most: () => Math.ceil(options.domains / 4),
    // Faults of the resolver are part of the play.
    onError: () => undefined,
  });
  const terms = { version: { major: 3, minor: 7 }, dane: 'with', rulesFor: () => mayRules } as const;
  const told: Stage = {
    table: socketmap(desk, () => terms),
    desk,
    logs,
    tally,
    now: NOON,
    failing: options.failing,
    close() {
      engine.close();
      deadlines.close();
    },
  };
  return told;
}

/** A resolver and policy hosts that fail at random, some quicker than others; what they do is written down. */
function failingHands(
  random: () => number,
  logs: ReadonlyMap<string, Log>,
  clock: () => number,
  failing: () => number,
): Hands {
  async function dawdle(): Promise<void> {
    for (let turns = Math.floor(random() * 4); turns > 0; turns -= 1) await Promise.resolve();
  }
  return {
    async resolve(question) {
      await dawdle();
      const isLost = random() < failing();
      const log = logs.get(`d${numberOf(showName(question.name))}.test`);
      if (isLost && log !== undefined) log.lost = true;
      if (isLost && random() < BY_FAULT) throw new Error('the resolver is broken');
      return dnsAnswer(question, clock(), isLost);
    },
    async fetch(domain) {
      await dawdle();
      if (random() < failing()) return failedFetch('timeout');
      const log = logs.get(domain);
      if (log !== undefined) log.fetched = true;
      return policyOf(domain);
    },
  };
}

type Judge = (domain: Domain, text: string, forgotten: number) => Promise<string | undefined>;

/** Says what is wrong with an answer; undefined where nothing is. */
function judgeOf(stage: Stage): Judge {
  const { logs, tally } = stage;
  const truthOf = truths(() => stage.now);
  return async (domain, text, forgotten) => {
    const log = logs.get(domain);
    if (log === undefined) return 'nothing was looked up for it';
    const { at, kind, lost, seen, fetched } = log;
    const age = stage.now - at;
    const about = `${domain} (${kind}), ${age} ms old${lost ? ', of which something failed' : ''}: ${text}`;
    const longest = lost ? 3_000 : Math.max(5_000, Math.min(HOUR_MS, ttlOf(numberOf(domain)) * 1_000));
    if (age > 0 && (age >= longest || at <= forgotten)) return `${about}, kept too long`;
    if (text.startsWith('TEMP ')) return lost ? undefined : `${about}, and nothing failed`;
    const unseen = !seen && !fetched;
    const right = lost ? partial(kind, domain, unseen) : [expected(kind, domain)];
    const isUnseen = unseen && partial(kind, domain, true).includes(text);
    if (isUnseen && text !== expected(kind, domain)) tally.unseen += 1;
    else if (!right.includes(text)) return about;
    if (lost) tally.partial += 1;
    const truth = await truthOf(domain, log);
    const short = shortfall(saidIn(text), isUnseen ? withoutSts(truth) : truth, mayRules);
    return short === undefined ? undefined : `${about}: ${short}`;
  };
}

/** Ends all failing. @returns domains whose answer is not the truth then. */
async function heal(stage: Stage, names: readonly Domain[]): Promise<readonly string[]> {
  stage.failing = 0;
  // Longer than a policy host is left alone that has failed, and than anything is kept.
  stage.now += 48 * HOUR_MS;
  const unhealed: string[] = [];
  for (const domain of names) {
    const text = textIn(await stage.table.answer(`postfix ${domain}`));
    const kind = kindOf(numberOf(domain), stage.now);
    if (text !== expected(kind, domain)) unhealed.push(`${domain} (${kind}): ${text}`);
  }
  return unhealed;
}

type Hands = Pick<EngineParts, 'resolve' | 'fetch'>;

function engineOf(
  now: () => number,
  rows: Map<Domain, StsEntry>,
  random: () => number,
  hands: Hands,
): PolicyEngine {
  return openPolicyEngine({
    ...hands,
    resolveAnew: () => Promise.reject(new Error('nothing is asked anew')),
    store: {
      sts: {
        get: (domain) => rows.get(domain),
        put: (entry) => void rows.set(entry.domain, entry),
        remove: (domain) => rows.delete(domain),
        due: () => [],
        forget: () => 0,
      },
      overrides: { about: () => [] },
    },
    now,
    random,
    onError: (what, error) => {
      throw new Error(what, { cause: error });
    },
  });
}

function policyOf(domain: Domain) {
  const mode = kindOf(numberOf(domain), 0) === 'testing' ? 'testing' : 'enforce';
  return answered(policyText({ mode, mx: [`*.${domain}`] }));
}

/** What is to be known of domains, learnt where nothing fails. */
function truths(clock: () => number): (domain: Domain, log: Log) => Promise<DestinationFacts> {
  const known = boundedCache<DestinationFacts>({ entries: 2_000, octets: 1 << 30 });
  let at = 0;
  const resolve = (question: Question): Promise<Answer> => Promise.resolve(dnsAnswer(question, at, false));
  const fetch = (domain: Domain): ReturnType<Hands['fetch']> => Promise.resolve(policyOf(domain));
  const engine = engineOf(clock, new Map(), () => 0, { resolve, fetch });
  engine.close();
  return async (domain, log) => {
    const key = `${log.kind} ${domain}`;
    const before = known.get(key, 0);
    if (before !== undefined) return before;
    ({ at } = log);
    const facts = await engine.factsOf({ kind: 'domain', domain });
    known.set(key, facts, 5_000, 1);
    return facts;
  };
}

function withoutSts(facts: DestinationFacts): DestinationFacts {
  return { ...facts, sts: { ...facts.sts, kind: 'none', known: null } };
}

function textIn(netstring: string): string {
  const [, text] = /^[0-9]+:(.*),$/s.exec(netstring) ?? [];
  if (text === undefined) throw new Error(`no answer: ${netstring}`);
  return text;
}

function saidIn(text: string): Said {
  if (text === 'NOTFOUND ') return { kind: 'absent' };
  if (text.startsWith('OK ')) return { kind: 'policy', ...readPostfixPolicy(text.slice(3), 3, 7) };
  throw new Error(`no answer: ${text}`);
}
