/**
 * How a server of SMTP, submission or LMTP is visited.
 *
 * RFC 5321 §3.1, §4.1.4 (greeting, EHLO, HELO), RFC 3207 §4 (STARTTLS), RFC 8314 §3 (TLS at once), RFC 2033 §4.1 (LHLO).
 */
import type { SmtpSeen, VisitEnd } from '../../findings/observation.ts';
import { maskedStartTls, type Offers, offersOf } from '../../protocols/smtp/offers.ts';
import { type Reply, readReply, severity } from '../../protocols/smtp/reply.ts';
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { printable } from '../../wire/dialogue.ts';
import type { Dialect, VisitDraft, VisitRequest } from '../visit.ts';
import { injectionProbe, intrusiveProbe, stateProbe } from './smtp-probes.ts';
import { ask, goodbye, type HelloVerb, isThrottledStartTls, seen, sentAway } from './smtp-steps.ts';
import { complete, goAhead, handshake, tlsAtOnce, withoutTls } from './steps.ts';

/** Of SMTP and submission. */
export const smtpDialect: Dialect = { ...dialectOf('EHLO'), intrusive: intrusiveProbe };
/** Of LMTP, through which nothing is relayed. */
export const lmtpDialect: Dialect = dialectOf('LHLO');

function dialectOf(verb: HelloVerb): Dialect {
  return {
    visit: (channel, request, draft) => visit(channel, request, draft, verb),
    injection: (channel, request) => injectionProbe(channel, request, verb),
    state: (channel, request) => stateProbe(channel, request, verb),
  };
}

const nothingSeen: SmtpSeen = { hello: null, helo: null, helloInside: null, mailInClear: null };

/** What it came to where it does not go on. */
type Stopped = VisitEnd | undefined;

function* visit(channel: Channel, request: VisitRequest, draft: VisitDraft, verb: HelloVerb): Talk<VisitEnd> {
  const began = request.clock();
  if (!(yield* tlsAtOnce(channel, request, draft, began))) return withoutTls;
  const refusal = yield* hearGreeting(channel, request, draft, began);
  if (refusal !== undefined) return refusal;
  const hello = yield* sayHello(channel, request, draft, verb);
  if (hello.kind === 'stopped') return hello.end;
  if (request.tls === 'implicit') {
    draft.inside = linesOf(hello.reply);
    return yield* goodbye(channel, complete);
  }
  draft.clear = linesOf(hello.reply);
  if (request.intrusive) {
    const stopped = yield* sayMail(channel, draft);
    if (stopped !== undefined) return stopped;
  }
  return yield* upgrade(channel, request, draft, verb, offersOf(hello.reply));
}

function* hearGreeting(
  channel: Channel,
  { clock }: VisitRequest,
  draft: VisitDraft,
  began: number,
): Talk<Stopped> {
  draft.step = 'greeting';
  const reply = yield* readReply(channel, 'greeting');
  const { code, enhanced, lines } = reply;
  draft.greeting = {
    ms: Math.round(clock() - began),
    lines: lines.map((line) => printable(enhanced === null ? line : `${enhanced} ${line}`)),
    code,
  };
  return code === 220 ? undefined : yield* goodbye(channel, sentAway('greeting', reply));
}

type Hello =
  | { readonly kind: 'greeted'; readonly reply: Reply }
  | { readonly kind: 'stopped'; readonly end: VisitEnd };

/** EHLO or LHLO; HELO where EHLO is refused for good, as servers do that have no extensions (RFC 5321 §3.2). */
function* sayHello(
  channel: Channel,
  { helloName }: VisitRequest,
  draft: VisitDraft,
  verb: HelloVerb,
): Talk<Hello> {
  draft.step = 'hello';
  const reply = yield* ask(channel, verb, helloName);
  draft.smtp = { ...nothingSeen, hello: seen(reply) };
  if (reply.code === 250) return { kind: 'greeted', reply };
  const end = sentAway('hello', reply);
  if (severity(reply) !== 'permanent' || verb === 'LHLO' || end.kind !== 'refused')
    return { kind: 'stopped', end: yield* goodbye(channel, end) };
  const helo = yield* ask(channel, 'HELO', helloName);
  draft.smtp = { ...draft.smtp, helo: seen(helo) };
  return helo.code === 250
    ? { kind: 'greeted', reply: helo }
    : { kind: 'stopped', end: yield* goodbye(channel, sentAway('hello', helo)) };
}

/** Whether mail is taken in clear; the transaction is taken back at once. */
function* sayMail(channel: Channel, draft: VisitDraft): Talk<Stopped> {
  const mail = yield* ask(channel, 'MAIL', 'FROM:<>');
  draft.smtp = { ...(draft.smtp ?? nothingSeen), mailInClear: seen(mail) };
  if (mail.code === 421) return sentAway('hello', mail);
  if (severity(mail) === 'positive') yield* ask(channel, 'RSET');
  return undefined;
}

function* upgrade(
  channel: Channel,
  request: VisitRequest,
  draft: VisitDraft,
  verb: HelloVerb,
  offers: Offers,
): Talk<VisitEnd> {
  if (!offers.has('STARTTLS')) {
    draft.upgrade = { kind: 'not-offered', because: whyNotOffered(draft, offers) };
    return yield* goodbye(channel, withoutTls);
  }
  draft.step = 'starttls';
  const began = request.clock();
  const reply = yield* goAhead(draft, ask(channel, 'STARTTLS'));
  if (reply.code !== 220) return yield* withoutGoAhead(channel, draft, reply);
  if (!(yield* handshake(channel, request, draft, began))) return withoutTls;
  return yield* lookInside(channel, request, draft, verb);
}

function whyNotOffered({ smtp }: VisitDraft, offers: Offers): string {
  if ((smtp?.helo ?? null) !== null) return 'it knows no EHLO, and so no STARTTLS';
  const masked = maskedStartTls(offers);
  if (masked !== undefined) return `something on the way wrote ${masked} over it`;
  return 'STARTTLS is not among what it offers';
}

/** RFC 3207 §4: 220 is the go-ahead, and nothing else. */
function* withoutGoAhead(channel: Channel, draft: VisitDraft, reply: Reply): Talk<VisitEnd> {
  // It would have gone on with somebody who comes less often: that is no refusal of TLS.
  if (isThrottledStartTls(reply))
    return yield* goodbye(channel, { kind: 'throttled', at: 'starttls', answer: seen(reply) });
  draft.upgrade =
    severity(reply) === 'positive'
      ? { kind: 'bad-answer', because: `STARTTLS was answered with ${seen(reply).text}` }
      : { kind: 'refused', answer: seen(reply) };
  return yield* goodbye(channel, withoutTls);
}

/** RFC 3207 §4.2: all that was learnt in clear is forgotten, so that the hello is said anew. */
function* lookInside(
  channel: Channel,
  { helloName, curious }: VisitRequest,
  draft: VisitDraft,
  verb: HelloVerb,
): Talk<VisitEnd> {
  draft.step = 'inside';
  const hello = yield* ask(channel, verb, helloName);
  draft.smtp = { ...(draft.smtp ?? nothingSeen), helloInside: seen(hello) };
  if (hello.code !== 250) return yield* goodbye(channel, sentAway('inside', hello));
  draft.inside = linesOf(hello);
  if (curious) {
    draft.step = 'again';
    const again = yield* ask(channel, 'STARTTLS');
    draft.again = seen(again);
    // It waits for a handshake now, and a QUIT would not be understood.
    if (again.code === 220) return complete;
  }
  draft.step = 'goodbye';
  return yield* goodbye(channel, complete);
}

function linesOf(hello: Reply): string[] {
  return hello.lines.slice(1).map(printable);
}
