/**
 * How a server of SMTP, submission or LMTP is visited.
 *
 * RFC 5321 §3.1, §4.1.4 (greeting, EHLO, HELO), RFC 3207 (STARTTLS), RFC 8314 §3 (TLS at once), RFC 2033 §4.1 (LHLO).
 */
import type { AnswerSeen, SmtpSeen, VisitEnd } from '../../findings/observation.ts';
import { quit } from '../../protocols/smtp/client/quit.ts';
import { command } from '../../protocols/smtp/command.ts';
import { describeReply, type Reply, readReply, severity } from '../../protocols/smtp/reply.ts';
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { LostError, PeerError, printable } from '../../wire/dialogue.ts';
import type { Dialect, VisitDraft, VisitRequest } from '../visit.ts';

/** Of SMTP and submission. */
export const smtpDialect: Dialect = dialectOf('EHLO');
/** Of LMTP, which has no HELO. */
export const lmtpDialect: Dialect = dialectOf('LHLO');

type Hello = 'EHLO' | 'LHLO';

function dialectOf(verb: Hello): Dialect {
  return {
    visit: (channel, request, draft) => visit(channel, request, draft, verb),
    injection: null,
    state: null,
  };
}

const nothingSeen: SmtpSeen = { hello: null, helo: null, helloInside: null, mailInClear: null };

function* visit(channel: Channel, request: VisitRequest, draft: VisitDraft, verb: Hello): Talk<VisitEnd> {
  const began = request.clock();
  draft.smtp = nothingSeen;
  if (request.tls === 'implicit') {
    draft.step = 'handshake';
    const secured = yield* channel.beginTls();
    const ms = Math.round(request.clock() - began);
    if (secured.kind === 'failed') {
      draft.upgrade = failed(secured, ms);
      return { kind: 'without-tls' };
    }
    draft.tls = secured.facts;
    draft.upgrade = { kind: 'implicit' };
  }
  const sentAway = yield* hearGreeting(channel, request, draft, began);
  if (sentAway !== undefined) return sentAway;
  const hello = yield* sayHello(channel, request, draft, verb);
  if (hello !== undefined) return hello;
  if (request.tls === 'implicit') {
    draft.inside = draft.clear;
    draft.clear = null;
    return yield* goodbye(channel, draft, { kind: 'complete' });
  }
  return yield* startTls(channel, request, draft, verb);
}

function* hearGreeting(
  channel: Channel,
  { clock }: VisitRequest,
  draft: VisitDraft,
  began: number,
): Talk<VisitEnd | undefined> {
  draft.step = 'greeting';
  const reply = yield* readReply(channel, 'greeting');
  draft.greeting = {
    ms: Math.round(clock() - began),
    lines: reply.lines.map((line, at) =>
      printable(at === 0 && reply.enhanced !== null ? `${reply.enhanced} ${line}` : line),
    ),
    code: reply.code,
  };
  if (reply.code === 220) return undefined;
  return yield* goodbye(channel, draft, refusal('greeting', reply));
}

/** @returns undefined where it is answered with a yes, to EHLO or to HELO. */
function* sayHello(
  channel: Channel,
  { helloName }: VisitRequest,
  draft: VisitDraft,
  verb: Hello,
): Talk<VisitEnd | undefined> {
  draft.step = 'hello';
  const reply = yield* ask(channel, verb, helloName);
  draft.smtp = { ...(draft.smtp ?? nothingSeen), hello: seen(reply) };
  if (reply.code === 250) {
    draft.clear = reply.lines.slice(1).map(printable);
    return undefined;
  }
  if (severity(reply) !== 'permanent' || verb === 'LHLO' || isSentAway(reply))
    return yield* goodbye(channel, draft, refusal('hello', reply));
  // RFC 5321 §3.2: older servers know HELO only, and have no extensions then.
  const helo = yield* ask(channel, 'HELO', helloName);
  draft.smtp = { ...draft.smtp, helo: seen(helo) };
  if (helo.code !== 250) return yield* goodbye(channel, draft, refusal('hello', helo));
  draft.clear = [];
  return undefined;
}

function* startTls(channel: Channel, request: VisitRequest, draft: VisitDraft, verb: Hello): Talk<VisitEnd> {
  if (!offersStartTls(draft.clear)) {
    draft.upgrade = { kind: 'not-offered', because: 'STARTTLS is not among what it offers' };
    return yield* goodbye(channel, draft, { kind: 'without-tls' });
  }
  draft.step = 'starttls';
  const began = request.clock();
  const goAhead = yield* ask(channel, 'STARTTLS');
  if (goAhead.code !== 220) {
    draft.upgrade =
      severity(goAhead) === 'positive'
        ? { kind: 'bad-answer', because: `STARTTLS was answered with ${describeReply(goAhead)}` }
        : { kind: 'refused', answer: seen(goAhead) };
    return yield* goodbye(channel, draft, { kind: 'without-tls' });
  }
  draft.step = 'handshake';
  const secured = yield* channel.startTls();
  const ms = Math.round(request.clock() - began);
  if (secured.kind === 'failed') {
    draft.upgrade = failed(secured, ms);
    return { kind: 'without-tls' };
  }
  draft.tls = secured.facts;
  draft.upgrade = { kind: 'secured', ms };
  draft.step = 'inside';
  const hello = yield* ask(channel, verb, request.helloName);
  draft.smtp = { ...(draft.smtp ?? nothingSeen), helloInside: seen(hello) };
  if (hello.code !== 250) return yield* goodbye(channel, draft, refusal('inside', hello));
  draft.inside = hello.lines.slice(1).map(printable);
  if (request.curious) {
    draft.step = 'again';
    const again = yield* ask(channel, 'STARTTLS');
    draft.again = seen(again);
    // It waits for a handshake now: nothing can be said any more.
    if (again.code === 220) return { kind: 'complete' };
  }
  return yield* goodbye(channel, draft, { kind: 'complete' });
}

function* ask(channel: Channel, ...words: readonly [string, ...string[]]): Talk<Reply> {
  yield* channel.say(command(...words));
  return yield* readReply(channel, 'reply');
}

/** Says QUIT. What came of the visit is known by then, so that a server that is gone already changes nothing. */
function* goodbye(channel: Channel, draft: VisitDraft, end: VisitEnd): Talk<VisitEnd> {
  draft.step = 'goodbye';
  try {
    yield* quit(channel);
  } catch (error) {
    if (!(error instanceof PeerError || error instanceof LostError)) throw error;
  }
  return end;
}

function offersStartTls(clear: readonly string[] | null): boolean {
  return clear?.some((line) => line.toUpperCase() === 'STARTTLS') ?? false;
}

function failed(
  { because, alert }: { readonly because: string; readonly alert?: string | undefined },
  ms: number,
): VisitDraft['upgrade'] {
  return { kind: 'handshake-failed', because: printable(because), alert: alert ?? null, ms };
}

function seen(reply: Reply): AnswerSeen {
  return { code: reply.code, positive: severity(reply) === 'positive', text: describeReply(reply) };
}

function isSentAway(reply: Reply): boolean {
  return refusal('hello', reply).kind !== 'refused';
}

function refusal(
  at: 'greeting' | 'hello' | 'inside',
  reply: Reply,
): Extract<VisitEnd, { answer: AnswerSeen }> {
  const { code, enhanced } = reply;
  const isThrottled = code === 421 || code === 450 || code === 451 || (enhanced ?? '').startsWith('4.7.');
  const isBlocked = code === 550 || code === 554 || (enhanced ?? '').startsWith('5.7.');
  return { kind: isThrottled ? 'throttled' : isBlocked ? 'blocked' : 'refused', at, answer: seen(reply) };
}
