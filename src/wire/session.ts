/**
 * The kernel of every exchange in which the peer asks, at any time, and we answer.
 *
 * A session is a reducer: a state and an input give the next state and effects. Commands are reduced; message
 * content is scanned by the driver, which hands the reducer only its end. While an effect that needs an answer is
 * out, the driver takes no further command: answers keep their order, and nothing runs between STARTTLS and TLS.
 */
import type { ContentFacts } from './dots.ts';
import type { TlsFacts } from './tls-facts.ts';

export type SessionInput<Answer> =
  /** The connection is open; `tls` where TLS came first (implicit TLS). */
  | { readonly kind: 'opened'; readonly tls: TlsFacts | undefined }
  /** A command line as latin1, without its line ending. */
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'badLine'; readonly what: 'too-long' | 'bare-cr' | 'bare-lf' | 'nul' }
  | { readonly kind: 'secured'; readonly facts: TlsFacts }
  /** The content is complete and was kept or not, as `answer` says. */
  | { readonly kind: 'taken'; readonly answer: Answer }
  /** The content is complete and was not passed on. */
  | { readonly kind: 'notTaken'; readonly because: 'too-big' | NonNullable<ContentFacts['fault']> }
  /** Nothing came for too long, or content came too slowly. */
  | { readonly kind: 'timeout' }
  /** We are stopping. */
  | { readonly kind: 'shutdown' };

export type SessionEffect<Question> =
  /** `text` is latin1 and ends in CRLF. */
  | { readonly kind: 'send'; readonly text: string }
  /** What is still unread goes to the TLS engine, where plaintext kills the handshake (RFC 3207 §4.2). */
  | { readonly kind: 'startTls' }
  /** Read content to its end and pass it to whoever answers `question`. */
  | { readonly kind: 'takeBody'; readonly question: Question; readonly maxBytes: number }
  /** Close once everything is sent. */
  | { readonly kind: 'close' };

export interface Step<State, Question> {
  readonly state: State;
  readonly effects: readonly SessionEffect<Question>[];
}

export type Reducer<State, Question, Answer> = (
  state: State,
  input: SessionInput<Answer>,
) => Step<State, Question>;
