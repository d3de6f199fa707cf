/** What a gateway in front of an SMTP or LMTP server knows of one connection. */
import type { GatewayEffect, GatewayStep } from '../../../wire/gateway-session.ts';
import { formatReply } from '../reply.ts';
import type { Tail } from './content.ts';

export interface SmtpFrontState {
  readonly protocol: 'smtp' | 'lmtp';
  /** `starttls`: the backend's greeting is not for the client any more, who had one in clear. */
  readonly tls: 'no' | 'starttls' | 'implicit';
  readonly stage: Stage;
}

export type Stage =
  /** TLS is required: we answer by ourselves, and there is no backend yet. */
  | { readonly kind: 'alone'; readonly commands: number }
  | { readonly kind: 'starting-tls' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'greeting' }
  /** We tell the backend who the client is (XCLIENT); `lines` of its answer so far. */
  | { readonly kind: 'introducing'; readonly at: 'hello' | 'xclient'; readonly lines: readonly string[] }
  /** There is no backend: the next command hears of it. */
  | { readonly kind: 'gone'; readonly because: string }
  | Between;

/** Commands go to the backend and replies to the client. */
export interface Between {
  readonly kind: 'between';
  /** What is to be answered, in the order of the commands. */
  readonly pending: readonly Pending[];
  readonly reading: Reading;
  /** Lines of the answer to EHLO that came so far. */
  readonly hello: readonly string[];
  /** Recipients of this transaction that were accepted: so many answers LMTP gives to its content. */
  readonly recipients: number;
  /** Whether the first command has come: a browser's would be its request. */
  readonly begun: boolean;
  /** Whether mail was begun in clear. */
  readonly mailInClear: boolean;
}

/** `own`: answered by us, in its turn. `last-chunk`: as many answers as LMTP has recipients. */
export type Pending =
  | {
      readonly kind:
        | 'plain'
        | 'hello'
        | 'mail'
        | 'recipient'
        | 'reset'
        | 'data'
        | 'auth'
        | 'last-chunk'
        | 'starttls';
    }
  | { readonly kind: 'own'; readonly reply: string; readonly closes: string | undefined };

export type Reading =
  | { readonly kind: 'commands' }
  | { readonly kind: 'content'; readonly tail: Tail }
  | { readonly kind: 'chunk'; readonly left: number }
  /** The client's answer to a challenge of its login. */
  | { readonly kind: 'response' }
  /** The backend's answer says what comes next: content, a response, or commands. */
  | { readonly kind: 'waiting' }
  /** Nothing more is read in clear, or at all. */
  | { readonly kind: 'stopped' };

export type SmtpFrontStep = GatewayStep<SmtpFrontState>;

export function waits(state: SmtpFrontState): SmtpFrontStep {
  return { state, used: 0, effects: [] };
}

export function to(state: SmtpFrontState, stage: Stage): SmtpFrontState {
  return { ...state, stage };
}

export function say(text: string): GatewayEffect {
  return { kind: 'toClient', bytes: Buffer.from(text, 'latin1') };
}

export function tellBackend(text: string): GatewayEffect {
  return { kind: 'toBackend', bytes: Buffer.from(text, 'latin1') };
}

/** Says 421 (RFC 5321 §3.8) and closes. */
export function farewell(
  state: SmtpFrontState,
  used: number,
  enhanced: string,
  text: string,
  because: string,
): SmtpFrontStep {
  return { state, used, effects: [say(formatReply(421, enhanced, text)), { kind: 'close', because }] };
}
