/** One attempt to hand one message to the hosts of one destination, and what became of each recipient. */
import type { EventReply, EventTls } from '../events/delivery-event.ts';
import { toSevenBit } from '../mail/eight-bit.ts';
import { formatMailDomain, type MailDomain, parseMailbox } from '../names/mailbox.ts';
import { NetworkError } from '../net/error.ts';
import { routeFor } from '../policies/overrides/route.ts';
import {
  type Done,
  type RecipientOutcome,
  sendContent,
  sendEnvelope,
} from '../protocols/smtp/client/deliver.ts';
import { describeReply, type Reply, severity } from '../protocols/smtp/reply.ts';
import type { MessageProperties } from '../store/queue-store.ts';
import type { BodySource } from '../wire/bytes.ts';
import { PeerError, type PeerFault } from '../wire/dialogue.ts';
import { nextHops } from './next-hops.ts';
import type { Reached } from './pace.ts';
import { asWorldly, type Pool, type Session, type Way } from './pool.ts';
import type { Outgoing } from './settings.ts';
import { eventReply, tlsOfObstacle, tlsOfSession, tlsUntried } from './tls-verdict.ts';

/** A message and those of its recipients that go the same way. */
export interface Parcel {
  readonly sender: string;
  /** At least one, all in `domain`. */
  readonly recipients: readonly string[];
  readonly domain: MailDomain;
  readonly properties: MessageProperties;
  /** The content; read only once a host waits for it. */
  readonly body: () => Promise<BodySource>;
}

export interface RecipientResult {
  readonly address: string;
  readonly verdict: Verdict;
  readonly mx: { readonly host: string; readonly address: string | null; readonly port: number } | null;
  readonly reply: EventReply | null;
  readonly tls: EventTls;
}

type Verdict =
  | { readonly kind: 'delivered' }
  /** For now; tried again. */
  | { readonly kind: 'failed'; readonly because: string }
  /** The required TLS could not be had. `cause` is the same for the same obstacle. */
  | { readonly kind: 'blocked'; readonly cause: string; readonly because: string }
  /** For good. `status` is an enhanced code of class 5. */
  | { readonly kind: 'refused'; readonly status: string; readonly because: string };

export interface AttemptResult {
  readonly recipients: readonly RecipientResult[];
  readonly reached: Reached;
  /** What was said, of every connection of this attempt. */
  readonly transcript: readonly string[];
}

/** Groups addresses: one transaction has one decision, and decisions are made per recipient domain. */
export function byDomain(addresses: readonly string[]): Iterable<Pick<Parcel, 'domain' | 'recipients'>> {
  const groups = new Map<string, { domain: MailDomain; recipients: string[] }>();
  for (const address of addresses) {
    const mailbox = parseMailbox(address);
    if (mailbox.kind !== 'ok') throw new Error(`the queue holds a bad address: ${mailbox.because}`);
    const { at } = mailbox.value;
    const group = groups.get(formatMailDomain(at)) ?? { domain: at, recipients: [] };
    group.recipients.push(address);
    groups.set(formatMailDomain(at), group);
  }
  return groups.values();
}

/** What one host gave: an end for all recipients, or a reason to try the next. */
type HopResult = { readonly kind: 'done'; readonly recipients: readonly RecipientResult[] } | NextHopWanted;

interface NextHopWanted {
  readonly kind: 'next';
  readonly result: Omit<RecipientResult, 'address'>;
}

/** Never rejects for what the world or the peer does; it says so in the result. */
export async function attempt(
  parcel: Parcel,
  outgoing: Outgoing,
  pool: Pool,
  random: () => number,
): Promise<AttemptResult> {
  const route = routeFor(parcel.domain, outgoing.routes);
  const decision = outgoing.decide(parcel.domain, route);
  const transcript: string[] = [];
  const hops = await nextHops(parcel.domain, route, outgoing, random);
  if (hops.kind === 'none') {
    const verdict: Verdict = { kind: 'refused', status: hops.status, because: hops.because };
    const tls = tlsUntried(decision, hops.because);
    const recipients = forAll(parcel, { verdict, mx: null, reply: null, tls });
    return { recipients, reached: { kind: 'host' }, transcript };
  }
  if (hops.kind === 'unknown') return notTried(parcel, outgoing, hops.because);
  let worst: Omit<RecipientResult, 'address'> | undefined;
  for (const hop of hops.hops) {
    const way: Way = {
      hop,
      decision,
      startTls: 'by-decision',
      hello: route?.hello ?? outgoing.hostname,
      source: route?.source ?? null,
    };
    const result = await tryHop(parcel, way, pool, transcript);
    if (result.kind === 'done') {
      return { recipients: result.recipients, reached: { kind: 'host' }, transcript: bounded(transcript) };
    }
    // A host without the required TLS says more than one that was not reached: it is what has to be repaired.
    if (worst?.verdict.kind !== 'blocked') worst = result.result;
  }
  if (worst === undefined) throw new Error('nextHops found no hop and called it found');
  const { verdict } = worst;
  const reached: Reached =
    verdict.kind === 'failed' ? { kind: 'nobody', because: verdict.because } : { kind: 'host' };
  return { recipients: forAll(parcel, worst), reached, transcript: bounded(transcript) };
}

/** The result where nobody was asked, for a reason that may pass. */
export function notTried(
  parcel: Pick<Parcel, 'recipients' | 'domain'>,
  outgoing: Outgoing,
  because: string,
): AttemptResult {
  const decision = outgoing.decide(parcel.domain, routeFor(parcel.domain, outgoing.routes));
  const result = {
    verdict: { kind: 'failed', because },
    mx: null,
    reply: null,
    tls: tlsUntried(decision, because),
  } as const;
  return { recipients: forAll(parcel, result), reached: { kind: 'nobody', because }, transcript: [] };
}

/** What a peer can make us keep of one attempt. */
const MAX_TRANSCRIPT_LINES = 400;
const MAX_TRANSCRIPT_CHARACTERS = 65_536;

function bounded(transcript: readonly string[]): readonly string[] {
  let left = MAX_TRANSCRIPT_CHARACTERS;
  const kept = transcript.slice(0, MAX_TRANSCRIPT_LINES).filter((line) => (left -= line.length) >= 0);
  return kept.length === transcript.length ? kept : [...kept, '== (cut here)'];
}

async function tryHop(parcel: Parcel, way: Way, pool: Pool, transcript: string[]): Promise<HopResult> {
  const kept = pool.reuse(way);
  if (kept !== undefined) {
    const result = await handOver(parcel, way, kept, pool, transcript, null);
    // A reused connection may have been closed by the other side just now; that says nothing about the host.
    if (result.kind === 'done') return result;
  }
  const opened = await openFresh(way, pool, transcript);
  if (opened.kind === 'session') return handOver(parcel, way, opened.session, pool, transcript, null);
  if (opened.kind === 'next') return opened;
  const fallback: Way = { ...way, startTls: 'fallback' };
  const inClear = await openFresh(fallback, pool, transcript);
  if (inClear.kind === 'session')
    return handOver(parcel, fallback, inClear.session, pool, transcript, opened.because);
  if (inClear.kind === 'next') return inClear;
  throw new Error('a session in clear has no TLS that could fail');
}

type Fresh =
  | { readonly kind: 'session'; readonly session: Session }
  /** TLS could not be had and nothing requires it: a fresh connection in clear is allowed. */
  | { readonly kind: 'inClear'; readonly because: string }
  | NextHopWanted;

async function openFresh(way: Way, pool: Pool, transcript: string[]): Promise<Fresh> {
  const opened = await pool.open(way);
  if (opened.kind === 'session') return opened;
  transcript.push(...opened.transcript);
  if (opened.kind === 'broken') return spoiled(way, opened.error, transcript);
  const { outcome } = opened;
  if (outcome.kind === 'refused') {
    const because = `${way.hop.host} refused the session at ${outcome.at}: ${describeReply(outcome.reply)}`;
    return { kind: 'next', result: failedAt(way, because, eventReply(outcome.reply)) };
  }
  const { tls, cause, reply } = tlsOfObstacle(way.decision, outcome, way.hop.host);
  if (way.decision.requires === 'none') return { kind: 'inClear', because: tls.because };
  return {
    kind: 'next',
    result: { verdict: { kind: 'blocked', cause, because: tls.because }, mx: mxOf(way), reply, tls },
  };
}

/** @param fallback why the session is in clear although TLS was wanted; null where it is as decided. */
async function handOver(
  parcel: Parcel,
  way: Way,
  session: Session,
  pool: Pool,
  transcript: string[],
  fallback: string | null,
): Promise<HopResult> {
  const { connection } = session;
  const tls = tlsOfSession(way.decision, session, fallback);
  const given = await transact(parcel, session).catch((error: unknown) => {
    // Whatever broke, even the content that could not be read: nobody uses this connection again.
    connection.close();
    return asWorldly(error);
  });
  if ('code' in given) {
    transcript.push(...connection.takeTranscript(), `== ${given.message}`);
    // TLS stood as required, so it is not what was in the way: no `blocked`.
    return { kind: 'next', result: failedAt(way, given.message, null) };
  }
  const recipients = parcel.recipients.map((address, index): RecipientResult => {
    const { verdict, reply } = resultOf(given, index, way, parcel);
    const reached = verdict.kind === 'delivered' ? tls : { ...tls, outcome: null, because: verdict.because };
    return { address, verdict, mx: mxOf(way), reply, tls: reached };
  });
  if (recipients.some(({ verdict }) => verdict.kind !== 'delivered'))
    transcript.push(...connection.takeTranscript());
  if (given.kind === 'done' ? given.connection === 'reusable' : given.kind !== 'uncertain')
    pool.giveBack(session);
  else connection.close();
  return { kind: 'done', recipients };
}

type Given =
  | Done
  | { readonly kind: 'tooBig'; readonly limit: number }
  | { readonly kind: 'cannotConvert'; readonly status: string; readonly because: string }
  /** The connection broke while the content went over: the host may have the message or not. */
  | { readonly kind: 'uncertain'; readonly because: string; readonly replies: readonly Reply[] };

/** @throws PeerError, NetworkError while the host cannot have the message yet. */
async function transact(parcel: Parcel, { connection, offers }: Session): Promise<Given> {
  const { channel } = connection;
  const { sender, recipients, properties } = parcel;
  let converted: BodySource | undefined;
  let outcome = await connection.run(sendEnvelope(channel, offers, { sender, recipients, ...properties }));
  if (outcome.kind === 'needsSevenBit') {
    const conversion = toSevenBit(await collect(await parcel.body()));
    if (conversion.kind === 'impossible') return { ...conversion, kind: 'cannotConvert' };
    converted = { kind: 'bytes', bytes: conversion.bytes };
    const content = { size: conversion.bytes.length, eightBit: false, longestLine: 0 };
    outcome = await connection.run(sendEnvelope(channel, offers, { sender, recipients, ...content }));
  }
  if (outcome.kind === 'needsSevenBit') throw new Error('a converted message needs no conversion');
  if (outcome.kind !== 'goAhead') return outcome;
  const { replies } = outcome;
  const body = converted ?? (await parcel.body());
  try {
    return await connection.run(sendContent(channel, replies, body));
  } catch (error) {
    return { kind: 'uncertain', because: asWorldly(error).message, replies };
  }
}

function resultOf(
  given: Given,
  index: number,
  way: Way,
  parcel: Parcel,
): Pick<RecipientResult, 'verdict' | 'reply'> {
  const { host } = way.hop;
  switch (given.kind) {
    case 'tooBig': {
      const because = `the message has ${parcel.properties.size} octets, ${host} takes ${given.limit}`;
      return { verdict: { kind: 'refused', status: '5.3.4', because }, reply: null };
    }
    case 'cannotConvert': {
      const because = `${host} takes no 8-bit mail or long lines, and the message cannot be converted: ${given.because}`;
      return { verdict: { kind: 'refused', status: given.status, because }, reply: null };
    }
    case 'uncertain': {
      const own = given.replies[index];
      if (own !== undefined && severity(own) !== 'positive')
        return fromOutcome({ kind: 'refused', at: 'RCPT', reply: own }, host);
      // Not offered to another host now: that would make two of it wherever this one did take it.
      const because = `${given.because} while the message went over, so it may have arrived or not`;
      return { verdict: { kind: 'failed', because }, reply: null };
    }
    case 'done': {
      const own = given.recipients[index];
      if (own === undefined) throw new Error('a recipient without an outcome');
      return fromOutcome(own, host);
    }
  }
}

function fromOutcome(outcome: RecipientOutcome, host: string): Pick<RecipientResult, 'verdict' | 'reply'> {
  const reply = eventReply(outcome.reply);
  if (outcome.kind === 'accepted') return { verdict: { kind: 'delivered' }, reply };
  const because = `${host} refused at ${outcome.at}: ${describeReply(outcome.reply)}`;
  if (severity(outcome.reply) !== 'permanent') return { verdict: { kind: 'failed', because }, reply };
  return { verdict: { kind: 'refused', status: reply.enhanced ?? '5.0.0', because }, reply };
}

/** Faults that spoil the way to TLS itself: where TLS is required they block, they are not just a bad line. */
const ATTACKS: ReadonlySet<PeerFault> = new Set<PeerFault>(['injected', 'unexpected-reply', 'unsolicited']);

/**
 * The connection is of no use.
 *
 * Nothing falls back to clear after a broken protocol: whoever tampers must not be handed the mail in clear.
 */
function spoiled(way: Way, error: PeerError | NetworkError, transcript: string[]): NextHopWanted {
  transcript.push(`== ${error.message}`);
  const result = failedAt(way, error.message, null);
  if (way.decision.requires === 'none' || error instanceof NetworkError || !ATTACKS.has(error.code)) {
    return { kind: 'next', result };
  }
  return {
    kind: 'next',
    result: { ...result, verdict: { kind: 'blocked', cause: 'validation-failure', because: error.message } },
  };
}

function failedAt(way: Way, because: string, reply: EventReply | null): Omit<RecipientResult, 'address'> {
  return {
    verdict: { kind: 'failed', because },
    mx: mxOf(way),
    reply,
    tls: tlsUntried(way.decision, because),
  };
}

function mxOf({ hop }: Way): NonNullable<RecipientResult['mx']> {
  return { host: hop.host, address: hop.address, port: hop.port };
}

function forAll(
  parcel: Pick<Parcel, 'recipients'>,
  result: Omit<RecipientResult, 'address'>,
): RecipientResult[] {
  return parcel.recipients.map((address) => ({ address, ...result }));
}

async function collect(body: BodySource): Promise<Uint8Array> {
  if (body.kind === 'bytes') return body.bytes;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.open()) chunks.push(chunk);
  return Buffer.concat(chunks);
}
