/** What a listener needs to know of a protocol to attend to its clients. */
import type { Reducer, SessionWords } from '../wire/session.ts';

/** Where a message's content goes while it comes in. */
export interface BodySink<Intake> {
  /** @returns a promise where the sink wants the sender to wait. */
  write(slice: Uint8Array): Promise<void> | undefined;
  /** The content is complete. @returns what to tell the client; never rejects. */
  finish(facts: {
    readonly size: number;
    readonly eightBit: boolean;
    readonly longestLine: number;
  }): Promise<Intake>;
  /** The content will not be used. */
  abandon(): void;
}

/** Milliseconds and rates a client has to keep. */
export interface ServerPatience {
  /** For a whole command line (RFC 5321 §4.5.3.2.7: at least 5 minutes). */
  readonly command: number;
  readonly handshake: number;
  /** For us: whoever is asked about a login or an address has this long, or the client is told to try again. */
  readonly answer: number;
  /** Content may come this slowly, in octets per second, once `dataGrace` ms have passed. */
  readonly minimumRate: number;
  readonly dataGrace: number;
}

export const serverPatience: ServerPatience = {
  command: 300_000,
  handshake: 60_000,
  answer: 60_000,
  minimumRate: 100,
  dataGrace: 300_000,
};

export interface Session<Words extends SessionWords> {
  readonly reducer: Reducer<Words>;
  readonly initial: Words['state'];
  readonly maxLineBytes: number;
  readonly bareLineEnding: 'refuse' | 'normalize';
  readonly patience: ServerPatience;
  readonly openBody: (envelope: Words['envelope']) => BodySink<Words['intake']>;
  /** An answer that is no promise costs the client nothing: pipelined commands go on in the same turn. */
  readonly answer: (query: Words['query']) => Words['answer'] | Promise<Words['answer']>;
  readonly onNote: (note: Words['note']) => void;
  /** Evidence of an attack or a broken client, for the log. */
  readonly onOddity: (what: string) => void;
}
