/** A plain client of this host and a POP3 server to which verified TLS was brought up. RFC 1939 §4, RFC 3206. */
import { printable } from '../../wire/dialogue.ts';
import type { GatewaySession, ReverseRules } from '../../wire/gateway-session.ts';
import { say } from './state.ts';

/** Waits for the upstream; the client's part is to wait for a greeting. */
type Waiting = 'waiting';

/** The server's greeting is spent, and with it the timestamp of APOP, which was said in clear. */
export function pop3Reverse({ hostname }: ReverseRules): GatewaySession<Waiting> {
  const end = (text: string, because: string) =>
    [say(`-ERR [SYS/TEMP] ${text}`), { kind: 'close', because }] as const;
  return {
    initial: 'waiting',
    step(state, input) {
      switch (input.kind) {
        case 'opened':
          return { state, used: 0, effects: [{ kind: 'connect', name: null }] };
        case 'connected':
          return { state, used: 0, effects: [say(`+OK ${hostname} ready`), { kind: 'splice' }] };
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
