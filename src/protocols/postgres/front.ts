/**
 * TLS in front of a PostgreSQL server that has none.
 *
 * PostgreSQL's documentation, "Frontend/Backend Protocol": "SSL Session Encryption", "Canceling Requests in Progress".
 * No state of the protocol comes before the first message, and no password before the server asks for one: a client
 * that logs in without TLS is turned away before it can say anything that is secret.
 */
import type {
  FrontRules,
  GatewayEffect,
  GatewayInput,
  GatewaySession,
  GatewayStep,
} from '../../wire/gateway-session.ts';
import type { TlsFacts } from '../../wire/tls-facts.ts';
import { ALPN, fatal, firstMessage } from './messages.ts';

/** Where the conversation stands. */
export type PostgresFrontState =
  | { readonly kind: 'clear'; readonly declined: boolean }
  /** `direct`: without an SSLRequest. */
  | { readonly kind: 'handshake'; readonly direct: boolean }
  | { readonly kind: 'inside' }
  /** The first message waits, unread, for the backend; `answers`: whether its sender expects an answer. */
  | { readonly kind: 'connecting'; readonly answers: boolean }
  /** A request to cancel came in clear; once it is with the backend, that answers by closing. */
  | { readonly kind: 'cancelling'; readonly request: Uint8Array }
  | { readonly kind: 'over' };

type Step = GatewayStep<PostgresFrontState>;

/** The first octet of a TLS record with a ClientHello; as the first of a length it would mean 369 million octets. */
const TLS_HANDSHAKE = 0x16;

/** The session of one client. */
export function postgresFront({ hostname }: FrontRules): GatewaySession<PostgresFrontState> {
  return {
    initial: { kind: 'clear', declined: false },
    step: (state, input) => step(hostname, state, input),
  };
}

function step(hostname: string, state: PostgresFrontState, input: GatewayInput): Step {
  switch (input.kind) {
    case 'opened':
      return input.tls === undefined ? waits(state) : onTls(input.tls, true);
    case 'client':
      return onClient(hostname, state, input.unread);
    case 'secured':
      return onTls(input.facts, state.kind === 'handshake' && state.direct);
    case 'connected':
      return onConnected(state);
    case 'backend':
      return state.kind === 'cancelling' ? closing('the backend answered a request to cancel') : waits(state);
    case 'unreachable':
      // Where the backend is concerns nobody out there.
      return onEnd(state, '08006', `${hostname} cannot reach the server behind it`, input.because);
    case 'timeout':
      return onEnd(state, '08006', `${hostname} closes the connection: you are too slow`, 'too slow');
    case 'shutdown':
      return onEnd(state, '57P01', `${hostname} is shutting down`, 'shutting down');
  }
}

/**
 * What was in clear is forgotten.
 *
 * Where TLS comes first, PostgreSQL 17 "is required to use the ALPN extension": whoever leads a browser here by another
 * server's name gets nothing (ALPACA). Behind an SSLRequest the protocol is known, and older clients have no ALPN.
 */
function onTls({ alpn }: TlsFacts, direct: boolean): Step {
  if (alpn === ALPN || (alpn === null && !direct)) return waits({ kind: 'inside' });
  return closing(`TLS without the protocol ${ALPN} (ALPN)`);
}

function onClient(hostname: string, state: PostgresFrontState, unread: Buffer): Step {
  switch (state.kind) {
    case 'clear':
      return inClear(hostname, state, unread);
    case 'inside':
      return inside(hostname, state, unread);
    case 'cancelling':
      return closing('the client said more than a request to cancel');
    case 'handshake':
    case 'connecting':
    case 'over':
      return waits(state);
  }
}

function inClear(
  hostname: string,
  state: Extract<PostgresFrontState, { kind: 'clear' }>,
  unread: Buffer,
): Step {
  if (unread[0] === TLS_HANDSHAKE) {
    // As with PostgreSQL itself: TLS without an SSLRequest begins a connection, or it does not come at all.
    if (state.declined) return closing('TLS without an SSLRequest, behind another request');
    return { state: { kind: 'handshake', direct: true }, used: 0, effects: [{ kind: 'startTls' }] };
  }
  const first = firstMessage(unread);
  switch (first.kind) {
    case 'more':
      return waits(state);
    case 'malformed':
      // As PostgreSQL itself, without a word: what came may be for any protocol.
      return closing(first.because);
    case 'gssencRequest':
      if (state.declined) return closing('asked for GSSAPI twice');
      return { state: { kind: 'clear', declined: true }, used: first.length, effects: [octet('N')] };
    case 'sslRequest':
      // CVE-2021-23214: what is behind it goes to the TLS engine, and nowhere else.
      return {
        state: { kind: 'handshake', direct: false },
        used: first.length,
        effects: [octet('S'), { kind: 'startTls' }],
      };
    case 'cancelRequest':
      // libpq before 17 cancels in clear whatever the connection is (PQcancel). The key in it is the backend's, for
      // this and nothing else: it is in clear on the path whether or not it is passed on.
      return {
        state: { kind: 'cancelling', request: new Uint8Array(unread.subarray(0, first.length)) },
        used: first.length,
        effects: [{ kind: 'connect', name: null }],
      };
    case 'startup':
      return closing(
        'login without TLS',
        fatal('28000', `${hostname} requires TLS: set sslmode=verify-full`),
      );
  }
}

function inside(hostname: string, state: PostgresFrontState, unread: Buffer): Step {
  const first = firstMessage(unread);
  switch (first.kind) {
    case 'more':
      return waits(state);
    case 'malformed':
      return closing(first.because);
    case 'sslRequest':
    case 'gssencRequest':
      return closing(
        'asked for TLS inside TLS',
        fatal('08P01', `${hostname}: the connection has TLS already`),
      );
    case 'cancelRequest':
    case 'startup':
      return {
        state: { kind: 'connecting', answers: first.kind === 'startup' },
        used: 0,
        effects: [{ kind: 'connect', name: null }],
      };
  }
}

/** In clear exactly the one message passes; the backend's end of the connection tells the client that it was seen to. */
function onConnected(state: PostgresFrontState): Step {
  if (state.kind === 'cancelling')
    return { state, used: 0, effects: [{ kind: 'toBackend', bytes: state.request }] };
  return { state: { kind: 'over' }, used: 0, effects: [{ kind: 'splice' }] };
}

/** In clear, and to a request to cancel, nothing is said: nobody could tell who said it, or nobody listens. */
function onEnd(state: PostgresFrontState, code: string, text: string, because: string): Step {
  const told = state.kind === 'inside' || (state.kind === 'connecting' && state.answers);
  return told ? closing(because, fatal(code, text)) : closing(because);
}

function closing(because: string, words?: Uint8Array): Step {
  const effects: GatewayEffect[] = words === undefined ? [] : [{ kind: 'toClient', bytes: words }];
  return { state: { kind: 'over' }, used: 0, effects: [...effects, { kind: 'close', because }] };
}

function octet(letter: 'S' | 'N'): GatewayEffect {
  return { kind: 'toClient', bytes: Buffer.from(letter, 'latin1') };
}

function waits(state: PostgresFrontState): Step {
  return { state, used: 0, effects: [] };
}
