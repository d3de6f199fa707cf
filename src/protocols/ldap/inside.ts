/**
 * What passes between client and directory inside TLS: messages are told apart by their heads and passed on unseen,
 * so that a second StartTLS can be answered between two of them.
 *
 * It ends where a SASL login succeeds: from there on both may speak in a security layer of their own (RFC 4513 §5.2.1,
 * GSSAPI), in which no message can be told.
 */
import { berNumber, berTags, readBerHead } from '../../wire/ber.ts';
import type { GatewayEffect } from '../../wire/gateway-session.ts';
import {
  names,
  noticeOfDisconnection,
  operations,
  parseMessage,
  readMessageHead,
  results,
  startTlsResponse,
} from './messages.ts';

export interface Inside {
  /** Octets of the message under way that are still to come, for each side. */
  readonly clientLeft: number;
  readonly backendLeft: number;
  /** The number of a SASL login that has no answer yet. */
  readonly saslBind: number | undefined;
  /** Numbers of StartTLS requests that are answered when the directory's message under way is through. */
  readonly unanswered: readonly number[];
}

export interface InsideStep {
  readonly inside: Inside;
  readonly used: number;
  readonly effects: readonly GatewayEffect[];
}

export const freshInside: Inside = { clientLeft: 0, backendLeft: 0, saslBind: undefined, unanswered: [] };

/** A StartTLS is a few dozen octets; with controls it may be more. */
const MAX_START_TLS = 4096;
/** A name in a bind request: to know whether SASL stands behind it, it has to be there. */
const MAX_NAME = 8192;
/** Second StartTLS that wait for the end of one message. */
const MAX_UNANSWERED = 16;
/** Octets of a number. */
const MAX_NUMBER = 4;
const SASL = 0xa3;
const REQUEST_NAME = 0x80;

/** The client said something. */
export function fromClient(inside: Inside, unread: Uint8Array): InsideStep {
  if (inside.clientLeft > 0) return pass(inside, inside.clientLeft, unread);
  const request = readRequest(unread);
  switch (request.kind) {
    case 'incomplete':
      return step(inside, 0);
    case 'malformed':
      return leave(inside, results.protocolError, `the client sent ${request.because}`);
    case 'startTls':
      return onStartTls(inside, unread, request.length);
    case 'saslBind':
      return pass({ ...inside, saslBind: request.id }, request.length, unread);
    case 'bind':
      // It takes the place of whatever login was under way (RFC 4511 §4.2.1).
      return pass({ ...inside, saslBind: undefined }, request.length, unread);
    case 'other':
      return pass(inside, request.length, unread);
  }
}

/** The directory said something. */
export function fromBackend(inside: Inside, unread: Uint8Array): InsideStep {
  if (inside.backendLeft > 0) return passBack(inside, inside.backendLeft, unread);
  const response = readResponse(unread, inside.saslBind);
  if (response === 'incomplete') return step(inside, 0);
  if (response === 'malformed')
    return leave(inside, results.unavailable, 'the server behind the gateway does not speak LDAP');
  if (response === 'logged in') return step(inside, 0, { kind: 'splice' });
  return passBack(inside, response, unread);
}

/** Says why and closes; between two messages only, else it would be taken for a part of one. */
export function leave(inside: Inside, code: number, because: string): InsideStep {
  const close: GatewayEffect = { kind: 'close', because };
  if (inside.backendLeft > 0) return step(inside, 0, close);
  return step(inside, 0, { kind: 'toClient', bytes: noticeOfDisconnection(code, because) }, close);
}

function step(inside: Inside, used: number, ...effects: readonly GatewayEffect[]): InsideStep {
  return { inside, used, effects };
}

/** Passes on what is there of `length` octets of the client's message. */
function pass(inside: Inside, length: number, unread: Uint8Array): InsideStep {
  const bytes = unread.subarray(0, length);
  return step({ ...inside, clientLeft: length - bytes.length }, bytes.length, { kind: 'toBackend', bytes });
}

/** The same of the directory's; at its end stand the answers that had to wait for it. */
function passBack(inside: Inside, length: number, unread: Uint8Array): InsideStep {
  const bytes = unread.subarray(0, length);
  const backendLeft = length - bytes.length;
  const passed = step({ ...inside, backendLeft }, bytes.length, { kind: 'toClient', bytes });
  return backendLeft === 0 ? answerWaiting(passed) : passed;
}

function onStartTls(inside: Inside, unread: Uint8Array, length: number): InsideStep {
  const message = parseMessage(unread.subarray(0, length));
  if (message === undefined) return leave(inside, results.protocolError, 'the client sent no LDAP message');
  if (inside.unanswered.length === MAX_UNANSWERED)
    return leave(inside, results.protocolError, 'the client asks for StartTLS again and again');
  const asked = step({ ...inside, unanswered: [...inside.unanswered, message.id] }, length);
  return inside.backendLeft === 0 ? answerWaiting(asked) : asked;
}

/** RFC 4511 §4.14.1, RFC 4513 §3.1.1: operationsError where TLS is there already. */
function answerWaiting({ inside, used, effects }: InsideStep): InsideStep {
  const answers = inside.unanswered.map((id): GatewayEffect => {
    const bytes = startTlsResponse(id, results.operationsError, 'TLS is established already');
    return { kind: 'toClient', bytes };
  });
  return { inside: { ...inside, unanswered: [] }, used, effects: [...effects, ...answers] };
}

type Request =
  | Unclear
  | { readonly kind: 'startTls'; readonly length: number }
  | { readonly kind: 'saslBind'; readonly length: number; readonly id: number }
  | { readonly kind: 'bind' | 'other'; readonly length: number };

type Unclear = { readonly kind: 'incomplete' } | { readonly kind: 'malformed'; readonly because: string };

/** Tells a request by as few octets as that takes. */
function readRequest(unread: Uint8Array): Request {
  const begin = readBeginning(unread);
  if (begin.kind !== 'begun') return begin;
  const { length, operation } = begin;
  if (operation !== operations.extendedRequest && operation !== operations.bindRequest)
    return { kind: 'other', length };
  const message = unread.subarray(0, length);
  const request =
    operation === operations.bindRequest ? readBind(message, begin) : readExtended(message, begin);
  // What a whole message does not hold will never come.
  return request.kind === 'incomplete' && message.length === length ? noMessage : request;
}

function readExtended(message: Uint8Array, { body, length }: Begun): Request {
  const name = readBerHead(message, body);
  if (name.kind !== 'head') return name;
  if (name.tag !== REQUEST_NAME || name.length !== names.startTls.length) return { kind: 'other', length };
  const at = body + name.headLength;
  if (message.length < at + name.length) return { kind: 'incomplete' };
  const text = Buffer.from(message.subarray(at, at + name.length)).toString('latin1');
  if (text !== names.startTls) return { kind: 'other', length };
  if (length > MAX_START_TLS) return { kind: 'malformed', because: 'an endless StartTLS' };
  return message.length < length ? { kind: 'incomplete' } : { kind: 'startTls', length };
}

function readBind(message: Uint8Array, { body, length, id }: Begun): Request {
  const version = readBerHead(message, body);
  if (version.kind !== 'head') return version;
  if (version.length > MAX_NUMBER) return noMessage;
  const nameAt = body + version.headLength + version.length;
  const name = readBerHead(message, nameAt);
  if (name.kind !== 'head') return name;
  if (name.length > MAX_NAME) return { kind: 'malformed', because: `a name longer than ${MAX_NAME} octets` };
  const method = message[nameAt + name.headLength + name.length];
  if (method === undefined) return { kind: 'incomplete' };
  return method === SASL ? { kind: 'saslBind', length, id } : { kind: 'bind', length };
}

/** @returns the length of a response, or that it says that the SASL login of this number is done. */
function readResponse(
  unread: Uint8Array,
  saslBind: number | undefined,
): number | 'incomplete' | 'malformed' | 'logged in' {
  const begin = readBeginning(unread);
  if (begin.kind !== 'begun') return begin.kind;
  if (begin.operation !== operations.bindResponse || begin.id !== saslBind) return begin.length;
  const code = readBerHead(unread, begin.body);
  if (code.kind !== 'head') return code.kind;
  const at = begin.body + code.headLength;
  if (code.tag !== berTags.enumerated || code.length > MAX_NUMBER) return 'malformed';
  if (unread.length < at + code.length) return 'incomplete';
  const success = berNumber(unread.subarray(at, at + code.length)) === results.success;
  return success ? 'logged in' : begin.length;
}

interface Begun {
  readonly kind: 'begun';
  readonly id: number;
  readonly operation: number;
  /** Where the content of the operation begins. */
  readonly body: number;
  /** Of the whole message. */
  readonly length: number;
}

const noMessage: Unclear = { kind: 'malformed', because: 'no LDAP message' };

function readBeginning(unread: Uint8Array): Unclear | Begun {
  const outer = readMessageHead(unread);
  if (outer.kind !== 'head') return outer;
  const length = outer.headLength + outer.length;
  const message = unread.subarray(0, length);
  const begin = readEnvelope(message, outer.headLength, length);
  return begin.kind === 'incomplete' && message.length === length ? noMessage : begin;
}

function readEnvelope(message: Uint8Array, idAt: number, length: number): Unclear | Begun {
  const id = readBerHead(message, idAt);
  if (id.kind !== 'head') return id;
  if (id.tag !== berTags.integer || id.length > MAX_NUMBER) return noMessage;
  const at = idAt + id.headLength;
  const operation = readBerHead(message, at + id.length);
  if (operation.kind !== 'head') return operation;
  const number = berNumber(message.subarray(at, at + id.length));
  const body = at + id.length + operation.headLength;
  if (number === undefined || body + operation.length > length) return noMessage;
  return { kind: 'begun', id: number, operation: operation.tag, body, length };
}
