/** Where a session in front of a news server stands, and how it speaks. */
import type { GatewayEffect, GatewayStep } from '../../wire/gateway-session.ts';
import { isHttpRequest } from '../http-request.ts';

export type NntpState =
  /** `user` and `mechanism`: of a login that was refused a moment ago, whose secret may be on its way. */
  | {
      readonly phase: 'clear';
      readonly commands: number;
      readonly user: string | null;
      readonly mechanism: string | null;
    }
  | { readonly phase: 'starting-tls' }
  /** `greets`: the client has had no greeting yet, as TLS came first. */
  | { readonly phase: 'connecting' | 'greeting'; readonly greets: boolean }
  /** There is no backend, which the client hears as the answer to its next command. */
  | { readonly phase: 'gone'; readonly because: string }
  | Inside
  | { readonly phase: 'over' };

export interface Inside {
  readonly phase: 'inside';
  /** Commands that were not answered yet, in their order. */
  readonly pending: readonly Pending[];
  readonly client: ClientPart;
  readonly backend: BackendPart;
}

/** What has to be known of a command when its response comes; `starttls` is answered here. */
export type Pending = 'capabilities' | 'listgroup' | 'article' | 'login' | 'compress' | 'starttls' | 'other';

/** `held`: what comes next depends on the response. */
export type ClientPart =
  | { readonly kind: 'commands' | 'held' | 'login' }
  | { readonly kind: 'article'; readonly matched: number };

export type BackendPart =
  | { readonly kind: 'response' | 'capabilities' }
  | { readonly kind: 'block'; readonly matched: number };

export type NntpStep = GatewayStep<NntpState>;

export function waits(state: NntpState): NntpStep {
  return { state, used: 0, effects: [] };
}

export function say(...lines: readonly string[]): GatewayEffect {
  return { kind: 'toClient', bytes: Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1') };
}

/** Whether the client would take a line of ours for one: within a block it would be a part of that. */
export function isBetweenLines(state: NntpState): boolean {
  return state.phase !== 'inside' || state.backend.kind === 'response';
}

/** @param because for the event. @param line the last that the client hears; undefined: nothing. */
export function close(used: number, because: string, line?: string): NntpStep {
  const effects: GatewayEffect[] = line === undefined ? [] : [say(line)];
  return { state: { phase: 'over' }, used, effects: [...effects, { kind: 'close', because }] };
}

/** The keyword of a command, in capitals, and its arguments (RFC 3977 §3.1). */
export function wordsOf(line: string): readonly [string, ...string[]] {
  const [keyword = '', ...rest] = line.split(/[ \t]+/);
  return [keyword.toUpperCase(), ...rest];
}

/** The one method of HTTP that is a command here, and its argument (RFC 3977 §6.2.2). */
const HEAD = /^HEAD (?:<|[0-9])/i;

/** Whether a command is a request of HTTP; POST has no arguments here (RFC 3977 §6.3.1). */
export function isBrowser(line: string): boolean {
  return isHttpRequest(line) && !HEAD.test(line);
}
