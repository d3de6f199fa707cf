/** Commands as we write them. RFC 5321 §4.1.1. */

/**
 * A command line with its CRLF.
 *
 * @throws Error when a part holds CR, LF, NUL or anything outside printable ASCII: what came from outside would
 * otherwise run as a command of its own.
 */
export function command(...parts: readonly string[]): string {
  const line = parts.join(' ');
  if (!/^[\x20-\x7e]*$/.test(line)) {
    throw new Error(`an SMTP command may hold printable ASCII only: ${JSON.stringify(line.slice(0, 80))}`);
  }
  return `${line}\r\n`;
}

/**
 * A command line with addresses in UTF-8 (RFC 6531 §3.3), with its CRLF; latin1 of its octets, as a channel takes it.
 *
 * @throws Error when a part holds a control character or half a surrogate pair.
 */
export function utf8Command(...parts: readonly string[]): string {
  const line = parts.join(' ');
  if (/\p{Cc}/u.test(line) || !line.isWellFormed()) {
    throw new Error(`an SMTP command may hold no control characters: ${JSON.stringify(line.slice(0, 80))}`);
  }
  return `${Buffer.from(line, 'utf8').toString('latin1')}\r\n`;
}
