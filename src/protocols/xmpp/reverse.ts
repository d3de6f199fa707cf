/**
 * The reverse of a gateway for XMPP: a plain client here, a server behind verified TLS there.
 *
 * The client speaks first, and its header names the domain that the server is asked for. Behind TLS that very header
 * begins the stream there. RFC 6120 §4.7.2, §5.4.3.3.
 */
import type { GatewayInput, GatewaySession, GatewayStep, ReverseRules } from '../../wire/gateway-session.ts';
import { headerOf, type Speaker } from './inside.ts';
import { formatError, isDomainText, readHeader, type StreamKind } from './stream.ts';
import type { Condition } from './token.ts';

/** Whether the client has said whom it wants. */
export type XmppReverseState = 'header' | 'connecting';

type Step = GatewayStep<XmppReverseState>;

/** Octets of a header. */
const MAX_HEADER = 4096;
const LESS_THAN = 0x3c;

/** @param kind who the client is: a client of the server, or a server. */
export function xmppReverse(
  rules: Pick<ReverseRules, 'hostname' | 'nonce'>,
  kind: StreamKind,
): GatewaySession<XmppReverseState> {
  const speaker: Speaker = { kind, hostname: rules.hostname, id: rules.nonce };
  return { initial: 'header', step: (state, input) => step(speaker, state, input) };
}

function step(speaker: Speaker, state: XmppReverseState, input: GatewayInput): Step {
  switch (input.kind) {
    case 'client':
      return state === 'header' ? onHeader(speaker, input.unread) : stay(state);
    case 'connected':
      // The header is unread still: it is the first that the server hears inside TLS.
      return { state, used: 0, effects: [{ kind: 'splice' }] };
    case 'unreachable':
      return end(speaker, state, 'remote-connection-failed', input.because);
    case 'timeout':
      return end(speaker, state, 'connection-timeout', 'the connection was idle for too long');
    case 'shutdown':
      return end(speaker, state, 'system-shutdown', 'the gateway is stopping');
    case 'opened':
    case 'secured':
    case 'backend':
      return stay(state);
  }
}

function onHeader(speaker: Speaker, unread: Uint8Array): Step {
  if (unread[0] !== LESS_THAN)
    return { state: 'header', used: 0, effects: [{ kind: 'close', because: 'the client sent no XML' }] };
  const header = readHeader(unread, speaker.kind, MAX_HEADER);
  if (header.kind === 'incomplete') return stay('header');
  if (header.kind === 'broken')
    return end(speaker, 'header', header.condition, `the client sent ${header.because}`);
  const { to } = header.value;
  if (to === null || !isDomainText(to))
    return end(speaker, 'header', 'improper-addressing', 'the client named no domain that it wants');
  return { state: 'connecting', used: 0, effects: [{ kind: 'connect', name: to }] };
}

/** RFC 6120 §4.9.1.2: an error needs a stream to stand in. */
function end(speaker: Speaker, state: XmppReverseState, condition: Condition, because: string): Step {
  const bytes = Buffer.from(`${headerOf(speaker)}${formatError(condition, because)}`);
  return {
    state,
    used: 0,
    effects: [
      { kind: 'toClient', bytes },
      { kind: 'close', because },
    ],
  };
}

function stay(state: XmppReverseState): Step {
  return { state, used: 0, effects: [] };
}
