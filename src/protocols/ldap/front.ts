/**
 * The front of a gateway for LDAP: StartTLS, and inside TLS whatever the directory behind it says.
 *
 * In clear the directory is not even connected to. RFC 4511 §4.14, RFC 4513 §3.1.
 */
import type { GatewayEffect, GatewayInput, GatewaySession, GatewayStep } from '../../wire/gateway-session.ts';
import { answerInClear } from './clear.ts';
import { freshInside, fromBackend, fromClient, type Inside, type InsideStep, leave } from './inside.ts';
import { noticeOfDisconnection, parseMessage, readMessageHead, results } from './messages.ts';

export type LdapState =
  /** `requests`: how many there were. */
  | { readonly phase: 'clear'; readonly requests: number }
  /** The go-ahead is given: what is said now in clear would be a part of the handshake. */
  | { readonly phase: 'starting' }
  | { readonly phase: 'connecting' }
  | LdapInside;

interface LdapInside {
  readonly phase: 'inside';
  readonly inside: Inside;
}

type Step = GatewayStep<LdapState>;

/** Octets of a message in clear: what is of use there is short. */
const MAX_MESSAGE = 16_384;
/** Requests in clear. */
const MAX_REQUESTS = 100;

export function ldapFront(): GatewaySession<LdapState> {
  return { initial: { phase: 'clear', requests: 0 }, step };
}

function step(state: LdapState, input: GatewayInput): Step {
  switch (input.kind) {
    case 'opened':
      return input.tls === undefined ? stay(state) : connect();
    case 'secured':
      return connect();
    case 'connected':
      return stay({ phase: 'inside', inside: freshInside });
    case 'unreachable':
      // Where the directory is concerns nobody out there.
      return disconnect(state, results.unavailable, input.because, 'the directory cannot be reached');
    case 'timeout':
      return disconnect(state, results.adminLimitExceeded, 'the connection was idle for too long');
    case 'shutdown':
      return disconnect(state, results.unavailable, 'the gateway is stopping');
    case 'client':
      if (state.phase === 'clear') return onRequest(state, input.unread);
      return state.phase === 'inside' ? from(state, fromClient(state.inside, input.unread)) : stay(state);
    case 'backend':
      return state.phase === 'inside' ? from(state, fromBackend(state.inside, input.unread)) : stay(state);
  }
}

/** Nothing from before TLS is kept, which RFC 4513 §3.1.5 asks of clients; the directory sees a fresh connection. */
function connect(): Step {
  return { state: { phase: 'connecting' }, used: 0, effects: [{ kind: 'connect', name: null }] };
}

function onRequest(state: Extract<LdapState, { phase: 'clear' }>, unread: Uint8Array): Step {
  const head = readMessageHead(unread);
  if (head.kind === 'incomplete') return stay(state);
  // Not a word to what is no LDAP: it may be a browser that somebody sends here (ALPACA).
  if (head.kind === 'malformed') return close(state, `the client sent ${head.because}`);
  const length = head.headLength + head.length;
  if (length > MAX_MESSAGE)
    return disconnect(state, results.protocolError, `a request in clear longer than ${MAX_MESSAGE} octets`);
  if (unread.length < length) return stay(state);
  const message = parseMessage(unread.subarray(0, length));
  // RFC 4511 §4.1.1.1: 0 is for notifications of the server.
  if (message === undefined || message.id === 0)
    return disconnect(state, results.protocolError, 'the client sent no LDAP message');
  if (state.requests === MAX_REQUESTS)
    return disconnect(state, results.adminLimitExceeded, `more than ${MAX_REQUESTS} requests in clear`);

  const next: LdapState = { phase: 'clear', requests: state.requests + 1 };
  const answer = answerInClear(message);
  switch (answer.kind) {
    case 'answered':
      return { state: next, used: length, effects: answer.effects };
    case 'startTls': {
      const effects: readonly GatewayEffect[] = [
        { kind: 'toClient', bytes: answer.response },
        { kind: 'startTls' },
      ];
      return { state: { phase: 'starting' }, used: length, effects };
    }
    case 'unbound':
      return { ...close(next, 'the client left in clear'), used: length };
    case 'malformed':
      return disconnect(state, results.protocolError, `the client sent ${answer.because}`);
  }
}

/** RFC 4511 §4.4.1, §5.3: the notice, then the end. */
function disconnect(state: LdapState, code: number, because: string, text: string = because): Step {
  if (state.phase === 'inside') return from(state, leave(state.inside, code, because));
  if (state.phase === 'starting') return close(state, because);
  const bytes = noticeOfDisconnection(code, text);
  return {
    state,
    used: 0,
    effects: [
      { kind: 'toClient', bytes },
      { kind: 'close', because },
    ],
  };
}

/** The same state where nothing has changed: a session that waits says so by it. */
function from(state: LdapInside, { inside, used, effects }: InsideStep): Step {
  return { state: inside === state.inside ? state : { phase: 'inside', inside }, used, effects };
}

function close(state: LdapState, because: string): Step {
  return { state, used: 0, effects: [{ kind: 'close', because }] };
}

function stay(state: LdapState): Step {
  return { state, used: 0, effects: [] };
}
