/** Command lines out of a client's octets. */
import type { SessionInput, SessionWords } from '../wire/session.ts';

const LF = 0x0a;
const CR = 0x0d;

type LineInput = Extract<SessionInput<SessionWords>, { kind: 'line' | 'badLine' }>;

/** What the next octets are, and what follows them. */
export interface NextLine {
  /** Undefined where the end of the line has not come. */
  readonly input: LineInput | undefined;
  readonly rest: Buffer;
}

/** Reads lines that end in LF, and says which of them are none. */
export class IncomingLines {
  readonly #maxBytes: number;
  readonly #bareLineEnding: 'refuse' | 'normalize';
  /** The end of a line that was too long has not come yet. */
  #tooLong = false;

  constructor(maxBytes: number, bareLineEnding: 'refuse' | 'normalize') {
    this.#maxBytes = maxBytes;
    this.#bareLineEnding = bareLineEnding;
  }

  next(unread: Buffer): NextLine {
    const end = unread.indexOf(LF);
    const length = end === -1 ? unread.length : end + 1;
    if (this.#tooLong || length > this.#maxBytes) {
      // Dropped as it comes, to its very end: its tail must not run as a command.
      this.#tooLong = end === -1;
      const input = end === -1 ? undefined : ({ kind: 'badLine', what: 'too-long' } as const);
      return { input, rest: unread.subarray(length) };
    }
    if (end === -1) return { input: undefined, rest: unread };
    return { input: this.#inputOf(unread.subarray(0, end)), rest: unread.subarray(end + 1) };
  }

  #inputOf(raw: Buffer): LineInput {
    const line = raw[raw.length - 1] === CR ? raw.subarray(0, -1) : raw;
    if (line === raw && this.#bareLineEnding === 'refuse') return { kind: 'badLine', what: 'bare-lf' };
    if (line.includes(CR)) return { kind: 'badLine', what: 'bare-cr' };
    if (line.includes(0)) return { kind: 'badLine', what: 'nul' };
    return { kind: 'line', line: line.toString('latin1') };
  }
}
