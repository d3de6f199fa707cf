/** Hands a parcel over on one session, in as many transactions as the host wants, and says what each recipient got. */
import type { EventReply } from '../events/delivery-event.ts';
import { toSevenBit } from '../mail/eight-bit.ts';
import type { SenderWishes } from '../names/wishes.ts';
import {
  type LmtpDone,
  type LmtpOutcome,
  sendContent as sendLmtpContent,
} from '../protocols/lmtp/content.ts';
import {
  type Done,
  type GoAhead,
  type Standing,
  sendContent,
  sendEnvelope,
} from '../protocols/smtp/client/deliver.ts';
import type { Transaction } from '../protocols/smtp/client/transaction.ts';
import { type Reply, severity } from '../protocols/smtp/reply.ts';
import type { BodySource } from '../wire/bytes.ts';
import { wholeBody } from './content.ts';
import { conversionsOut } from './octet-line.ts';
import { type Addressee, demandOf, type Parcel } from './parcel.ts';
import type { Pool } from './pool.ts';
import { type RecipientResult, type Result, refusedAt, type Verdict } from './result.ts';
import { asWorldly, type Session } from './session.ts';
import { eventReply } from './tls-verdict.ts';

/** How far one session, or one host, took the parcel. */
export interface HandedOver {
  readonly settled: readonly RecipientResult[];
  /** Those for whom somebody else is to be tried. */
  readonly rest: readonly Addressee[];
  /** What is in the way of the rest, here. */
  readonly obstacle:
    | { readonly kind: 'none' }
    /** The connection broke before the host could have the message. */
    | { readonly kind: 'broken'; readonly result: Result }
    /** The host cannot take this message, while another one may. */
    | { readonly kind: 'unfit'; readonly result: Result };
}

/** The session is given back or closed when this is done. */
export async function handOver(
  parcel: Parcel,
  session: Session,
  pool: Pool,
  transcript: string[],
): Promise<HandedOver> {
  const { connection } = session;
  const settled: RecipientResult[] = [];
  let rest = parcel.recipients;
  const ended = (obstacle: HandedOver['obstacle']): HandedOver => ({ settled, rest, obstacle });
  for (;;) {
    const { batch, later } = nextBatch(rest, limitsOf(parcel, session));
    session.transactionsLeft -= 1;
    const given = await transact(parcel, batch, session).catch((error: unknown) => {
      // Whatever broke, even the content that could not be read: nobody uses this connection again.
      pool.discard(session);
      return asWorldly(error);
    });
    if (given instanceof Error) {
      transcript.push(...connection.takeTranscript(), `== ${given.message}`);
      // TLS stood as required, so it is not what was in the way: no `blocked`.
      return ended({
        kind: 'broken',
        result: undelivered(session, { kind: 'failed', because: given.message }),
      });
    }
    if (given.kind === 'needsUtf8' || given.kind === 'needsRequireTls') {
      pool.giveBack(session, 'reusable');
      return ended({ kind: 'unfit', result: undelivered(session, unfit(given, session)) });
    }
    const sorted = sortOut(batch, given, session, parcel);
    settled.push(...sorted.settled);
    if (sorted.settled.some(({ verdict }) => verdict.kind !== 'delivered')) {
      transcript.push(...connection.takeTranscript());
    }
    rest = [...sorted.again, ...later];
    const standing = standingOf(given);
    if (rest.length === 0 || session.transactionsLeft <= 0) {
      pool.giveBack(session, standing);
      return ended({ kind: 'none' });
    }
    await parcel.onDelivered(sorted.settled.filter(({ verdict }) => verdict.kind === 'delivered'));
    if (!(await pool.tidy(session, standing))) return ended({ kind: 'none' });
  }
}

/** What the host lacks, for good unless another host has it. */
function unfit({ kind }: Unfit, { asked: { host } }: Session): Extract<Verdict, { kind: 'refused' }> {
  if (kind === 'needsUtf8') {
    const because = `${host} lacks SMTPUTF8, which this message or an address of it needs`;
    return { kind: 'refused', status: '5.6.7', because };
  }
  // RFC 8689 §4.2.1, and §7: "REQUIRETLS support required".
  const because = `the message was sent with REQUIRETLS, so that each host on its way has to promise TLS for the next one, and ${host} does not offer REQUIRETLS`;
  return { kind: 'refused', status: '5.7.30', because };
}

/** Each copy that names its recipient in its sender is a transaction of its own. */
function limitsOf({ terms: { verp } }: Parcel, session: Session): Parameters<typeof nextBatch>[1] {
  return verp === null ? session : { recipientsAtOnce: 1, domainsAtOnce: 1 };
}

/** As many of the next recipients as the host takes in one transaction; at least one. */
function nextBatch(
  recipients: readonly Addressee[],
  { recipientsAtOnce, domainsAtOnce }: Pick<Session, 'recipientsAtOnce' | 'domainsAtOnce'>,
): { readonly batch: readonly Addressee[]; readonly later: readonly Addressee[] } {
  if (recipients.length <= recipientsAtOnce && domainsAtOnce === Number.POSITIVE_INFINITY) {
    return { batch: recipients, later: [] };
  }
  const domains = new Set<string>();
  const batch: Addressee[] = [];
  const later: Addressee[] = [];
  for (const recipient of recipients) {
    const domain = recipient.address.slice(recipient.address.lastIndexOf('@') + 1);
    const fits = batch.length < recipientsAtOnce && (domains.has(domain) || domains.size < domainsAtOnce);
    (fits ? batch : later).push(recipient);
    if (fits) domains.add(domain);
  }
  return { batch, later };
}

/** Nothing was said to the host, as it lacks what the message needs. */
type Unfit = { readonly kind: 'needsUtf8' } | { readonly kind: 'needsRequireTls' };

type Given =
  | Done
  | LmtpDone
  | { readonly kind: 'tooBig'; readonly limit: number }
  | Unfit
  | { readonly kind: 'cannotConvert'; readonly status: string; readonly because: string }
  /** Too many others are re-encoded at once, and nothing was said to the host. */
  | { readonly kind: 'crowded' }
  /** The connection broke while the content went over: the host may have the message or not. */
  | { readonly kind: 'uncertain'; readonly because: string; readonly replies: readonly Reply[] };

/** @throws PeerError, NetworkError while the host cannot have the message yet. */
async function transact(parcel: Parcel, recipients: readonly Addressee[], session: Session): Promise<Given> {
  const { properties, body } = parcel;
  const { connection, offers } = session;
  const { channel } = connection;
  const { size, eightBit, longestLine, needsUtf8 } = properties;
  const transaction: Transaction = {
    sender: senderOf(parcel, recipients, session),
    senderWishes: wishesOf(parcel),
    recipients,
    size,
    eightBit,
    longestLine,
    needsUtf8,
    requireTls: requireTlsOn(session, parcel),
  };
  const outcome = await connection.run(sendEnvelope(channel, offers, transaction));
  if (outcome.kind !== 'needsSevenBit')
    return outcome.kind === 'goAhead' ? await give(outcome, await body(), session) : outcome;
  // Nothing was said to the host yet, and what is re-encoded is in memory until the host has it.
  const given = await conversionsOut.run(size, async (): Promise<Given> => {
    const conversion = toSevenBit(await wholeBody(await body()));
    if (conversion.kind === 'impossible') return { ...conversion, kind: 'cannotConvert' };
    const { bytes } = conversion;
    const content = { size: bytes.length, eightBit: false, longestLine: 0 };
    const again = await connection.run(sendEnvelope(channel, offers, { ...transaction, ...content }));
    if (again.kind === 'needsSevenBit') throw new Error('a converted message needs no conversion');
    return again.kind === 'goAhead' ? await give(again, { kind: 'bytes', bytes }, session) : again;
  });
  return given ?? { kind: 'crowded' };
}

function senderOf(
  { sender, terms: { verp } }: Parcel,
  [recipient]: readonly Addressee[],
  { outgoing }: Session,
): string {
  return verp === null || recipient === undefined
    ? sender
    : outgoing.senderFor(sender, recipient.address, verp);
}

async function give(
  outcome: GoAhead,
  content: BodySource,
  { connection, protocol }: Session,
): Promise<Given> {
  const { channel } = connection;
  try {
    return protocol === 'lmtp'
      ? await connection.run(sendLmtpContent(channel, outcome, content))
      : await connection.run(sendContent(channel, outcome, content));
  } catch (error) {
    return { kind: 'uncertain', because: asWorldly(error).message, replies: outcome.replies };
  }
}

/** RFC 8689 §5: "RET=FULL MUST be disregarded", so it is not said either: a host that lacks REQUIRETLS would not know. */
function wishesOf({ wishes, terms }: Parcel): SenderWishes {
  return terms.tls === 'requiretls' && wishes.ret === 'full' ? { ...wishes, ret: 'headers' } : wishes;
}

/** RFC 8689 §2: REQUIRETLS is said in sessions that meet its demands, and in no other. */
function requireTlsOn({ tls, outgoing }: Session, parcel: Parcel): Transaction['requireTls'] {
  if (parcel.terms.tls !== 'requiretls') return 'no';
  const wanted = demandOf(parcel, outgoing)?.requireTls ?? 'no';
  return wanted === 'pass' && tls.outcome !== 'authenticated' ? 'no' : wanted;
}

/** `again`: those for whom the transaction had no room, to be named in the next one. */
function sortOut(
  batch: readonly Addressee[],
  given: Exclude<Given, Unfit>,
  session: Session,
  parcel: Parcel,
): { readonly settled: RecipientResult[]; readonly again: Addressee[] } {
  const settled: RecipientResult[] = [];
  const again: Addressee[] = [];
  // Only where somebody was accepted: a host that has room for nobody would be asked for ever.
  const progress = given.kind === 'done' && given.recipients.some(({ kind }) => kind === 'accepted');
  for (const [index, recipient] of batch.entries()) {
    const own = given.kind === 'done' ? given.recipients[index] : undefined;
    if (progress && own?.kind === 'refused' && own.at === 'RCPT' && isTooMany(own.reply)) {
      again.push(recipient);
      continue;
    }
    const { verdict, reply } = resultOf(given, index, session, parcel);
    const result =
      verdict.kind === 'delivered'
        ? { verdict, mx: session.asked, reply, tls: session.tls }
        : undelivered(session, verdict, reply);
    settled.push({ address: recipient.address, ...result });
  }
  return { settled, again };
}

/**
 * "Too many recipients", which says nothing about this one.
 *
 * RFC 5321 §4.5.3.1.10: 452, and 552 from old servers; a mailbox that is full (x.2.2) has these codes too.
 */
function isTooMany({ code, enhanced }: Reply): boolean {
  return (code === 452 || code === 552) && (enhanced === null || enhanced.endsWith('.5.3'));
}

function resultOf(
  given: Exclude<Given, Unfit>,
  index: number,
  session: Session,
  { properties }: Parcel,
): Pick<Result, 'verdict' | 'reply'> {
  const { host } = session.asked;
  switch (given.kind) {
    case 'tooBig': {
      const because = `the message has ${properties.size} octets, ${host} takes ${given.limit}`;
      return { verdict: { kind: 'refused', status: '5.3.4', because }, reply: null };
    }
    case 'cannotConvert': {
      const because = `${host} takes no 8-bit mail or long lines, and the message cannot be converted: ${given.because}`;
      return { verdict: { kind: 'refused', status: given.status, because }, reply: null };
    }
    case 'crowded': {
      const because = `${host} takes no 8-bit mail or long lines, and too many messages are re-encoded at once`;
      return { verdict: { kind: 'failed', because }, reply: null };
    }
    case 'uncertain': {
      const own = given.replies[index];
      return own !== undefined && severity(own) !== 'positive'
        ? refusedAt('RCPT', host, own)
        : uncertain(given.because);
    }
    case 'done': {
      const own = given.recipients[index];
      if (own === undefined) throw new Error('a recipient without an outcome');
      return fromOutcome(own, session);
    }
  }
}

function fromOutcome(outcome: LmtpOutcome, { asked, protocol }: Session): Pick<Result, 'verdict' | 'reply'> {
  switch (outcome.kind) {
    case 'unanswered':
      return uncertain(outcome.because);
    case 'refused':
      return refusedAt(outcome.at, asked.host, outcome.reply);
    case 'accepted': {
      // RFC 2033 §4.2: the yes of an LMTP server means that the message is in the mailbox.
      const ours = protocol === 'lmtp' ? 'delivered' : 'relayed';
      const tells = outcome.dsn === 'passed-on' ? 'host' : ours;
      return { verdict: { kind: 'delivered', tells }, reply: eventReply(outcome.reply) };
    }
  }
}

/** Not offered to another host now: that would make two of it wherever this one did take it. */
function uncertain(why: string): Pick<Result, 'verdict' | 'reply'> {
  const because = `${why} while the message went over, so it may have arrived or not`;
  return { verdict: { kind: 'failed', because }, reply: null };
}

function undelivered(
  { asked, tls }: Session,
  verdict: Exclude<Verdict, { kind: 'delivered' }>,
  reply: EventReply | null = null,
): Result {
  return { verdict, mx: asked, reply, tls: { ...tls, outcome: null, because: verdict.because } };
}

function standingOf(given: Exclude<Given, Unfit>): Standing {
  if (given.kind === 'uncertain') return 'spent';
  return given.kind === 'done' ? given.connection : 'reusable';
}
