/** A plain client of this host and a server of SMTP or LMTP to which verified TLS was brought up. RFC 3207. */
import type { GatewaySession, ReverseRules } from '../../../wire/gateway-session.ts';
import { formatReply } from '../reply.ts';

/** Waits for the upstream; the client's part is to wait for a greeting. */
type Waiting = 'waiting';

/** For SMTP and submission. */
export function smtpReverse(rules: ReverseRules): GatewaySession<Waiting> {
  return reverse(rules, 'ESMTP');
}

export function lmtpReverse(rules: ReverseRules): GatewaySession<Waiting> {
  return reverse(rules, 'LMTP');
}

/** The server was greeted and asked for its offers already; EHLO once more begins anew (RFC 5321 §4.1.4). */
function reverse({ hostname }: ReverseRules, service: 'ESMTP' | 'LMTP'): GatewaySession<Waiting> {
  const reply = (code: number, enhanced: string | null, text: string) =>
    ({ kind: 'toClient', bytes: Buffer.from(formatReply(code, enhanced, text), 'latin1') }) as const;
  const end = (code: number, enhanced: string, text: string, because: string) =>
    [reply(code, enhanced, `${hostname} closing: ${text}`), { kind: 'close', because }] as const;
  return {
    initial: 'waiting',
    step(state, input) {
      switch (input.kind) {
        case 'opened':
          return { state, used: 0, effects: [{ kind: 'connect', name: null }] };
        case 'connected':
          return {
            state,
            used: 0,
            effects: [reply(220, null, `${hostname} ${service}`), { kind: 'splice' }],
          };
        case 'unreachable':
          return { state, used: 0, effects: end(421, '4.4.1', input.because, input.because) };
        case 'timeout':
          return {
            state,
            used: 0,
            effects: end(421, '4.4.2', 'it took too long', 'was silent or too slow for too long'),
          };
        case 'shutdown':
          return { state, used: 0, effects: end(421, '4.3.2', 'the service is stopping', 'we are stopping') };
        case 'client':
        case 'backend':
        case 'secured':
          return { state, used: 0, effects: [] };
      }
    },
  };
}
