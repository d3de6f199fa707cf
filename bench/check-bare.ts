/**
 * What the plainest program on Node needs for what a quick check says to a server: the most that a check can come to.
 *
 *     node bench/check-bare.ts PORT < list of addresses
 *
 * Greeting, EHLO, STARTTLS, a handshake by the same context as a check has, a look at the session, EHLO, QUIT; a hundred at the
 * same time. It reads no reply, keeps nothing and judges nothing.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as secure } from 'node:tls';
import { seeingContexts } from '../src/net/seeing-contexts.ts';

const AT_ONCE = 100;
const HELLO = 'EHLO scanner.bench.test\r\n';
const port = Number(process.argv[2]);
const context = seeingContexts([])('everything');
const addresses = createInterface(process.stdin)[Symbol.asyncIterator]();

await Promise.all(Array.from({ length: AT_ONCE }, visitAll));

async function visitAll(): Promise<void> {
  for (let next = await addresses.next(); next.done !== true; next = await addresses.next())
    await visit(next.value);
}

function visit(host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const said = [HELLO, 'STARTTLS\r\n'];
    socket.on('error', reject);
    socket.on('data', () => {
      const next = said.shift();
      if (next !== undefined) {
        socket.write(next);
        return;
      }
      socket.removeAllListeners('data');
      const inside = secure({ socket, secureContext: context, rejectUnauthorized: false }, () => {
        inside.getPeerX509Certificate();
        inside.getEphemeralKeyInfo();
        inside.write(HELLO);
      });
      const rest = ['QUIT\r\n'];
      inside.on('error', reject);
      inside.on('data', () => {
        const last = rest.shift();
        if (last === undefined) inside.end();
        else inside.write(last);
      });
      inside.once('close', () => resolve());
    });
  });
}
