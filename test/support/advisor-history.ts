/**
 * Many look-ups through the real table, engine and cache of answers, with a resolver and policy hosts that fail at random. Each answer that
 * lets mail out is compared with the truth, on a clock of its own.
 */
import { openDesk } from '../../src/advisor/desk.ts';
import { socketmap } from '../../src/advisor/socketmap.ts';
import type { Answer } from '../../src/dns/answer.ts';
import { showName, nameOf as wireNameOf } from '../../src/dns/name.ts';
import { type Question, types } from '../../src/dns/record.ts';
import { type EngineParts, openPolicyEngine } from '../../src/lookup/engine.ts';
import type { Domain } from '../../src/names/domain.ts';
import { startDeadlines } from '../../src/net/deadlines.ts';
import { boundedCache } from '../../src/net/dns/bounded-cache.ts';
import type { DestinationFacts } from '../../src/policies/destination.ts';
import type { StsEntry } from '../../src/policies/mta-sts/cache.ts';
import { answered, failedFetch, policyText } from '../unit/policies/mta-sts/policy-host.ts';
import { mayRules } from './advisor.ts';
import { nameOf, tlsaData } from './destinations.ts';
import { type Said, shortfall } from './postfix-oracle.ts';
import { readPostfixPolicy } from './postfix-policy.ts';

export interface HistoryOptions {
  readonly lookUps: number;
  /** Different ones. */
  readonly domains: number;
  /** Of questions that fail while it lasts, and of fetches. */
  readonly failing: number;
  readonly seed: number;
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
  /** Answers for a domain whose policy nobody could fetch yet, and that were those of a domain without (RFC 8461 §5.1). */
  readonly unseen: number;
  /** What was wrong, a sentence each. */
  readonly wrong: readonly string[];
  /** Once nothing fails any more: domains whose answer was not the truth. */
  readonly unhealed: readonly string[];
}

const NOON = Date.UTC(2026, 10, 29, 12);
/** Between two look-ups, up to. */
const STEP_MS = 40;
const TTL_SECONDS = [0, 1, 30, 300];

/** What a domain is; by its number. */
type Kind = (typeof kinds)[number];

const kinds = [
  'dane',
  'dane two',
  'mixed',
  'half',
  'unusable',
  'sts',
  'sts and mixed',
  'testing',
  'plain',
  'nowhere',
] as const;

export async function playHistory(options: HistoryOptions): Promise<History> {
  const random = randomFrom(options.seed);
  let now = NOON;
  let failing = options.failing;
  const fails = (): boolean => random() < failing;
  const rows = new Map<Domain, StsEntry>();
  const names = Array.from({ length: options.domains }, (_, index) => nameOf(`d${index}.test`));
  const kindOf = (domain: string): Kind =>
    kinds[Number(/d(\d+)\.test$/.exec(domain)?.[1] ?? 0) % kinds.length] ?? 'plain';

  const partsOf = (honest: boolean, store: Map<Domain, StsEntry>): EngineParts => ({
    resolve: (question) => Promise.resolve(answerTo(question, kindOf, random, !honest && fails())),
    resolveAnew: () => Promise.reject(new Error('nothing is asked anew')),
    fetch: (domain) =>
      Promise.resolve(
        !honest && fails()
          ? failedFetch('timeout')
          : answered(
              policyText({ mode: kindOf(domain) === 'testing' ? 'testing' : 'enforce', mx: [`*.${domain}`] }),
            ),
      ),
    store: {
      sts: {
        get: (domain) => store.get(domain),
        put: (entry) => void store.set(entry.domain, entry),
        remove: (domain) => store.delete(domain),
        due: () => [],
        forget: () => 0,
      },
      overrides: { about: () => [] },
    },
    now: () => now,
    random,
    onError: (what, error) => {
      throw new Error(what, { cause: error });
    },
  });
  const engine = openPolicyEngine(partsOf(false, rows));
  const honest = openPolicyEngine(partsOf(true, new Map()));
  const deadlines = startDeadlines(1_000);
  const tally = { policy: 0, absent: 0, later: 0, refused: 0, kept: 0 };
  const desk = openDesk({
    learn: engine.learn,
    deadlines,
    now: () => now,
    counters: {
      answered(kind, kept) {
        tally[kind] += 1;
        if (kept) tally.kept += 1;
      },
      lookedUp: () => undefined,
    },
    lookUps: { count: 0 },
    onError: (what, error) => {
      throw new Error(what, { cause: error });
    },
    most: () => Math.ceil(options.domains / 4),
  });
  const table = socketmap(desk, () => ({
    version: { major: 3, minor: 7 },
    dane: 'with',
    rulesFor: () => mayRules,
  }));
  const truths = boundedCache<DestinationFacts>({ entries: 10_000, octets: 1 << 30 });

  async function truthOf(domain: Domain): Promise<DestinationFacts> {
    const known = truths.get(domain, 0);
    if (known !== undefined) return known;
    const facts = await honest.factsOf({ kind: 'domain', domain });
    truths.set(domain, facts, 5_000, 1);
    return facts;
  }

  let unseen = 0;
  const wrong: string[] = [];
  for (let count = 0; count < options.lookUps; count += 1) {
    now += Math.floor(random() * STEP_MS);
    // Few are asked about often, many now and then.
    const domain = names[Math.floor(random() ** 3 * names.length)] ?? nameOf('d0.test');
    const said = saidIn(String(await table.answer(`postfix ${domain}`)));
    if (said.kind !== 'later') {
      const truth = await truthOf(domain);
      const isSeen = rows.get(domain)?.known !== undefined && rows.get(domain)?.known !== null;
      const short = shortfall(said, truth, mayRules);
      if (short !== undefined) {
        const without = { ...truth, sts: { ...truth.sts, kind: 'none', known: null } as const };
        if (!isSeen && shortfall(said, without, mayRules) === undefined) unseen += 1;
        else wrong.push(`${domain} (${kindOf(domain)}): ${short}`);
      }
    }
    if (count % 10_000 === 9_999) options.onProgress?.(count + 1);
  }
  const unhealed: string[] = [];
  failing = 0;
  // Longer than a policy host is left alone that has failed, and than anything is kept.
  now += 2 * 86_400_000;
  for (const domain of names.slice(0, 2_000)) {
    const answer = String(await table.answer(`postfix ${domain}`));
    const expected = EXPECTED[kindOf(domain)](domain);
    if (!answer.endsWith(`:${expected},`)) unhealed.push(`${domain} (${kindOf(domain)}): ${answer}`);
  }
  engine.close();
  honest.close();
  deadlines.close();
  return { ...tally, unseen, wrong, unhealed };
}

const EXPECTED: Readonly<Record<Kind, (domain: string) => string>> = {
  dane: () => 'OK dane-only',
  'dane two': () => 'OK dane-only',
  mixed: () => 'OK dane',
  half: () => 'OK dane',
  unusable: () => 'OK encrypt',
  sts: (domain) => `OK secure match=.${domain} servername=hostname`,
  'sts and mixed': (domain) => `OK secure match=.${domain} servername=hostname`,
  testing: () => 'NOTFOUND ',
  plain: () => 'NOTFOUND ',
  nowhere: () => 'NOTFOUND ',
};

function saidIn(netstring: string): Said {
  const [, text = ''] = /^[0-9]+:(.*),$/s.exec(netstring) ?? [];
  if (text === 'NOTFOUND ') return { kind: 'absent' };
  if (text.startsWith('TEMP ')) return { kind: 'later' };
  if (!text.startsWith('OK ')) throw new Error(`no answer: ${netstring}`);
  return { kind: 'policy', ...readPostfixPolicy(text.slice(3), 3, 7) };
}

/** What the DNS says of the domains; each has the hosts `a` and `b` below it. */
function answerTo(
  question: Question,
  kindOf: (name: string) => Kind,
  random: () => number,
  isLost: boolean,
): Answer {
  const name = showName(question.name);
  const kind = kindOf(name);
  const isSigned = kind !== 'half' && kind !== 'sts' && kind !== 'testing';
  const isAboutMx = question.type === types.MX || question.type === types.TXT;
  const status = isSigned || (kind === 'half' && !isAboutMx) ? 'secure' : 'insecure';
  const common = {
    question,
    status,
    ttl: TTL_SECONDS[Math.floor(random() * TTL_SECONDS.length)] ?? 0,
    owner: question.name,
    aliases: [],
    signedSince: null,
    signedUntil: null,
    chain: [],
    because: 'of the test',
    errors: [],
  } as const;
  if (isLost) return { ...common, status: 'indeterminate', kind: 'unknown', unproven: [] };
  const records = recordsOf(name, question.type, kind);
  if (records === undefined) return { ...common, kind: 'absent', what: 'no-such-name' };
  return records.length === 0
    ? { ...common, kind: 'absent', what: 'no-such-record' }
    : { ...common, kind: 'found', records };
}

/** @returns undefined where the name does not exist. */
function recordsOf(name: string, type: number, kind: Kind): readonly Uint8Array[] | undefined {
  if (kind === 'nowhere') return undefined;
  const domain = /d\d+\.test$/.exec(name)?.[0] ?? '';
  const isSecond = name.includes('b.d');
  const hasTwo = kind === 'dane two' || kind === 'mixed' || kind === 'sts and mixed';
  switch (type) {
    case types.MX:
      return [mx(10, `a.${domain}`), ...(hasTwo ? [mx(20, `b.${domain}`)] : [])];
    case types.A:
      return [Uint8Array.of(192, 0, 2, 1)];
    case types.TXT: {
      const text = 'v=STSv1; id=1;';
      const has = kind === 'sts' || kind === 'sts and mixed' || kind === 'testing';
      return has ? [Uint8Array.of(text.length, ...Buffer.from(text))] : [];
    }
    case types.TLSA:
      if (kind === 'unusable') return [tlsaData(1)];
      if (kind === 'dane' || kind === 'half' || kind === 'dane two') return [tlsaData(3)];
      return (kind === 'mixed' || kind === 'sts and mixed') && !isSecond ? [tlsaData(3)] : [];
    default:
      return [];
  }
}

function mx(preference: number, host: string): Uint8Array {
  return Uint8Array.of(0, preference, ...Buffer.from(wireNameOf(nameOf(host)), 'latin1'));
}

/** Numbers in [0, 1), the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
