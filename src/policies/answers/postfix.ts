/**
 * A decision in Postfix's words: the level of `smtp_tls_policy_maps` that asks for no less than the decision at any host.
 *
 * Postfix has one policy for all hosts of a domain. Where that cannot say what each host needs, the stricter one is said, which
 * leaves hosts out; where none is strict enough, nothing is said for now. `dane` asks for nothing at hosts without TLSA records,
 * `dane-only` for TLSA records at each, `secure` for a certificate by a public authority at each.
 */
import type { Domain } from '../../names/domain.ts';
import { type DestinationVerdict, decideAll, type UsableHost } from '../combine.ts';
import { decide, formatIdentity } from '../decide.ts';
import { type Demand, isSecure, operatorWord, type Rules } from '../demand.ts';
import { type DestinationFacts, MOST_HOSTS } from '../destination.ts';
import { listsHost } from '../list/demand.ts';
import { matchingPattern } from '../mta-sts/match.ts';
import type { StsPolicy } from '../mta-sts/policy.ts';

/** Levels that need no names. */
type PlainLevel = 'none' | 'may' | 'encrypt' | 'dane' | 'dane-only';

export type PostfixAnswer =
  | { readonly kind: 'level'; readonly level: PlainLevel; readonly because: string }
  | {
      readonly kind: 'secure';
      /** Names, and `.suffix` for all names below it: the certificate has to prove one. At least one. */
      readonly match: readonly string[];
      /** The MTA-STS policy whose patterns `match` stands for; null: it comes from somebody else. */
      readonly sts: { readonly domain: Domain; readonly policy: StsPolicy } | null;
      /** The hosts that may be used now: where `match` is too long for an answer, they are the same demand. */
      readonly hosts: readonly string[];
      readonly because: string;
    }
  /** Nobody asks for more than Postfix does by itself. */
  | { readonly kind: 'absent'; readonly because: string }
  /** What it would be is not known, or cannot be said. */
  | { readonly kind: 'later'; readonly because: string };

/** Whether the Postfix that asks can look up TLSA records; else all that DANE has to say is left out. */
export type DaneUse = 'with' | 'without';

/** @param rules what operators say; there is no message. */
export function postfixAnswer(all: DestinationFacts, rules: Rules, dane: DaneUse): PostfixAnswer {
  const facts = dane === 'with' ? all : withoutDane(all);
  const verdict = decideAll(facts, rules);
  const word = operatorWord(facts, rules);
  if (word !== undefined) return byWord(word, facts, verdict, rules);
  // An answer that is missing is no answer: Postfix would fall back to what it does where there is no policy.
  if (facts.way.kind === 'unknown') return later(verdict.because);
  const answer = published(facts, verdict, rules);
  return answer.kind === 'level' && answer.level === 'dane' && dane === 'without'
    ? absent(answer.because)
    : answer;
}

function withoutDane(facts: DestinationFacts): DestinationFacts {
  const because = 'TLSA records are not looked at for this client';
  return {
    ...facts,
    hosts: facts.hosts.map(({ preference, facts: host }) => ({
      preference,
      facts: host.kind === 'found' ? { ...host, tlsa: { kind: 'absent', because, evidence: [] } } : host,
    })),
  };
}

/** What an operator says holds whatever the domain publishes, and whether or not anything can be learnt of it. */
function byWord(
  { requires, tryTls, because }: Demand,
  facts: DestinationFacts,
  { hosts }: DestinationVerdict,
  { route, defaultLevel }: Rules,
): PostfixAnswer {
  if (requires === 'none') return level(tryTls === 'no' ? 'none' : 'may', because);
  if (requires === 'encrypt') return level('encrypt', because);
  const usable = hosts.filter((host) => host.kind === 'use');
  // A match of TLSA records authenticates as well as a name.
  const everyHostHasDane =
    usable.length > 0 && usable.every(({ decision: { dane } }) => dane?.trusted === true);
  if (everyHostHasDane && isSecure(facts.way)) return level('dane-only', because);
  const own = decide({ kind: 'domain', domain: facts.domain }, route, defaultLevel);
  const identities = [...own.match, ...usable.flatMap(({ decision }) => decision.match)];
  return secure(identities.flatMap(nameText), because);
}

/** What layers below the operator ask for. */
function published(facts: DestinationFacts, verdict: DestinationVerdict, rules: Rules): PostfixAnswer {
  const { because } = verdict;
  const sts = stsAnswer(facts, verdict);
  // That there is no such domain, or no host, is for Postfix to find out; it ends no policy that is in force.
  if (verdict.kind === 'refuse') return sts ?? standing(facts, rules, because) ?? absent(because);
  const usable = verdict.hosts.filter((host) => host.kind === 'use');
  const missing = verdict.hosts.some((host) => host.kind === 'avoid' && host.passing);
  if (usable.length === 0) {
    if (missing) return later(because);
    if (sts !== undefined) return sts;
    if (verdict.kind === 'defer' && verdict.forbidden) return later(because);
    return standing(facts, rules, because) ?? absent(because);
  }
  const bound = usable.filter(isBound);
  const others = usable.filter((host) => !isBound(host));
  const more = missing ? askedOfMissing(facts, verdict, rules) : undefined;
  if (others.length === 0) {
    if (isSecure(facts.way)) return level('dane-only', because);
    // `dane` would use hosts that a policy forbids.
    const forbidden = verdict.hosts.find((host) => host.kind === 'avoid' && host.forbidden);
    if (sts === undefined && forbidden === undefined && more === undefined) return level('dane', because);
    return sts === undefined || missing ? secure(namesOf(facts, usable), because) : sts;
  }
  const named = others.find(({ decision }) => decision.requires === 'authenticate');
  if (named !== undefined) {
    const reason = named.decision.because;
    const isOneOfSts = named.decision.by === 'sts';
    // A host whose TLSA records could not be learnt must not be used, and its certificate may be good: it is not named.
    if (isOneOfSts && sts !== undefined && !missing) return sts;
    if (bound.length > 0 && sts === undefined && isSecure(facts.way)) return level('dane-only', reason);
    return secure(namesOf(facts, usable), reason);
  }
  return withoutNames(facts, bound, others, missing, more);
}

/**
 * What `dane` would not ask for at a host of which something could not be learnt; undefined where it asks for enough.
 *
 * Postfix looks it up by itself. Who keeps an answer from us can let it come there: without TLSA records `dane` uses the host as it is.
 */
function askedOfMissing(
  facts: DestinationFacts,
  { hosts }: DestinationVerdict,
  rules: Rules,
): string | undefined {
  const bare = decideAll({ ...facts, hosts: facts.hosts.map(withoutRecords) }, rules).hosts;
  const asked = bare.filter((host, index) => {
    const now = hosts[index];
    const isMissing = now?.kind === 'avoid' && now.passing;
    return isMissing && (host.kind === 'avoid' || host.decision.requires !== 'none');
  });
  const [first] = asked.map((host) => (host.kind === 'avoid' ? host.because : host.decision.because));
  return first;
}

type Candidate = DestinationFacts['hosts'][number];

/** The host as it would be with addresses, and without TLSA records. */
function withoutRecords({ preference, facts: host }: Candidate): Candidate {
  if (host.kind === 'absent') return { preference, facts: host };
  const tlsa = { kind: 'absent', because: `${host.host} may have no TLSA records`, evidence: [] } as const;
  const addresses = host.kind === 'found' ? host.addresses : [];
  return { preference, facts: { kind: 'found', host: host.host, status: host.status, addresses, tlsa } };
}

/** What others than the domain itself ask for, whatever its hosts are; undefined where nobody does. */
function standing(
  { domain, list, memory, promotion }: DestinationFacts,
  { route, defaultLevel }: Rules,
  because: string,
): PostfixAnswer | undefined {
  if (list?.kind === 'policy' && list.policy.mode === 'enforce') {
    const names = list.policy.mxs.map((mx) => (mx.kind === 'below' ? `.${mx.domain}` : mx.domain));
    return secure(names, list.because);
  }
  const seen = memory?.mode === 'enforce' ? memory.tracks.filter(({ state }) => state === 'expected') : [];
  const levels = new Set([...seen.map(({ level: one }) => one), promotion?.level]);
  if (levels.has('authenticate')) return later(`${because}, and its hosts have to be authenticated`);
  const own = decide({ kind: 'domain', domain }, route, defaultLevel);
  if (own.requires === 'authenticate') return secure(own.match.flatMap(nameText), own.because);
  return own.requires === 'encrypt' || levels.has('encrypt') ? level('encrypt', because) : undefined;
}

/** Where no host beside those of DANE has to prove a name. @param more see {@link askedOfMissing}. */
function withoutNames(
  facts: DestinationFacts,
  bound: readonly UsableHost[],
  others: readonly UsableHost[],
  missing: boolean,
  more: string | undefined,
): PostfixAnswer {
  const needing = others.filter(({ decision }) => decision.requires === 'encrypt');
  const because = needing.find(({ decision }) => decision.by !== 'dane')?.decision.because ?? more;
  if (because !== undefined) {
    if (bound.length === 0 && !missing) return level('encrypt', because);
    // `dane` would ask for nothing at hosts without TLSA records, `encrypt` would ignore the records of the others.
    if (bound.length > 0 && isSecure(facts.way)) return level('dane-only', because);
    return later(`${because}, and Postfix cannot ask for that beside what TLSA records ask for`);
  }
  const [first] = [...bound, ...needing];
  // Records that authenticate nobody ask for TLS, whether or not Postfix can look them up.
  if (bound.length === 0 && needing.length === others.length && !missing)
    return level('encrypt', first?.decision.because ?? '');
  if (first !== undefined) return level('dane', first.decision.because);
  const nothing = others[0]?.decision.because ?? '';
  // Where something is missing Postfix looks by itself: in each case `dane` asks for what holds then. It also uses hosts behind those
  // that are looked up here.
  const isPart = facts.way.kind === 'hosts' && facts.way.hosts.length > MOST_HOSTS;
  return missing || isPart ? level('dane', nothing) : absent(nothing);
}

/** Whether TLSA records alone decide about the host. */
function isBound({ decision: { by, requires, provesName, dane } }: UsableHost): boolean {
  return by === 'dane' && requires === 'authenticate' && (!provesName || dane?.trusted === true);
}

/** What an enforced MTA-STS policy asks for; undefined where there is none. */
function stsAnswer(
  { sts, domain }: DestinationFacts,
  { hosts }: DestinationVerdict,
): PostfixAnswer | undefined {
  if (sts.kind !== 'policy' || sts.known.policy.mode !== 'enforce') return undefined;
  const { policy } = sts.known;
  // Postfix has no wildcards here. Its suffix stands for more labels than one; the host has to be one of the policy's all the same.
  const match = comparable(policy.mx.map((one) => (one.wildcard ? `.${one.domain}` : one.domain)));
  if (match.length === 0) return nameless(sts.because);
  // A host that is used for its TLSA records alone proves itself by nothing else.
  const listed = hosts.filter(
    ({ kind, host }) => kind === 'use' && matchingPattern(policy, host) !== undefined,
  );
  const usable = comparable(listed.map(({ host }) => host));
  return { kind: 'secure', match, sts: { domain, policy }, hosts: usable, because: sts.because };
}

/**
 * The names by which certificates of these hosts may prove themselves. A host with TLSA records goes by its name in their place
 * only where a policy says that it can prove it; else it is left out.
 */
function namesOf(facts: DestinationFacts, usable: readonly UsableHost[]): readonly string[] {
  return usable.flatMap((host) => {
    if (!isBound(host)) return host.decision.match.flatMap(nameText);
    return isListed(facts, host.host) ? [host.host] : [];
  });
}

function isListed({ sts, list }: DestinationFacts, host: Domain): boolean {
  if (listsHost(list, host)) return true;
  if (sts.kind !== 'policy' || sts.known.policy.mode !== 'enforce') return false;
  return matchingPattern(sts.known.policy, host) !== undefined;
}

/** An address is nothing that Postfix compares. */
function nameText(identity: UsableHost['decision']['match'][number]): readonly string[] {
  return identity.kind === 'ip' ? [] : [formatIdentity(identity)];
}

function secure(names: readonly string[], because: string): PostfixAnswer {
  const match = comparable(names);
  return match.length === 0 ? nameless(because) : { kind: 'secure', match, sts: null, hosts: match, because };
}

/** In `match` Postfix takes these for the names of the host and of the next hop, which the path may have chosen. */
const WORDS: ReadonlySet<string> = new Set(['hostname', 'nexthop', 'dot-nexthop']);

function comparable(names: readonly string[]): readonly string[] {
  return [...new Set(names)].filter((name) => !WORDS.has(name));
}

function nameless(because: string): PostfixAnswer {
  return later(`${because}, and there is no name that Postfix could compare`);
}

function level(name: PlainLevel, because: string): PostfixAnswer {
  return { kind: 'level', level: name, because };
}

function absent(because: string): PostfixAnswer {
  return { kind: 'absent', because };
}

function later(because: string): PostfixAnswer {
  return { kind: 'later', because };
}
