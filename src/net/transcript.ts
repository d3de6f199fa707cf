/** What was said on a connection, for whoever has to find out what went wrong. */
import { printable } from '../wire/dialogue.ts';

const MAX_PIECES = 400;
const MAX_LINES = 400;
const MAX_LINE_CHARACTERS = 1_000;
/** Of one piece that the peer sent. */
const MAX_HEARD_BYTES = 2_048;
/** What stands for a secret. */
const SECRET = '(secret)';
/** So much of a secret is known by its beginning; a shorter one could be any word. */
const RECOGNISED = 8;

interface Piece {
  readonly by: 'C: ' | 'S: ' | '';
  text: string;
}

/**
 * Both sides of a conversation, bounded; secrets are left out by whoever sends them, and where the peer repeats them.
 *
 * Most are never read, so the pieces become lines only when somebody takes them.
 */
export class Transcript {
  #pieces: Piece[] = [];
  /** How secrets begin that were sent. */
  #secrets: readonly string[] = [];

  /** @param bytes what was sent indeed, and is not shown where it differs. */
  said(shown: string, bytes: Uint8Array): void {
    if (shown.length !== bytes.length || shown.includes(SECRET)) {
      this.#secrets = [...this.#secrets, ...beginningsOf(bytes, shown)];
    }
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
    this.#secrets = [];
  }

  /** Gives it out and begins anew; printable ASCII. */
  take(): readonly string[] {
    const pieces = this.#pieces;
    const secrets = this.#secrets;
    this.forget();
    return pieces.flatMap((piece) => linesOf(piece, secrets)).slice(0, MAX_LINES);
  }

  #keep(by: Piece['by'], text: string): void {
    const last = this.#pieces.at(-1);
    // The peer's turn comes in whatever pieces the path made of it, which are no lines.
    const goesOn = by === 'S: ' && last?.by === by && last.text.length + text.length <= MAX_HEARD_BYTES;
    if (goesOn) last.text += text;
    else if (this.#pieces.length < MAX_PIECES) this.#pieces.push({ by, text });
  }
}

function linesOf({ by, text }: Piece, secrets: readonly string[]): string[] {
  return text
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) =>
      printable(
        `${by}${by === 'S: ' ? without(secrets, withoutChallenge(line)) : line}`.slice(
          0,
          MAX_LINE_CHARACTERS,
        ),
      ),
    );
}

/** RFC 4954 §4: 334 carries a challenge. With those of SCRAM at hand, passwords can be tried on them. */
function withoutChallenge(line: string): string {
  return line.startsWith('334') ? '334 (challenge)' : line;
}

/** A server may repeat what it does not understand. */
function without(secrets: readonly string[], line: string): string {
  const places = secrets.map((one) => line.indexOf(one)).filter((place) => place !== -1);
  return places.length === 0 ? line : `${line.slice(0, Math.min(...places))}${SECRET}`;
}

/** Of each word that is not shown, and of what it says where it is base64, as in a login. */
function beginningsOf(bytes: Uint8Array, shown: string): readonly string[] {
  const words = Buffer.from(bytes)
    .toString('latin1')
    .split(/[ \r\n]+/)
    .filter((word) => !shown.includes(word));
  return words
    .flatMap((word) => [word, ...Buffer.from(word, 'base64').toString('latin1').split('\0')])
    .filter(({ length }) => length >= RECOGNISED)
    .map((word) => word.slice(0, RECOGNISED));
}
