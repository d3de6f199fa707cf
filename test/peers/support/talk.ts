/** A client that says one line after the other, and waits for each answer. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/** @param lines without CRLF at the end. @returns what both said, `C: ` or `S: ` before each line. */
export async function talk(port: number, lines: readonly string[]): Promise<string[]> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  const said: string[] = [];
  const toSay = [...lines];
  for await (const line of createInterface({ input: socket })) {
    said.push(`S: ${line}`);
    // All but the last line of a reply has a hyphen behind its code (RFC 5321 §4.2.1).
    if (line[3] === '-') continue;
    const next = toSay.shift();
    if (next === undefined) break;
    said.push(...next.split('\r\n').map((part) => `C: ${part}`));
    socket.write(`${next}\r\n`);
  }
  socket.destroy();
  return said;
}
