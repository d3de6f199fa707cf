/** Hands the content to an LMTP server, which answers for each recipient. RFC 2033 §4.2, §4.3. */
import type { BodySource, Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { LostError, PeerError } from '../../wire/dialogue.ts';
import { acceptedTooEarly, type GoAhead, type RecipientOutcome, sayContent } from '../smtp/client/deliver.ts';
import { positiveOnly, type Reply, readReply, severity } from '../smtp/reply.ts';

/** What became of one recipient. */
export type LmtpOutcome =
  | RecipientOutcome
  /** The server answered for others and then no more: it may have the message for this one or not. */
  | { readonly kind: 'unanswered'; readonly because: string };

/** One outcome per recipient, in order. */
export interface LmtpDone {
  readonly kind: 'done';
  readonly recipients: readonly LmtpOutcome[];
  readonly connection: 'reusable' | 'to-reset' | 'spent';
}

/**
 * Sends the content that the server takes, and reads one answer for each recipient that was accepted.
 *
 * Where the connection breaks between the answers, those that came stand: to deliver these recipients again would
 * make two of each message.
 *
 * @throws PeerError when the peer breaks the protocol before the first answer: it may or may not have the message.
 */
export function* sendContent(channel: Channel, goAhead: GoAhead, body: BodySource): Talk<LmtpDone> {
  const { replies, framing, dsn } = goAhead;
  const turn = yield* sayContent(channel, goAhead, body);
  const { answers, failure } = yield* readAnswers(
    channel,
    turn,
    replies.filter((reply) => severity(reply) === 'positive').length,
  );
  let next = 0;
  const recipients = replies.map((own): LmtpOutcome => {
    if (severity(own) !== 'positive') return { kind: 'refused', at: 'RCPT', reply: own };
    const answer = answers[next++];
    if (answer === undefined) return { kind: 'unanswered', because: failure ?? '' };
    if (severity(answer) === 'positive') return { kind: 'accepted', reply: answer, dsn };
    return { kind: 'refused', at: 'message', reply: answer };
  });
  if (failure !== undefined || turn === 'early' || answers.some(({ code }) => code === 421))
    return { kind: 'done', recipients, connection: 'spent' };
  const noneTook = !answers.some((answer) => severity(answer) === 'positive');
  return { kind: 'done', recipients, connection: framing === 'chunks' && noneTook ? 'to-reset' : 'reusable' };
}

interface Answers {
  readonly answers: readonly Reply[];
  /** Why there are fewer than there should be. */
  readonly failure: string | undefined;
}

function* readAnswers(channel: Channel, turn: 'in-turn' | 'early', count: number): Talk<Answers> {
  const first = positiveOnly(channel, 'the message', yield* readReply(channel, 'data-end'), [250]);
  if (turn === 'early') {
    if (severity(first) === 'positive') throw acceptedTooEarly(channel);
    // It has not seen the end and never will: it has nothing more to answer, and no recipient got anything.
    return { answers: Array.from({ length: count }, () => first), failure: undefined };
  }
  const answers = [first];
  try {
    while (answers.length < count)
      answers.push(positiveOnly(channel, 'the message', yield* readReply(channel, 'data-end'), [250]));
  } catch (error) {
    if (error instanceof PeerError || error instanceof LostError) return { answers, failure: error.message };
    throw error;
  }
  return { answers, failure: undefined };
}
