/** What becomes of a message at one door of a server, for one kind of sender, by what was seen there. */
import type { IpAddress } from '../names/address.ts';
import { quote } from '../names/domain.ts';
import { type Decision, formatIdentity } from '../policies/decide.ts';
import { judgePeer } from '../policies/judge.ts';
import type { Skipped } from './case.ts';
import type { Observation, ObservedTls, Probes, Visit } from './observation.ts';
import type { SenderKind } from './sender-kinds.ts';
import type { Simulated } from './senders.ts';

/** A door that a sender may come to, and what it demands there. */
export interface Door {
  /** As findings name the host. */
  readonly host: string;
  readonly decision: Decision;
  readonly seen: Seen;
}

export type Seen =
  | { readonly kind: 'observed'; readonly observation: Observation }
  | { readonly kind: 'skipped'; readonly skipped: Skipped }
  /** An address that the DNS has, and of which the check says nothing. */
  | { readonly kind: 'unseen'; readonly address: IpAddress };

export type AtDoor =
  /** `bounced`: the server refuses the message for good, and no other is asked. */
  | {
      readonly kind: 'settled';
      readonly outcome: 'authenticated' | 'encrypted' | 'cleartext' | 'bounced';
      readonly because: string;
    }
  /** The next door is tried. `later`: at another time this one may do. */
  | { readonly kind: 'passed'; readonly later: boolean; readonly because: string }
  | {
      readonly kind: 'unknown';
      /** Whether that is for reasons of our own, so that it says nothing about the server. */
      readonly ours: boolean;
      readonly because: string;
    };

/**
 * Follows our relay: what does not stand in the way of a policy falls back to clear, and nothing does after a broken protocol.
 *
 * @param now milliseconds since 1970.
 */
export function deliveryAt(door: Door, kind: SenderKind, now: number): AtDoor {
  const { seen } = door;
  switch (seen.kind) {
    case 'skipped':
      return unknown(seen.skipped.because, seen.skipped.kind === 'too-many');
    case 'unseen':
      return unknown(`${at(door.host, seen.address)} was not visited`, true);
    case 'observed': {
      const { endpoint, base, probes } = seen.observation;
      const where = at(door.host, endpoint.address);
      const terms: Terms = { ...door, kind, now, where };
      return isTooLarge(base, probes) ? afterLargeHello(base, terms) : visited(base, terms);
    }
  }
}

/** Whether a handshake came about only when the hello was smaller than that of the base visit. */
function isTooLarge({ tls, upgrade, end }: Visit, { upToTls12 }: Probes): boolean {
  const isSmallerTaken = upToTls12?.kind === 'seen' && upToTls12.result === 'secured';
  const isSilent = end.kind === 'timeout' && end.at === 'handshake';
  return tls === null && isSmallerTaken && (isSilent || upgrade.kind === 'handshake-failed');
}

function afterLargeHello(base: Visit, terms: Terms): AtDoor {
  const { kind, where } = terms;
  const because = `${where} does not take a ClientHello with a hybrid key exchange`;
  if (kind.hello === 'usual')
    return unknown(`${because}; what it does with a smaller one of TLS 1.3 was not tried`);
  return base.upgrade.kind === 'handshake-failed'
    ? withoutTls(because, base, terms)
    : passed(`${because}: it falls silent`, true);
}

/** The outcome where nothing is known of a door, at its worst. */
export function worstAt({ requires, provesName, dane, tryTls }: Decision): Simulated['outcome'] {
  if (requires === 'none' || tryTls === 'no') return 'cleartext';
  // A match of TLSA records proves no name of a host out of unsigned DNS.
  const isProof = requires === 'authenticate' && (provesName || dane?.trusted === true);
  return isProof ? 'authenticated' : 'encrypted';
}

interface Terms extends Pick<Door, 'host' | 'decision'> {
  readonly kind: SenderKind;
  readonly now: number;
  /** The host with its address, as sentences begin. */
  readonly where: string;
}

function visited(base: Visit, terms: Terms): AtDoor {
  const { connect, upgrade, tls } = base;
  const { where } = terms;
  if (connect.kind === 'failed') return unconnected(connect, where);
  const sentAway = beforeTls(base, where);
  if (sentAway !== undefined) return sentAway;
  switch (upgrade.kind) {
    case 'not-reached':
      return interrupted(base, where);
    case 'not-offered':
      return withoutTls(`${where} does not offer STARTTLS`, base, terms);
    case 'refused': {
      const because = `${where} offers STARTTLS and refuses it (${quote(upgrade.answer.text)})`;
      return withoutTls(because, base, terms, isPassing(upgrade.answer.code));
    }
    case 'handshake-failed':
      return withoutTls(`the TLS handshake with ${where} fails (${upgrade.because})`, base, terms);
    case 'bad-answer':
    case 'injected':
      return passed(`${where} breaks the protocol at STARTTLS (${upgrade.because})`);
    case 'implicit':
    case 'secured':
      return tls === null ? unknown(`${where}: nothing was learnt of TLS`) : insideTls(tls, base, terms);
  }
}

/** Refused is the server's own word; that nobody answers may be due to the way from here. */
function unconnected({ how, because }: Extract<Visit['connect'], { kind: 'failed' }>, where: string): AtDoor {
  if (how === 'refused') return passed(`${where} refuses connections (${because})`, true);
  return unknown(`${where} could not be connected to from here (${because})`, how === 'no-route');
}

/** What was said to us before it came to TLS concerns us, and not other senders. */
function beforeTls({ end }: Visit, where: string): AtDoor | undefined {
  if (!('at' in end) || (end.at !== 'greeting' && end.at !== 'hello')) return undefined;
  switch (end.kind) {
    case 'throttled':
    case 'blocked':
    case 'refused':
      return unknown(`${where} sent us away before it said anything of TLS (${quote(end.answer.text)})`);
    case 'closed':
      return unknown(`${where} closed the connection before it said anything of TLS`);
    case 'timeout':
      return unknown(`${where} took too long before it said anything of TLS`);
    case 'broken':
      return unknown(`${where} did not speak as expected before TLS (${end.because})`);
  }
}

/** A server that leaves or makes no sense when STARTTLS is said is as good as one that is not there. */
function interrupted({ end }: Visit, where: string): AtDoor {
  const isAtUpgrade = 'at' in end && (end.at === 'starttls' || end.at === 'handshake');
  if (isAtUpgrade && end.kind === 'closed')
    return passed(`${where} closes the connection when STARTTLS is said`, true);
  if (isAtUpgrade && end.kind === 'broken')
    return passed(`${where} breaks the protocol at STARTTLS (${end.because})`);
  return unknown(`${where}: the visit ended before there could be TLS`);
}

/** TLS cannot be had: where nothing requires it, mail goes in clear, unless the server takes none so (RFC 3207 §4: 530). */
function withoutTls(because: string, { smtp }: Visit, terms: Terms, later = false): AtDoor {
  const { decision } = terms;
  if (decision.requires !== 'none') return passed(`${because}, and ${demandOf(decision)}`, later);
  const inClear = smtp?.mailInClear ?? null;
  if (inClear?.code === 530) {
    return settled('bounced', `${because}, and it takes no mail without TLS (${quote(inClear.text)})`);
  }
  return settled('cleartext', `${because}, and nothing that this sender looks at requires TLS`);
}

function insideTls(tls: ObservedTls, base: Visit, terms: Terms): AtDoor {
  const { decision, host, kind, now, where } = terms;
  if (isOlder(tls.version, kind.oldestTls)) {
    const because = `${where} has no TLS that is new enough (${kind.oldestTls} is wanted, it agreed on ${tls.version})`;
    return withoutTls(because, base, terms);
  }
  // TLS 1.3 is up for a client before the server has had its say: its no comes as an end just after.
  if (base.inside === null && base.end.kind === 'closed') {
    return withoutTls(`${where} hangs up right after the TLS handshake`, base, terms);
  }
  if (WEAK.test(tls.cipher)) {
    return unknown(
      `${where} prefers ${tls.cipher}, which senders do not offer; what else it has was not tried`,
    );
  }
  if (kind.requiresTakeover && !isProvable(decision, host)) {
    return passed(`neither DNSSEC nor MTA-STS proves that mail goes to ${where}, as REQUIRETLS demands`);
  }
  const { proof, meets } = judgePeer(tls, decision, host, now);
  if (!meets) {
    // A certificate that does not match its TLSA records says all of it.
    return passed(`${where}: ${proof.because}${decision.by === 'dane' ? '' : `, and ${demandOf(decision)}`}`);
  }
  if (kind.requiresTakeover) {
    if (base.inside === null) return unknown(`what ${where} offers inside TLS was not learnt`);
    if (!base.inside.some((line) => line.toUpperCase() === 'REQUIRETLS'))
      return passed(`${where} does not offer REQUIRETLS (5.7.30)`);
  }
  const group = kind.hello === 'large' ? groupOf(tls) : '';
  const isLookedAt = kind.looks === 'always' || decision.requires === 'authenticate';
  if (isLookedAt) return settled(proof.kind, `${where}: ${proof.because}${group}`);
  const free = decision.requires === 'none' ? 'nothing that this sender looks at' : 'no usable record';
  return settled(
    'encrypted',
    `${where} takes mail by ${tls.version}, and ${free} says who it has to be${group}`,
  );
}

/** RFC 8689 §4.2.1: MX records without DNSSEC prove nothing, unless an MTA-STS policy names the host. */
function isProvable({ match, dane }: Decision, host: string): boolean {
  return dane?.trusted === true || match.some((one) => one.kind === 'ip' || formatIdentity(one) === host);
}

/** Suites that the tester takes and today's senders do not, as IANA names them. */
const WEAK = /_(?:RC4|RC2|3?DES|DES40|IDEA|SEED|NULL|MD5)(?:_|$)|EXPORT|_anon_/;

/** As OpenSSL names them, from the oldest on; what is not among them is too old for everybody. */
const versions: readonly string[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

function isOlder(version: string, oldest: string): boolean {
  return versions.indexOf(version) < versions.indexOf(oldest);
}

function groupOf({ group }: ObservedTls): string {
  if (group === null) return '; the group of the key exchange is not told';
  const isHybrid = /ML-?KEM|KYBER/i.test(group);
  return `; the key exchange is ${group}${isHybrid ? '' : ', which is not safe from quantum computers'}`;
}

/** Who demands TLS, as the end of a sentence. */
function demandOf({ by, because, requires }: Decision): string {
  if (by !== 'default') return because;
  return requires === 'authenticate'
    ? 'this sender demands a certificate that proves the host'
    : 'this sender demands TLS';
}

function isPassing(code: number | null): boolean {
  return code !== null && code >= 400 && code < 500;
}

function at(host: string, address: IpAddress): string {
  return host === address ? address : `${host} (${address})`;
}

function settled(outcome: Extract<AtDoor, { kind: 'settled' }>['outcome'], because: string): AtDoor {
  return { kind: 'settled', outcome, because };
}

function passed(because: string, later = false): AtDoor {
  return { kind: 'passed', later, because };
}

function unknown(because: string, ours = false): AtDoor {
  return { kind: 'unknown', ours, because };
}
