/**
 * A gateway in front of an IMAP server that has no TLS. RFC 9051, RFC 3501, RFC 2595.
 *
 * In clear it answers by itself, and the backend is not even connected to. Inside TLS it follows the commands until
 * somebody is logged in, when STARTTLS is over for good; from there on octets pass unseen.
 */
import type { FrontRules, GatewaySession } from '../../wire/gateway-session.ts';
import { greet, onClientInClear } from './clear.ts';
import { onBackendInside, onClientInside, onGreeting } from './inside.ts';
import { bye, type ImapFrontState, type ImapFrontStep, waits } from './state.ts';

export function imapFront(rules: FrontRules): GatewaySession<ImapFrontState> {
  return {
    initial: { at: 'clear', commands: 0, skip: undefined },
    step(state, input): ImapFrontStep {
      switch (input.kind) {
        case 'opened':
          return input.tls === undefined ? { state, used: 0, effects: [greet(rules)] } : connect(false);
        case 'secured':
          return connect(true);
        case 'connected':
          return state.at === 'connecting' ? waits({ ...state, at: 'greeting' }) : waits(state);
        case 'client':
          return onClient(rules, state, input.unread);
        case 'backend':
          return onBackend(state, input.unread);
        case 'unreachable':
          return bye(state, 0, '[UNAVAILABLE] The mail server cannot be reached', input.because);
        case 'timeout':
          return farewell(
            state,
            'You were silent or too slow for too long',
            'was silent or too slow for too long',
          );
        case 'shutdown':
          return farewell(state, `[UNAVAILABLE] ${rules.hostname} is stopping`, 'we are stopping');
      }
    },
  };
}

/** Everything is made anew: of what was said in clear nothing is left but that there was a greeting. */
function connect(greeted: boolean): ImapFrontStep {
  return { state: { at: 'connecting', greeted }, used: 0, effects: [{ kind: 'connect', name: null }] };
}

function onClient(rules: FrontRules, state: ImapFrontState, unread: Buffer): ImapFrontStep {
  if (state.at === 'clear') return onClientInClear(rules, state, unread);
  return state.at === 'inside' ? onClientInside(state, unread) : waits(state);
}

function onBackend(state: ImapFrontState, unread: Buffer): ImapFrontStep {
  if (state.at === 'greeting') return onGreeting(state, unread);
  return state.at === 'inside' ? onBackendInside(state, unread) : waits(state);
}

/** While TLS is being brought up nothing can be said. */
function farewell(state: ImapFrontState, text: string, because: string): ImapFrontStep {
  if (state.at === 'starting-tls') return { state, used: 0, effects: [{ kind: 'close', because }] };
  return bye(state, 0, text, because);
}
