/** How an FTP server is visited, on its control connection. RFC 959 §5.4, RFC 2389 §3 (FEAT), RFC 4217 §4 (AUTH TLS). */
import type { AnswerSeen, InjectionSeen, VisitEnd } from '../../findings/observation.ts';
import { featuresOf, offersAuthTls, readReply } from '../../protocols/ftp/reply.ts';
import { describeReply, positiveOnly, type Reply, severity } from '../../protocols/smtp/reply.ts';
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import type { Dialect, VisitDraft, VisitRequest } from '../visit.ts';
import {
  ANYTHING,
  answer,
  complete,
  goAhead,
  greeting,
  handshake,
  handshakeBehindMore,
  injected,
  leave,
  offers,
  politely,
  refusedProbe,
  tlsAtOnce,
  turnedAway,
  withoutTls,
} from './steps.ts';

export const ftpDialect: Dialect = {
  visit,
  injection,
  // What USER has said would show in the answer to PASS only: a credential, and a failed login.
  state: null,
};

function* visit(channel: Channel, request: VisitRequest, draft: VisitDraft): Talk<VisitEnd> {
  const began = request.clock();
  if (!(yield* tlsAtOnce(channel, request, draft, began))) return withoutTls;
  draft.step = 'greeting';
  const hello = yield* readGreeting(channel);
  draft.greeting = greeting(request, began, hello.lines, hello.code);
  // After 421 the server closes (RFC 959 §5.4), and nobody is left to say goodbye to.
  if (hello.code === GONE) return away(hello);
  if (hello.code !== 220) return yield* leave(draft, quit(channel), away(hello));

  draft.step = 'hello';
  const listed = yield* features(channel);
  if (request.tls === 'implicit') draft.inside = listed;
  else {
    draft.clear = listed;
    const without = yield* startTls(channel, request, draft, listed);
    if (without !== undefined) return without;
  }
  if (request.curious) {
    draft.step = 'again';
    const again = yield* ask(channel, 'AUTH TLS');
    draft.again = seen(again);
    // It waits for a handshake now: nothing can be said any more.
    if (again.code === 234) return complete;
  }
  return yield* leave(draft, quit(channel), complete);
}

/** @returns undefined once TLS is up, and what is offered inside known. */
function* startTls(
  channel: Channel,
  request: VisitRequest,
  draft: VisitDraft,
  listed: readonly string[] | null,
): Talk<VisitEnd | undefined> {
  if (listed !== null && !offersAuthTls(listed)) {
    draft.upgrade = { kind: 'not-offered', because: 'AUTH TLS is not among its features' };
    return yield* leave(draft, quit(channel), withoutTls);
  }
  draft.step = 'starttls';
  const began = request.clock();
  // RFC 4217 §4: 234 is the go-ahead; 334 would ask for more, which TLS never does.
  const said = yield* goAhead(draft, askFor(channel, 'AUTH TLS', [234]));
  if (said.code !== 234) {
    draft.upgrade =
      listed === null
        ? {
            kind: 'not-offered',
            because: `it lists no features, and answers AUTH TLS with ${seen(said).text}`,
          }
        : { kind: 'refused', answer: seen(said) };
    return yield* leave(draft, quit(channel), withoutTls);
  }
  if (!(yield* handshake(channel, request, draft, began))) return withoutTls;
  draft.step = 'inside';
  draft.inside = yield* features(channel);
  return undefined;
}

/**
 * FEAT behind AUTH TLS, QUIT inside TLS: a reply before the one to QUIT (221) is to what was said in clear (CVE-2011-1575).
 */
function* injection(channel: Channel): Talk<InjectionSeen | VisitEnd> {
  const hello = yield* readGreeting(channel);
  if (hello.code !== 220) return away(hello);
  yield* channel.say('AUTH TLS\r\nFEAT\r\n');
  const said = positiveOnly(channel, 'AUTH TLS', yield* readReply(channel, 'reply'), [234]);
  if (said.code !== 234) {
    yield* politely(quit(channel, 2));
    // For good: it wants nothing behind AUTH, and there is no TLS for FEAT to get into.
    return severity(said) === 'permanent' ? injected('never') : refusedProbe(seen(said));
  }
  const crossed = yield* handshakeBehindMore(channel, '211');
  if (crossed !== 'secured') return injected(crossed);
  yield* channel.say('QUIT\r\n');
  const first = yield* readReply(channel, 'reply');
  if (first.code === QUITTED) return injected('never');
  if (first.code === GONE) return away(first);
  // Two replies to one command; where no second one comes, nothing is proven.
  yield* readReply(channel, 'goodbye');
  return injected('inside');
}

/** RFC 959 §5.4. */
const QUITTED = 221;
const GONE = 421;

/** RFC 959 §5.4: a server that is busy says 120 first, and 220 when it is ready. */
function* readGreeting(channel: Channel): Talk<Reply> {
  const first = positiveOnly(channel, 'the connection', yield* readReply(channel, 'greeting'), [120, 220]);
  if (first.code !== 120) return first;
  return positiveOnly(channel, 'the connection', yield* readReply(channel, 'greeting'), [220]);
}

function away(said: Reply): VisitEnd {
  return turnedAway('greeting', seen(said), said.code === GONE ? 'throttled' : undefined);
}

/** null where the server does not list them before a login, or at all. */
function* features(channel: Channel): Talk<readonly string[] | null> {
  const said = yield* askFor(channel, 'FEAT', [211]);
  return said.code === 211 ? offers(featuresOf(said)) : null;
}

function* ask(channel: Channel, command: string): Talk<Reply> {
  yield* channel.say(`${command}\r\n`);
  return yield* readReply(channel, 'reply');
}

function* askFor(channel: Channel, command: string, expected: readonly number[]): Talk<Reply> {
  return positiveOnly(channel, command, yield* ask(channel, command), expected);
}

/** @param most replies that are read, where one to something else may stand before that to QUIT. */
function* quit(channel: Channel, most = 1): Talk<void> {
  yield* channel.sayBeside('QUIT\r\n', ANYTHING);
  for (let replies = 0; replies < most; replies++)
    if ((yield* readReply(channel, 'goodbye')).code === QUITTED) return;
}

function seen(reply: Reply): AnswerSeen {
  return answer(severity(reply) === 'positive', describeReply(reply), reply.code);
}
