/** What can be asked of a server of SMTP on a connection of its own. RFC 3207 §4.2, RFC 5321 §4.1.4. */
import type { InjectionSeen, IntrusiveSeen, StateSeen, VisitEnd } from '../../findings/observation.ts';
import { command } from '../../protocols/smtp/command.ts';
import { offersOf } from '../../protocols/smtp/offers.ts';
import { type Reply, readReply, severity } from '../../protocols/smtp/reply.ts';
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { PeerError } from '../../wire/dialogue.ts';
import type { VisitRequest } from '../visit.ts';
import { ask, goodbye, type HelloVerb, isThrottledStartTls, sayQuit, seen, sentAway } from './smtp-steps.ts';
import { handshakeBehindMore, injected, politely, refusedProbe, withoutTls } from './steps.ts';

/** Whatever is unread: in these probes the server may have answered more than was asked. */
const ANYTHING = /[^]*/;
/** Two answers before the last would do; whoever sends more of them is not counted to the end. */
const MOST_REPLIES = 8;

/**
 * NOOP behind STARTTLS in the same segment (CVE-2011-0411): a server that keeps it in its buffer answers it inside TLS, in
 * front of its answer to EHLO. So there is one answer too many before that to QUIT, however long anything takes.
 */
export function* injectionProbe(
  channel: Channel,
  request: VisitRequest,
  verb: HelloVerb,
): Talk<InjectionSeen | VisitEnd> {
  const stopped = yield* comeToStartTls(channel, request, verb);
  if (stopped !== undefined) return stopped;
  // EHLO is said after the answer: behind another command in its group Exim takes it for a mistake.
  yield* channel.say(command('STARTTLS') + command('NOOP'));
  const goAhead = yield* readReply(channel, 'reply');
  if (isThrottledStartTls(goAhead))
    return yield* goodbye(channel, { kind: 'throttled', at: 'probe', answer: seen(goAhead) });
  if (goAhead.code !== 220) {
    // It may have answered NOOP as well, in clear.
    yield* politely(quitBeside(channel));
    // For good: it wants nothing behind STARTTLS, and there is no TLS for NOOP to get into.
    return severity(goAhead) === 'transient' ? refusedProbe(seen(goAhead)) : injected('never');
  }
  const crossed = yield* handshakeBehindMore(channel);
  if (crossed !== 'secured') return injected(crossed);
  return yield* answersInside(channel, request, verb);
}

function* quitBeside(channel: Channel): Talk<void> {
  yield* channel.sayBeside(command('QUIT'), ANYTHING);
  for (let replies = 0; replies < MOST_REPLIES; replies++)
    if ((yield* readReply(channel, 'goodbye')).code === 221) return;
}

/** Says hello and QUIT, and looks at the answers in front of that to QUIT. */
function* answersInside(
  channel: Channel,
  { helloName }: VisitRequest,
  verb: HelloVerb,
): Talk<InjectionSeen | VisitEnd> {
  const replies: Reply[] = [];
  try {
    yield* channel.sayBeside(command(verb, helloName), ANYTHING);
    for (let asked = false; replies.length < MOST_REPLIES; asked = true) {
      const reply = yield* readReply(channel, 'reply');
      if (reply.code === 221) return injected(replies.length > 1 ? 'inside' : 'never');
      // It leaves, or has too much of us: that is an answer to nothing, and what is not there may only be missing.
      if (reply.code === 421) return { kind: 'throttled', at: 'probe', answer: seen(reply) };
      replies.push(reply);
      if (!asked) yield* channel.sayBeside(command('QUIT'), ANYTHING);
    }
  } catch (error) {
    if (!(error instanceof PeerError) || error.code !== 'closed') throw error;
  }
  return withoutBye(replies);
}

/** Without an answer to QUIT they cannot be counted; that to a hello has several lines, that to NOOP has one. */
function withoutBye(replies: readonly Reply[]): InjectionSeen | VisitEnd {
  const [first, second] = replies;
  if (first === undefined || isOfHello(first)) return injected('never');
  return second !== undefined && isOfHello(second) ? injected('inside') : { kind: 'closed', at: 'probe' };
}

function isOfHello({ code, lines }: Reply): boolean {
  return code === 250 && lines.length > 1;
}

/**
 * MAIL in clear and MAIL inside TLS without a hello between them. RFC 3207 §4.2: "the server MUST discard any knowledge
 * obtained from the client, such as the argument to the EHLO command, which was not obtained from the TLS negotiation itself."
 *
 * What the second MAIL is answered with tells, provided that the server tells a transaction under way from none:
 *
 * - refused, taken back by RSET, and then taken: the transaction from before TLS was still there;
 * - refused, and refused again after RSET: the server wants a hello first, and a hello ends every transaction
 *   (RFC 5321 §4.1.4);
 * - taken: there was none, provided that a third MAIL, within the second's transaction, is refused.
 */
export function* stateProbe(
  channel: Channel,
  request: VisitRequest,
  verb: HelloVerb,
): Talk<StateSeen | VisitEnd> {
  const stopped = yield* comeToStartTls(channel, request, verb);
  if (stopped !== undefined) return stopped;
  const inClear = yield* sayMail(channel);
  if (inClear.code === 421) return sentAway('probe', inClear);
  if (severity(inClear) !== 'positive') {
    yield* sayQuit(channel);
    return state(false, 'nothing, as no transaction can begin in clear');
  }
  const goAhead = yield* ask(channel, 'STARTTLS');
  if (goAhead.code !== 220) {
    // Within a transaction it is not allowed here: nothing is left that TLS could keep.
    yield* sayQuit(channel);
    return severity(goAhead) === 'permanent'
      ? state(false, 'nothing, as STARTTLS is refused within a transaction')
      : refusedProbe(seen(goAhead));
  }
  const secured = yield* channel.startTls();
  if (secured.kind === 'failed') return withoutTls;
  const outcome = yield* compareMails(channel);
  yield* sayQuit(channel);
  return outcome;
}

function* compareMails(channel: Channel): Talk<StateSeen | VisitEnd> {
  const first = yield* sayMail(channel);
  if (severity(first) !== 'positive') {
    yield* ask(channel, 'RSET');
    const afterReset = yield* sayMail(channel);
    return severity(afterReset) === 'positive'
      ? state(true, 'the transaction that MAIL had begun in clear')
      : state(false, 'nothing, as a hello is wanted inside TLS, which ends every transaction');
  }
  const nested = yield* sayMail(channel);
  if (severity(nested) !== 'positive') return state(false, 'nothing: MAIL begins a new transaction');
  const because = 'it takes MAIL within a transaction, so that an old one cannot be told from none';
  return { kind: 'broken', at: 'probe', because };
}

function* sayMail(channel: Channel): Talk<Reply> {
  return yield* ask(channel, 'MAIL', 'FROM:<>');
}

function state(kept: boolean, what: string): StateSeen {
  return { kept, what, transcript: [] };
}

/**
 * What is asked only with the owner's consent: whether VRFY and EXPN tell about mailboxes, and whether mail is taken for
 * somebody else's domain. RFC 5321 §4.5.1: there is a postmaster everywhere. It ends before any message begins.
 */
export function* intrusiveProbe(channel: Channel, request: VisitRequest): Talk<IntrusiveSeen | VisitEnd> {
  if (request.tls === 'implicit') {
    const secured = yield* channel.beginTls();
    if (secured.kind === 'failed') return withoutTls;
  }
  const stopped = yield* comeToHello(channel, request, 'EHLO');
  if ('kind' in stopped) return stopped;
  if (request.tls === 'starttls' && offersOf(stopped).has('STARTTLS')) {
    const goAhead = yield* ask(channel, 'STARTTLS');
    if (goAhead.code !== 220) return yield* goodbye(channel, sentAway('probe', goAhead));
    const secured = yield* channel.startTls();
    if (secured.kind === 'failed') return withoutTls;
    const inside = yield* ask(channel, 'EHLO', request.helloName);
    if (inside.code !== 250) return yield* goodbye(channel, sentAway('probe', inside));
  }
  const vrfy = seen(yield* ask(channel, 'VRFY', 'postmaster'));
  const expn = seen(yield* ask(channel, 'EXPN', 'postmaster'));
  const mail = yield* sayMail(channel);
  const relay = severity(mail) === 'positive' ? yield* ask(channel, 'RCPT', `TO:<${STRANGER}>`) : mail;
  yield* ask(channel, 'RSET');
  yield* sayQuit(channel);
  return { vrfy, expn, relay: seen(relay) };
}

/** The domain is reserved for examples, and takes no mail. */
const STRANGER = 'waxwing-relay-test@example.com';

/** @returns the end where it goes no further. */
function* comeToStartTls(
  channel: Channel,
  request: VisitRequest,
  verb: HelloVerb,
): Talk<VisitEnd | undefined> {
  const hello = yield* comeToHello(channel, request, verb);
  if ('kind' in hello) return hello;
  return offersOf(hello).has('STARTTLS') ? undefined : yield* goodbye(channel, withoutTls);
}

/** @returns the answer to the hello, or the end. */
function* comeToHello(
  channel: Channel,
  { helloName }: VisitRequest,
  verb: HelloVerb,
): Talk<Reply | VisitEnd> {
  const greeting = yield* readReply(channel, 'greeting');
  if (greeting.code !== 220) return yield* goodbye(channel, sentAway('greeting', greeting));
  const hello = yield* ask(channel, verb, helloName);
  return hello.code === 250 ? hello : yield* goodbye(channel, sentAway('hello', hello));
}
