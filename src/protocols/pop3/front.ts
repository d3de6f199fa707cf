/**
 * A gateway in front of a POP3 server that has no TLS. RFC 1939, RFC 2449, RFC 2595.
 *
 * In clear it answers by itself, and the backend is not even connected to. Inside TLS it follows the commands until
 * somebody is logged in, when STLS is over for good; from there on octets pass unseen.
 */
import type { FrontRules, GatewaySession } from '../../wire/gateway-session.ts';
import { onClientInClear } from './clear.ts';
import { gone, onBackendInside, onClientInside, onGreeting, UNREACHABLE } from './inside.ts';
import { closing, type Pop3FrontState, type Pop3FrontStep, say, waits } from './state.ts';

export function pop3Front(rules: FrontRules): GatewaySession<Pop3FrontState> {
  return {
    initial: { at: 'clear', commands: 0, named: false },
    step(state, input): Pop3FrontStep {
      switch (input.kind) {
        case 'opened':
          if (input.tls !== undefined) return connect(false);
          return { state, used: 0, effects: [say(`+OK ${rules.hostname} ready, STLS has to come first`)] };
        case 'secured':
          return connect(true);
        case 'connected':
          return state.at === 'connecting' ? waits({ ...state, at: 'greeting' }) : waits(state);
        case 'client':
          return onClient(rules, state, input.unread);
        case 'backend':
          return onBackend(state, input.unread);
        case 'unreachable':
          return state.at === 'connecting' ? gone(state, 0, UNREACHABLE, input.because) : waits(state);
        case 'timeout':
          return farewell(state, 'It took too long', 'was silent or too slow for too long');
        case 'shutdown':
          return farewell(state, `${rules.hostname} is stopping`, 'we are stopping');
      }
    },
  };
}

/** Everything is made anew: of what was said in clear nothing is left but that there was a greeting. */
function connect(greeted: boolean): Pop3FrontStep {
  return { state: { at: 'connecting', greeted }, used: 0, effects: [{ kind: 'connect', name: null }] };
}

function onClient(rules: FrontRules, state: Pop3FrontState, unread: Buffer): Pop3FrontStep {
  switch (state.at) {
    case 'clear':
      return onClientInClear(rules, state, unread);
    case 'inside':
      return onClientInside(state, unread);
    case 'gone':
      return unread.includes('\n')
        ? closing(state, unread.indexOf('\n') + 1, state.answer, state.because)
        : waits(state);
    default:
      return waits(state);
  }
}

function onBackend(state: Pop3FrontState, unread: Buffer): Pop3FrontStep {
  if (state.at === 'greeting') return onGreeting(state, unread);
  return state.at === 'inside' ? onBackendInside(state, unread) : waits(state);
}

/**
 * RFC 1939 §3: an idle server closes "without … sending any response to the client"; nothing would ask for one. Where
 * a greeting or an answer is owed, it says why there is none.
 */
function farewell(state: Pop3FrontState, text: string, because: string): Pop3FrontStep {
  return closing(state, 0, isOwed(state) ? `-ERR [SYS/TEMP] ${text}` : undefined, because);
}

function isOwed(state: Pop3FrontState): boolean {
  if (state.at === 'inside') return state.command?.next === 'answer';
  return (state.at === 'connecting' || state.at === 'greeting') && !state.greeted;
}
