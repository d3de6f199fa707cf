/** How an IMAP server is visited. RFC 9051 §6.1, §6.2 (CAPABILITY, STARTTLS, AUTHENTICATE), §7.1.4 (PREAUTH). */
import type { AnswerSeen, InjectionSeen, VisitEnd } from '../../findings/observation.ts';
import { allowance, type Response, readResponse } from '../../protocols/imap/response.ts';
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { PeerError } from '../../wire/dialogue.ts';
import type { Dialect, VisitDraft, VisitRequest } from '../visit.ts';
import {
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

export const imapDialect: Dialect = {
  visit,
  injection,
  // Before a login a client can leave nothing behind: ENABLE comes after it (RFC 9051 §6.3.1), ID is not asked for again
  // (RFC 2971), and a login itself would need a credential.
  state: null,
};

/** A tag for each command that is said once, so that the answer to one is never taken for that to another. */
const tags = {
  first: 'w1',
  startTls: 'w2',
  inside: 'w3',
  login: 'w4',
  injected: 'w5',
  again: 'w6',
  logout: 'w9',
} as const;

function* visit(channel: Channel, request: VisitRequest, draft: VisitDraft): Talk<VisitEnd> {
  const began = request.clock();
  draft.mailbox = { preauth: false, loginInClear: null };
  if (!(yield* tlsAtOnce(channel, request, draft, began))) return withoutTls;
  const sentAway = yield* hearGreeting(channel, request, draft, began);
  if (sentAway !== undefined) return sentAway;
  const goodbye = (end: VisitEnd): Talk<VisitEnd> => leave(draft, logOut(channel), end);

  draft.step = 'hello';
  const asked = yield* ask(channel, tags.first, 'CAPABILITY');
  if (asked.status !== 'OK') return yield* goodbye(turnedAway('hello', seen(asked)));
  const listed = listOf(channel, asked);
  if (request.tls === 'implicit') draft.inside = listed;
  else {
    draft.clear = listed;
    if (draft.mailbox.preauth) return yield* goodbye(withoutTls);
    if (request.curious) yield* beginLogin(channel, draft, listed);
    const without = yield* startTls(channel, request, draft, listed);
    if (without !== undefined) return without;
  }
  if (request.curious) {
    draft.step = 'again';
    const again = yield* ask(channel, tags.again, 'STARTTLS');
    draft.again = seen(again);
    // It waits for a handshake now: nothing can be said any more.
    if (again.status === 'OK') return complete;
  }
  return yield* goodbye(complete);
}

/** @returns undefined where there is more to be asked. */
function* hearGreeting(
  channel: Channel,
  request: VisitRequest,
  draft: VisitDraft,
  began: number,
): Talk<VisitEnd | undefined> {
  draft.step = 'greeting';
  const { status, text } = yield* readGreeting(channel);
  draft.greeting = greeting(request, began, [`* ${status} ${text}`]);
  if (status === 'PREAUTH') draft.mailbox = { preauth: true, loginInClear: null };
  if (status !== 'BYE') return undefined;
  return turnedAway('greeting', answer(false, `* BYE ${text}`));
}

function* readGreeting(
  channel: Channel,
): Talk<{ readonly status: 'OK' | 'PREAUTH' | 'BYE'; readonly text: string }> {
  channel.beginAnswer();
  const response = yield* readResponse(channel, allowance(), 'greeting');
  if (response.kind !== 'status') throw outOfStep(channel, response);
  const { status, text } = response;
  if (status === 'NO' || status === 'BAD') throw outOfStep(channel, response);
  return { status, text };
}

/**
 * Begins a login in clear, where one is offered, and takes it back.
 *
 * AUTHENTICATE without a first message shows whether the server would have the credential: it asks for it, or says no. It
 * is answered with "*" (RFC 9051 §6.2.2), so that neither a name nor a password goes out, and no login fails. LOGIN has
 * its password in the same line and cannot be tried so; what LOGINDISABLED says of it stands in the list. A mechanism that
 * is not offered is not asked for: Dovecot notes that as an attempt, and programs that ban count those.
 */
function* beginLogin(channel: Channel, draft: VisitDraft, listed: readonly string[]): Talk<void> {
  const mechanism = ['PLAIN', 'LOGIN'].find((name) => has(listed, `AUTH=${name}`));
  if (mechanism === undefined) return;
  draft.step = 'probe';
  const began = yield* ask(channel, tags.login, `AUTHENTICATE ${mechanism}`);
  draft.mailbox = { preauth: false, loginInClear: seen(began) };
  if (began.status !== '+') return;
  yield* channel.sayBeside('*\r\n', UNASKED);
  yield* readAnswer(channel, tags.login);
}

/** @returns undefined once TLS is up, and what is offered inside known. */
function* startTls(
  channel: Channel,
  request: VisitRequest,
  draft: VisitDraft,
  listed: readonly string[],
): Talk<VisitEnd | undefined> {
  if (!has(listed, 'STARTTLS')) {
    draft.upgrade = { kind: 'not-offered', because: 'STARTTLS is not among its capabilities' };
    return yield* leave(draft, logOut(channel), withoutTls);
  }
  draft.step = 'starttls';
  const began = request.clock();
  const said = yield* goAhead(draft, ask(channel, tags.startTls, 'STARTTLS'));
  if (said.status !== 'OK') {
    draft.upgrade = { kind: 'refused', answer: seen(said) };
    return yield* leave(draft, logOut(channel), withoutTls);
  }
  if (!(yield* handshake(channel, request, draft, began))) return withoutTls;
  // RFC 9051 §6.2.1: what was listed before is forgotten.
  draft.step = 'inside';
  const inside = yield* ask(channel, tags.inside, 'CAPABILITY');
  if (inside.status !== 'OK') return yield* leave(draft, logOut(channel), turnedAway('inside', seen(inside)));
  draft.inside = listOf(channel, inside);
  return undefined;
}

/**
 * NOOP behind STARTTLS has a tag of its own, which nothing but NOOP is answered with; LOGOUT inside TLS comes after it, so
 * that with the answer to that it is known whether there was one before (CVE-2011-1926).
 */
function* injection(channel: Channel): Talk<InjectionSeen | VisitEnd> {
  const { status, text } = yield* readGreeting(channel);
  if (status !== 'OK') return turnedAway('greeting', answer(false, `* ${status} ${text}`));
  yield* channel.sayBeside(`${tags.startTls} STARTTLS\r\n${tags.injected} NOOP\r\n`, UNASKED);
  const said = yield* readAnswer(channel, tags.startTls);
  if (said.status !== 'OK') {
    yield* politely(logOut(channel));
    // BAD: it wants nothing behind STARTTLS, and there is no TLS for NOOP to get into.
    return said.status === 'BAD' ? injected('never') : refusedProbe(seen(said));
  }
  const crossed = yield* handshakeBehindMore(channel, `${tags.injected} `);
  if (crossed !== 'secured') return injected(crossed);
  yield* channel.sayBeside(`${tags.logout} LOGOUT\r\n`, UNASKED);
  const first = yield* readTagged(channel, [tags.injected, tags.logout]);
  if (first === tags.logout) return injected('never');
  yield* politely(ended(channel));
  return injected('inside');
}

/** What a server may have said unasked: lines of untagged responses, without literals. */
const UNASKED = /^(?:\* (?:[^\r\n]*[^}\r\n])?\r\n)*(?:\*(?: [^\r\n]*\r?)?)?$/;

interface Answer {
  /** `+`: it waits for more of the command. BYE: it leaves in place of an answer. */
  readonly status: 'OK' | 'NO' | 'BAD' | 'BYE' | '+';
  readonly text: string;
  readonly capabilities: readonly string[] | undefined;
}

function* ask(channel: Channel, tag: string, command: string): Talk<Answer> {
  yield* channel.sayBeside(`${tag} ${command}\r\n`, UNASKED);
  return yield* readAnswer(channel, tag);
}

function* readAnswer(channel: Channel, tag: string): Talk<Answer> {
  channel.beginAnswer();
  const allowed = allowance();
  let capabilities: readonly string[] | undefined;
  for (;;) {
    const response = yield* readResponse(channel, allowed, 'reply');
    switch (response.kind) {
      case 'data':
        break;
      case 'capability':
        capabilities = response.capabilities;
        break;
      case 'status':
        if (response.status === 'BYE') return { status: 'BYE', text: response.text, capabilities };
        // Behind STARTTLS, before the list, that is the greeting of a connection that somebody has joined to ours.
        if (response.status === 'PREAUTH' || (tag === tags.inside && capabilities === undefined))
          throw outOfStep(channel, response);
        break;
      case 'continuation':
        // Only a login is asked for in parts.
        if (tag !== tags.login) throw outOfStep(channel, response);
        return { status: '+', text: '', capabilities };
      case 'tagged':
        if (response.tag !== tag) throw outOfStep(channel, response);
        return { status: response.status, text: response.text, capabilities };
    }
  }
}

/** Reads to the first of these tags; whatever else comes is passed over. */
function* readTagged(channel: Channel, wanted: readonly string[]): Talk<string> {
  channel.beginAnswer();
  const allowed = allowance();
  for (;;) {
    const response = yield* readResponse(channel, allowed, 'reply');
    if (response.kind === 'tagged' && wanted.includes(response.tag)) return response.tag;
  }
}

function* logOut(channel: Channel): Talk<void> {
  yield* channel.sayBeside(`${tags.logout} LOGOUT\r\n`, UNASKED);
  yield* ended(channel);
}

function* ended(channel: Channel): Talk<void> {
  yield* readTagged(channel, [tags.logout]);
}

function listOf(channel: Channel, { capabilities }: Answer): readonly string[] {
  if (capabilities !== undefined) return offers(capabilities);
  throw new PeerError('malformed', `${channel.peer} answered CAPABILITY without a list`);
}

function seen({ status, text }: Answer): AnswerSeen {
  return answer(status === 'OK' || status === '+', `${status} ${text}`.trimEnd());
}

function outOfStep({ peer }: Channel, response: Response): PeerError {
  const what =
    response.kind === 'tagged'
      ? `an answer to the tag ${response.tag.slice(0, 40)}`
      : response.kind === 'status'
        ? `an untagged ${response.status}`
        : response.kind === 'continuation'
          ? 'a request to go on'
          : `${response.kind} that nobody had asked for`;
  return new PeerError('unexpected-reply', `${peer} sent ${what}, which does not belong there`);
}
