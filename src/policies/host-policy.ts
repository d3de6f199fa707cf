/** What is decided about a destination, in the words that programs are told by `waxwing/policy`: plain data, and two functions. */
import type { TlsFailureReason } from '../tls/failure.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';
import { decideAll, type HostVerdict, type UsableHost } from './combine.ts';
import { showTlsa } from './dane/tlsa.ts';
import { type Decision, formatIdentity } from './decide.ts';
import type { DestinationFacts } from './destination.ts';
import { judgePeer } from './judge.ts';
import type { EpochMs, Layer, Requirement, TlsLevel } from './words.ts';

/** What is known of a domain at one time. Plain data: it may be kept, cloned and sent to another thread. */
export interface PolicyFacts {
  /** In lower case, with A-labels. */
  readonly domain: string;
  readonly learntAt: EpochMs;
  /** Until when the same may be said again; `learntAt` where something could not be learnt. */
  readonly goodUntil: EpochMs;
  /** For {@link decidePolicy}. What is in it changes with versions. */
  readonly found: DestinationFacts;
}

/** What the program itself wants. */
export interface PolicyRules {
  /** What a host has to show of which nobody asks for more. Default: `may`, TLS where it is to be had. */
  readonly level?: TlsLevel;
  /** Stands over all that the domain has published; it alone may ask for less. Default: none. */
  readonly override?: {
    readonly level: TlsLevel;
    /** For people who wonder later. */
    readonly reason: string;
  };
}

/** A host that mail may go to, and what a session with it has to show. */
export interface HostPolicy {
  readonly host: string;
  /** The lower the better. */
  readonly preference: number;
  /** At least one, IPv4 first. */
  readonly addresses: readonly string[];
  /** `none`: mail may go in clear. `encrypt`: TLS with anybody. `authenticate`: TLS with a proof, see {@link judgeHandshake}. */
  readonly requires: Requirement;
  /** Whether STARTTLS is tried; not where the program has said `off`. */
  readonly tries: boolean;
  /** Who decided: the strictest of all that ask for something. */
  readonly by: Layer;
  /** One sentence. */
  readonly because: string;
  /** The name to ask for in the handshake, SNI. */
  readonly serverName: string;
  /** Names that the path could not choose, and `.suffix` for all below one: a certificate for any of them authenticates. */
  readonly match: readonly string[];
  /** TLSA records that count, as zone files have them; long data by its SHA-256. */
  readonly tlsa: readonly string[];
  /** For {@link judgeHandshake}. What is in it changes with versions. */
  readonly decision: Decision;
}

/** A host that mail must not go to. */
export interface AvoidedHost {
  readonly host: string;
  readonly preference: number;
  /** Whether a policy rules it out; else something about it could not be learnt, or it has no address. */
  readonly forbidden: boolean;
  readonly by: Layer;
  /** One sentence. */
  readonly because: string;
}

export type PolicyDecision = DecisionWords &
  (
    | {
        readonly kind: 'deliver';
        /** At least one, the best first; those with the same preference are equals (RFC 5321 §5.1). */
        readonly hosts: readonly HostPolicy[];
      }
    /** No host may be used now: mail waits. */
    | { readonly kind: 'defer' }
    /** There is nobody to send it to. */
    | { readonly kind: 'refuse'; readonly status: '5.1.2' | '5.1.10' | '5.4.4' }
  );

interface DecisionWords {
  readonly domain: string;
  /** In order of preference. */
  readonly avoided: readonly AvoidedHost[];
  /** One sentence. */
  readonly because: string;
}

/** What a handshake is good for. `because` of `unacceptable` follows the name of the server, as judges of `startTls` have it. */
export type TlsVerdict =
  | {
      readonly kind: 'acceptable';
      /** `authenticated`: it proved a name that the path could not choose. */
      readonly outcome: 'authenticated' | 'encrypted';
      /** The name that was proved, or the host where a TLSA record vouches for its key; null where nothing was. */
      readonly peerName: string | null;
      /** The TLSA record that matched, where one did. */
      readonly tlsa: string | null;
      readonly because: string;
    }
  /** No mail may be handed over. `reason`: as TLS-RPT has it (RFC 8460 §4.3). */
  | { readonly kind: 'unacceptable'; readonly reason: TlsFailureReason; readonly because: string };

/** Decides. The same facts and rules give the same decision, wherever and whenever. */
export function decidePolicy(facts: PolicyFacts, { level = 'may', override }: PolicyRules): PolicyDecision {
  const { domain } = facts.found;
  const word =
    override === undefined ? undefined : { ...override, domain, until: null, setAt: facts.learntAt };
  const found = { ...facts.found, override: word };
  const verdict = decideAll(found, { route: undefined, defaultLevel: level });
  const { because } = verdict;
  const words = { domain, avoided: verdict.hosts.flatMap(avoidedOf), because };
  switch (verdict.kind) {
    case 'deliver':
      return { kind: 'deliver', ...words, hosts: verdict.hosts.flatMap(usableOf) };
    case 'defer':
      return { kind: 'defer', ...words };
    case 'refuse':
      return { kind: 'refuse', ...words, status: verdict.status };
  }
}

/** Judges the certificates of a finished handshake. @param now milliseconds since 1970. */
export function judgeHandshake({ host, by, decision }: HostPolicy, tls: TlsFacts, now: EpochMs): TlsVerdict {
  const { proof, meets } = judgePeer(tls, decision, host, now);
  const { because, tlsa } = proof;
  if (proof.kind === 'authenticated')
    return { kind: 'acceptable', outcome: proof.kind, peerName: proof.peerName, tlsa, because };
  if (meets) return { kind: 'acceptable', outcome: proof.kind, peerName: null, tlsa, because };
  return {
    kind: 'unacceptable',
    reason: proof.reason,
    because: `does not show what it has to (${by}): ${because}`,
  };
}

function usableOf(verdict: HostVerdict): readonly HostPolicy[] {
  return verdict.kind === 'use' ? [policyOf(verdict)] : [];
}

function policyOf({ host, preference, facts, serverName, decision }: UsableHost): HostPolicy {
  const { requires, tryTls, by, because, match, dane } = decision;
  return {
    host,
    preference,
    addresses: facts.addresses,
    requires,
    tries: tryTls === 'yes',
    by,
    because,
    serverName,
    match: match.map(formatIdentity),
    tlsa: dane === null ? [] : dane.set.usable.map(showTlsa),
    decision,
  };
}

function avoidedOf(verdict: HostVerdict): readonly AvoidedHost[] {
  if (verdict.kind === 'use') return [];
  const { host, preference, forbidden, by, because } = verdict;
  return [{ host, preference, forbidden, by, because }];
}
