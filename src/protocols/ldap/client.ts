/** Brings a connection to a directory to verified TLS. RFC 4511 §4.14 (StartTLS), RFC 4513 §3.1. */
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { PeerError, printable } from '../../wire/dialogue.ts';
import { judgedHandshake } from '../handshake.ts';
import type { JudgeTls, Upgraded } from '../upgrade.ts';
import {
  describeResult,
  type Message,
  names,
  operations,
  parseMessage,
  parseResult,
  type Result,
  readMessageHead,
  results,
  startTlsRequest,
} from './messages.ts';

/** Octets of the one answer: a result with its words. */
const MAX_ANSWER = 16_384;
/** Of the server's words, which nobody has vouched for. */
const MAX_SHOWN = 200;
const MESSAGE_ID = 1;

/**
 * Upgrades a fresh connection by the one request that LDAP has for it.
 *
 * Nothing is asked before: what a root DSE says in clear would be worth nothing (RFC 4513 §3.1.5). Referrals are
 * never followed: their target is chosen by whoever is on the path.
 *
 * @throws PeerError when the peer breaks the protocol.
 */
export function* startTls(channel: Channel, { judge }: { readonly judge: JudgeTls }): Talk<Upgraded> {
  yield* channel.sayBytes(startTlsRequest(MESSAGE_ID), `StartTLS request (message ${MESSAGE_ID})`);
  const answer = yield* readAnswer(channel, MESSAGE_ID);
  if (answer.code !== results.success) return { kind: 'refused', because: refusal(answer) };
  const handshake = yield* judgedHandshake(channel, judge);
  if (handshake.kind !== 'acceptable') return handshake;
  return { kind: 'secured', facts: handshake.facts, clear: [], inside: [] };
}

/** Reads the answer to a StartTLS of this number. @throws PeerError for whatever else comes. */
export function* readAnswer(channel: Channel, id: number): Talk<Result> {
  const { message, bytes } = yield* readMessage(channel, MAX_ANSWER);
  const result = parseResult(message.operation.content);
  if (result === undefined) throw new PeerError('malformed', `${channel.peer} sent no LDAP message`, bytes);
  if (message.id === 0) throw unsolicited(channel, message, result, bytes);
  const because = oddity(id, message, result);
  if (because !== undefined)
    throw new PeerError('unexpected-reply', `${channel.peer} answered StartTLS with ${because}`, bytes);
  return result;
}

/** Reads one message. @param maxOctets octets allowed. @throws PeerError for what is none. */
export function* readMessage(
  channel: Channel,
  maxOctets: number,
): Talk<{ readonly message: Message; readonly bytes: Uint8Array }> {
  channel.beginAnswer();
  const bytes = yield* channel.readUnit((unread) => measure(channel, unread), maxOctets, 'reply');
  const message = parseMessage(bytes);
  if (message === undefined) throw new PeerError('malformed', `${channel.peer} sent no LDAP message`, bytes);
  return { message, bytes };
}

function measure(channel: Channel, unread: Uint8Array): number | undefined {
  const head = readMessageHead(unread);
  if (head.kind === 'incomplete') return undefined;
  if (head.kind === 'head') return head.headLength + head.length;
  throw new PeerError('malformed', `${channel.peer} sent ${head.because}`, unread);
}

/** What keeps a message from being the answer to our request, which has to be exactly what the RFC says. */
function oddity(asked: number, { id, operation }: Message, result: Result): string | undefined {
  if (id !== asked) return `a message of another number (${id})`;
  if (operation.tag !== operations.extendedResponse) return 'a response to another operation';
  if (result.code !== results.success) return undefined;
  if (result.responseName !== undefined && result.responseName !== names.startTls)
    return `success of another operation (${printable(result.responseName.slice(0, 64))})`;
  // RFC 4511 §4.14.2: "The responseValue is always absent."
  if (result.hasResponseValue) return 'a value, which StartTLS does not have';
  if (result.referred) return 'success and a referral at once';
  return undefined;
}

/** RFC 4511 §4.4: nobody asked for it. With the Notice of Disconnection the server says that it leaves (§4.4.1). */
function unsolicited(channel: Channel, message: Message, result: Result, bytes: Uint8Array): PeerError {
  const leaves =
    message.operation.tag === operations.extendedResponse &&
    result.responseName === names.noticeOfDisconnection;
  return leaves
    ? new PeerError('closed', `${channel.peer} ends the connection: ${describeAnswer(result)}`, bytes)
    : new PeerError('unsolicited', `${channel.peer} sent a notification that nobody asked for`, bytes);
}

function refusal(result: Result): string {
  const referred = result.referred ? ' (it names another server, which is not followed)' : '';
  return `refused StartTLS: ${describeAnswer(result)}${referred}`;
}

export function describeAnswer({ code, diagnostic }: Result): string {
  const words = diagnostic === '' ? '' : ` ${printable(diagnostic.slice(0, MAX_SHOWN))}`;
  return `${describeResult(code)}${words}`;
}
