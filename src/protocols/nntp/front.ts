/**
 * STARTTLS in front of a news server that has none. RFC 4642.
 *
 * TLS is required, as there are logins. After the upgrade the backend sees a connection on which nothing was said; the
 * client, which has had its greeting, hears none.
 */
import type { FrontRules, GatewayInput, GatewaySession } from '../../wire/gateway-session.ts';
import { nextLine } from '../../wire/next-line.ts';
import { beforeAnything, greeting, onClearLine } from './clear.ts';
import { fresh, onBackendInside, onClientInside } from './inside.ts';
import { close, isBetweenLines, type NntpState, type NntpStep, say, waits } from './state.ts';

const MAX_GREETING_BYTES = 2048;

export function nntpFront(rules: FrontRules): GatewaySession<NntpState> {
  return { initial: beforeAnything, step: (state, input) => step(rules, state, input) };
}

function step(rules: FrontRules, state: NntpState, input: GatewayInput): NntpStep {
  switch (input.kind) {
    case 'opened':
      if (input.tls !== undefined) return connect(true);
      return { state, used: 0, effects: [say(greeting(rules))] };
    case 'secured':
      return connect(false);
    case 'connected':
      return waits({ phase: 'greeting', greets: state.phase === 'connecting' && state.greets });
    case 'unreachable': {
      const greets = state.phase === 'connecting' && state.greets;
      return gone(rules, greets, input.because);
    }
    case 'client':
      return onClient(rules, state, input.unread);
    case 'backend':
      return onBackend(rules, state, input.unread);
    case 'timeout':
      // RFC 3977 §3.1: "the server SHOULD close the connection without sending any response to the client".
      return close(0, 'was silent or too slow for too long');
    case 'shutdown':
      if (state.phase === 'starting-tls' || !isBetweenLines(state)) return close(0, 'we are stopping');
      return close(0, 'we are stopping', `400 ${rules.hostname} closing: the service is stopping`);
  }
}

/** RFC 4642 §2.2.2: what was said before TLS is forgotten, here and, as it never heard of it, by the backend. */
function connect(greets: boolean): NntpStep {
  return { state: { phase: 'connecting', greets }, used: 0, effects: [{ kind: 'connect', name: null }] };
}

/** RFC 3977 §3.2.1: 400 is the answer to the next command; where there was no greeting yet, it is the greeting. */
function gone(rules: FrontRules, greets: boolean, because: string): NntpStep {
  return greets ? close(0, because, unavailable(rules)) : waits({ phase: 'gone', because });
}

function unavailable({ hostname }: FrontRules): string {
  return `400 ${hostname} closing: the server behind cannot be reached`;
}

function onClient(rules: FrontRules, state: NntpState, unread: Buffer): NntpStep {
  switch (state.phase) {
    case 'clear':
      return onClearLine(rules, state, unread);
    case 'gone':
      return close(unread.length, state.because, unavailable(rules));
    case 'inside':
      return onClientInside(state, unread);
    default:
      return waits(state);
  }
}

function onBackend(rules: FrontRules, state: NntpState, unread: Buffer): NntpStep {
  if (state.phase === 'inside') return onBackendInside(state, unread);
  if (state.phase !== 'greeting') return { state, used: unread.length, effects: [] };
  const next = nextLine(unread, MAX_GREETING_BYTES);
  if (next.kind === 'more') return waits(state);
  const code = next.kind === 'line' ? /^(200|201|400|502)(?: |$)/.exec(next.line)?.[1] : undefined;
  if (next.kind === 'bad' || code === undefined)
    return gone(rules, state.greets, 'the server behind does not greet as a news server does');
  if (code === '400' || code === '502') {
    const because = `the server behind refuses: ${next.line}`;
    return state.greets
      ? close(next.used, because, next.line)
      : { ...gone(rules, false, because), used: next.used };
  }
  return { state: fresh, used: next.used, effects: state.greets ? [say(next.line)] : [] };
}
