/**
 * The near end of a benchmark: hands in one message per connection, by STARTTLS, and counts what really happened.
 *
 * It shares no code with the relay it measures. Run by accept.ts in a process of its own; answers every line on
 * stdin with the counts so far.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Counts {
  /** Taken with 250. */
  readonly messages: number;
  readonly connections: number;
  readonly handshakes: number;
  /** Connections that came to no message. */
  readonly failures: number;
}

const counts = { messages: 0, connections: 0, handshakes: 0, failures: 0 };
const port = Number(process.env['SOURCE_PORT']);
const wanted = Number(process.env['SOURCE_MESSAGES']);
const senders = Number(process.env['SOURCE_SENDERS']);
const body = `Subject: bench\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(Math.floor(Number(process.env['SOURCE_BYTES']) / 72))}.\r\n`;

process.stdout.write('ready\n');
process.stdin.on('data', () => process.stdout.write(`${JSON.stringify(counts)}\n`));
process.stdin.on('end', () => process.exit());
let left = wanted;
for (let sender = 0; sender < senders; sender++) next();

function next(): void {
  if (left === 0) return;
  left -= 1;
  counts.connections += 1;
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const fail = (): void => {
    counts.failures += 1;
    socket.destroy();
    next();
  };
  socket.once('error', fail);
  // Each command is said when the reply before it has come whole: its last line has a space after the code.
  converse(socket, ['EHLO source.test\r\n', 'STARTTLS\r\n'], fail, () => {
    const secure = connectTls({ socket, rejectUnauthorized: false, servername: 'relay.test' }, () => {
      counts.handshakes += 1;
      const words = ['MAIL FROM:<source@source.test>\r\nRCPT TO:<sink@sink.test>\r\nDATA\r\n', body];
      secure.write('EHLO source.test\r\n');
      converse(secure, [...words, 'QUIT\r\n'], fail, () => {
        counts.messages += 1;
        secure.destroy();
        next();
      });
    });
    secure.once('error', fail);
  });
}

/** Says one word after each reply; the group of three has three replies. */
function converse(socket: Socket, words: readonly string[], fail: () => void, done: () => void): void {
  let unread = '';
  let at = 0;
  let replies = 1;
  const onData = (chunk: Buffer): void => {
    unread += chunk.toString('latin1');
    for (let end = unread.indexOf('\n'); end !== -1; end = unread.indexOf('\n')) {
      const line = unread.slice(0, end);
      unread = unread.slice(end + 1);
      if (line[3] === '-') continue;
      if (!/^[23]/.test(line)) return fail();
      replies -= 1;
      if (replies > 0) continue;
      const word = words[at];
      if (word === undefined) {
        socket.removeListener('data', onData);
        return done();
      }
      at += 1;
      replies = word.split('\r\n').length - 1 === 3 && word.startsWith('MAIL') ? 3 : 1;
      socket.write(word);
    }
  };
  socket.on('data', onData);
}
