/**
 * The kernel of every exchange in which the peer asks, at any time, and we answer.
 *
 * A session is a reducer: a state and an input give the next state and effects. Commands are reduced; message
 * content is scanned by the driver, which hands the reducer only its end. While an effect that needs an answer is
 * out, the driver takes no further command: answers keep their order, and nothing runs between STARTTLS and TLS.
 */
import type { ContentFacts } from './dots.ts';
import type { TlsFacts } from './tls-facts.ts';

/** What the sessions of one protocol know and speak of; never a value, only the types of values. */
export interface SessionWords {
  readonly state: unknown;
  /** What there is to know of a message before its content. */
  readonly envelope: unknown;
  /** What became of its content. */
  readonly intake: unknown;
  /** What only somebody outside the session knows. */
  readonly query: unknown;
  readonly answer: unknown;
  /** What goes on record without an answer. */
  readonly note: unknown;
}

export type SessionInput<Words extends SessionWords> =
  /** The connection is open; `tls` where TLS came first (implicit TLS). */
  | { readonly kind: 'opened'; readonly tls: TlsFacts | undefined }
  /** A command line as latin1, without its line ending. */
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'badLine'; readonly what: 'too-long' | 'bare-cr' | 'bare-lf' | 'nul' }
  | { readonly kind: 'secured'; readonly facts: TlsFacts }
  /** The content is complete and was kept or not, as `intake` says. */
  | { readonly kind: 'taken'; readonly intake: Words['intake'] }
  /** A chunk that is not the last is in, and nothing is wrong with it. */
  | { readonly kind: 'chunkTaken' }
  /** The content, or this chunk of it, has come to its end and is not passed on, nor what came before. */
  | { readonly kind: 'notTaken'; readonly because: 'too-big' | NonNullable<ContentFacts['fault']> }
  | { readonly kind: 'skipped' }
  | { readonly kind: 'answered'; readonly answer: Words['answer'] }
  /** Whoever was asked failed, or took too long. */
  | { readonly kind: 'unanswered' }
  /** Nothing came for too long, or content came too slowly. */
  | { readonly kind: 'timeout' }
  /** We are stopping. */
  | { readonly kind: 'shutdown' };

/** An effect that something answers is the last of its step. */
export type SessionEffect<Words extends SessionWords> =
  /** `text` is latin1 and ends in CRLF. */
  | { readonly kind: 'send'; readonly text: string }
  /** What is still unread goes to the TLS engine, where plaintext kills the handshake (RFC 3207 §4.2). */
  | { readonly kind: 'startTls' }
  /** Read content to the dot that ends it and pass it to whoever takes mail for `envelope`. */
  | { readonly kind: 'takeBody'; readonly envelope: Words['envelope']; readonly maxBytes: number }
  /**
   * Read content by the octet; `last`: it ends with this chunk.
   *
   * The chunks of a message go to one taker, whom the first of them names.
   */
  | {
      readonly kind: 'takeChunk';
      readonly octets: number;
      readonly last: boolean;
      readonly first: { readonly envelope: Words['envelope']; readonly maxBytes: number } | undefined;
    }
  /** The chunks that came so far are not to be used. */
  | { readonly kind: 'dropChunks' }
  /** Read so many octets and forget them; answered by `skipped`. */
  | { readonly kind: 'skip'; readonly octets: number }
  /** Take no command before this is answered. */
  | { readonly kind: 'ask'; readonly query: Words['query'] }
  | { readonly kind: 'note'; readonly note: Words['note'] }
  /** Close once everything is sent. */
  | { readonly kind: 'close' };

export interface Step<Words extends SessionWords> {
  readonly state: Words['state'];
  readonly effects: readonly SessionEffect<Words>[];
}

export type Reducer<Words extends SessionWords> = (
  state: Words['state'],
  input: SessionInput<Words>,
) => Step<Words>;
