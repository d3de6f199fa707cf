/**
 * The TLS policy of mail domains, for programs that deliver by themselves: what is known of a domain, which hosts its mail may go
 * to, what each has to show, and whether a handshake has shown it.
 *
 * The decision is the one by which the relay goes and which the advisor tells other mail servers.
 */
import { TLSSocket } from 'node:tls';
import { type LookupOptions, type OpenLookups, openLookupsOf } from './lookup/open-lookups.ts';
import { parseDomain, quote } from './names/domain.ts';
import { factsOfPeer } from './net/tls.ts';
import {
  decidePolicy,
  type HostPolicy,
  judgeHandshake,
  type PolicyDecision,
  type PolicyFacts,
  type PolicyRules,
  type TlsVerdict,
} from './policies/host-policy.ts';
import type { TlsLevel } from './policies/words.ts';
import type { TlsFacts } from './wire/tls-facts.ts';

export type { LookupOptions } from './lookup/open-lookups.ts';
export type {
  AvoidedHost,
  HostPolicy,
  PolicyDecision,
  PolicyFacts,
  PolicyRules,
  TlsVerdict,
} from './policies/host-policy.ts';
export type { Layer, Requirement, TlsLevel } from './policies/words.ts';
export type { TlsFailureReason } from './tls/failure.ts';
export type { ChainPath, TlsFacts } from './wire/tls-facts.ts';

/** Look-ups that keep what they learn: answers with their proofs, and MTA-STS policies, both bounded. */
export interface Lookups {
  /** What is under way rejects. */
  readonly close: () => Promise<void>;
}

const opened = new WeakMap<Lookups, OpenLookups>();

/**
 * Opens look-ups for as long as a program runs.
 *
 * @throws TypeError where an option is not fit for it.
 * @throws DataFolderError where the folder cannot be used, or another process has it.
 * @throws StoreError where what is in it cannot be read.
 */
export async function openLookups(options: LookupOptions = {}): Promise<Lookups> {
  const open = await openLookupsOf(options);
  const lookups: Lookups = { close: open.close };
  opened.set(lookups, open);
  return lookups;
}

/**
 * Finds out what is known of a domain: its mail hosts, their addresses and TLSA records, with proofs, and its MTA-STS policy.
 *
 * What cannot be learnt is no error: the decision says so, and mail waits.
 *
 * @param from look-ups that are open; or options, for some that are closed once it is known.
 * @throws TypeError where it is no domain, or an option is not fit.
 * @throws NetworkError where the look-ups were closed.
 */
export async function lookupPolicy(domain: string, from: Lookups | LookupOptions = {}): Promise<PolicyFacts> {
  // From JavaScript it may be missing.
  if (typeof domain !== 'string') throw new TypeError('the domain has to be given, as text');
  const parsed = parseDomain(domain);
  if (parsed.kind !== 'ok') throw new TypeError(parsed.because);
  if (!('close' in from)) {
    const once = await openLookups(from);
    return lookupPolicy(domain, once).finally(once.close);
  }
  const open = opened.get(from);
  if (open === undefined) throw new TypeError('these are no look-ups of openLookups');
  const learntAt = open.now();
  const { facts, forMs } = await open.learn({ kind: 'domain', domain: parsed.value });
  return { domain: parsed.value, learntAt, goodUntil: learntAt + forMs, found: facts };
}

/**
 * Decides which hosts mail for a domain may go to, and what each has to show. The same facts and rules give the same decision:
 * nothing is looked up, and no clock is asked.
 *
 * @throws TypeError where a rule is none.
 */
export function decide(facts: PolicyFacts, rules: PolicyRules = {}): PolicyDecision {
  const { level = 'may', override, ...others } = rules;
  // From JavaScript a misspelt rule would be passed over, and less be asked than was meant.
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) throw new TypeError(`${quote(unknown)} is no rule of decide`);
  for (const one of override === undefined ? [level] : [level, levelIn(override)])
    if (typeof one !== 'string' || !levels.has(one))
      throw new TypeError(`${quote(String(one))} is none of ${[...levels].join(', ')}`);
  return decidePolicy(facts, rules);
}

/** An override of which the level is not understood would ask for nothing, and stand over all that is published. */
function levelIn(override: unknown): unknown {
  return typeof override === 'object' && override !== null && 'level' in override
    ? override.level
    : undefined;
}

const levels: ReadonlySet<string> = new Set<TlsLevel>(['off', 'may', 'encrypt', 'authenticate']);

/**
 * Judges a finished handshake with a host, before anything is said inside it: the certificate's path and name, or the TLSA records
 * of the host, whichever the decision goes by (RFC 7672 §3, RFC 8461 §4.2).
 *
 * @param tls what `startTls` of `waxwing/starttls` hands to its `judge`; or a socket that has asked for `host.serverName`, with
 * `rejectUnauthorized: false` and without resuming a session, which shows no certificate.
 * @param now milliseconds since 1970.
 * @throws TypeError where the socket has no handshake to show: it is not over, or the socket is destroyed.
 */
export function judgeTls(host: HostPolicy, tls: TlsFacts | TLSSocket, now: number = Date.now()): TlsVerdict {
  return judgeHandshake(host, tls instanceof TLSSocket ? shownBy(tls, host) : tls, now);
}

function shownBy(socket: TLSSocket, { serverName }: HostPolicy): TlsFacts {
  // Before there is one it is undefined, and null behind the end; Node breaks off where more is asked of a socket that never began.
  const cipher: unknown = socket.getCipher();
  if (cipher === undefined || cipher === null)
    throw new TypeError('the socket has no finished handshake, or is destroyed');
  return factsOfPeer(socket, serverName);
}
