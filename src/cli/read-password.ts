/** Reads a password: typed twice and not shown on a terminal, else whatever comes on the stream. */
import type { Parsed } from '../names/domain.ts';
import { parsePassword } from './config/values.ts';

/** What is used of stdin. */
export interface PasswordInput extends AsyncIterable<unknown> {
  readonly isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
}

/** Longer than any password that would be taken, so that reading ends. */
const MAX_BYTES = 1024;
const ENTER = /[\r\n]/;
const [INTERRUPT, END, BACKSPACE, DELETE] = ['\u0003', '\u0004', '\b', '\u007f'];

/** @param ask shows a question, where somebody is there to read it. */
export async function readPassword(
  input: PasswordInput,
  ask: (text: string) => void,
): Promise<Parsed<string>> {
  const entered =
    input.isTTY === true ? await typedTwice(input, ask) : (await readAll(input)).replace(/\r?\n$/, '');
  if (typeof entered !== 'string') return entered;
  const parsed = parsePassword(entered);
  return parsed.kind === 'ok' ? parsed : { kind: 'invalid', because: `what was entered ${parsed.because}` };
}

/** A terminal in raw mode repeats nothing, and leaves it to us what a key means. */
async function typedTwice(
  input: PasswordInput,
  ask: (text: string) => void,
): Promise<string | Parsed<never>> {
  input.setRawMode?.(true);
  const keys = keysOf(input);
  try {
    ask('Password: ');
    const first = await typed(keys);
    ask('\n');
    if (first === undefined) return { kind: 'invalid', because: 'nothing was entered' };
    ask('Again: ');
    const second = await typed(keys);
    ask('\n');
    return first === second ? first : { kind: 'invalid', because: 'the two passwords are not the same' };
  } finally {
    input.setRawMode?.(false);
    // Else the terminal would be waited for, and the program with it.
    await keys.return(undefined);
  }
}

async function readAll(input: PasswordInput): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk as Uint8Array);
    chunks.push(bytes);
    size += bytes.length;
    if (size > MAX_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function* keysOf(input: PasswordInput): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of input) yield* decoder.decode(chunk as Uint8Array, { stream: true });
}

/** One line; undefined where the user gave up. */
async function typed(keys: AsyncGenerator<string>): Promise<string | undefined> {
  const line: string[] = [];
  for (;;) {
    const { value: key, done } = await keys.next();
    if (done === true || key === INTERRUPT || key === END) return undefined;
    if (ENTER.test(key)) return line.join('');
    if (key === BACKSPACE || key === DELETE) line.pop();
    else if (line.length < MAX_BYTES) line.push(key);
  }
}
