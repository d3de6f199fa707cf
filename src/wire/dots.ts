/**
 * Message content between its framing: where it ends, and the dots that protect its lines.
 *
 * RFC 5321 §4.1.1.4 and §4.5.2. The end is exactly CRLF "." CRLF: accepting anything else as an end, or passing
 * it on, is what SMTP smuggling needs (CVE-2023-51764, -51765, -51766). Content whose octets are counted (RFC 3030)
 * has no dots to protect, but the same rules for its lines: it may have to leave with dots.
 */
import { isAscii } from 'node:buffer';

const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;
const NOTHING = new Uint8Array();
const CRLF = Uint8Array.of(CR, LF);

/** What is wrong with the content. */
export type ContentFault = 'bare-cr' | 'bare-lf' | 'nul';

/** What was learnt on the way, complete at the end of the content. */
export interface ContentFacts {
  /** Octets of content, framing removed. */
  readonly size: number;
  readonly eightBit: boolean;
  /** Octets, CRLF not counted. */
  readonly longestLine: number;
  /** The first fault; undefined in clean content and in content that was normalised. */
  readonly fault: ContentFault | undefined;
}

export type Scan =
  | { readonly kind: 'more' }
  /** `rest` follows the end of the content and belongs to whatever comes next. */
  | { readonly kind: 'end'; readonly rest: Uint8Array };

/**
 * Takes chunks as they come and gives the content out in slices of them.
 *
 * `refuse`: faults are noted and the scan goes on to the true end, so that what follows the false one never runs
 * as commands. `normalize` (trusted networks only): a bare CR or LF becomes CRLF; the end is still exact.
 */
export class ContentScanner {
  readonly #emit: (slice: Uint8Array) => void;
  readonly #bareLineEnding: 'refuse' | 'normalize';
  readonly #framing: 'dots' | 'octets';
  #held: Uint8Array = NOTHING;
  #atLineStart = true;
  /** Whether the line start was made by a true CRLF: only there a dot can begin the end. */
  #afterCrlf = true;
  #lineBytes = 0;
  #size = 0;
  #eightBit = false;
  #longestLine = 0;
  #fault: ContentFault | undefined;
  /** Where in the chunk being scanned the fault was found. */
  #faultAt = 0;

  /** @param framing `octets`: whoever pushes knows where the content ends, and says so with `end()`. */
  constructor(
    bareLineEnding: 'refuse' | 'normalize',
    emit: (slice: Uint8Array) => void,
    framing: 'dots' | 'octets' = 'dots',
  ) {
    this.#bareLineEnding = bareLineEnding;
    this.#framing = framing;
    this.#emit = emit;
  }

  get facts(): ContentFacts {
    return { size: this.#size, eightBit: this.#eightBit, longestLine: this.#longestLine, fault: this.#fault };
  }

  push(input: Uint8Array): Scan {
    const chunk = this.#held.length === 0 ? input : Buffer.concat([this.#held, input]);
    this.#held = NOTHING;
    const wasClean = this.#fault === undefined;
    const scan = this.#scan(chunk);
    // What follows the end is no content: an octet there is no fault of this message.
    const used = scan.kind === 'end' ? chunk.subarray(0, chunk.length - scan.rest.length) : chunk;
    if (!this.#eightBit) this.#eightBit = !isAscii(used);
    if (wasClean) this.#findNul(used);
    return scan;
  }

  /** The content is over, and with it what the last CR was waiting for. */
  end(): void {
    if (this.#held.length === 0) return;
    this.#held = NOTHING;
    if (this.#bareLineEnding === 'normalize') this.#give(CRLF);
    else this.#fault ??= 'bare-cr';
  }

  /** A NUL counts where it comes before any other fault of the chunk. */
  #findNul(chunk: Uint8Array): void {
    const nul = chunk.indexOf(0);
    if (nul !== -1 && (this.#fault === undefined || nul < this.#faultAt)) this.#fault = 'nul';
  }

  #scan(chunk: Uint8Array): Scan {
    const ends = new LineEnds(chunk);
    let from = 0; // start of what has not been emitted yet
    let at = 0;
    while (at < chunk.length) {
      if (this.#framing === 'dots' && this.#atLineStart && chunk[at] === DOT && this.#afterCrlf) {
        if (at + 1 === chunk.length || (chunk[at + 1] === CR && at + 2 === chunk.length)) {
          this.#give(chunk.subarray(from, at));
          this.#held = chunk.subarray(at);
          return { kind: 'more' };
        }
        if (chunk[at + 1] === CR && chunk[at + 2] === LF) {
          this.#give(chunk.subarray(from, at));
          return { kind: 'end', rest: chunk.subarray(at + 3) };
        }
        this.#give(chunk.subarray(from, at));
        at += 1; // the dot that protected the line
        from = at;
      }
      this.#atLineStart = false;
      const end = ends.next(at);
      if (end === chunk.length || (chunk[end] === CR && end + 1 === chunk.length)) {
        // The rest of the line is still to come; a final CR waits for the byte that decides what it is.
        this.#lineBytes += end - at;
        this.#longestLine = Math.max(this.#longestLine, this.#lineBytes);
        this.#give(chunk.subarray(from, end));
        this.#held = chunk.subarray(end);
        return { kind: 'more' };
      }
      this.#longestLine = Math.max(this.#longestLine, this.#lineBytes + end - at);
      this.#lineBytes = 0;
      this.#atLineStart = true;
      if (chunk[end] === CR && chunk[end + 1] === LF) {
        this.#afterCrlf = true;
        at = end + 2;
        continue;
      }
      this.#afterCrlf = false;
      at = end + 1;
      if (this.#bareLineEnding === 'refuse') {
        if (this.#fault === undefined) {
          this.#fault = chunk[end] === CR ? 'bare-cr' : 'bare-lf';
          this.#faultAt = end;
        }
      } else {
        this.#give(chunk.subarray(from, end));
        this.#give(CRLF);
        from = at;
      }
    }
    this.#give(chunk.subarray(from, at));
    return { kind: 'more' };
  }

  #give(slice: Uint8Array): void {
    if (slice.length === 0) return;
    this.#size += slice.length;
    this.#emit(slice);
  }
}

/** Finds line ends from left to right; each octet is looked at once, however the ends are strewn. */
class LineEnds {
  readonly #chunk: Uint8Array;
  #lf = -1;
  #cr = -1;

  constructor(chunk: Uint8Array) {
    this.#chunk = chunk;
  }

  /** @returns the index of the first CR or LF at or after `from`, or the length where there is none. */
  next(from: number): number {
    if (this.#lf < from) this.#lf = this.#find(LF, from);
    if (this.#cr < from) this.#cr = this.#find(CR, from);
    return Math.min(this.#lf, this.#cr);
  }

  #find(octet: number, from: number): number {
    const index = this.#chunk.indexOf(octet, from);
    return index === -1 ? this.#chunk.length : index;
  }
}

/**
 * Frames content for sending: a second dot where a line starts with one, CRLF "." CRLF at the end.
 *
 * The content must have clean line endings ({@link ContentScanner} saw to that); a last line without CRLF is
 * completed, as the end could not be told otherwise.
 */
export class DotStuffer {
  /** The last two octets sent, to know where a line starts. */
  #last = [CR, LF];

  /** @returns the framed octets of this piece of content. */
  push(chunk: Uint8Array): Uint8Array[] {
    const out: Uint8Array[] = [];
    let from = 0;
    let at = chunk.indexOf(DOT);
    while (at !== -1) {
      if (this.#byteBefore(chunk, at, 1) === LF && this.#byteBefore(chunk, at, 2) === CR) {
        out.push(chunk.subarray(from, at + 1));
        from = at; // the dot goes out twice
      }
      at = chunk.indexOf(DOT, at + 1);
    }
    if (from < chunk.length) out.push(chunk.subarray(from));
    this.#last = [this.#byteBefore(chunk, chunk.length, 2), this.#byteBefore(chunk, chunk.length, 1)];
    return out;
  }

  /** @returns what marks the end. */
  end(): Uint8Array {
    const complete = this.#last[0] === CR && this.#last[1] === LF;
    return Buffer.from(complete ? '.\r\n' : '\r\n.\r\n');
  }

  #byteBefore(chunk: Uint8Array, at: number, distance: number): number {
    const index = at - distance;
    return (index >= 0 ? chunk[index] : this.#last[2 + index]) ?? 0;
  }
}
