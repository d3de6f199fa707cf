/**
 * How a server of MySQL or MariaDB is visited.
 *
 * MySQL's documentation, "Client/Server Protocol": "Connection Phase". Before a login the protocol has no goodbye: a client
 * that leaves closes the connection, and the server counts it among those that broke off (`max_connect_errors`, 100 of which
 * in a row shut a client out until somebody says FLUSH HOSTS).
 */
import type { InjectionSeen, VisitEnd } from '../../findings/observation.ts';
import { MAX_GREETING_BYTES, usualAnnouncement } from '../../protocols/mysql/client.ts';
import { capabilities, type Greeting, readGreeting } from '../../protocols/mysql/greeting.ts';
import { packetLength, packetOf } from '../../protocols/mysql/packet.ts';
import { sslRequest } from '../../protocols/mysql/response.ts';
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { PeerError, printable } from '../../wire/dialogue.ts';
import type { Dialect, VisitDraft, VisitRequest } from '../visit.ts';
import {
  answer,
  complete,
  greeting,
  handshake,
  handshakeBehindMore,
  injected,
  offers,
  refusedProbe,
  tlsAtOnce,
  turnedAway,
  withoutTls,
} from './steps.ts';

export const mysqlDialect: Dialect = {
  visit,
  injection,
  // The request for TLS is the first thing that a client says. What it announces there counts inside TLS by design.
  state: null,
};

function* visit(channel: Channel, request: VisitRequest, draft: VisitDraft): Talk<VisitEnd> {
  const began = request.clock();
  if (!(yield* tlsAtOnce(channel, request, draft, began))) return withoutTls;
  draft.step = 'greeting';
  const { hello, words } = yield* hearGreeting(channel);
  draft.greeting = greeting(request, began, [words]);
  if (hello.kind === 'error') return turnedAway('greeting', answer(false, words), howOf(hello.code));
  const listed = offers([
    `capabilities 0x${hello.capabilities.toString(16)}`,
    ...(hello.plugin === null ? [] : [hello.plugin]),
  ]);
  if (request.tls === 'implicit') {
    draft.inside = listed;
    return complete;
  }
  draft.clear = listed;
  if (!offersTls(hello)) {
    draft.upgrade = { kind: 'not-offered', because: 'its greeting does not offer TLS (CLIENT_SSL)' };
    return withoutTls;
  }
  draft.step = 'starttls';
  const asked = request.clock();
  yield* channel.sayBytes(requestFor(hello), 'SSLRequest');
  // There is no go-ahead, and inside TLS nothing but the login: so nothing is asked there.
  return (yield* handshake(channel, request, draft, asked)) ? complete : withoutTls;
}

type Hello = Extract<Greeting, { kind: 'greeting' }>;

function* hearGreeting(channel: Channel): Talk<{
  readonly hello: Exclude<Greeting, { kind: 'malformed' }>;
  /** As people may see it. */
  readonly words: string;
}> {
  channel.beginAnswer();
  const packet = yield* channel.readUnit(packetLength, MAX_GREETING_BYTES, 'greeting');
  const payload = Buffer.from(packet.subarray(HEAD_BYTES));
  const hello = readGreeting(payload);
  if (packet[3] !== 0 || hello.kind === 'malformed')
    throw new PeerError('malformed', `${channel.peer} sent a greeting that is none of MySQL`, packet);
  const words =
    hello.kind === 'error' ? `error ${hello.code} ${printable(payload.subarray(3))}` : hello.version;
  return { hello, words };
}

/** Octets of a packet's length and number. */
const HEAD_BYTES = 4;

/** MySQL's "Server Error Message Reference": too many connections, of all or of this user; host blocked, not allowed. */
function howOf(code: number): 'throttled' | 'blocked' | undefined {
  if (code === 1040 || code === 1203) return 'throttled';
  return code === 1129 || code === 1130 ? 'blocked' : undefined;
}

function offersTls({ capabilities: offered }: Hello): boolean {
  const needed = capabilities.tls | capabilities.protocol41;
  return (offered & needed) === needed;
}

function flagsFor({ capabilities: offered }: Hello): number {
  return (usualAnnouncement.capabilities & offered) >>> 0;
}

function requestFor(hello: Hello): Buffer {
  const { maxPacketBytes, characterSet } = usualAnnouncement;
  return packetOf(1, sslRequest(flagsFor(hello), maxPacketBytes, characterSet));
}

/** A login as nobody, without a password. */
function loginFor(hello: Hello): Buffer {
  const head = requestFor(hello).subarray(HEAD_BYTES);
  const plugin = (flagsFor(hello) & capabilities.pluginAuth) === 0 ? '' : 'mysql_native_password\0';
  return packetOf(2, Buffer.concat([head, Buffer.from(`waxwing-check\0\0${plugin}`, 'latin1')]));
}

/** In place of a login inside TLS: too short for one, which every server says. */
const noLogin = packetOf(2, Buffer.of(0));

/** MySQL's "Server Error Message Reference": what is said of packets that are none, or that are not read. */
const OF_PACKETS: ReadonlySet<number> = new Set([1043, 1153, 1156, 1157, 1158, 1159, 1160, 1161]);
const ERR = 0xff;
/** In the same reference: the server ends. */
const SHUTDOWN = 1053;
const MAX_ANSWER_BYTES = 8_192;

/**
 * A login behind the request for TLS would be answered as a login: denied, or asked for more. What we send inside TLS is
 * none, and is answered as that, or by the end of the connection.
 */
function* injection(channel: Channel): Talk<InjectionSeen | VisitEnd> {
  const { hello, words } = yield* hearGreeting(channel);
  if (hello.kind === 'error') return turnedAway('greeting', answer(false, words), howOf(hello.code));
  if (!offersTls(hello)) return withoutTls;
  yield* channel.sayBytes(Buffer.concat([requestFor(hello), loginFor(hello)]), 'SSLRequest, login');
  const crossed = yield* handshakeBehindMore(channel, null);
  if (crossed !== 'secured') return injected(crossed);
  yield* channel.sayBytes(noLogin, 'a packet that is no login');
  const payload = yield* firstPayload(channel);
  if (payload === undefined) return injected('never');
  const code = payload[0] === ERR && payload.length >= 3 ? payload.readUInt16LE(1) : undefined;
  // It leaves, whatever was said to it.
  if (code !== undefined && (code === SHUTDOWN || howOf(code) === 'throttled'))
    return refusedProbe(answer(false, `error ${code} ${printable(payload.subarray(3))}`));
  return injected(code !== undefined && OF_PACKETS.has(code) ? 'never' : 'inside');
}

/** @returns undefined where the server closes without a word. */
function* firstPayload(channel: Channel): Talk<Buffer | undefined> {
  channel.beginAnswer();
  try {
    const packet = yield* channel.readUnit(packetLength, MAX_ANSWER_BYTES, 'reply');
    return Buffer.from(packet.subarray(HEAD_BYTES));
  } catch (error) {
    if (error instanceof PeerError && error.code === 'closed' && error.evidence.length === 0)
      return undefined;
    throw error;
  }
}
