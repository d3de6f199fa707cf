/**
 * Hands over one message on an open connection.
 *
 * RFC 5321 §3.3, RFC 2920 (pipelining), RFC 3030 (CHUNKING).
 */
import type { BodySource, Talk } from '../../../wire/bytes.ts';
import type { Channel } from '../../../wire/channel.ts';
import { PeerError } from '../../../wire/dialogue.ts';
import { command } from '../command.ts';
import type { Offers } from '../offers.ts';
import { positiveOnly, type Reply, readReply, severity } from '../reply.ts';
import {
  type EnvelopeLines,
  envelopeLines,
  type Obstacle,
  obstacleOf,
  type Transaction,
} from './transaction.ts';

/** What became of one recipient. */
export type RecipientOutcome =
  /** `dsn`: whether the server took over the duty to notify the sender (RFC 3461 §5.2.1). */
  | { readonly kind: 'accepted'; readonly reply: Reply; readonly dsn: 'passed-on' | 'not-offered' }
  | { readonly kind: 'refused'; readonly at: 'MAIL' | 'RCPT' | 'DATA' | 'message'; readonly reply: Reply };

/** The transaction is over: one outcome per recipient, in order. */
export interface Done {
  readonly kind: 'done';
  readonly recipients: readonly RecipientOutcome[];
  readonly connection: Standing;
}

/**
 * Whether another transaction may follow.
 *
 * `to-reset`, `to-end`: after `settle`, which is a dialogue of its own: however it ends, what was learnt of the
 * recipients stands, and nobody has to wait for it.
 */
export type Standing = 'reusable' | 'to-reset' | 'to-end' | 'spent';

/** The server takes the content: `sendContent` must follow. */
export interface GoAhead {
  readonly kind: 'goAhead';
  /** Those to RCPT, one for each recipient; at least one is positive. */
  readonly replies: readonly Reply[];
  /** `chunks`: by BDAT, without a mark of its end in the content. */
  readonly framing: 'dots' | 'chunks';
  /** Octets of the content. */
  readonly size: number;
  readonly dsn: 'passed-on' | 'not-offered';
}

/** With an {@link Obstacle} nothing was sent. */
export type EnvelopeOutcome = Done | GoAhead | Obstacle;

/** Says who it is from and for. @throws PeerError when the peer breaks the protocol; it has no message then. */
export function* sendEnvelope(
  channel: Channel,
  offers: Offers,
  transaction: Transaction,
): Talk<EnvelopeOutcome> {
  const obstacle = obstacleOf(offers, transaction);
  if (obstacle !== undefined) return obstacle;
  const framing = offers.has('CHUNKING') ? 'chunks' : 'dots';
  const lines = envelopeLines(offers, transaction);
  const ask = offers.has('PIPELINING') ? askTogether : askInTurn;
  // BDAT has no go-ahead: a server that refused it without dropping the octets that follow would run them as commands.
  // So it waits until a recipient was accepted, which costs no round trip more than DATA does.
  const answers = yield* ask(channel, lines, framing === 'dots' ? [command('DATA')] : []);
  const replies = answers.recipients.filter((reply) => reply !== undefined);
  const taken =
    severity(answers.mail) === 'positive' && replies.some((reply) => severity(reply) === 'positive');
  const asked = answers.data === undefined || severity(answers.data) === 'positive';
  if (taken && asked && !answers.leaving) {
    const dsn = offers.has('DSN') ? 'passed-on' : 'not-offered';
    return { kind: 'goAhead', replies, framing, size: transaction.size, dsn };
  }
  const recipients = transaction.recipients.map((_, index) => withoutContent(answers, index));
  return { kind: 'done', recipients, connection: standingAfter(answers) };
}

/**
 * Sends the content that the server takes.
 *
 * @throws PeerError when the peer breaks the protocol: it may or may not have the message then.
 */
export function* sendContent(channel: Channel, goAhead: GoAhead, body: BodySource): Talk<Done> {
  const { replies, framing, dsn } = goAhead;
  const turn = yield* sayContent(channel, goAhead, body);
  const final = positiveOnly(channel, 'the message', yield* readReply(channel, 'data-end'), [250]);
  const accepted = severity(final) === 'positive';
  if (turn === 'early' && accepted) throw acceptedTooEarly(channel);
  const recipients = replies.map((own): RecipientOutcome => {
    if (severity(own) !== 'positive') return { kind: 'refused', at: 'RCPT', reply: own };
    return accepted
      ? { kind: 'accepted', reply: final, dsn }
      : { kind: 'refused', at: 'message', reply: final };
  });
  // 421 announces the end of the connection (RFC 5321 §3.8); after an early answer the streams may be out of step.
  if (final.code === 421 || turn === 'early') return { kind: 'done', recipients, connection: 'spent' };
  // RFC 3030 §2: the state after a BDAT that failed is unknown until RSET.
  const connection = framing === 'chunks' && !accepted ? 'to-reset' : 'reusable';
  return { kind: 'done', recipients, connection };
}

/** Says the content in the framing that was agreed on. */
export function* sayContent(
  channel: Channel,
  { framing, size }: GoAhead,
  body: BodySource,
): Talk<'in-turn' | 'early'> {
  if (framing === 'dots') return yield* channel.sayBody(body, 'dots');
  yield* channel.say(command('BDAT', String(size), 'LAST'));
  return yield* channel.sayBody(body, { octets: size });
}

/** A yes to a message whose end the server had not seen: it is the answer to something else. */
export function acceptedTooEarly(channel: Channel): PeerError {
  return new PeerError('unsolicited', `${channel.peer} accepted the message before its end was sent`);
}

/** The replies to the envelope; what was not asked, because an earlier no made it pointless, is undefined. */
interface Answers {
  readonly mail: Reply;
  readonly recipients: readonly (Reply | undefined)[];
  readonly data: Reply | undefined;
  /** 421 was said: the server closes (RFC 5321 §3.8), and no further reply is waited for. */
  readonly leaving: boolean;
}

/** RFC 2920 §3.1: the whole envelope in one group; the replies come in order. `last`: DATA, or nothing. */
function* askTogether(channel: Channel, lines: EnvelopeLines, last: readonly string[]): Talk<Answers> {
  yield* channel.say([lines.mail, ...lines.recipients, ...last].join(''));
  const recipients: (Reply | undefined)[] = lines.recipients.map(() => undefined);
  const mail = positiveOnly(channel, 'MAIL', yield* readReply(channel, 'reply'), [250]);
  let leaving = mail.code === 421;
  for (let index = 0; index < recipients.length && !leaving; index++) {
    const reply = positiveOnly(channel, 'RCPT', yield* readReply(channel, 'reply'), [250, 251]);
    recipients[index] = reply;
    leaving = reply.code === 421;
  }
  if (leaving || last.length === 0) return { mail, recipients, data: undefined, leaving };
  const data = positiveOnly(channel, 'DATA', yield* readReply(channel, 'data-start'), [354]);
  return { mail, recipients, data, leaving: data.code === 421 };
}

function* askInTurn(channel: Channel, lines: EnvelopeLines, last: readonly string[]): Talk<Answers> {
  const recipients: (Reply | undefined)[] = lines.recipients.map(() => undefined);
  yield* channel.say(lines.mail);
  const mail = positiveOnly(channel, 'MAIL', yield* readReply(channel, 'reply'), [250]);
  if (mail.code !== 250) return { mail, recipients, data: undefined, leaving: mail.code === 421 };
  for (const [index, line] of lines.recipients.entries()) {
    yield* channel.say(line);
    const reply = positiveOnly(channel, 'RCPT', yield* readReply(channel, 'reply'), [250, 251]);
    recipients[index] = reply;
    if (reply.code === 421) return { mail, recipients, data: undefined, leaving: true };
  }
  const noneTaken = !recipients.some((reply) => reply !== undefined && severity(reply) === 'positive');
  if (noneTaken || last.length === 0) return { mail, recipients, data: undefined, leaving: false };
  yield* channel.say(last.join(''));
  const data = positiveOnly(channel, 'DATA', yield* readReply(channel, 'data-start'), [354]);
  return { mail, recipients, data, leaving: data.code === 421 };
}

function withoutContent(answers: Answers, index: number): RecipientOutcome {
  const own = answers.recipients[index];
  if (severity(answers.mail) !== 'positive') return { kind: 'refused', at: 'MAIL', reply: answers.mail };
  if (own !== undefined && severity(own) !== 'positive') return { kind: 'refused', at: 'RCPT', reply: own };
  // Not answered because an earlier recipient got 421: that reply stands for all that came after it.
  const last = answers.data ?? answers.recipients.findLast((reply) => reply !== undefined) ?? answers.mail;
  return { kind: 'refused', at: 'DATA', reply: last };
}

function standingAfter({ data, leaving }: Answers): Standing {
  if (leaving) return 'spent';
  // 354 although nobody is left to take it: the server waits for content (RFC 2920 §3.1).
  return data !== undefined && severity(data) === 'positive' ? 'to-end' : 'to-reset';
}
