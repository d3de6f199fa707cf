/** What a gateway in front of an IMAP server knows of one connection. */
import type { GatewayEffect, GatewayStep } from '../../wire/gateway-session.ts';

export type ImapFrontState =
  | Clear
  | { readonly at: 'starting-tls' }
  /** `greeted`: the client has had its greeting in clear; the backend's is not for it. */
  | { readonly at: 'connecting' | 'greeting'; readonly greeted: boolean }
  | Inside;

/** Nobody but the gateway answers. */
export interface Clear {
  readonly at: 'clear';
  readonly commands: number;
  /** The rest of a command that is refused already: octets of its literal, and how many octets it may have in all. */
  readonly skip: { readonly literal: number; readonly allowed: number } | undefined;
}

/** Commands go to the backend one by one until somebody is logged in. */
export interface Inside {
  readonly at: 'inside';
  /** Whether the client had its greeting in clear: before its first command inside, nothing is an answer. */
  readonly greeted: boolean;
  /** Whether the first command has come: a browser's would be its request. */
  readonly begun: boolean;
  readonly command: Pending | undefined;
  readonly reply: Reply;
  /** Whether it was told that the backend says LOGINDISABLED. */
  readonly warned: boolean;
}

/** The command under way. */
export interface Pending {
  readonly tag: string;
  readonly logsIn: boolean;
  readonly next: Next;
  /** The backend's answer came before the command was complete. */
  readonly answered: boolean;
}

/** What comes next of a command. */
export type Next =
  /** The backend's word: its answer, or `+`, upon which the client says its literal, else one line. */
  | { readonly kind: 'backend'; readonly literal: number | undefined }
  /** So many octets of a literal. */
  | { readonly kind: 'literal'; readonly octets: number }
  /** The line behind a literal. */
  | { readonly kind: 'rest' }
  /** A response of the login, up to its line end and of any length. */
  | { readonly kind: 'response'; readonly begun: boolean };

/** What comes next of the backend: a response, octets of a literal in it, or the line behind one. */
type Reply = { readonly kind: 'response' | 'rest' } | { readonly kind: 'literal'; readonly octets: number };

export type ImapFrontStep = GatewayStep<ImapFrontState>;

export function waits(state: ImapFrontState): ImapFrontStep {
  return { state, used: 0, effects: [] };
}

/** @param line without its CRLF; what came from outside is a tag that was checked, and nothing else. */
export function say(line: string): GatewayEffect {
  return { kind: 'toClient', bytes: Buffer.from(`${line}\r\n`, 'latin1') };
}

/** RFC 9051 §7.1.5: BYE may come at any time, and as greeting. */
export function bye(state: ImapFrontState, used: number, text: string, because: string): ImapFrontStep {
  return { state, used, effects: [say(`* BYE ${text}`), { kind: 'close', because }] };
}
