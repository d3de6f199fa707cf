/** Command lines out of a client's octets. */
import type { SessionInput, SessionWords } from '../wire/session.ts';

const LF = 0x0a;
const CR = 0x0d;

type LineInput = Extract<SessionInput<SessionWords>, { kind: 'line' | 'badLine' }>;

/** How much of a line that is too long is dropped in wait for its end. */
const MAX_DROPPED_BYTES = 65_536;

/** What the next octets are, and what follows them. */
export type NextLine =
  | { readonly kind: 'line'; readonly input: LineInput; readonly rest: Buffer }
  /** The end of the line has not come. */
  | { readonly kind: 'more'; readonly rest: Buffer }
  /** So much has come of a line that is too long that its end is not worth waiting for. */
  | { readonly kind: 'endless' };

/** Reads lines that end in LF, and says which of them are none. */
export class IncomingLines {
  readonly #maxBytes: number;
  readonly #bareLineEnding: 'refuse' | 'normalize';
  /** Octets of a line that is too long and whose end has not come yet. */
  #dropped = 0;

  constructor(maxBytes: number, bareLineEnding: 'refuse' | 'normalize') {
    this.#maxBytes = maxBytes;
    this.#bareLineEnding = bareLineEnding;
  }

  next(unread: Buffer): NextLine {
    const end = unread.indexOf(LF);
    const length = end === -1 ? unread.length : end + 1;
    const whole = this.#dropped + length;
    // The same for every cut of the octets, so it does not matter whether the end is among them.
    if (whole > this.#maxBytes + MAX_DROPPED_BYTES) return { kind: 'endless' };
    const rest = unread.subarray(length);
    if (whole > this.#maxBytes) {
      // Dropped as it comes, to its very end: its tail must not run as a command.
      this.#dropped = end === -1 ? whole : 0;
      return end === -1
        ? { kind: 'more', rest }
        : { kind: 'line', input: { kind: 'badLine', what: 'too-long' }, rest };
    }
    if (end === -1) return { kind: 'more', rest: unread };
    return { kind: 'line', input: this.#inputOf(unread.subarray(0, end)), rest };
  }

  #inputOf(raw: Buffer): LineInput {
    const line = raw[raw.length - 1] === CR ? raw.subarray(0, -1) : raw;
    if (line === raw && this.#bareLineEnding === 'refuse') return { kind: 'badLine', what: 'bare-lf' };
    if (line.includes(CR)) return { kind: 'badLine', what: 'bare-cr' };
    if (line.includes(0)) return { kind: 'badLine', what: 'nul' };
    return { kind: 'line', line: line.toString('latin1') };
  }
}
