/** Steps that the visit of a server of SMTP and the probes of it have in common. */
import type { AnswerSeen, Step, VisitEnd } from '../../findings/observation.ts';
import { quit } from '../../protocols/smtp/client/quit.ts';
import { command } from '../../protocols/smtp/command.ts';
import { describeReply, type Reply, readReply, severity } from '../../protocols/smtp/reply.ts';
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { politely } from './steps.ts';

/** LMTP says LHLO and has no HELO (RFC 2033 §4.1). */
export type HelloVerb = 'EHLO' | 'LHLO';

/** The server says no, to the connection or to the hello, and that says nothing about TLS. */
export type SentAway = Extract<VisitEnd, { kind: 'throttled' | 'blocked' | 'refused' | 'broken' }>;

/** Of one answer, as evidence. */
const MAX_ANSWER_CHARACTERS = 400;

export function* ask(channel: Channel, ...words: readonly [string, ...string[]]): Talk<Reply> {
  yield* channel.say(command(...words));
  return yield* readReply(channel, 'reply');
}

/** An answer as it is kept. */
export function seen(reply: Reply): AnswerSeen {
  const text = describeReply(reply);
  return {
    code: reply.code,
    positive: severity(reply) === 'positive',
    text: text.length > MAX_ANSWER_CHARACTERS ? `${text.slice(0, MAX_ANSWER_CHARACTERS)}…` : text,
  };
}

/**
 * Says QUIT and waits for the answer: what came of the visit is known, so that a server which is gone changes nothing.
 *
 * After 421 the server closes (RFC 5321 §3.8), and nobody is left to say it to.
 */
export function* goodbye<End extends VisitEnd>(channel: Channel, end: End): Talk<End> {
  if ('answer' in end && end.answer.code === 421) return end;
  yield* sayQuit(channel);
  return end;
}

export function sayQuit(channel: Channel): Talk<void> {
  return politely(quit(channel));
}

/**
 * What a no to the greeting or a hello means.
 *
 * Before anything was asked, "for now" means: not so often, and "for good": not you. Servers that count say 421, or a code of
 * the class X.7 (RFC 3463 §3.8), or one of 450 and 451; some say 554 and that there are too many of us.
 */
export function sentAway(at: Step, reply: Reply): SentAway {
  const answer = seen(reply);
  if (answer.positive) return { kind: 'broken', at, because: `it answered with ${answer.text}` };
  // Postfix closes with a 421 where it wants a certificate of the client: to come back later does not help.
  if (speaksOfCertificate(reply)) return { kind: 'refused', at, answer };
  if (isThrottling(reply)) return { kind: 'throttled', at, answer };
  const { code, enhanced } = reply;
  const isBlocking = code === 550 || code === 554 || enhanced?.startsWith('5.7.') === true;
  // Who has let us in and says no inside TLS means something else.
  const isFirst = at === 'greeting' || at === 'hello';
  return { kind: isBlocking && isFirst ? 'blocked' : 'refused', at, answer };
}

function isThrottling(reply: Reply): boolean {
  const { code, enhanced } = reply;
  return [421, 450, 451].includes(code) || enhanced?.startsWith('4.7.') === true || speaksOfTooMany(reply);
}

/** At STARTTLS the class 4.7 says no more than that TLS is meant (Postfix: `454 4.7.0 TLS not available`). */
export function isThrottledStartTls(reply: Reply): boolean {
  return reply.code === 421 || (severity(reply) !== 'positive' && speaksOfTooMany(reply));
}

function speaksOfCertificate(reply: Reply): boolean {
  return /\bclient certificate\b/i.test(reply.lines.join(' '));
}

function speaksOfTooMany(reply: Reply): boolean {
  return /\btoo (?:many|often|frequent)|\brate[ -]?limit/i.test(reply.lines.join(' '));
}
