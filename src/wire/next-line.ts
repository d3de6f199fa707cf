/** The next line of what is unread, for sessions that are handed all of it. */

const LF = 0x0a;
const CR = 0x0d;

export type NextLine =
  /** As latin1, without its CRLF; `used`: octets with it. */
  | { readonly kind: 'line'; readonly line: string; readonly used: number }
  | { readonly kind: 'more' }
  | { readonly kind: 'bad'; readonly what: BadLine };

/** Why octets are no line that ends in CRLF. */
export type BadLine = 'too-long' | 'bare-cr' | 'bare-lf' | 'nul';

/**
 * The same for every cut of the octets.
 *
 * @param maxBytes octets allowed, CRLF included.
 */
export function nextLine(unread: Buffer, maxBytes: number): NextLine {
  const end = unread.indexOf(LF);
  if ((end === -1 ? unread.length : end + 1) > maxBytes) return { kind: 'bad', what: 'too-long' };
  if (end === -1) return { kind: 'more' };
  if (unread[end - 1] !== CR) return { kind: 'bad', what: 'bare-lf' };
  const line = unread.subarray(0, end - 1);
  if (line.includes(CR)) return { kind: 'bad', what: 'bare-cr' };
  if (line.includes(0)) return { kind: 'bad', what: 'nul' };
  return { kind: 'line', line: line.toString('latin1'), used: end + 1 };
}

/** In words that follow "a line": `with a bare LF`. */
export const badLineWords: Readonly<Record<BadLine, string>> = {
  'too-long': 'that is too long',
  'bare-cr': 'with a bare CR',
  'bare-lf': 'with a bare LF',
  nul: 'with a NUL',
};
