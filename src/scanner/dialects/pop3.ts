/** How a POP3 server is visited. RFC 1939 §4, §5, §7; RFC 2449 §5 (CAPA), RFC 2595 §4 (STLS), RFC 5034 §4 (AUTH). */
import type { AnswerSeen, InjectionSeen, VisitEnd } from '../../findings/observation.ts';
import { readCapabilities, readStatus, type Status } from '../../protocols/pop3/response.ts';
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { PeerError } from '../../wire/dialogue.ts';
import type { Dialect, VisitDraft, VisitRequest } from '../visit.ts';
import {
  ANYTHING,
  answer,
  complete,
  goAhead,
  greeting,
  handshake,
  handshakeBehindMore,
  has,
  injected,
  leave,
  offers,
  politely,
  refusedProbe,
  tlsAtOnce,
  turnedAway,
  withoutTls,
} from './steps.ts';

export const pop3Dialect: Dialect = {
  visit,
  injection,
  // USER is the only thing that a client can leave behind, and only PASS shows whether it is still known: that would be a
  // credential, and a failed login.
  state: null,
};

const MAX_LINE_BYTES = 2_048;
/** Of whom there is no mailbox. */
const NOBODY = 'waxwing-check';

function* visit(channel: Channel, request: VisitRequest, draft: VisitDraft): Talk<VisitEnd> {
  const began = request.clock();
  draft.mailbox = { preauth: false, loginInClear: null };
  if (!(yield* tlsAtOnce(channel, request, draft, began))) return withoutTls;
  draft.step = 'greeting';
  const hello = yield* readStatus(channel, 'the connection', 'greeting');
  draft.greeting = greeting(request, began, [seen(hello).text]);
  if (!hello.ok) return yield* leave(draft, quit(channel), turnedAway('greeting', seen(hello)));
  const goodbye = (end: VisitEnd): Talk<VisitEnd> => leave(draft, quit(channel), end);

  draft.step = 'hello';
  const listed = yield* capabilities(channel);
  if (request.tls === 'implicit') draft.inside = listed;
  else {
    draft.clear = listed;
    const without = yield* startTls(channel, request, draft, listed);
    if (without !== undefined) return without;
  }
  if (request.curious) {
    draft.step = 'again';
    const again = yield* ask(channel, 'STLS');
    draft.again = seen(again);
    // It waits for a handshake now: nothing can be said any more.
    if (again.ok) return complete;
  }
  return yield* goodbye(complete);
}

/** @returns undefined once TLS is up, and what is offered inside known. */
function* startTls(
  channel: Channel,
  request: VisitRequest,
  draft: VisitDraft,
  listed: readonly string[] | null,
): Talk<VisitEnd | undefined> {
  const goodbye = (end: VisitEnd): Talk<VisitEnd> => leave(draft, quit(channel), end);
  const offered = listed !== null && has(listed, 'STLS');
  if (request.curious) yield* beginLogin(channel, draft, listed, offered);
  if (listed !== null && !offered) {
    draft.upgrade = { kind: 'not-offered', because: 'STLS is not among its capabilities' };
    return yield* goodbye(withoutTls);
  }
  draft.step = 'starttls';
  const began = request.clock();
  const said = yield* goAhead(draft, ask(channel, 'STLS'));
  if (!said.ok) {
    // Where there is STLS there is CAPA (RFC 2595 §4): whoever has neither does not offer it.
    draft.upgrade =
      listed === null
        ? {
            kind: 'not-offered',
            because: `it lists no capabilities, and answers STLS with ${seen(said).text}`,
          }
        : { kind: 'refused', answer: seen(said) };
    return yield* goodbye(withoutTls);
  }
  if (!(yield* handshake(channel, request, draft, began))) return withoutTls;
  draft.step = 'inside';
  draft.inside = yield* capabilities(channel);
  return undefined;
}

/**
 * Begins a login in clear, where one is offered, and takes it back.
 *
 * AUTH without a first message shows whether the server would have the credential: it asks for it, or says no. It is
 * answered with "*" (RFC 5034 §4), so that neither a name nor a password goes out, and no login fails. USER cannot be taken
 * back, and STLS may be refused behind it: it is said only where nothing but QUIT is to follow.
 */
function* beginLogin(
  channel: Channel,
  draft: VisitDraft,
  listed: readonly string[] | null,
  offered: boolean,
): Talk<void> {
  const [, ...mechanisms] = listed?.find((line) => /^SASL /i.test(line))?.split(' ') ?? [];
  const mechanism = ['PLAIN', 'LOGIN'].find((name) => has(mechanisms, name));
  draft.step = 'probe';
  if (mechanism !== undefined)
    draft.mailbox = { preauth: false, loginInClear: yield* beginAuth(channel, mechanism) };
  else if (listed !== null && !offered && has(listed, 'USER'))
    draft.mailbox = { preauth: false, loginInClear: seen(yield* ask(channel, `USER ${NOBODY}`)) };
}

function* beginAuth(channel: Channel, mechanism: string): Talk<AnswerSeen> {
  yield* channel.say(`AUTH ${mechanism}\r\n`);
  channel.beginAnswer();
  const line = yield* channel.readLine(MAX_LINE_BYTES, 'reply');
  if (line.startsWith('-ERR')) return answer(false, line);
  const asks = line === '+' || line.startsWith('+ ');
  if (!asks) throw new PeerError('unexpected-reply', `${channel.peer} answered AUTH with neither + nor -ERR`);
  const begun = answer(true, line);
  yield* channel.say('*\r\n');
  yield* readStatus(channel, 'the end of AUTH', 'reply');
  return begun;
}

/**
 * CAPA behind STLS would be answered with a list; QUIT inside TLS is answered with one line, and then the server has to
 * close (RFC 1939 §6). Any line more is an answer to what was said in clear (CVE-2011-0411 and its like).
 */
function* injection(channel: Channel): Talk<InjectionSeen | VisitEnd> {
  const hello = yield* readStatus(channel, 'the connection', 'greeting');
  if (!hello.ok) return turnedAway('greeting', seen(hello));
  yield* channel.say('STLS\r\nCAPA\r\n');
  const said = yield* readStatus(channel, 'STLS', 'reply');
  if (!said.ok) {
    yield* politely(quit(channel));
    return refusedProbe(seen(said));
  }
  const crossed = yield* handshakeBehindMore(channel, '+OK');
  if (crossed !== 'secured') return injected(crossed);
  yield* channel.say('QUIT\r\n');
  const bye = yield* readStatus(channel, 'QUIT', 'goodbye');
  if (yield* hasMore(channel)) return injected('inside');
  // One that leaves with a no has answered QUIT as little as anything else.
  return bye.ok ? injected('never') : refusedProbe(seen(bye));
}

function* hasMore(channel: Channel): Talk<boolean> {
  try {
    yield* channel.readLine(MAX_LINE_BYTES, 'goodbye');
    return true;
  } catch (error) {
    if (error instanceof PeerError && error.code === 'closed') return error.evidence.length > 0;
    throw error;
  }
}

/** What CAPA lists; null where the server has no CAPA. */
function* capabilities(channel: Channel): Talk<readonly string[] | null> {
  const said = yield* ask(channel, 'CAPA');
  return said.ok ? offers(yield* readCapabilities(channel)) : null;
}

function* ask(channel: Channel, command: string): Talk<Status> {
  yield* channel.say(`${command}\r\n`);
  return yield* readStatus(channel, command, 'reply');
}

function* quit(channel: Channel): Talk<void> {
  yield* channel.sayBeside('QUIT\r\n', ANYTHING);
  yield* readStatus(channel, 'QUIT', 'goodbye');
}

function seen({ ok, text }: Status): AnswerSeen {
  return answer(ok, `${ok ? '+OK' : '-ERR'} ${text}`.trimEnd());
}
