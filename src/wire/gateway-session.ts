/**
 * The kernel of whoever stands between a client and a backend: both may speak at any time.
 *
 * A session is a reducer: a state and an input give the next state and effects, in the order in which they are to
 * happen. It is handed all octets of one side that nobody has used yet, and says how many it used; with 0 used, no
 * effect and the same state it waits for more. So the same octets give the same result, however they are cut.
 */
import type { TlsFacts } from './tls-facts.ts';

export type GatewayInput =
  /** The client is there; `tls` where TLS came first (implicit TLS). */
  | { readonly kind: 'opened'; readonly tls: TlsFacts | undefined }
  /** What the client said, never empty. Not given while `startTls`, `connect` or `secureBackend` is under way. */
  | { readonly kind: 'client'; readonly unread: Buffer }
  /** What the backend said, never empty. Not given while `secureBackend` is under way. */
  | { readonly kind: 'backend'; readonly unread: Buffer }
  /** The handshake with the client is done. State from before it is made anew, not cleared. */
  | { readonly kind: 'secured'; readonly facts: TlsFacts }
  /**
   * The connection that `connect` or `secureBackend` asked for stands; `upstream` where TLS was brought up on it (reverse
   * mode).
   */
  | { readonly kind: 'connected'; readonly upstream: Upstream | undefined }
  /** There is no such connection; `because` begins with the name of the backend. */
  | { readonly kind: 'unreachable'; readonly because: string }
  /** The client was silent or too slow for too long. */
  | { readonly kind: 'timeout' }
  /** We are stopping. */
  | { readonly kind: 'shutdown' };

/** What is known of a server to which TLS was brought up. */
export interface Upstream {
  readonly facts: TlsFacts;
  /** What it offers inside TLS, word for word. */
  readonly inside: readonly string[];
  /** What it said in clear that the client has to know (MySQL's greeting); empty elsewhere. */
  readonly greeting: Uint8Array;
}

export type GatewayEffect =
  | { readonly kind: 'toClient'; readonly bytes: Uint8Array }
  | { readonly kind: 'toBackend'; readonly bytes: Uint8Array }
  /** With the client. What is still unread of it goes to the TLS engine, where plaintext kills the handshake. */
  | { readonly kind: 'startTls' }
  /**
   * Open a fresh connection to the backend; an earlier one is closed and what it said is forgotten.
   *
   * @property name the server that the client asked for, where the upgrade has to name it (XMPP), else null.
   */
  | { readonly kind: 'connect'; readonly name: string | null }
  /**
   * Bring TLS up on the connection to the backend that stands, once all that it was told is sent; who is there is judged
   * as after a dialogue. Answered by `connected` with `upstream`, or by `unreachable`. Whatever the backend said and
   * nobody used is plaintext before the handshake, and makes it unreachable.
   *
   * Reverse mode of MySQL only, where `connect` gives a connection on which nothing was said: the request for TLS has to
   * announce what the client is going to ask for, and the client asks once it has seen the server's greeting.
   */
  | { readonly kind: 'secureBackend' }
  /** The client sent a login in clear; `user` null where it did not show. Never the secret. */
  | { readonly kind: 'exposed'; readonly user: string | null }
  /** From here on the connection counts as used in clear (an event says so). */
  | { readonly kind: 'inClear' }
  /** Something happened that an operator may want to read of. */
  | { readonly kind: 'oddity'; readonly what: string }
  /** From here on octets are passed both ways unseen, beginning with those that are unread. The last effect. */
  | { readonly kind: 'splice' }
  /** Close both sides once everything is sent; `because` for the event. The last effect. */
  | { readonly kind: 'close'; readonly because: string };

export interface GatewayStep<State> {
  readonly state: State;
  /** Octets of `unread` that are done with; 0 for other inputs. */
  readonly used: number;
  readonly effects: readonly GatewayEffect[];
}

/** One session of one protocol. */
export interface GatewaySession<State> {
  readonly initial: State;
  readonly step: (state: State, input: GatewayInput) => GatewayStep<State>;
}

/** A session under way, whatever its state is made of. */
export interface GatewayRun {
  /** @returns what was used, what is to be done, and whether anything changed (else it waits for more). */
  next(input: GatewayInput): {
    readonly used: number;
    readonly effects: readonly GatewayEffect[];
    readonly changed: boolean;
  };
}

/** Begins a session. */
export function beginGatewaySession<State>({ initial, step }: GatewaySession<State>): GatewayRun {
  let state = initial;
  return {
    next(input) {
      const result = step(state, input);
      const said = input.kind === 'client' || input.kind === 'backend';
      // Octets that are not used and ask for nothing are waited on, whatever the state has become: no endless turn.
      const changed = said ? result.used > 0 || result.effects.length > 0 : true;
      state = result.state;
      return { used: result.used, effects: result.effects, changed };
    },
  };
}

/** What the front of a gateway knows beside the octets. */
export interface FrontRules {
  /** Our name, printable ASCII. */
  readonly hostname: string;
  /** Whether nothing but the upgrade is to be had in clear. Login protocols always require it. */
  readonly requireTls: boolean;
  /** Who is at the other end, and whether the backend is told by XCLIENT (SMTP and LMTP only). */
  readonly client: { readonly address: string; readonly port: number };
  readonly xclient: boolean;
  /** Whether the way to the backend is a unix socket, which some servers take for as good as TLS (MySQL). */
  readonly backendIsLocal: boolean;
  /** Random, fresh for each connection, printable: for identifiers that have to be hard to guess (XMPP streams). */
  readonly nonce: string;
}

/** What the reverse of a gateway knows beside the octets: its client is a plain one on this host. */
export interface ReverseRules {
  /** Our name, printable ASCII. */
  readonly hostname: string;
  readonly nonce: string;
}
