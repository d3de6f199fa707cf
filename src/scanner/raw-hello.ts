/**
 * A hello of our own in place of the handshake: whatever leads to TLS in a protocol is said as in any visit, and what was half read
 * there is in the way of this hello as it is in that of any other.
 */
import type { HelloSeen, HelloSession } from '../findings/hello-seen.ts';
import type { Probed, Visit, VisitEnd } from '../findings/observation.ts';
import { goodbyeTo } from '../tls/hello/goodbye.ts';
import { helloOctets, type Question } from '../tls/hello/questions.ts';
import { isAnswered, readServerFlight, type ServerFlight } from '../tls/hello/server-flight.ts';
import { TLS_1_2, TLS_1_3 } from '../tls/hello/versions.ts';
import { type ByteReaction, receive, send, type Talk } from '../wire/bytes.ts';
import { LostError, printable } from '../wire/dialogue.ts';
import { wordsOfEnd } from './end-words.ts';

/** What has come behind the hello so far: filled in on the way, so that it is there when the connection breaks. */
interface FlightDraft {
  /** null: it was not said, or nothing has come. */
  flight: ServerFlight | null;
  /** The server closed its side, or broke off. */
  isClosed: boolean;
}

export function emptyFlight(): FlightDraft {
  return { flight: null, isClosed: false };
}

/** The question with what is named in every handshake of the protocol (ALPN); SSL has no room for it. */
export function withAlpn(question: Question, alpn: readonly string[] | undefined): Question {
  const { offer } = question;
  if (alpn === undefined || offer.kind !== 'tls' || offer.groups === null) return question;
  return { ...question, offer: { ...offer, alpn } };
}

/** Runs a visit up to its handshake, which a hello takes the place of; to the visit that one has failed. */
export function* withHello(visit: Talk<VisitEnd>, question: Question, draft: FlightDraft): Talk<VisitEnd> {
  let step = visit.next();
  while (step.done !== true) {
    const effect = step.value;
    let reaction: ByteReaction;
    try {
      reaction = effect.kind === 'startTls' ? yield* exchange(question, draft) : yield effect;
    } catch (error) {
      step = visit.throw(error);
      continue;
    }
    step = visit.next(reaction);
  }
  return step.value;
}

function* exchange(question: Question, draft: FlightDraft): Talk<ByteReaction> {
  const reader = readServerFlight(question.offer);
  yield* send(helloOctets(question), '(a hello of TLS)');
  const flight = yield* hear(question, reader.take, draft);
  // Plaintext is in the way, whether it came a moment before the hello or a moment after it.
  if (flight?.end?.kind === 'not-tls') return { kind: 'stray', bytes: flight.end.octets };
  const goodbye = flight === null || draft.isClosed ? null : goodbyeTo(flight);
  if (goodbye !== null) yield* send(goodbye, '(a goodbye of TLS)');
  return { kind: 'tlsFailed', because: 'the handshake was not meant to be finished' };
}

function* hear(
  { until }: Question,
  take: (slice: Uint8Array) => ServerFlight,
  draft: FlightDraft,
): Talk<ServerFlight | null> {
  for (let begins = true; draft.flight === null || !isAnswered(draft.flight, until); begins = false) {
    try {
      const bytes = yield* receive('reply', begins);
      draft.isClosed = bytes === undefined;
      if (bytes === undefined) return draft.flight;
      draft.flight = take(bytes);
    } catch (error) {
      // To break off is a no as well; that time is up is none.
      if (!(error instanceof LostError) || !isBrokenOff(error)) throw error;
      draft.isClosed = true;
      return draft.flight;
    }
  }
  return draft.flight;
}

function isBrokenOff(error: LostError): boolean {
  return 'code' in error && error.code === 'reset';
}

/** What came of a connection that was for one hello. */
export function helloOf(
  { upgrade, end }: Visit,
  draft: FlightDraft,
  { until }: Pick<Question, 'until'>,
): Probed<HelloSeen> {
  if (upgrade.kind === 'not-offered') return { kind: 'seen', result: 'not-offered' };
  if (upgrade.kind === 'refused') {
    const because = `it answered STARTTLS with ${upgrade.answer.text}`;
    return { kind: 'not-tested', because, end };
  }
  const isOver = draft.isClosed || draft.flight !== null;
  if (!isOver || end.kind !== 'without-tls') return { kind: 'not-tested', because: wordsOfEnd(end), end };
  return { kind: 'seen', ...answerOf(draft, until) };
}

function answerOf({ flight, isClosed }: FlightDraft, until: Question['until']): HelloSeen {
  if (flight === null) return { result: 'refused', alert: null };
  const { sslv2, helloRetryRequest, serverHello, alerts, unread } = flight;
  // What comes behind the answer may be in the same slice, or in one that nobody waits for: it is never heard.
  const end = isAnswered({ ...flight, end: null }, until) ? null : flight.end;
  if (end?.kind === 'alert') return { result: 'refused', alert: end.alert.code };
  if (end?.kind === 'not-tls')
    return { result: 'broken', because: `plaintext in place of TLS: ${printable(end.octets)}` };
  if (end !== null) return { result: 'broken', because: end.because };
  if (sslv2?.kind === 'error') return { result: 'refused', alert: null };
  if (sslv2 !== null) {
    const { certificate, cipherKinds } = sslv2.hello;
    return { result: 'sslv2', cipherKinds, chain: certificate.length === 0 ? [] : [certificate] };
  }
  if (helloRetryRequest !== null) {
    const { group, suite } = helloRetryRequest;
    return { result: 'retry', group, suite };
  }
  if (serverHello !== null) return { result: 'agreed', session: sessionOf(flight, serverHello) };
  if (isClosed && unread > 0)
    return { result: 'broken', because: 'it closed the connection in the middle of its answer' };
  return { result: 'refused', alert: alerts.at(-1)?.code ?? null };
}

function sessionOf(
  { certificates, serverKeyExchange: exchanged }: ServerFlight,
  hello: NonNullable<ServerFlight['serverHello']>,
): HelloSession {
  const { version, suite, compression, extendedMasterSecret, renegotiationInfo, couldSpeak, keyShare } =
    hello;
  const curve = exchanged?.kind === 'ecdhe' ? exchanged.group : null;
  return {
    version,
    suite,
    compression,
    extendedMasterSecret,
    renegotiationInfo,
    couldSpeak: couldSpeak === null ? null : couldSpeak === 'TLSv1.3' ? TLS_1_3 : TLS_1_2,
    group: keyShare?.group ?? curve,
    prime: exchanged?.kind === 'dhe' ? exchanged.prime : null,
    signatureScheme: exchanged?.signatureScheme ?? null,
    chain: certificates ?? [],
  };
}
