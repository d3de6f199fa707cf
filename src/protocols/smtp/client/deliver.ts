/**
 * Hands over one message on an open connection.
 *
 * RFC 5321 §3.3, RFC 2920 (pipelining), RFC 1870 (SIZE), RFC 6152 (8BITMIME).
 */
import type { BodySource, Phase, Talk } from '../../../wire/bytes.ts';
import type { Channel } from '../../../wire/channel.ts';
import { PeerError } from '../../../wire/dialogue.ts';
import { command } from '../command.ts';
import { type Offers, sizeLimit } from '../offers.ts';
import { type Reply, readReply, severity } from '../reply.ts';
import { unexpectedReply } from './open.ts';

export interface Transaction {
  /** Without angle brackets; empty for the null sender. */
  readonly sender: string;
  /** Without angle brackets; at least one. */
  readonly recipients: readonly string[];
  /** Octets of the content. */
  readonly size: number;
  readonly eightBit: boolean;
  /** Octets, CRLF not counted. */
  readonly longestLine: number;
}

/** What became of one recipient. */
export type RecipientOutcome =
  | { readonly kind: 'accepted'; readonly reply: Reply }
  | { readonly kind: 'refused'; readonly at: 'MAIL' | 'RCPT' | 'DATA' | 'message'; readonly reply: Reply };

/** The transaction is over: one outcome per recipient, in order; `connection`: whether another may follow. */
export interface Done {
  readonly kind: 'done';
  readonly recipients: readonly RecipientOutcome[];
  readonly connection: 'reusable' | 'spent';
}

export type EnvelopeOutcome =
  | Done
  /** The server waits for the content: {@link sendContent} must follow. `replies`: those to RCPT. */
  | { readonly kind: 'goAhead'; readonly replies: readonly Reply[] }
  /** Nothing was sent: the server's SIZE is `limit` octets. */
  | { readonly kind: 'tooBig'; readonly limit: number }
  /** Nothing was sent: the content has to become 7-bit with lines of at most 998 octets first. */
  | { readonly kind: 'needsSevenBit' };

/** RFC 5321 §4.5.3.1.6: 1000 octets with CRLF. */
const MAX_CONTENT_LINE = 998;

/** Says who it is from and for. @throws PeerError when the peer breaks the protocol; it has no message then. */
export function* sendEnvelope(
  channel: Channel,
  offers: Offers,
  transaction: Transaction,
): Talk<EnvelopeOutcome> {
  const { sender, recipients, size } = transaction;
  const limit = sizeLimit(offers);
  if (limit !== undefined && size > limit) return { kind: 'tooBig', limit };
  const needsEight = transaction.eightBit && !offers.has('8BITMIME');
  if (needsEight || transaction.longestLine > MAX_CONTENT_LINE) return { kind: 'needsSevenBit' };

  const mail = command(
    `MAIL FROM:<${sender}>`,
    ...(offers.has('SIZE') ? [`SIZE=${size}`] : []),
    ...(transaction.eightBit ? ['BODY=8BITMIME'] : []),
  );
  const group = [mail, ...recipients.map((recipient) => command(`RCPT TO:<${recipient}>`)), command('DATA')];
  const envelope = yield* offers.has('PIPELINING') ? askTogether(channel, group) : askInTurn(channel, group);
  const { data, leaving } = envelope;
  const outcomes = (): RecipientOutcome[] => recipients.map((_, index) => withoutData(envelope, index));
  if (data === undefined || severity(data) !== 'positive') {
    return { kind: 'done', recipients: outcomes(), connection: leaving ? 'spent' : yield* reset(channel) };
  }
  const replies = envelope.recipients.filter((reply) => reply !== undefined);
  const mailTaken = severity(envelope.mail) === 'positive';
  if (mailTaken && replies.some((reply) => severity(reply) === 'positive'))
    return { kind: 'goAhead', replies };
  // 354 although nobody is left to take it: the message ends before it begins (RFC 2920 §3.1).
  const dot = channel.sayBody({ kind: 'bytes', bytes: new Uint8Array() });
  const connection = yield* conclude(
    channel,
    dot,
    'data-end',
    (reply) => reply.code === 250 || (severity(reply) !== 'positive' && reply.code !== 421),
  );
  return { kind: 'done', recipients: outcomes(), connection };
}

/**
 * Sends the content that the server waits for.
 *
 * @param replies those to RCPT, from {@link sendEnvelope}.
 * @throws PeerError when the peer breaks the protocol: it may or may not have the message then.
 */
export function* sendContent(channel: Channel, replies: readonly Reply[], body: BodySource): Talk<Done> {
  const turn = yield* channel.sayBody(body);
  const final = exactly(channel, 'the message', yield* readReply(channel, 'data-end'), [250]);
  if (turn === 'early' && severity(final) === 'positive') {
    // A yes to a message whose end it had not seen: it is the answer to something else.
    throw new PeerError('unsolicited', `${channel.peer} accepted the message before its end was sent`);
  }
  const recipients = replies.map((own): RecipientOutcome => {
    if (severity(own) !== 'positive') return { kind: 'refused', at: 'RCPT', reply: own };
    if (severity(final) === 'positive') return { kind: 'accepted', reply: final };
    return { kind: 'refused', at: 'message', reply: final };
  });
  // 421 announces the end of the connection (RFC 5321 §3.8); after an early answer the streams may be out of step.
  return {
    kind: 'done',
    recipients,
    connection: final.code === 421 || turn === 'early' ? 'spent' : 'reusable',
  };
}

/** The replies to the envelope; what was not asked, because an earlier no made it pointless, is undefined. */
interface Envelope {
  readonly mail: Reply;
  readonly recipients: readonly (Reply | undefined)[];
  readonly data: Reply | undefined;
  /** 421 was said: the server closes (RFC 5321 §3.8), and no further reply is waited for. */
  readonly leaving: boolean;
}

/** RFC 2920 §3.1: the whole envelope in one group; the replies come in order. */
function* askTogether(channel: Channel, group: readonly string[]): Talk<Envelope> {
  yield* channel.say(group.join(''));
  const recipients: (Reply | undefined)[] = group.slice(1, -1).map(() => undefined);
  const mail = exactly(channel, 'MAIL', yield* readReply(channel, 'reply'), [250]);
  let leaving = mail.code === 421;
  for (let index = 0; index < recipients.length && !leaving; index++) {
    const reply = exactly(channel, 'RCPT', yield* readReply(channel, 'reply'), [250, 251]);
    recipients[index] = reply;
    leaving = reply.code === 421;
  }
  if (leaving) return { mail, recipients, data: undefined, leaving };
  const data = exactly(channel, 'DATA', yield* readReply(channel, 'data-start'), [354]);
  return { mail, recipients, data, leaving: data.code === 421 };
}

function* askInTurn(channel: Channel, group: readonly string[]): Talk<Envelope> {
  const recipients: (Reply | undefined)[] = group.slice(1, -1).map(() => undefined);
  yield* channel.say(group[0] ?? '');
  const mail = exactly(channel, 'MAIL', yield* readReply(channel, 'reply'), [250]);
  if (mail.code !== 250) return { mail, recipients, data: undefined, leaving: mail.code === 421 };
  for (const [index, line] of group.slice(1, -1).entries()) {
    yield* channel.say(line);
    const reply = exactly(channel, 'RCPT', yield* readReply(channel, 'reply'), [250, 251]);
    recipients[index] = reply;
    if (reply.code === 421) return { mail, recipients, data: undefined, leaving: true };
  }
  const noneTaken = !recipients.some((reply) => reply !== undefined && severity(reply) === 'positive');
  if (noneTaken) return { mail, recipients, data: undefined, leaving: false };
  yield* channel.say(group.at(-1) ?? '');
  const data = exactly(channel, 'DATA', yield* readReply(channel, 'data-start'), [354]);
  return { mail, recipients, data, leaving: data.code === 421 };
}

/** A positive reply must be one that the RFC names for the command: `2xx` is not "success". */
function exactly(channel: Channel, at: string, reply: Reply, expected: readonly number[]): Reply {
  if (severity(reply) === 'positive' && !expected.includes(reply.code))
    throw unexpectedReply(channel, at, reply);
  return reply;
}

function withoutData(envelope: Envelope, index: number): RecipientOutcome {
  const own = envelope.recipients[index];
  if (severity(envelope.mail) !== 'positive') return { kind: 'refused', at: 'MAIL', reply: envelope.mail };
  if (own !== undefined && severity(own) !== 'positive') return { kind: 'refused', at: 'RCPT', reply: own };
  // Not answered because an earlier recipient got 421: that reply stands for all that came after it.
  const last = envelope.data ?? envelope.recipients.findLast((reply) => reply !== undefined) ?? envelope.mail;
  return { kind: 'refused', at: 'DATA', reply: last };
}

/** Forgets the transaction that came to nothing. */
function reset(channel: Channel): Talk<Done['connection']> {
  return conclude(channel, channel.say(command('RSET')), 'reply', ({ code }) => code === 250);
}

/**
 * Says what is left to say once every outcome is known.
 *
 * Whatever the server does now, closing included, what it answered of the recipients stands: it decides only
 * whether the connection can be kept.
 */
function* conclude(
  channel: Channel,
  last: Talk<unknown>,
  within: Phase,
  inStep: (reply: Reply) => boolean,
): Talk<Done['connection']> {
  try {
    yield* last;
    return inStep(yield* readReply(channel, within)) ? 'reusable' : 'spent';
  } catch (error) {
    if (error instanceof PeerError) return 'spent';
    throw error;
  }
}
