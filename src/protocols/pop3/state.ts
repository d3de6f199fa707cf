/** What a gateway in front of a POP3 server knows of one connection. */
import type { GatewayEffect, GatewayStep } from '../../wire/gateway-session.ts';

export type Pop3FrontState =
  | Clear
  | { readonly at: 'starting-tls' }
  /** `greeted`: the client has had its greeting in clear; the backend's is not for it. */
  | { readonly at: 'connecting' | 'greeting'; readonly greeted: boolean }
  /** There is no backend: the answer to the next command says so. */
  | { readonly at: 'gone'; readonly answer: string; readonly because: string }
  | Inside;

/** Nobody but the gateway answers. */
export interface Clear {
  readonly at: 'clear';
  readonly commands: number;
  /** USER was said, and reported: the PASS behind it belongs to the same login. */
  readonly named: boolean;
}

/** Commands go to the backend one by one until somebody is logged in. */
export interface Inside {
  readonly at: 'inside';
  /** Whether the first command has come: a browser's would be its request. */
  readonly begun: boolean;
  readonly command: Pending | undefined;
}

/** The command under way. */
export interface Pending {
  readonly name: string;
  readonly logsIn: boolean;
  readonly lists: boolean;
  /**
   * What comes next: the backend's answer, the lines of its list, or the client's response to a challenge, up to its
   * line end and of any length. `responding`: some of it has come.
   */
  readonly next: 'answer' | 'list' | 'response' | 'responding';
  /** The backend's answer came while the client was responding. */
  readonly answered: boolean;
}

export type Pop3FrontStep = GatewayStep<Pop3FrontState>;

export function waits(state: Pop3FrontState): Pop3FrontStep {
  return { state, used: 0, effects: [] };
}

/** @param line without its CRLF. */
export function say(line: string): GatewayEffect {
  return { kind: 'toClient', bytes: Buffer.from(`${line}\r\n`, 'latin1') };
}

export function closing(
  state: Pop3FrontState,
  used: number,
  answer: string | undefined,
  because: string,
): Pop3FrontStep {
  const said = answer === undefined ? [] : [say(answer)];
  return { state, used, effects: [...said, { kind: 'close', because }] };
}
