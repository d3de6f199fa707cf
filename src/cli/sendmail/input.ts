/** Reads the message from stdin, up to its end or to the line that is only a dot. */
import { BAD_MESSAGE, type Failure, failed, NO_INPUT } from './exit-codes.ts';

const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;
/** Of what came before this much is looked at again: a line end, a dot and a CR. */
const TAIL = 3;

export interface InputRules {
  /** Octets. */
  readonly most: number;
  /** Whether a line that is only a dot belongs to the message. */
  readonly dotIsText: boolean;
}

/** Line ends stay as they are. */
export async function readInput(
  input: AsyncIterable<Uint8Array>,
  { most, dotIsText }: InputRules,
): Promise<{ readonly kind: 'ok'; readonly bytes: Buffer } | Failure> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // The message begins at the beginning of a line.
  let tail = Buffer.from([LF]);
  const until = (end: number): { readonly kind: 'ok'; readonly bytes: Buffer } => ({
    kind: 'ok',
    bytes: Buffer.concat(chunks).subarray(0, end),
  });
  try {
    for await (const chunk of input) {
      const before = size;
      chunks.push(chunk);
      size += chunk.length;
      if (size > most) return failed(BAD_MESSAGE, `the message has more than ${most} octets`);
      if (dotIsText) continue;
      const seen = Buffer.concat([tail, chunk]);
      const dot = loneDot(seen);
      if (dot !== undefined) return until(before + dot - tail.length);
      tail = seen.subarray(-TAIL);
    }
  } catch (error) {
    return failed(
      NO_INPUT,
      `the message cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const endsInDot = !dotIsText && tail.at(-1) === DOT && tail.at(-2) === LF;
  return until(endsInDot ? size - 1 : size);
}

/** Where the dot stands that is alone on its line; undefined where there is none whose line has ended. */
function loneDot(bytes: Buffer): number | undefined {
  for (let at = bytes.indexOf(DOT, 1); at !== -1; at = bytes.indexOf(DOT, at + 1)) {
    if (bytes[at - 1] !== LF) continue;
    const next = bytes[at + 1];
    if (next === LF || (next === CR && bytes[at + 2] === LF)) return at;
  }
  return undefined;
}
