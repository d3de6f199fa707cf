/** What was said on a connection, for whoever has to find out what went wrong. */
import { printable } from '../wire/dialogue.ts';

const MAX_LINES = 400;
const MAX_LINE_CHARACTERS = 1_000;
/** Of one piece that the peer sent. */
const MAX_HEARD_BYTES = 2_048;

/** Both sides of a conversation, bounded; secrets are left out by whoever sends them. */
export class Transcript {
  #lines: string[] = [];

  said(shown: string): void {
    for (const line of shown.split('\r\n')) if (line !== '') this.note(`C: ${line}`);
  }

  heard(bytes: Buffer): void {
    for (const line of bytes.toString('latin1', 0, MAX_HEARD_BYTES).split('\r\n')) {
      // RFC 4954 §4: 334 carries a challenge. With those of SCRAM at hand, passwords can be tried on them.
      if (line !== '') this.note(`S: ${line.startsWith('334') ? '334 (challenge)' : line}`);
    }
  }

  note(line: string): void {
    if (this.#lines.length < MAX_LINES) this.#lines.push(line.slice(0, MAX_LINE_CHARACTERS));
  }

  forget(): void {
    this.#lines = [];
  }

  /** Gives it out and begins anew; printable ASCII. */
  take(): readonly string[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines.map((line) => printable(line));
  }
}
