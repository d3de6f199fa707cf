/** Framing of content for sending, whichever was agreed on. */
import type { Framing } from './bytes.ts';
import { DotStuffer } from './dots.ts';

export interface Framer {
  /** @returns what can be sent now. */
  push(chunk: Uint8Array): Uint8Array[];
  /** @returns what is still to be sent at the end of the content. */
  end(): Uint8Array;
}

export function framerOf(framing: Framing): Framer {
  return framing === 'dots' ? new DotStuffer() : new ExactCount(framing.octets);
}

/**
 * Passes on exactly as many octets as were announced.
 *
 * The peer takes whatever follows these octets for commands, so content that is longer than it was said to be must
 * not get that far: the last piece is held back until it is known to be the last.
 */
class ExactCount implements Framer {
  readonly #octets: number;
  #count = 0;
  #held: Uint8Array = new Uint8Array();

  constructor(octets: number) {
    this.#octets = octets;
  }

  push(chunk: Uint8Array): Uint8Array[] {
    if (chunk.length === 0) return [];
    this.#count += chunk.length;
    if (this.#count > this.#octets) throw this.#mismatch('more');
    const free = this.#held;
    this.#held = chunk;
    return free.length === 0 ? [] : [free];
  }

  end(): Uint8Array {
    if (this.#count !== this.#octets) throw this.#mismatch('fewer');
    return this.#held;
  }

  #mismatch(what: 'more' | 'fewer'): Error {
    return new Error(`a content that was announced with ${this.#octets} octets has ${what}`);
  }
}
