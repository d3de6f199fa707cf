/**
 * A plain PostgreSQL client on this host, and a server that it reaches over TLS only.
 *
 * PostgreSQL's documentation, "Frontend/Backend Protocol": "Message Flow", "SASL Authentication".
 */
import type {
  GatewayEffect,
  GatewayInput,
  GatewaySession,
  GatewayStep,
  ReverseRules,
} from '../../wire/gateway-session.ts';
import { withoutChannelBinding } from './authentication.ts';
import { fatal, firstMessage } from './messages.ts';

/** Where the conversation stands. */
export type PostgresReverseState =
  /** Which kinds of encryption the client was told not to have here. */
  | { readonly kind: 'asked'; readonly declined: readonly string[] }
  | { readonly kind: 'connecting'; readonly startup: Uint8Array }
  /** A request to cancel waits, unread, for the connection; it is never answered. */
  | { readonly kind: 'cancelling' }
  /** The server is to say how the client has to log in. */
  | { readonly kind: 'answering' }
  | { readonly kind: 'over' };

type Step = GatewayStep<PostgresReverseState>;

/** The session of one client. */
export function postgresReverse({ hostname }: ReverseRules): GatewaySession<PostgresReverseState> {
  return {
    initial: { kind: 'asked', declined: [] },
    step: (state, input) => step(hostname, state, input),
  };
}

function step(hostname: string, state: PostgresReverseState, input: GatewayInput): Step {
  switch (input.kind) {
    case 'opened':
    case 'secured':
      return waits(state);
    case 'client':
      return state.kind === 'asked' ? onFirstMessage(hostname, state, input.unread) : waits(state);
    case 'connected':
      return onConnected(state);
    case 'backend':
      return state.kind === 'answering' ? onAnswer(hostname, state, input.unread) : waits(state);
    case 'unreachable':
      return onEnd(state, '08006', `${hostname}: ${input.because}`, input.because);
    case 'timeout':
      return onEnd(state, '08006', `${hostname} closes the connection: it takes too long`, 'too slow');
    case 'shutdown':
      return onEnd(state, '57P01', `${hostname} is shutting down`, 'shutting down');
  }
}

function onFirstMessage(
  hostname: string,
  state: Extract<PostgresReverseState, { kind: 'asked' }>,
  unread: Buffer,
): Step {
  const first = firstMessage(unread);
  switch (first.kind) {
    case 'more':
      return waits(state);
    case 'malformed':
      return closing(first.because);
    case 'sslRequest':
    case 'gssencRequest': {
      const { declined } = state;
      if (declined.includes(first.kind)) {
        const because = 'asked twice for the same encryption';
        return closing(because, fatal('08P01', `${hostname}: you ${because}`));
      }
      const effects: GatewayEffect[] = [{ kind: 'toClient', bytes: Buffer.from('N', 'latin1') }];
      return { state: { kind: 'asked', declined: [...declined, first.kind] }, used: first.length, effects };
    }
    case 'cancelRequest':
      return connect({ kind: 'cancelling' }, 0);
    case 'startup': {
      const startup = new Uint8Array(unread.subarray(0, first.length));
      return connect({ kind: 'connecting', startup }, first.length);
    }
  }
}

function connect(state: PostgresReverseState, used: number): Step {
  return { state, used, effects: [{ kind: 'connect', name: null }] };
}

function onConnected(state: PostgresReverseState): Step {
  if (state.kind !== 'connecting') return { state: { kind: 'over' }, used: 0, effects: [{ kind: 'splice' }] };
  const effects: GatewayEffect[] = [{ kind: 'toBackend', bytes: state.startup }];
  return { state: { kind: 'answering' }, used: 0, effects };
}

function onAnswer(hostname: string, state: PostgresReverseState, unread: Buffer): Step {
  const answer = withoutChannelBinding(unread);
  switch (answer.kind) {
    case 'more':
      return waits(state);
    case 'before':
      return { state, used: answer.length, effects: [{ kind: 'toClient', bytes: answer.bytes }] };
    case 'request':
      return {
        state: { kind: 'over' },
        used: answer.length,
        effects: [{ kind: 'toClient', bytes: answer.bytes }, { kind: 'splice' }],
      };
    case 'other':
      return { state: { kind: 'over' }, used: 0, effects: [{ kind: 'splice' }] };
    case 'impossible':
      return closing(answer.because, fatal('28000', `${hostname}: the server ${answer.because}`));
  }
}

/** To a request to cancel nothing is ever answered. */
function onEnd(state: PostgresReverseState, code: string, text: string, because: string): Step {
  return state.kind === 'cancelling' ? closing(because) : closing(because, fatal(code, text));
}

function closing(because: string, words?: Uint8Array): Step {
  const effects: GatewayEffect[] = words === undefined ? [] : [{ kind: 'toClient', bytes: words }];
  return { state: { kind: 'over' }, used: 0, effects: [...effects, { kind: 'close', because }] };
}

function waits(state: PostgresReverseState): Step {
  return { state, used: 0, effects: [] };
}
