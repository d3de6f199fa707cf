/** How a ManageSieve server is visited. RFC 5804 §1.7 (capabilities), §2.1 (AUTHENTICATE), §2.2 (STARTTLS), §2.13 (NOOP). */
import type { AnswerSeen, InjectionSeen, VisitEnd } from '../../findings/observation.ts';
import { type Capability, isStartTls, writeCapability } from '../../protocols/sieve/capabilities.ts';
import { readAnswer, readWords } from '../../protocols/sieve/client.ts';
import { type Condition, conditionOf } from '../../protocols/sieve/line.ts';
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

export const sieveDialect: Dialect = {
  visit,
  injection,
  // Before a login there is only the login itself that a client could leave behind.
  state: null,
};

function* visit(channel: Channel, request: VisitRequest, draft: VisitDraft): Talk<VisitEnd> {
  const began = request.clock();
  draft.mailbox = { preauth: false, loginInClear: null };
  if (!(yield* tlsAtOnce(channel, request, draft, began))) return withoutTls;
  draft.step = 'greeting';
  const hello = yield* readAnswer(channel, 'greeting');
  const listed = linesOf(hello);
  draft.greeting = greeting(request, began, [...listed, seen(hello).text]);
  if (hello.condition.name !== 'OK') return turnedAway('greeting', seen(hello));

  if (request.tls === 'implicit') draft.inside = listed;
  else {
    draft.clear = listed;
    if (request.curious) yield* beginLogin(channel, draft, hello.capabilities);
    const without = yield* startTls(channel, request, draft, hello.capabilities);
    if (without !== undefined) return without;
  }
  if (request.curious) {
    draft.step = 'again';
    yield* channel.say('STARTTLS\r\n');
    const again = yield* readAnswer(channel, 'reply');
    draft.again = seen(again);
    // It waits for a handshake now: nothing can be said any more.
    if (again.condition.name === 'OK') return complete;
  }
  return yield* leave(draft, logOut(channel), complete);
}

/** @returns undefined once TLS is up, and what is offered inside known. */
function* startTls(
  channel: Channel,
  request: VisitRequest,
  draft: VisitDraft,
  listed: readonly Capability[],
): Talk<VisitEnd | undefined> {
  if (!listed.some(isStartTls)) {
    draft.upgrade = { kind: 'not-offered', because: 'STARTTLS is not among its capabilities' };
    return yield* leave(draft, logOut(channel), withoutTls);
  }
  draft.step = 'starttls';
  const began = request.clock();
  yield* channel.say('STARTTLS\r\n');
  const said = yield* goAhead(draft, readGoAhead(channel));
  if (said.condition.name !== 'OK') {
    draft.upgrade = { kind: 'refused', answer: seen(said) };
    return yield* leave(draft, logOut(channel), withoutTls);
  }
  if (!(yield* handshake(channel, request, draft, began))) return withoutTls;
  // RFC 5804 §2.2: the server lists its capabilities anew, unasked.
  draft.step = 'inside';
  const inside = yield* readAnswer(channel, 'greeting');
  if (inside.condition.name !== 'OK') return turnedAway('inside', seen(inside));
  draft.inside = linesOf(inside);
  return undefined;
}

/**
 * Begins a login in clear, where one is offered, and takes it back.
 *
 * AUTHENTICATE without a first message shows whether the server would have the credential: it asks for it, by a string, or
 * says no. It is answered with "*" (RFC 5804 §2.1), so that neither a name nor a password goes out, and no login fails.
 */
function* beginLogin(channel: Channel, draft: VisitDraft, listed: readonly Capability[]): Talk<void> {
  const offered = listed.find(({ name }) => name.toUpperCase() === 'SASL')?.value?.split(' ') ?? [];
  const mechanism = ['PLAIN', 'LOGIN'].find((name) => has(offered, name));
  if (mechanism === undefined) return;
  draft.step = 'probe';
  yield* channel.say(`AUTHENTICATE "${mechanism}"\r\n`);
  channel.beginAnswer();
  const words = yield* readWords(channel, 'reply');
  const condition = conditionOf(words);
  const [challenge, ...more] = words;
  if (condition === undefined && (challenge?.kind !== 'string' || more.length > 0))
    throw new PeerError('unexpected-reply', `${channel.peer} answered AUTHENTICATE with neither yes nor no`);
  const loginInClear =
    condition === undefined ? answer(true, `"${challenge?.text ?? ''}"`) : seen({ condition });
  draft.mailbox = { preauth: false, loginInClear };
  if (condition !== undefined) return;
  yield* channel.say('"*"\r\n');
  yield* readAnswer(channel, 'reply');
}

/**
 * NOOP behind STARTTLS is answered without a list, and before what is said inside TLS: there both the greeting and the answer
 * to CAPABILITY list capabilities. With the second list it is known whether there was another answer before it.
 */
function* injection(channel: Channel): Talk<InjectionSeen | VisitEnd> {
  const hello = yield* readAnswer(channel, 'greeting');
  if (hello.condition.name !== 'OK') return turnedAway('greeting', seen(hello));
  yield* channel.say('STARTTLS\r\nNOOP\r\n');
  const said = yield* readGoAhead(channel);
  if (said.condition.name !== 'OK') {
    yield* politely(logOut(channel));
    return refusedProbe(seen(said));
  }
  const crossed = yield* handshakeBehindMore(channel, 'OK');
  if (crossed !== 'secured') return injected(crossed);
  yield* channel.say('CAPABILITY\r\n');
  // The greeting and one more list are all that was asked for.
  let lists = 0;
  let others = 0;
  while (lists < 2 && others < 2) {
    const { capabilities, condition } = yield* readAnswer(channel, 'reply');
    if (condition.name === 'BYE') return turnedAway('inside', seen({ condition }));
    if (capabilities.length > 0) lists += 1;
    else others += 1;
  }
  yield* politely(logOut(channel));
  return injected(others > 0 ? 'inside' : 'never');
}

/** The answer to STARTTLS, which lists nothing. */
function* readGoAhead(channel: Channel): ReturnType<typeof readAnswer> {
  const said = yield* readAnswer(channel, 'reply');
  if (said.capabilities.length === 0) return said;
  const what = `${channel.peer} answered STARTTLS with a list of capabilities, which is not an answer to it`;
  throw new PeerError('unexpected-reply', what);
}

function* logOut(channel: Channel): Talk<void> {
  yield* channel.sayBeside('LOGOUT\r\n', ANYTHING);
  yield* readAnswer(channel, 'goodbye');
}

function linesOf({ capabilities }: { readonly capabilities: readonly Capability[] }): readonly string[] {
  return offers(capabilities.map(writeCapability));
}

function seen({ condition: { name, text } }: { readonly condition: Condition }): AnswerSeen {
  return answer(name === 'OK', `${name} ${text}`.trimEnd());
}
