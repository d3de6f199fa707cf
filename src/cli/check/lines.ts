/** Lines of a stream of octets, one at a time, so that a list of any length takes the memory of one line. */
import { isUtf8 } from 'node:buffer';

/** What a stream held that is no text, or a line that is too long. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = '\ufeff';

/**
 * Lines without their ends, CR LF or LF; the last may have none. A byte order mark before the first is no part of it: some
 * editors write one.
 *
 * @param most octets of one line.
 * @throws InputError at a line that is longer, or is not UTF-8.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<string> {
  let parts: Uint8Array[] = [];
  let size = 0;
  let number = 1;
  const keep = (part: Uint8Array): void => {
    size += part.length;
    if (size > most) throw new InputError(`line ${number} is longer than ${most} octets`);
    parts.push(part);
  };
  const take = (): string => {
    const line = Buffer.concat(parts);
    if (!isUtf8(line)) throw new InputError(`line ${number} is not UTF-8`);
    const text = line.toString('utf8').replace(/\r$/, '');
    const isFirst = number === 1;
    parts = [];
    size = 0;
    number += 1;
    return isFirst && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
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
