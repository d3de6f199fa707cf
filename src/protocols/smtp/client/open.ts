/**
 * Brings a fresh connection to the point where mail can be handed over.
 *
 * RFC 3207 (STARTTLS), RFC 8314 (implicit TLS), RFC 5321 §3.1, §3.2, RFC 2033 §4.1 (LHLO).
 */
import type { Talk } from '../../../wire/bytes.ts';
import type { Channel } from '../../../wire/channel.ts';
import type { TlsFacts } from '../../../wire/tls-facts.ts';
import { command } from '../command.ts';
import { noOffers, type Offers, offersOf } from '../offers.ts';
import { positiveOnly, type Reply, readReply, severity } from '../reply.ts';
import { type Login, login, type PeerIdentity } from './login.ts';

export interface OpenRequest<Proof> {
  /** Our name for EHLO: a domain in ASCII form or an address literal. */
  readonly helloName: string;
  /** LMTP says LHLO and has no HELO. */
  readonly protocol: 'smtp' | 'lmtp';
  /** `implicit`: the handshake comes before the greeting, and `startTls` says nothing. */
  readonly tls: 'starttls' | 'implicit';
  /** `never`: stay in clear; `if-offered`; `required`: say nothing beyond STARTTLS and QUIT in clear. */
  readonly startTls: 'never' | 'if-offered' | 'required';
  /** Judges the handshake before anything is said inside it. */
  readonly judge: (facts: TlsFacts) => Judgement<Proof>;
  /** Who to log in as, inside TLS; null: without. In clear no login is ever tried. */
  readonly login: Login | null;
}

type Acceptable<Proof> = Extract<Judgement<Proof>, { kind: 'acceptable' }>;

type Judgement<Proof> =
  /** `identity`: to a server that did not prove it, a login never says the password itself. */
  | { readonly kind: 'acceptable'; readonly proof: Proof; readonly identity: PeerIdentity }
  | { readonly kind: 'unacceptable'; readonly proof: Proof };

export type OpenOutcome<Proof> =
  /** `offersBefore` was said in the clear: evidence, never acted on. `proof` is undefined in clear. */
  | {
      readonly kind: 'ready';
      readonly offers: Offers;
      readonly offersBefore: Offers | undefined;
      readonly proof: Proof | undefined;
    }
  | { readonly kind: 'refused'; readonly at: 'greeting' | HelloVerb; readonly reply: Reply }
  /** TLS is required and the server does not offer it. */
  | { readonly kind: 'notOffered'; readonly offers: Offers }
  /** The server offered STARTTLS and then said no. */
  | { readonly kind: 'startTlsRefused'; readonly reply: Reply }
  | { readonly kind: 'tlsFailed'; readonly because: string }
  | { readonly kind: 'unacceptable'; readonly facts: TlsFacts; readonly proof: Proof }
  /** The server does not take the login, for now or for good as its reply says. */
  | { readonly kind: 'loginRefused'; readonly reply: Reply }
  /** A login is wanted, and there is no TLS to hide it or no mechanism that may be used; `because` follows a name. */
  | { readonly kind: 'loginNotOffered'; readonly because: string };

type HelloVerb = 'EHLO' | 'HELO' | 'LHLO';
type Refused = Extract<OpenOutcome<never>, { kind: 'refused' }>;

/** @throws PeerError when the peer breaks the protocol. */
export function* open<Proof>(channel: Channel, request: OpenRequest<Proof>): Talk<OpenOutcome<Proof>> {
  if (request.tls === 'implicit') return yield* openInTls(channel, request);
  const refused = yield* readGreeting(channel);
  if (refused !== undefined) return refused;

  const hello = yield* sayHello(channel, request, request.startTls !== 'required');
  if (hello.kind === 'refused') {
    // No EHLO, no STARTTLS: where TLS is required, this is one more way to take it away.
    const withoutEhlo = hello.at === 'EHLO' && severity(hello.reply) === 'permanent';
    return withoutEhlo && request.startTls === 'required' ? { kind: 'notOffered', offers: noOffers } : hello;
  }
  const { offers } = hello;
  if (request.startTls !== 'never' && offers.has('STARTTLS'))
    return yield* startTls(channel, request, offers);
  if (request.startTls === 'required') return { kind: 'notOffered', offers };
  if (request.login !== null)
    return { kind: 'loginNotOffered', because: 'is spoken to in clear, where no login is said' };
  return { kind: 'ready', offers, offersBefore: undefined, proof: undefined };
}

/** RFC 8314 §3: TLS begins at once, and the one greeting comes inside it. */
function* openInTls<Proof>(channel: Channel, request: OpenRequest<Proof>): Talk<OpenOutcome<Proof>> {
  const secured = yield* channel.beginTls();
  if (secured.kind === 'failed') return { kind: 'tlsFailed', because: secured.because };
  const judgement = request.judge(secured.facts);
  if (judgement.kind === 'unacceptable') return { ...judgement, facts: secured.facts };
  const refused = yield* readGreeting(channel);
  return refused ?? (yield* getReady(channel, request, undefined, judgement));
}

/** RFC 3207 §4: exactly 220 is the go-ahead; §4.2: nothing learnt in the clear survives. */
function* startTls<Proof>(
  channel: Channel,
  request: OpenRequest<Proof>,
  offersBefore: Offers,
): Talk<OpenOutcome<Proof>> {
  yield* channel.say(command('STARTTLS'));
  const goAhead = positiveOnly(channel, 'STARTTLS', yield* readReply(channel, 'reply'), [220]);
  if (goAhead.code !== 220) return { kind: 'startTlsRefused', reply: goAhead };
  const secured = yield* channel.startTls();
  if (secured.kind === 'failed') return { kind: 'tlsFailed', because: secured.because };
  const judgement = request.judge(secured.facts);
  if (judgement.kind === 'unacceptable') return { ...judgement, facts: secured.facts };
  return yield* getReady(channel, request, offersBefore, judgement);
}

/** Says hello inside TLS that was found acceptable, and logs in where that is wanted. */
function* getReady<Proof>(
  channel: Channel,
  request: OpenRequest<Proof>,
  offersBefore: Offers | undefined,
  { proof, identity }: Acceptable<Proof>,
): Talk<OpenOutcome<Proof>> {
  const hello = yield* sayHello(channel, request, false);
  if (hello.kind === 'refused') return hello;
  const { offers } = hello;
  if (request.login !== null) {
    const outcome = yield* login(channel, offers, request.login, identity);
    if (outcome.kind !== 'loggedIn') return outcome;
  }
  return { kind: 'ready', offers, offersBefore, proof };
}

/** @returns undefined where the server is ready. */
function* readGreeting(channel: Channel): Talk<Refused | undefined> {
  const reply = positiveOnly(channel, 'greeting', yield* readReply(channel, 'greeting'), [220]);
  return reply.code === 220 ? undefined : { kind: 'refused', at: 'greeting', reply };
}

type Hello = { readonly kind: 'greeted'; readonly offers: Offers } | Refused;

/** EHLO, or HELO where nothing is lost by it: a server without EHLO has no STARTTLS (RFC 5321 §3.2). */
function* sayHello(
  channel: Channel,
  { helloName, protocol }: Pick<OpenRequest<unknown>, 'helloName' | 'protocol'>,
  heloAllowed: boolean,
): Talk<Hello> {
  const first = protocol === 'lmtp' ? 'LHLO' : 'EHLO';
  const reply = yield* ask(channel, first, helloName);
  if (reply.code === 250) return { kind: 'greeted', offers: offersOf(reply) };
  if (first === 'LHLO' || !heloAllowed || severity(reply) !== 'permanent')
    return { kind: 'refused', at: first, reply };
  const helo = yield* ask(channel, 'HELO', helloName);
  return helo.code === 250
    ? { kind: 'greeted', offers: noOffers }
    : { kind: 'refused', at: 'HELO', reply: helo };
}

function* ask(channel: Channel, verb: HelloVerb, name: string): Talk<Reply> {
  yield* channel.say(command(verb, name));
  return positiveOnly(channel, verb, yield* readReply(channel, 'reply'), [250]);
}
