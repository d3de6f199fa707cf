/**
 * Brings a fresh connection to the point where mail can be handed over.
 *
 * RFC 3207 (STARTTLS), RFC 5321 §3.1, §3.2.
 */
import type { Talk } from '../../../wire/bytes.ts';
import type { Channel } from '../../../wire/channel.ts';
import { PeerError } from '../../../wire/dialogue.ts';
import type { TlsFacts } from '../../../wire/tls-facts.ts';
import { command } from '../command.ts';
import { noOffers, type Offers, offersOf } from '../offers.ts';
import { describeReply, type Reply, readReply, severity } from '../reply.ts';

export interface OpenRequest<Proof> {
  /** Our name for EHLO: a domain in ASCII form or an address literal. */
  readonly helloName: string;
  /** `never`: stay in clear; `if-offered`; `required`: say nothing beyond STARTTLS and QUIT in clear. */
  readonly startTls: 'never' | 'if-offered' | 'required';
  /** Judges the handshake before anything is said inside it. */
  readonly judge: (facts: TlsFacts) => Judgement<Proof>;
}

type Judgement<Proof> =
  | { readonly kind: 'acceptable'; readonly proof: Proof }
  | { readonly kind: 'unacceptable'; readonly proof: Proof };

export type OpenOutcome<Proof> =
  /** `offersBefore` was said in the clear: evidence, never acted on. `proof` is undefined in clear. */
  | {
      readonly kind: 'ready';
      readonly offers: Offers;
      readonly offersBefore: Offers | undefined;
      readonly proof: Proof | undefined;
    }
  | { readonly kind: 'refused'; readonly at: 'greeting' | 'EHLO' | 'HELO'; readonly reply: Reply }
  /** TLS is required and the server does not offer it. */
  | { readonly kind: 'notOffered'; readonly offers: Offers }
  /** The server offered STARTTLS and then said no. */
  | { readonly kind: 'startTlsRefused'; readonly reply: Reply }
  | { readonly kind: 'tlsFailed'; readonly because: string }
  | { readonly kind: 'unacceptable'; readonly facts: TlsFacts; readonly proof: Proof };

/** @throws PeerError when the peer breaks the protocol. */
export function* open<Proof>(channel: Channel, request: OpenRequest<Proof>): Talk<OpenOutcome<Proof>> {
  const greeting = yield* readReply(channel, 'greeting');
  if (greeting.code !== 220) return refusedAt(channel, 'greeting', greeting);

  const hello = yield* sayHello(channel, request.helloName, request.startTls !== 'required');
  if (hello.kind === 'refused') {
    // No EHLO, no STARTTLS: where TLS is required, this is one more way to take it away.
    const withoutEhlo = hello.at === 'EHLO' && severity(hello.reply) === 'permanent';
    return withoutEhlo && request.startTls === 'required' ? { kind: 'notOffered', offers: noOffers } : hello;
  }
  const { offers } = hello;
  if (request.startTls !== 'never' && offers.has('STARTTLS'))
    return yield* startTls(channel, request, offers);
  if (request.startTls === 'required') return { kind: 'notOffered', offers };
  return { kind: 'ready', offers, offersBefore: undefined, proof: undefined };
}

/** RFC 3207 §4: exactly 220 is the go-ahead; §4.2: nothing learnt in the clear survives. */
function* startTls<Proof>(
  channel: Channel,
  request: OpenRequest<Proof>,
  offersBefore: Offers,
): Talk<OpenOutcome<Proof>> {
  yield* channel.say(command('STARTTLS'));
  const goAhead = yield* readReply(channel, 'reply');
  if (goAhead.code !== 220) {
    if (severity(goAhead) === 'positive') throw unexpectedReply(channel, 'STARTTLS', goAhead);
    return { kind: 'startTlsRefused', reply: goAhead };
  }
  const secured = yield* channel.startTls();
  if (secured.kind === 'failed') return { kind: 'tlsFailed', because: secured.because };
  const judgement = request.judge(secured.facts);
  if (judgement.kind === 'unacceptable') return { ...judgement, facts: secured.facts };

  const hello = yield* sayHello(channel, request.helloName, false);
  if (hello.kind === 'refused') return hello;
  return { kind: 'ready', offers: hello.offers, offersBefore, proof: judgement.proof };
}

type Hello =
  | { readonly kind: 'greeted'; readonly offers: Offers }
  | Extract<OpenOutcome<never>, { kind: 'refused' }>;

/** EHLO, or HELO where nothing is lost by it: a server without EHLO has no STARTTLS (RFC 5321 §3.2). */
function* sayHello(channel: Channel, name: string, heloAllowed: boolean): Talk<Hello> {
  yield* channel.say(command('EHLO', name));
  const ehlo = yield* readReply(channel, 'reply');
  if (ehlo.code === 250) return { kind: 'greeted', offers: offersOf(ehlo) };
  if (severity(ehlo) !== 'permanent' || !heloAllowed) return refusedAt(channel, 'EHLO', ehlo);
  yield* channel.say(command('HELO', name));
  const helo = yield* readReply(channel, 'reply');
  if (helo.code === 250) return { kind: 'greeted', offers: noOffers };
  return refusedAt(channel, 'HELO', helo);
}

function refusedAt(
  channel: Channel,
  at: 'greeting' | 'EHLO' | 'HELO',
  reply: Reply,
): Extract<OpenOutcome<never>, { kind: 'refused' }> {
  // A positive reply of another kind means that the streams are off by one message (Opossum) or were tampered with.
  if (severity(reply) === 'positive') throw unexpectedReply(channel, at, reply);
  return { kind: 'refused', at, reply };
}

/** The error for a positive reply that is not the one the RFC names. */
export function unexpectedReply(channel: Channel, at: string, reply: Reply): PeerError {
  return new PeerError(
    'unexpected-reply',
    `${channel.peer} answered ${at} with ${describeReply(reply)}, which is not an answer to it`,
    Buffer.from(describeReply(reply), 'latin1'),
  );
}
