/**
 * The far end of a benchmark: takes mail over STARTTLS and counts what really happened.
 *
 * It shares no code with the relay it measures. Run by relay.ts in a process of its own; answers every line on
 * stdin with the counts so far.
 */

import { constants } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

export interface Counts {
  readonly messages: number;
  readonly connections: number;
  readonly handshakes: number;
  /** Messages that came inside TLS. */
  readonly encrypted: number;
  /** Messages with a signature of DKIM. */
  readonly signed: number;
  readonly bytes: number;
}

const counts = { messages: 0, connections: 0, handshakes: 0, encrypted: 0, signed: 0, bytes: 0 };
const { SINK_CERT: cert, SINK_KEY: key, SINK_TLS: tls } = process.env;
const context = createSecureContext({
  ...(cert && { cert }),
  ...(key && { key }),
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
});
const offers = ['250-sink.test', '250-PIPELINING', '250-SIZE 100000000', '250-8BITMIME'];

const server = createServer({ noDelay: true }, (socket) => {
  counts.connections += 1;
  socket.on('error', () => socket.destroy());
  socket.write('220 sink.test ESMTP\r\n');
  talk(socket, false);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});
process.stdin.on('data', () => process.stdout.write(`${JSON.stringify(counts)}\n`));
process.stdin.on('end', () => process.exit());

function talk(socket: Socket, secure: boolean): void {
  let unread: Buffer = Buffer.alloc(0);
  let inBody = false;
  const onData = (chunk: Buffer): void => {
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
    let out = '';
    for (;;) {
      const end = unread.indexOf(inBody ? '\r\n.\r\n' : '\r\n');
      if (end === -1) break;
      const line = inBody ? '' : unread.toString('latin1', 0, end).toUpperCase();
      const isSigned = inBody && unread.subarray(0, end).includes('DKIM-Signature: v=1');
      unread = unread.subarray(end + (inBody ? 5 : 2));
      if (inBody) {
        counts.messages += 1;
        if (isSigned) counts.signed += 1;
        counts.bytes += end;
        if (secure) counts.encrypted += 1;
        inBody = false;
        out += '250 2.0.0 ok\r\n';
      } else if (line.startsWith('EHLO')) {
        const all = secure || tls === 'none' ? offers : [...offers, '250-STARTTLS'];
        out += `${all.join('\r\n')}\r\n250 ENHANCEDSTATUSCODES\r\n`;
      } else if (line === 'STARTTLS') {
        socket.write('220 2.0.0 go\r\n');
        socket.removeListener('data', onData);
        upgrade(socket);
        return;
      } else if (line === 'DATA') {
        inBody = true;
        out += '354 go\r\n';
      } else if (line === 'QUIT') {
        socket.end('221 2.0.0 bye\r\n');
        return;
      } else out += '250 2.0.0 ok\r\n';
    }
    if (out !== '') socket.write(out, 'latin1');
  };
  socket.on('data', onData);
}

function upgrade(plain: Socket): void {
  const secure = new TLSSocket(plain, { isServer: true, secureContext: context });
  secure.on('error', () => plain.destroy());
  secure.once('secure', () => {
    counts.handshakes += 1;
    talk(secure, true);
  });
}
