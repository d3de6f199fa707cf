/** Where a session in front of a ManageSieve server stands, and how it speaks. */
import type { GatewayEffect, GatewayStep } from '../../wire/gateway-session.ts';
import { writeString } from './line.ts';

export type SieveState =
  /** `mechanism`: of a login that was refused a moment ago, whose next message may be on its way. */
  | { readonly phase: 'clear'; readonly commands: number; readonly mechanism: string | null }
  | { readonly phase: 'starting-tls' }
  | { readonly phase: 'connecting' }
  /** The backend lists what it can do; the client hears it. */
  | { readonly phase: 'greeting' }
  | { readonly phase: 'idle' }
  /** A command is with the backend. */
  | { readonly phase: 'answering'; readonly command: 'capability' | 'login' | 'other' }
  /** The backend waits for the client's next message of the login. */
  | { readonly phase: 'challenged' }
  | { readonly phase: 'over' };

export type SieveStep = GatewayStep<SieveState>;

export function waits(state: SieveState): SieveStep {
  return { state, used: 0, effects: [] };
}

/** @param text of ManageSieve, without the last CRLF. */
export function say(text: string): GatewayEffect {
  return { kind: 'toClient', bytes: Buffer.from(`${text}\r\n`, 'latin1') };
}

export function pass(to: 'toClient' | 'toBackend', bytes: Buffer): GatewayEffect {
  return { kind: to, bytes };
}

/** RFC 5804 §1.2: BYE says why the connection is closed. @param because for the event. */
export function bye(used: number, text: string, because: string, code = ''): SieveStep {
  const effects: GatewayEffect[] = [say(`BYE ${code}${writeString(printableText(text))}`)];
  return { state: { phase: 'over' }, used, effects: [...effects, { kind: 'close', because }] };
}

/** Closes without a word: nothing may be said in clear behind the go-ahead. */
export function hangUp(used: number, because: string): SieveStep {
  return { state: { phase: 'over' }, used, effects: [{ kind: 'close', because }] };
}

/** So that it is one line of a bounded length, whatever it quotes. */
function printableText(text: string): string {
  return text.slice(0, 500).replace(/[^\x20-\x7e]/g, '?');
}
