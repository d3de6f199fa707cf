/** What TLS came to in a session, under each policy that the far side has: what TLS-RPT tells of it. RFC 8460 §4.3. */
import { readTlsa, type Tlsa } from '../dns/records.ts';
import type { Domain } from '../names/domain.ts';
import type { HostFacts } from '../policies/dane/hosts.ts';
import type { TlsaSet } from '../policies/dane/tlsa.ts';
import { verifyDane } from '../policies/dane/verify.ts';
import type { Decision } from '../policies/decide.ts';
import type { DestinationFacts } from '../policies/destination.ts';
import { judgePeer } from '../policies/judge.ts';
import { matchingPattern } from '../policies/mta-sts/match.ts';
import { formatPattern } from '../policies/mta-sts/policy.ts';
import type { ResultType } from '../reports/tls-rpt/result-types.ts';
import type {
  FailureDetail,
  PolicyResult,
  ReportedPolicy,
  SessionResult,
} from '../reports/tls-rpt/session-result.ts';
import { PeerError } from '../wire/dialogue.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';
import type { NextHop } from './next-hops.ts';
import type { Dialled, Way } from './session.ts';
import { tlsOfObstacle } from './tls-verdict.ts';

/** Who hears of sessions. */
export interface SessionWatch {
  /**
   * A session came to be or did not; not one in clear that follows on one whose TLS failed just now.
   *
   * @param remembered why TLS was not tried, where it failed a while ago; null where it was.
   */
  opened(way: Way, opened: Dialled, remembered: string | null): void;
  /** What is published, or cannot be learnt, left no host to ask. */
  barred(destination: DestinationFacts): void;
}

/** For those who send without being asked about it later. */
export const noWatch: SessionWatch = { opened: () => undefined, barred: () => undefined };

/** Turns what is heard of sessions into results. */
export function sessionWatch(onResult: (result: SessionResult) => void, now: () => number): SessionWatch {
  const tell = (result: SessionResult | undefined): void => {
    if (result !== undefined) onResult(result);
  };
  return {
    opened(way, opened, remembered) {
      const seen = seenIn(way, opened, remembered);
      if (seen !== undefined) tell(resultOfSession(way, seen, now()));
    },
    barred: (destination) => tell(resultOfBarred(destination)),
  };
}

/** What is known of a host that is called by name. */
interface KnownHost {
  readonly destination: DestinationFacts;
  readonly host: Extract<HostFacts, { kind: 'found' }>;
}

/** How far TLS came. */
export type Seen = {
  /** Ours, where it is known. */
  readonly sendingAddress: string | null;
} & Came;

type Came =
  | {
      readonly kind: 'secured';
      readonly facts: TlsFacts;
      /** Why it was not good enough for what was required; null where it was. */
      readonly unacceptable: Fault | null;
    }
  | ({ readonly kind: 'failed' } & Fault);

interface Fault {
  readonly type: ResultType;
  readonly reason: string;
}

/**
 * The result of one session under DANE and under MTA-STS, whichever of the two decided; under neither where there is neither.
 *
 * @param now milliseconds since 1970.
 * @returns undefined where nobody is to be told: no TLS was to be tried, or the message asked that policies be set aside.
 */
export function resultOfSession(
  { hop, protocol, decision }: Pick<Way, 'hop' | 'protocol' | 'decision'>,
  seen: Seen,
  now: number,
): SessionResult | undefined {
  const known = knownOf(hop);
  if (known === undefined || protocol === 'lmtp' || isNobodysBusiness(decision)) return undefined;
  const detail = ({ type, reason }: Fault): FailureDetail => ({
    type,
    sendingAddress: seen.sendingAddress,
    receivingHost: hop.host,
    receivingHello: null,
    receivingAddress: hop.address,
    additional: null,
    reason,
  });
  const found = [underDane(known, decision, seen, now, detail), underSts(known, seen, now, detail)];
  const policies = found.filter((one) => one !== undefined);
  const { domain } = known.destination;
  return {
    domain,
    record: null,
    policies: policies.length > 0 ? policies : [underNone(domain, seen, detail)],
  };
}

function knownOf({ host: name, destination }: NextHop): KnownHost | undefined {
  const host = destination?.hosts.find(({ facts }) => facts.host === name)?.facts;
  return destination === undefined || host?.kind !== 'found' ? undefined : { destination, host };
}

/** By an operator's word no TLS is tried, or by the message's no policy counts (RFC 8689 §3). */
function isNobodysBusiness({ tryTls, by, requires }: Decision): boolean {
  return tryTls === 'no' || (by === 'message' && requires === 'none');
}

/** @returns undefined where the connection failed before it came to TLS, or for another reason. */
function seenIn(way: Way, opened: Dialled, remembered: string | null): Seen | undefined {
  const came = howFar(way, opened, remembered);
  if (came === undefined) return undefined;
  const sendingAddress =
    opened.kind === 'session' ? (opened.session.connection.localAddress ?? null) : opened.sendingAddress;
  return { ...came, sendingAddress };
}

function howFar(
  { hop: { host }, decision }: Way,
  opened: Dialled,
  remembered: string | null,
): Came | undefined {
  if (opened.kind === 'broken') {
    // Somebody wrote into the upgrade; any other break says nothing about TLS.
    const spoiled = opened.error instanceof PeerError && opened.error.code === 'injected';
    return spoiled ? { kind: 'failed', type: 'validation-failure', reason: opened.error.message } : undefined;
  }
  if (opened.kind === 'session') {
    if (remembered !== null) return { kind: 'failed', type: 'validation-failure', reason: remembered };
    const facts = opened.session.connection.channel.tls;
    return facts === undefined
      ? { kind: 'failed', type: 'starttls-not-supported', reason: opened.session.tls.because }
      : { kind: 'secured', facts, unacceptable: null };
  }
  const { outcome } = opened;
  switch (outcome.kind) {
    case 'refused':
    case 'loginRefused':
    case 'loginNotOffered':
      return undefined;
    default: {
      const { cause, tls } = tlsOfObstacle(decision, outcome, host);
      const fault: Fault = { type: cause, reason: tls.because };
      return outcome.kind === 'unacceptable'
        ? { kind: 'secured', facts: outcome.facts, unacceptable: fault }
        : { kind: 'failed', ...fault };
    }
  }
}

function underDane(
  { host: { tlsa } }: KnownHost,
  { dane }: Decision,
  seen: Seen,
  now: number,
  detail: (fault: Fault) => FailureDetail,
): PolicyResult | undefined {
  if (tlsa.kind !== 'found') return undefined;
  const { base, set } = tlsa;
  const fault = faultOfDane(set, dane, seen, now);
  return {
    policy: { type: 'tlsa', domain: base, strings: zoneForms(set), mxHosts: [] },
    failures: fault === null ? [] : [detail(fault)],
    final: fault === null ? 'success' : 'failure',
  };
}

function faultOfDane(set: TlsaSet, dane: Decision['dane'], seen: Seen, now: number): Fault | null {
  if (seen.kind === 'failed') return seen;
  // "None of the records in the RRset were found to be valid" (RFC 8460 §4.3.2.1).
  if (dane === null || set.usable.length === 0)
    return { type: 'tlsa-invalid', reason: 'none of the TLSA records can authenticate a mail server' };
  const verdict = verifyDane(seen.facts, dane.set, dane.names, now);
  return verdict.kind === 'match' ? null : { type: verdict.reason, reason: verdict.because };
}

/** All records as they are published, data in full, "with no internal spaces" (RFC 8460 §4.5). */
function zoneForms({ usable, superseded, unusable }: TlsaSet): readonly string[] {
  const inFull = ({ usage, selector, matchingType, data }: Tlsa): string =>
    `${usage} ${selector} ${matchingType} ${Buffer.from(data).toString('hex')}`;
  // What is too short to be one has no such form.
  const odd = unusable.map(({ rdata }) => readTlsa(rdata)).filter((record) => record !== undefined);
  return [...usable, ...superseded, ...odd].map(inFull);
}

/** Under a policy that is only tested the session is held against it all the same: that is what the owner tests. */
function underSts(
  { destination: { sts }, host: { host } }: KnownHost,
  seen: Seen,
  now: number,
  detail: (fault: Fault) => FailureDetail,
): PolicyResult | undefined {
  const { report } = sts;
  const fetching = report === null ? [] : [detail({ type: report.type, reason: report.because })];
  if (sts.kind !== 'policy') {
    if (report === null) return undefined;
    const policy: ReportedPolicy = { type: 'sts', domain: sts.domain, strings: [], mxHosts: [] };
    return { policy, failures: fetching, final: 'failure' };
  }
  const isListed = matchingPattern(sts.known.policy, host) !== undefined;
  const fault = isListed ? faultOfName(host, seen, now) : notListed(host);
  return {
    policy: stsPolicy(sts),
    failures: fault === null ? fetching : [...fetching, detail(fault)],
    final: fault === null ? 'success' : 'failure',
  };
}

/** RFC 8461 §4.2: the certificate is for the name of the host, and from an authority that is trusted. */
function faultOfName(host: Domain, seen: Seen, now: number): Fault | null {
  if (seen.kind === 'failed') return seen;
  const wanted: Decision = {
    requires: 'authenticate',
    tryTls: 'yes',
    by: 'sts',
    match: [{ kind: 'name', name: host }],
    dane: null,
    provesName: true,
    because: '',
  };
  const { proof } = judgePeer(seen.facts, wanted, host, now);
  return proof.kind === 'authenticated' ? null : { type: proof.reason, reason: proof.because };
}

/** There is no type for it: the general one, told by its reason. */
function notListed(host: Domain): Fault {
  return { type: 'validation-failure', reason: `the policy does not list ${host}` };
}

function stsPolicy({ domain, known }: Extract<DestinationFacts['sts'], { kind: 'policy' }>): ReportedPolicy {
  const { lines, mx } = known.policy;
  return { type: 'sts', domain, strings: lines, mxHosts: mx.map(formatPattern) };
}

/** Nothing is asked of the certificate then, except where our own operator asks it. */
function underNone(domain: Domain, seen: Seen, detail: (fault: Fault) => FailureDetail): PolicyResult {
  const fault = seen.kind === 'failed' ? seen : seen.unacceptable;
  return {
    policy: { type: 'no-policy-found', domain, strings: [], mxHosts: [] },
    failures: fault === null ? [] : [detail(fault)],
    final: fault === null ? 'success' : 'failure',
  };
}

/**
 * The result of an attempt that found no host to ask: by its policies, or as what DNSSEC should prove is not proven.
 *
 * @returns undefined where no policy is in the way.
 */
export function resultOfBarred(destination: DestinationFacts): SessionResult | undefined {
  const { domain, hosts, sts } = destination;
  const policies: PolicyResult[] = hosts.flatMap(({ facts }) => {
    const because = unproven(facts);
    if (because === undefined) return [];
    const failures = [hostDetail(facts.host, { type: 'dnssec-invalid', reason: because })];
    return [
      { policy: { type: 'tlsa', domain: facts.host, strings: [], mxHosts: [] }, failures, final: 'failure' },
    ];
  });
  if (sts.kind === 'policy' && sts.known.policy.mode === 'enforce') {
    const { policy } = sts.known;
    const failures = hosts
      .filter(({ facts }) => matchingPattern(policy, facts.host) === undefined)
      .map(({ facts: { host } }) => hostDetail(host, notListed(host)));
    if (failures.length > 0) policies.push({ policy: stsPolicy(sts), failures, final: 'failure' });
  }
  return policies.length === 0 ? undefined : { domain, record: null, policies };
}

/** Why nobody knows whether DANE applies to the host; "no valid records were returned" (RFC 8460 §4.3.2.1). */
function unproven(facts: HostFacts): string | undefined {
  if (facts.kind === 'found') return facts.tlsa.kind === 'unknown' ? facts.tlsa.because : undefined;
  return facts.kind === 'unknown' && facts.status === 'bogus' ? facts.because : undefined;
}

function hostDetail(host: Domain, { type, reason }: Fault): FailureDetail {
  return {
    type,
    sendingAddress: null,
    receivingHost: host,
    receivingHello: null,
    receivingAddress: null,
    additional: null,
    reason,
  };
}
