/** What was said on a connection, for whoever has to find out what went wrong. */
import { printable } from '../wire/dialogue.ts';

const MAX_PIECES = 400;
const MAX_LINES = 400;
const MAX_LINE_CHARACTERS = 1_000;
/** Of one piece that the peer sent. */
const MAX_HEARD_BYTES = 2_048;

interface Piece {
  readonly by: 'C: ' | 'S: ' | '';
  text: string;
}

/**
 * Both sides of a conversation, bounded; secrets are left out by whoever sends them.
 *
 * Most are never read, so the pieces become lines only when somebody takes them.
 */
export class Transcript {
  #pieces: Piece[] = [];

  said(shown: string): void {
    this.#keep('C: ', shown);
  }

  heard(bytes: Buffer): void {
    this.#keep('S: ', bytes.toString('latin1', 0, MAX_HEARD_BYTES));
  }

  note(line: string): void {
    this.#keep('', line);
  }

  forget(): void {
    this.#pieces = [];
  }

  /** Gives it out and begins anew; printable ASCII. */
  take(): readonly string[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces.flatMap(linesOf).slice(0, MAX_LINES);
  }

  #keep(by: Piece['by'], text: string): void {
    const last = this.#pieces.at(-1);
    // The peer's turn comes in whatever pieces the path made of it, which are no lines.
    const goesOn = by === 'S: ' && last?.by === by && last.text.length + text.length <= MAX_HEARD_BYTES;
    if (goesOn) last.text += text;
    else if (this.#pieces.length < MAX_PIECES) this.#pieces.push({ by, text });
  }
}

function linesOf({ by, text }: Piece): string[] {
  return text
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) =>
      printable(`${by}${by === 'S: ' ? withoutChallenge(line) : line}`.slice(0, MAX_LINE_CHARACTERS)),
    );
}

/** RFC 4954 §4: 334 carries a challenge. With those of SCRAM at hand, passwords can be tried on them. */
function withoutChallenge(line: string): string {
  return line.startsWith('334') ? '334 (challenge)' : line;
}
