/** From options and configuration to a tester, with everything that it works with. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../../dns/answer.ts';
import type { Question } from '../../dns/record.ts';
import type { Depth } from '../../findings/endpoint.ts';
import type { Refusal } from '../../lookup/https-addresses.ts';
import { formatMailDomain } from '../../names/mailbox.ts';
import { fetchedOnce } from '../../scanner/kept-look-ups.ts';
import { localhostUnasked } from '../../scanner/local-names.ts';
import { openObserver } from '../../scanner/observe.ts';
import { type OptOut, optedOutBy } from '../../scanner/opt-out.ts';
import { openPace } from '../../scanner/pace.ts';
import { isOurs } from '../../scanner/plans.ts';
import { callingBy, openPolicyCalls, type PolicyCalls } from '../../scanner/policy-calls.ts';
import { type Believed, soundly } from '../../scanner/sound-look-ups.ts';
import { steadily } from '../../scanner/steady-look-ups.ts';
import { openTester, type Tester } from '../../scanner/tester.ts';
import { openVisits, type Visits } from '../../scanner/visits.ts';
import type { Config } from '../config/config.ts';
import type { DnsFiles } from '../config/files.ts';
import { noticeOf } from '../dns-notices.ts';
import { type CommandLookUps, openLookUps } from '../look-up.ts';
import { asksOnlyThisHost } from '../policy-engine.ts';
import { breathOfThread } from './breath.ts';

/** What the options say of every visit. */
export interface CheckTerms {
  readonly depth: Depth;
  readonly intrusive: boolean;
  readonly allowPrivate: boolean;
  /** Whether every suite is listed, beside the budget. */
  readonly everySuite?: boolean;
  /** Doors that are visited at the same time. */
  readonly concurrency: number;
  /** Milliseconds between two connections to the same address. */
  readonly gapMs: number;
  /** How many others share the resolver with this thread, itself included. */
  readonly threads: number;
  /** Milliseconds for one connection, from its beginning to its end. */
  readonly timeoutMs: number;
  readonly optOut: OptOut;
  /** Hears what is wrong with the resolvers, each thing once. */
  readonly onNotice: (text: string) => void;
}

/** Who knows whose turn it is at which door, and at which policy host. */
export interface Turns {
  readonly visits: Visits;
  readonly calls: PolicyCalls;
}

export interface OpenedCheck extends Turns {
  readonly tester: Tester;
  /** From now on no door is visited; what is under way is finished. */
  readonly stop: () => void;
  close(): Promise<void>;
}

/** Questions at the same time: a resolver as it is shipped holds a thousand, and drops the others. */
const QUESTIONS = 1_000;
/** Nothing that a policy host does takes longer than a server may. */
const LONGEST_FETCH_MS = 60_000;

/**
 * @param elsewhere whose turn it is, where that is not for this tester to say.
 * @throws StoreError where the store of the data folder is there and cannot be read.
 */
export function openCheck(
  config: Config,
  files: DnsFiles,
  terms: CheckTerms,
  elsewhere?: Turns,
): OpenedCheck {
  const told = new Set<string>();
  const clock = (): number => performance.now();
  const lab = asksOnlyThisHost(config);
  const free = (address: string): boolean => isOurs(address, { lab });
  const { concurrency, gapMs } = terms;
  const calls = elsewhere?.calls ?? openPolicyCalls({ concurrency, isOurs: free, clock });
  const lookUps = openLookUps(config, files, {
    whenUnprovable: 'use',
    fetchMs: Math.min(terms.timeoutMs, LONGEST_FETCH_MS),
    questionsAtOnce: Math.ceil(QUESTIONS / terms.threads),
    manners: { refusal: refusalBy(terms.optOut), calling: callingBy(calls, clock) },
    onNotice: (test) => {
      const notice = noticeOf(test, config.dns.dnssec);
      if (notice === undefined || told.has(notice.says)) return;
      told.add(notice.says);
      terms.onNotice(`${notice.says} ${notice.remedy}`);
    },
  });
  const scanner = formatMailDomain(config.check.hello);
  const observer = openObserver({
    helloName: scanner,
    roots: files.roots,
    timeoutMs: terms.timeoutMs,
    now: Date.now,
  });
  const pace = openPace({
    gapMs,
    concurrency,
    isOurs: free,
    clock,
    sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
  });
  const breath = breathOfThread();
  const visits = elsewhere?.visits ?? openVisits(pace, Date.now);
  const { depth, intrusive, allowPrivate, everySuite = false, optOut } = terms;
  const tester = openTester(
    {
      ...lookUps.hands,
      resolve: resolvingBy(lookUps, config, terms.onNotice),
      fetch: fetchedOnce(lookUps.hands.fetch, Date.now),
      observer,
      visits,
      now: Date.now,
      random: Math.random,
    },
    {
      depth,
      intrusive,
      allowPrivate,
      everySuite,
      optOut,
      scanner,
      lab,
      smtpPort: config.relay.smtpPort,
    },
  );
  return {
    tester: {
      test: tester.test,
      attempt: (target, join) => breath.through(() => tester.attempt(target, join)),
    },
    visits,
    calls,
    stop: () => pace.stop(),
    async close() {
      observer.close();
      await lookUps.close();
    },
  };
}

/** No domain is to blame for what is wrong with our resolver. */
function resolvingBy(
  { resolver, hands: { resolve } }: Pick<CommandLookUps, 'resolver' | 'hands'>,
  config: Config,
  onNotice: CheckTerms['onNotice'],
): (question: Question) => Promise<Answer> {
  const resolveAnew = (question: Question): Promise<Answer> => resolver.lookUpAnew(question);
  const steady = steadily({ resolve, resolveAnew, sleep, onNotice });
  return localhostUnasked(soundly(steady, believed(config)));
}

/** Whoever asked to be left alone is so by a policy host that is an alias of his, or has one of his addresses, too. */
function refusalBy({ ofName, ofAddress }: OptOut): Refusal {
  return (names, addresses) => {
    const line = [...names.map(ofName), ...addresses.map(ofAddress)].find((one) => one !== undefined);
    return line === undefined ? undefined : optedOutBy(line);
  };
}

const DNS_PORT = 53;

/**
 * Which resolvers are believed what they deny. On this host a named one may be that of a lab, which knows a handful of names and no
 * root; at the usual port it may as well be a forwarder, behind which a network denies everything.
 */
export function believed({ dns }: Pick<Config, 'dns'>): Believed {
  if (!asksOnlyThisHost({ dns })) return 'who-knows-the-root';
  return dns.resolvers.every(({ port }) => port !== DNS_PORT) ? 'everyone' : 'who-knows-a-name';
}
