/** Lines of a stream of octets, one at a time, so that a list of any length takes the memory of one line. */
import { isUtf8 } from 'node:buffer';

/** What a stream held that has no lines. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** A line, or why it is none. */
export type Line =
  | { readonly kind: 'ok'; readonly value: string }
  /** `head`: its first octets, as characters. */
  | { readonly kind: 'invalid'; readonly because: string; readonly head: string };

const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = '\ufeff';
/** So many times the longest line without an end, and it is no list of lines. */
const MOST_TIMES = 256;
/** Enough to see what it wants to be. */
const HEAD = 64;

/**
 * Lines without their ends, CR LF or LF; the last may have none. A byte order mark before the first is no part of it: some
 * editors write one. A line that is longer, or is not UTF-8, is told in its place, and those behind it follow.
 *
 * @param most octets of one line.
 * @throws InputError where 256 times as many have no end.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Line> {
  let parts: Uint8Array[] = [];
  let size = 0;
  let number = 1;
  const keep = (part: Uint8Array): void => {
    // Of one that is too long the first part tells what it is.
    if (size <= most) parts.push(size + part.length > most ? part.slice(0, HEAD) : part);
    size += part.length;
    if (size > most * MOST_TIMES)
      throw new InputError(`line ${number} has more than ${size} octets and no end`);
  };
  const take = (): Line => {
    const line = lineOf(
      Buffer.concat(parts),
      size > most ? `is longer than ${most} octets` : undefined,
      number,
    );
    parts = [];
    size = 0;
    number += 1;
    return line;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      keep(chunk.subarray(from, end));
      from = end + 1;
      yield take();
    }
    if (from < chunk.length) keep(chunk.slice(from));
  }
  if (size > 0) yield take();
}

function lineOf(octets: Buffer, fault: string | undefined, number: number): Line {
  const because = fault ?? (isUtf8(octets) ? undefined : 'is not UTF-8');
  if (because !== undefined) {
    const head = octets.subarray(0, HEAD).toString('latin1');
    return { kind: 'invalid', because: `line ${number} ${because}`, head };
  }
  const text = octets.toString('utf8').replace(/\r$/, '');
  return { kind: 'ok', value: number === 1 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text };
}
