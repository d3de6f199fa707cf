/** A plain client of this host and an IMAP server to which verified TLS was brought up. RFC 9051 §7.1. */
import { printable } from '../../wire/dialogue.ts';
import type { GatewaySession, ReverseRules } from '../../wire/gateway-session.ts';
import { say } from './state.ts';

/** Waits for the upstream; the client's part is to wait for a greeting. */
type Waiting = 'waiting';

/** The greeting says what the server offers inside TLS; the server's own is spent, and was said in clear. */
export function imapReverse({ hostname }: ReverseRules): GatewaySession<Waiting> {
  const end = (text: string, because: string) =>
    [say(`* BYE [UNAVAILABLE] ${text}`), { kind: 'close', because }] as const;
  return {
    initial: 'waiting',
    step(state, input) {
      switch (input.kind) {
        case 'opened':
          return { state, used: 0, effects: [{ kind: 'connect', name: null }] };
        case 'connected': {
          const inside = (input.upstream?.inside ?? []).filter((one) => one.toUpperCase() !== 'STARTTLS');
          const list = inside.length === 0 ? '' : `[CAPABILITY ${inside.join(' ')}] `;
          return { state, used: 0, effects: [say(`* OK ${list}${hostname} ready`), { kind: 'splice' }] };
        }
        case 'unreachable':
          return { state, used: 0, effects: end(printable(input.because), input.because) };
        case 'timeout':
          return { state, used: 0, effects: end('It took too long', 'was silent or too slow for too long') };
        case 'shutdown':
          return { state, used: 0, effects: end(`${hostname} is stopping`, 'we are stopping') };
        case 'client':
        case 'backend':
        case 'secured':
          return { state, used: 0, effects: [] };
      }
    },
  };
}
