/**
 * The reverse of a gateway for LDAP: a plain client here, a directory behind verified TLS there.
 *
 * An LDAP server says nothing before it is asked, so there is nothing to greet with; where the directory cannot be had,
 * the first request is answered with the reason, which clients show, and no Notice of Disconnection, which they do not.
 * RFC 4511 §4.1.9, §4.4.1.
 */
import type { GatewayInput, GatewaySession, GatewayStep } from '../../wire/gateway-session.ts';
import {
  formatResult,
  noticeOfDisconnection,
  operations,
  parseMessage,
  readMessageHead,
  responseTo,
  results,
} from './messages.ts';

export interface LdapReverseState {
  /** Why there is no directory; undefined as long as that is not known. */
  readonly because: string | undefined;
}

/** Of a first request that is read to be answered: more than any bind without a ticket. */
const MAX_REQUEST_BYTES = 16_384;

export function ldapReverse(): GatewaySession<LdapReverseState> {
  return { initial: { because: undefined }, step };
}

function step(state: LdapReverseState, input: GatewayInput): GatewayStep<LdapReverseState> {
  switch (input.kind) {
    case 'opened':
      return { state, used: 0, effects: [{ kind: 'connect', name: null }] };
    case 'connected':
      return { state, used: 0, effects: [{ kind: 'splice' }] };
    case 'unreachable':
      return { state: { because: input.because }, used: 0, effects: [] };
    case 'client':
      if (state.because === undefined) return { state, used: 0, effects: [] };
      return refuse(state, state.because, input.unread);
    case 'timeout':
      return state.because === undefined
        ? disconnect(state, results.adminLimitExceeded, 'the connection was idle for too long')
        : disconnect(state, results.unavailable, state.because);
    case 'shutdown':
      return disconnect(state, results.unavailable, 'the gateway is stopping');
    case 'backend':
    case 'secured':
      return { state, used: 0, effects: [] };
  }
}

/** Answers the first request; an unbind, and what is none, hears nothing but the end. */
function refuse(state: LdapReverseState, because: string, unread: Buffer): GatewayStep<LdapReverseState> {
  const head = readMessageHead(unread);
  const length = head.kind === 'head' ? head.headLength + head.length : undefined;
  const waits = head.kind === 'incomplete' || (length !== undefined && length > unread.length);
  if (waits && (length ?? 0) <= MAX_REQUEST_BYTES) return { state, used: 0, effects: [] };
  const message = length === undefined || waits ? undefined : parseMessage(unread.subarray(0, length));
  if (message === undefined) return disconnect(state, results.unavailable, because);
  const tag = responseTo[message.operation.tag];
  const used = length ?? 0;
  if (tag === undefined) {
    if (message.operation.tag !== operations.unbindRequest)
      return disconnect(state, results.unavailable, because);
    return { state, used, effects: [{ kind: 'close', because }] };
  }
  const bytes = formatResult(message.id, tag, results.unavailable, because);
  return {
    state,
    used,
    effects: [
      { kind: 'toClient', bytes },
      { kind: 'close', because },
    ],
  };
}

function disconnect(state: LdapReverseState, code: number, because: string): GatewayStep<LdapReverseState> {
  const bytes = noticeOfDisconnection(code, because);
  return {
    state,
    used: 0,
    effects: [
      { kind: 'toClient', bytes },
      { kind: 'close', because },
    ],
  };
}
