/**
 * STARTTLS in front of a ManageSieve server that has none. RFC 5804 §1.2, §2.2.
 *
 * TLS is required, as everybody logs in. The greeting of the backend is what the client has to hear after the handshake
 * anyway: the capabilities, issued anew.
 */
import type { FrontRules, GatewayInput, GatewaySession } from '../../wire/gateway-session.ts';
import { clearCapabilities, onClearLine } from './clear.ts';
import { onBackendInside, onClientInside } from './inside.ts';
import { bye, hangUp, type SieveState, type SieveStep, say, waits } from './state.ts';

export function sieveFront(rules: FrontRules): GatewaySession<SieveState> {
  return {
    initial: { phase: 'clear', commands: 0, mechanism: null },
    step: (state, input) => step(rules, state, input),
  };
}

function step(rules: FrontRules, state: SieveState, input: GatewayInput): SieveStep {
  switch (input.kind) {
    case 'opened':
      return input.tls === undefined
        ? { state, used: 0, effects: [say(clearCapabilities(rules))] }
        : connect();
    case 'secured':
      return connect();
    case 'connected':
      return waits({ phase: 'greeting' });
    case 'unreachable':
      return bye(0, 'The server behind cannot be reached.', input.because, '(TRYLATER) ');
    case 'client':
      return state.phase === 'clear'
        ? onClearLine(rules, state, input.unread)
        : onClientInside(state, input.unread);
    case 'backend':
      return onBackendInside(state, input.unread);
    case 'timeout':
      return farewell(
        state,
        'You were silent or too slow for too long.',
        'was silent or too slow for too long',
      );
    case 'shutdown':
      return farewell(state, 'The service is stopping.', 'we are stopping');
  }
}

/** RFC 5804 §2.2: nothing that was said in clear counts inside TLS. */
function connect(): SieveStep {
  return { state: { phase: 'connecting' }, used: 0, effects: [{ kind: 'connect', name: null }] };
}

function farewell({ phase }: SieveState, text: string, because: string): SieveStep {
  return phase === 'starting-tls' ? hangUp(0, because) : bye(0, text, because, '(TRYLATER) ');
}
