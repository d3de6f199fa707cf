/**
 * Logs in, inside TLS.
 *
 * RFC 4954 (AUTH), RFC 7677 (SCRAM-SHA-256), RFC 4616 (PLAIN); LOGIN is for servers that know nothing better.
 */
import type { Talk } from '../../../wire/bytes.ts';
import type { Channel } from '../../../wire/channel.ts';
import { PeerError } from '../../../wire/dialogue.ts';
import { decodeBase64Text, encodeBase64Text } from '../../sasl/base64.ts';
import { type SaslMechanism, saslMechanisms } from '../../sasl/mechanisms.ts';
import { formatPlain } from '../../sasl/password.ts';
import { clientFinal, clientFirst, isServerProved } from '../../sasl/scram.ts';
import { command } from '../command.ts';
import type { Offers } from '../offers.ts';
import { positiveOnly, type Reply, readReply, severity } from '../reply.ts';

export interface Login {
  /** Neither empty nor with a NUL. */
  readonly user: string;
  readonly password: string;
  /** For SCRAM: fresh and random for each login, printable ASCII without a comma. */
  readonly nonce: string;
}

/** Whether TLS proved who the server is; one that is `unproved` may be anybody on the way. */
export type PeerIdentity = 'proved' | 'unproved';

export type LoginOutcome =
  | { readonly kind: 'loggedIn' }
  | { readonly kind: 'loginRefused'; readonly reply: Reply }
  /** No mechanism that both sides know and that may be used with this server. */
  | { readonly kind: 'loginNotOffered'; readonly because: string };

/**
 * Logs in with the strongest mechanism that both sides know.
 *
 * A server may offer SCRAM and keep this user's password as another kind of hash, with which SCRAM cannot be done. So
 * where it refuses SCRAM for good, the password itself is tried once. A server that wants it gets no more of it by
 * that than by leaving SCRAM out of its offers; who it is was proved before. To any other the password is never said.
 *
 * @throws PeerError when the peer breaks the protocol, or does not prove in SCRAM that it knows the password.
 */
export function* login(
  channel: Channel,
  offers: Offers,
  as: Login,
  identity: PeerIdentity,
): Talk<LoginOutcome> {
  if (channel.tls === undefined) throw new Error('a login is for TLS only');
  const offered = new Set((offers.get('AUTH') ?? []).map((name) => name.toUpperCase()));
  const common = saslMechanisms.filter((name) => offered.has(name) && canUse(name, as));
  const [first, ...others] = common.filter((name) => identity === 'proved' || !saysPassword(name));
  if (first === undefined) {
    const because =
      common.length === 0
        ? 'offers no login that we know'
        : `offers ${common.join(' and ')} only, which would say the password to a server that TLS has not authenticated`;
    return { kind: 'loginNotOffered', because };
  }
  const reply = yield* authenticate[first](channel, as);
  if (reply.code === 235) return { kind: 'loggedIn' };
  const other = others[0];
  if (first !== 'SCRAM-SHA-256' || other === undefined || severity(reply) !== 'permanent')
    return { kind: 'loginRefused', reply };
  const second = yield* authenticate[other](channel, as);
  return second.code === 235 ? { kind: 'loggedIn' } : { kind: 'loginRefused', reply: second };
}

/** SCRAM proves a password without saying it; what an impostor gets by it are guesses, each at the cost of the rounds. */
function saysPassword(mechanism: SaslMechanism): boolean {
  return mechanism !== 'SCRAM-SHA-256';
}

/** SCRAM knows names and passwords in one spelling only (RFC 5802 §2.2); some have none. */
function canUse(mechanism: SaslMechanism, { user, password, nonce }: Login): boolean {
  return (
    mechanism !== 'SCRAM-SHA-256' || [user, password].every((text) => clientFirst(text, nonce).kind === 'ok')
  );
}

/** Each ends with 235 or a no. */
const authenticate: Readonly<Record<SaslMechanism, (channel: Channel, as: Login) => Talk<Reply>>> = {
  'SCRAM-SHA-256': scram,
  PLAIN: plain,
  LOGIN: passwordOnAsking,
};

function* plain(channel: Channel, as: Login): Talk<Reply> {
  return (yield* begin(channel, 'PLAIN', formatPlain(as), as)) ?? (yield* lastReply(channel, as));
}

function* passwordOnAsking(channel: Channel, as: Login): Talk<Reply> {
  yield* channel.say(command('AUTH LOGIN'));
  for (const text of [as.user, as.password]) {
    const reply = yield* nextReply(channel, as);
    if (reply.code !== 334) return reply;
    yield* answer(channel, encodeBase64Text(text));
  }
  return yield* lastReply(channel, as);
}

function* scram(channel: Channel, as: Login): Talk<Reply> {
  const first = clientFirst(as.user, as.nonce);
  if (first.kind !== 'ok') throw new Error(`not a user name for SCRAM: ${first.because}`);
  const refused = yield* begin(channel, 'SCRAM-SHA-256', encodeBase64Text(first.value), as);
  if (refused !== undefined) return refused;
  const challenge = yield* nextReply(channel, as);
  if (challenge.code !== 334) return challenge;
  const final = clientFinal(as, as.nonce, challengeText(channel, challenge));
  if (final.kind !== 'ok') throw malformed(channel, final.because);
  yield* answer(channel, encodeBase64Text(final.value.message));

  const proof = yield* nextReply(channel, as);
  if (proof.code !== 334) return proof;
  const text = challengeText(channel, proof);
  // RFC 5802 §5.1: `e=` says why it does not believe us; the reply that follows says no.
  const believesUs = !text.startsWith('e=');
  if (believesUs && !isServerProved(final.value, text))
    throw malformed(channel, 'the server does not know the password');
  yield* answer(channel, '');
  const last = yield* hear(channel, as);
  return positiveOnly(channel, 'AUTH', last, believesUs ? [235] : []);
}

/** RFC 5321 §4.5.3.1.4, with the CRLF. */
const MAX_COMMAND_OCTETS = 512;
const SECRET = '(secret)';

/**
 * Names the mechanism and gives its first response.
 *
 * RFC 4954 §4: a response that does not fit into a command line is sent when it is asked for.
 *
 * @returns a no that came before it could be sent.
 */
function* begin(
  channel: Channel,
  mechanism: SaslMechanism,
  response: string,
  as: Login,
): Talk<Reply | undefined> {
  const line = command('AUTH', mechanism, response);
  if (line.length <= MAX_COMMAND_OCTETS) {
    // The name of the user is no secret, but with all messages of SCRAM at hand passwords can be tried on them.
    yield* channel.say(line, `AUTH ${mechanism} ${SECRET}\r\n`);
    return undefined;
  }
  yield* channel.say(command('AUTH', mechanism));
  const reply = yield* nextReply(channel, as);
  if (reply.code !== 334) return reply;
  yield* answer(channel, response);
  return undefined;
}

function answer(channel: Channel, encoded: string): Talk<void> {
  return channel.say(command(encoded), `${SECRET}\r\n`);
}

/** A challenge or a no: a yes is not due yet, and one that comes before the server proved itself is not to be trusted. */
function* nextReply(channel: Channel, as: Login): Talk<Reply> {
  return positiveOnly(channel, 'AUTH', yield* hear(channel, as), [334]);
}

function* lastReply(channel: Channel, as: Login): Talk<Reply> {
  return positiveOnly(channel, 'AUTH', yield* hear(channel, as), [235]);
}

/** So much of a secret is known by its beginning; a shorter one could be any word. */
const RECOGNISED = 8;

/** A server may repeat what it does not understand, and its words are logged and shown: the secret is taken out, with all that follows. */
function* hear(channel: Channel, as: Login): Talk<Reply> {
  const reply = yield* readReply(channel, 'reply');
  if (reply.code === 334) return reply;
  const secrets = [
    formatPlain(as),
    encodeBase64Text(as.password),
    Buffer.from(as.password).toString('latin1'),
  ];
  const beginnings = secrets
    .filter(({ length }) => length >= RECOGNISED)
    .map((one) => one.slice(0, RECOGNISED));
  const lines = reply.lines.map((line) => {
    const places = beginnings.map((one) => line.indexOf(one)).filter((place) => place !== -1);
    return places.length === 0 ? line : `${line.slice(0, Math.min(...places))}${SECRET}`;
  });
  return { ...reply, lines };
}

/** What a challenge of SCRAM says; it fits into one line, so its length has the limit of a line. */
function challengeText(channel: Channel, { lines }: Reply): string {
  const text = lines.length === 1 ? decodeBase64Text(lines[0] ?? '') : undefined;
  if (text === undefined) throw malformed(channel, 'a challenge is not base64 on one line');
  return text;
}

function malformed(channel: Channel, because: string): PeerError {
  return new PeerError('malformed', `${channel.peer} broke SCRAM-SHA-256: ${because}`);
}
