/**
 * The front of a gateway for XMPP: STARTTLS, and inside TLS whatever the server behind it says.
 *
 * In clear the server is not even connected to. RFC 6120 §5, RFC 7590.
 */
import type { FrontRules, GatewayInput, GatewaySession, GatewayStep } from '../../wire/gateway-session.ts';
import { type Clear, inClear, leaveClear } from './clear.ts';
import {
  freshInside,
  fromBackend,
  fromClient,
  headerOf,
  type Inside,
  type InsideStep,
  leave,
  type Speaker,
} from './inside.ts';
import { formatError, type StreamKind } from './stream.ts';
import type { Condition } from './token.ts';

export type XmppState =
  | { readonly phase: 'clear'; readonly clear: Clear }
  /** The go-ahead is given: what is said now in clear would be a part of the handshake. */
  | { readonly phase: 'starting' }
  | { readonly phase: 'connecting' }
  | XmppInside;

interface XmppInside {
  readonly phase: 'inside';
  readonly inside: Inside;
}

type Step = GatewayStep<XmppState>;

/** @param kind who the clients are: clients of a server, or other servers. */
export function xmppFront(
  rules: Pick<FrontRules, 'hostname' | 'nonce'>,
  kind: StreamKind,
): GatewaySession<XmppState> {
  const speaker: Speaker = { kind, hostname: rules.hostname, id: rules.nonce };
  return {
    initial: { phase: 'clear', clear: { at: 'header' } },
    step: (state, input) => step(speaker, state, input),
  };
}

function step(speaker: Speaker, state: XmppState, input: GatewayInput): Step {
  switch (input.kind) {
    case 'opened':
      return input.tls === undefined ? stay(state) : connect();
    case 'secured':
      return connect();
    case 'connected':
      return stay({ phase: 'inside', inside: freshInside });
    case 'unreachable':
      // Where the server is concerns nobody out there.
      return end(speaker, state, 'remote-connection-failed', input.because, 'the server cannot be reached');
    case 'timeout':
      return end(speaker, state, 'connection-timeout', 'the connection was idle for too long');
    case 'shutdown':
      return end(speaker, state, 'system-shutdown', 'the gateway is stopping');
    case 'client':
      if (state.phase === 'clear') {
        const { clear, used, effects } = inClear(speaker, state.clear, input.unread);
        const starts = effects.at(-1)?.kind === 'startTls';
        return { state: starts ? { phase: 'starting' } : { phase: 'clear', clear }, used, effects };
      }
      return state.phase === 'inside' ? within(fromClient(speaker, state.inside, input.unread)) : stay(state);
    case 'backend':
      return state.phase === 'inside'
        ? within(fromBackend(speaker, state.inside, input.unread))
        : stay(state);
  }
}

/** RFC 6120 §5.4.3.3: what was known of the stream in clear is discarded, and a new one begins. */
function connect(): Step {
  return { state: { phase: 'connecting' }, used: 0, effects: [{ kind: 'connect', name: null }] };
}

function end(
  speaker: Speaker,
  state: XmppState,
  condition: Condition,
  because: string,
  text: string = because,
): Step {
  switch (state.phase) {
    case 'clear': {
      const { effects } = leaveClear(speaker, state.clear, condition, because);
      return { state, used: 0, effects };
    }
    case 'starting':
      return { state, used: 0, effects: [{ kind: 'close', because }] };
    case 'connecting': {
      const bytes = Buffer.from(`${headerOf(speaker)}${formatError(condition, text)}`);
      return {
        state,
        used: 0,
        effects: [
          { kind: 'toClient', bytes },
          { kind: 'close', because },
        ],
      };
    }
    case 'inside':
      return within(leave(speaker, state.inside, condition, because));
  }
}

function within({ inside, used, effects }: InsideStep): Step {
  return { state: { phase: 'inside', inside }, used, effects };
}

function stay(state: XmppState): Step {
  return { state, used: 0, effects: [] };
}
