/** What a protocol of look-ups is to the one who holds the connection. */

/** The peer broke the protocol: nothing behind it can be understood. */
export interface Fault {
  readonly because: string;
}

/** Takes requests out of the octets of one connection, however they come cut. */
export interface RequestReader {
  feed(octets: Buffer): void;
  /** @returns undefined where the next request is not all there; one character for each octet. */
  next(): string | Fault | undefined;
  /** Whether a request has begun that is not all there. */
  readonly midway: boolean;
}

export interface Dialect {
  reader(): RequestReader;
  /**
   * The answer, one character for each octet; a promise where something has to be looked up. It never rejects, and it is kept no
   * longer than a client waits.
   */
  answer(request: string): string | Promise<string>;
  /** Whether the first answer ends the connection. */
  readonly single: boolean;
}
