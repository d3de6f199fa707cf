/**
 * The reverse of a gateway for LDAP: a plain client here, a directory behind verified TLS there.
 *
 * An LDAP server says nothing before it is asked, so there is nothing to greet with. RFC 4511 §4.4.1.
 */
import type { GatewayInput, GatewaySession, GatewayStep } from '../../wire/gateway-session.ts';
import { noticeOfDisconnection, results } from './messages.ts';

/** There is nothing to remember. */
export type LdapReverseState = null;

export function ldapReverse(): GatewaySession<LdapReverseState> {
  return { initial: null, step };
}

function step(_state: LdapReverseState, input: GatewayInput): GatewayStep<LdapReverseState> {
  switch (input.kind) {
    case 'opened':
      return { state: null, used: 0, effects: [{ kind: 'connect', name: null }] };
    case 'connected':
      return { state: null, used: 0, effects: [{ kind: 'splice' }] };
    case 'unreachable':
      return disconnect(results.unavailable, input.because);
    case 'timeout':
      return disconnect(results.adminLimitExceeded, 'the connection was idle for too long');
    case 'shutdown':
      return disconnect(results.unavailable, 'the gateway is stopping');
    case 'client':
    case 'backend':
    case 'secured':
      return { state: null, used: 0, effects: [] };
  }
}

function disconnect(code: number, because: string): GatewayStep<LdapReverseState> {
  const bytes = noticeOfDisconnection(code, because);
  return {
    state: null,
    used: 0,
    effects: [
      { kind: 'toClient', bytes },
      { kind: 'close', because },
    ],
  };
}
