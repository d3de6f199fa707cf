/** The reverse of a gateway for ManageSieve: a plain client here, a server behind verified TLS there. RFC 5804 §1.2. */
import type { GatewayInput, GatewaySession, GatewayStep, ReverseRules } from '../../wire/gateway-session.ts';
import { writeString } from './line.ts';

/** There is nothing to remember. */
export type SieveReverseState = null;

export function sieveReverse({
  hostname,
}: Pick<ReverseRules, 'hostname'>): GatewaySession<SieveReverseState> {
  return { initial: null, step: (_state, input) => step(hostname, input) };
}

function step(hostname: string, input: GatewayInput): GatewayStep<SieveReverseState> {
  switch (input.kind) {
    case 'opened':
      return { state: null, used: 0, effects: [{ kind: 'connect', name: null }] };
    case 'connected': {
      // The client is not to begin TLS of its own.
      const offers = input.upstream?.inside.filter((line) => !/^"STARTTLS"/i.test(line)) ?? [];
      const bytes = Buffer.from([...offers, 'OK', ''].join('\r\n'), 'latin1');
      return { state: null, used: 0, effects: [{ kind: 'toClient', bytes }, { kind: 'splice' }] };
    }
    case 'unreachable':
      return bye(input.because, input.because);
    case 'timeout':
      return bye(
        `${hostname}: you were silent or too slow for too long`,
        'was silent or too slow for too long',
      );
    case 'shutdown':
      return bye(`${hostname} is stopping`, 'we are stopping');
    case 'client':
    case 'backend':
    case 'secured':
      return { state: null, used: 0, effects: [] };
  }
}

function bye(text: string, because: string): GatewayStep<SieveReverseState> {
  const shown = writeString(text.slice(0, 500).replace(/[^\x20-\x7e]/g, '?'));
  const bytes = Buffer.from(`BYE (TRYLATER) ${shown}\r\n`, 'latin1');
  return {
    state: null,
    used: 0,
    effects: [
      { kind: 'toClient', bytes },
      { kind: 'close', because },
    ],
  };
}
