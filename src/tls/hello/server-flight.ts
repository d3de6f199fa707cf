/**
 * What a server says to a hello, read from its octets in whatever slices they come, until the question is answered.
 *
 * Nothing is guessed: what breaks RFC 8446, RFC 5246 or RFC 6101 ends the reading, and stands there with its octets.
 */
import { type Alert, CLOSE_NOTIFY, readAlert } from './alerts.ts';
import { type ByteQueue, byteQueue } from './byte-queue.ts';
import type { ClientHelloSpec } from './client-hello.ts';
import { broken, type FlightEnd, MOST_EVIDENCE, tooMuch } from './flight-end.ts';
import { type Handshake, type HandshakeFacts, readHandshake } from './handshake.ts';
import { copy } from './octets.ts';
import { readSslv2, type Sslv2Answer, type Sslv2HelloSpec, sslv2RecordLength } from './sslv2-hello.ts';
import { TLS_1_3 } from './versions.ts';

/** All that the server has said so far; null: not yet. */
export interface ServerFlight extends HandshakeFacts {
  readonly sslv2: Exclude<Sslv2Answer, { readonly kind: 'broken' }> | null;
  readonly alerts: readonly Alert[];
  /** Octets behind the ServerHello of TLS 1.3, which only who has the keys can read. */
  readonly encrypted: number;
  /** Octets that were read, to the end of the record with which the flight ends. */
  readonly octets: number;
  /** Of these, octets of a record or message whose end has not come. */
  readonly unread: number;
  /** Why nothing more is read; null: it goes on. */
  readonly end: FlightEnd | null;
}

/**
 * What is asked: the version (with suite and group, as far as the hello has it), the certificates, the key exchange, or all that
 * comes in clear.
 */
export type FlightQuestion = 'version' | 'certificates' | 'key-exchange' | 'everything';

export interface FlightReader {
  /** @param slice is kept until its records are whole. @returns what is known with it. */
  readonly take: (slice: Uint8Array) => ServerFlight;
}

const MOST_OCTETS = 64 * 1024;
const MOST_ALERTS = 16;
/** RFC 8446 §5.1 and §5.2: of a record in clear, and of one that is encrypted. */
const MOST_IN_RECORD = 2 ** 14;
const MOST_IN_ENCRYPTED = MOST_IN_RECORD + 256;
const HEADER = 5;
const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;

interface State {
  readonly offer: ClientHelloSpec | Sslv2HelloSpec;
  readonly records: ByteQueue;
  readonly handshake: Handshake;
  /** Octets of alerts: old versions may send each in a record of its own (RFC 5246 §6.2.1). */
  readonly alertOctets: ByteQueue;
  readonly alerts: Alert[];
  sslv2: ServerFlight['sslv2'];
  isFirst: boolean;
  encrypted: number;
  octets: number;
  end: FlightEnd | null;
}

/** @param offer the hello that was sent: a server may only take what is in it. */
export function readServerFlight(offer: ClientHelloSpec | Sslv2HelloSpec): FlightReader {
  const state: State = {
    offer,
    records: byteQueue(),
    handshake: readHandshake(offer, MOST_OCTETS),
    alertOctets: byteQueue(),
    alerts: [],
    sslv2: null,
    isFirst: true,
    encrypted: 0,
    octets: 0,
    end: null,
  };
  return {
    take(slice) {
      if (state.end?.kind === 'not-tls') gather(state, slice);
      if (state.end !== null || state.sslv2 !== null) return flightOf(state);
      const room = MOST_OCTETS - state.octets;
      state.octets += Math.min(slice.length, room);
      state.records.add(slice.subarray(0, room));
      while (state.end === null && state.sslv2 === null && takeRecord(state));
      if (slice.length > room) state.end ??= tooMuch(`more than ${MOST_OCTETS} octets`);
      return flightOf(state);
    },
  };
}

/** Whether the question is answered, or never will be: the connection can be closed. */
export function isAnswered(flight: ServerFlight, question: FlightQuestion): boolean {
  const { serverHello, helloRetryRequest, sslv2, certificates, serverKeyExchange, serverHelloDone, end } =
    flight;
  if (end !== null || sslv2 !== null || helloRetryRequest !== null || serverHelloDone) return true;
  if (serverHello === null || question === 'everything') return serverHello?.version === TLS_1_3;
  if (question === 'version' || serverHello.version === TLS_1_3) return true;
  // Behind the certificates there may be a key exchange, and before it there are none.
  return serverKeyExchange !== null || (question === 'certificates' && certificates !== null);
}

function flightOf(state: State): ServerFlight {
  const { sslv2, alerts, encrypted, octets, end, handshake, records } = state;
  const isOver = end !== null || sslv2 !== null;
  return {
    ...handshake.facts(),
    sslv2,
    alerts: [...alerts],
    encrypted,
    octets: isOver ? octets - records.length() : octets,
    unread: isOver ? 0 : records.length() + handshake.unread() + state.alertOctets.length(),
    end,
  };
}

/** @returns whether there was a record, so that there may be another. */
function takeRecord(state: State): boolean {
  const { records, isFirst, offer } = state;
  const [type = -1, second] = records.peek(2) ?? records.peek(1) ?? [];
  if (type === -1) return false;
  if (isFirst && offer.kind === 'sslv2' && type >= 0x80) return takeSslv2(state, type, second);
  if (isFirst && (type < CHANGE_CIPHER_SPEC || type > APPLICATION_DATA)) {
    state.end = { kind: 'not-tls', octets: new Uint8Array() };
    gather(state, records.take(records.length()) ?? new Uint8Array());
    return false;
  }
  const header = records.peek(HEADER);
  if (header === undefined) return false;
  const [, major = 0, minor = 0, high = 0, low = 0] = header;
  const length = high * 256 + low;
  const fault = faultOfHeader(type, major, length);
  if (fault !== undefined) {
    state.end = broken(fault, header);
    return false;
  }
  const record = records.take(HEADER + length);
  if (record === undefined) return false;
  state.isFirst = false;
  onRecord(state, type, major * 256 + minor, record);
  return true;
}

/** RFC 8446 §5.1 and §5.2, RFC 5246 §6.2.1: which records there cannot be. */
function faultOfHeader(type: number, major: number, length: number): string | undefined {
  if (type < CHANGE_CIPHER_SPEC || type > APPLICATION_DATA) return `a record of type ${type}`;
  if (major !== 3) return `a record of version ${major}`;
  if (length === 0 && type !== APPLICATION_DATA) return 'an empty record';
  return length > (type === APPLICATION_DATA ? MOST_IN_ENCRYPTED : MOST_IN_RECORD)
    ? `a record of ${length} octets`
    : undefined;
}

function onRecord(state: State, type: number, version: number, record: Uint8Array): void {
  const content = record.subarray(HEADER);
  const { serverHello, helloRetryRequest } = state.handshake.facts();
  const isNew = serverHello?.version === TLS_1_3;
  if (type === ALERT) return onAlert(state, version, content);
  if (type === HANDSHAKE) {
    state.end = state.handshake.take(content);
  } else if (type === APPLICATION_DATA && isNew) {
    state.encrypted += content.length;
  } else if (type === APPLICATION_DATA) {
    state.end = broken('a record of data before any handshake', record);
  } else if ((!isNew && helloRetryRequest === null) || content.length !== 1 || content[0] !== 1) {
    // RFC 8446 appendix D.4: for appearances only, behind the hello; in older versions it belongs to a session that is taken up.
    state.end = broken('a ChangeCipherSpec where there is no session to change', record);
  }
}

function onAlert(state: State, version: number, content: Uint8Array): void {
  const { alertOctets, alerts } = state;
  alertOctets.add(content);
  for (let pair = alertOctets.take(2); pair !== undefined && state.end === null; pair = alertOctets.take(2)) {
    const [level = 0, code = 0] = pair;
    const alert = readAlert(level, code, version);
    if (alert === undefined) {
      state.end = broken(`an alert of level ${level}`, content);
    } else if (alerts.push(alert) > MOST_ALERTS) {
      state.end = tooMuch(`more than ${MOST_ALERTS} alerts`);
    } else if (alert.level === 'fatal' || code === CLOSE_NOTIFY) {
      state.end = { kind: 'alert', alert };
    }
  }
}

function takeSslv2(state: State, first: number, second: number | undefined): boolean {
  const length = second === undefined ? undefined : sslv2RecordLength(first, second);
  const record = length === undefined ? undefined : state.records.take(length);
  if (record === undefined) return false;
  state.isFirst = false;
  const answer = readSslv2(record.subarray(2));
  if (answer.kind === 'broken') state.end = broken(answer.because, record);
  else state.sslv2 = answer;
  // What comes behind it would be an answer to something that was never said.
  return false;
}

function gather(state: State, slice: Uint8Array): void {
  if (state.end?.kind !== 'not-tls') return;
  const octets = Buffer.concat([state.end.octets, slice]);
  state.end = { kind: 'not-tls', octets: copy(octets.subarray(0, MOST_EVIDENCE)) };
  state.octets = state.end.octets.length;
}
