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
