/** The reverse of a gateway for NNTP: a plain client here, a server behind verified TLS there. RFC 3977 §5.1. */
import type { GatewayInput, GatewaySession, GatewayStep, ReverseRules } from '../../wire/gateway-session.ts';
import { hasCapability } from './response.ts';

/** There is nothing to remember. */
export type NntpReverseState = null;

export function nntpReverse({ hostname }: Pick<ReverseRules, 'hostname'>): GatewaySession<NntpReverseState> {
  return { initial: null, step: (_state, input) => step(hostname, input) };
}

function step(hostname: string, input: GatewayInput): GatewayStep<NntpReverseState> {
  switch (input.kind) {
    case 'opened':
      return { state: null, used: 0, effects: [{ kind: 'connect', name: null }] };
    case 'connected': {
      // Inside TLS there is no greeting: whether one may post is said by the capability (RFC 3977 §5.2.2), or cannot be
      // said yet, where a login or MODE READER is to come. A client that hears 201 may never try.
      const offers = input.upstream?.inside ?? [];
      const mayPost = ['POST', 'AUTHINFO', 'MODE-READER'].some((label) => hasCapability(offers, label));
      const bytes = line(mayPost ? `200 ${hostname} ready, posting allowed` : `201 ${hostname} ready`);
      return { state: null, used: 0, effects: [{ kind: 'toClient', bytes }, { kind: 'splice' }] };
    }
    case 'unreachable':
      return close(input.because, `400 ${hostname}: ${input.because}`);
    case 'timeout':
      // RFC 3977 §3.1: without a word.
      return {
        state: null,
        used: 0,
        effects: [{ kind: 'close', because: 'was silent or too slow for too long' }],
      };
    case 'shutdown':
      return close('we are stopping', `400 ${hostname} closing: the service is stopping`);
    case 'client':
    case 'backend':
    case 'secured':
      return { state: null, used: 0, effects: [] };
  }
}

function close(because: string, text: string): GatewayStep<NntpReverseState> {
  return {
    state: null,
    used: 0,
    effects: [
      { kind: 'toClient', bytes: line(text) },
      { kind: 'close', because },
    ],
  };
}

/** Cut to what a response line may hold (RFC 3977 §3.1: 512 octets). */
function line(text: string): Buffer {
  return Buffer.from(`${text.replace(/[^\x20-\x7e]/g, '?').slice(0, 510)}\r\n`, 'latin1');
}
