/**
 * What stands behind the gateways of a benchmark: just enough of IMAP without TLS that all of them take it for a server,
 * and commands that turn the connection into a source or a sink. A process of its own, which says its port.
 *
 *     t LOGIN user password    also with literals, as nginx sends them
 *     t NOOP
 *     t SINK octets            takes them behind its answer, compares each, and answers again
 *     t SOURCE octets          sends them behind its answer
 *     t DUPLEX octets          both at once, in random pieces with stalls; then the digests of what it sent and took
 *     t LOGOUT
 */
import { createServer, type Socket } from 'node:net';
import { giveRestlessly, takeRestlessly } from '../test/support/restless.ts';
import { talkerOn } from './support/talker.ts';

const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
  serve(socket).catch((error: unknown) => {
    process.stderr.write(`mailbox: ${String(error)}\n`);
    socket.destroy();
  });
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});
process.stdin.on('end', () => process.exit()).resume();

async function serve(socket: Socket): Promise<void> {
  const talker = talkerOn(socket);
  talker.say('* OK [CAPABILITY IMAP4rev1] ready\r\n');
  for (;;) {
    const line = await talker.line();
    if (line === undefined) return void socket.end();
    const [tag = '', command = '', amount = ''] = line.split(' ');
    const octets = Number(amount);
    const done = `${tag} OK done\r\n`;
    switch (command.toUpperCase()) {
      case 'LOGIN':
        for (let rest: string | undefined = line; rest?.endsWith('}'); rest = await talker.line())
          talker.say('+ go on\r\n');
        talker.say(done);
        break;
      case 'SINK':
        talker.say(done);
        await talker.take(octets);
        talker.say(done);
        break;
      case 'SOURCE':
        talker.say(done);
        await talker.give(octets);
        break;
      case 'DUPLEX': {
        talker.say(done);
        talker.release();
        const [sent, taken] = await Promise.all([
          giveRestlessly(socket, octets),
          takeRestlessly(socket, octets),
        ]);
        socket.end(`${sent} ${taken}`);
        return;
      }
      case 'CAPABILITY':
        talker.say(`* CAPABILITY IMAP4rev1\r\n${done}`);
        break;
      case 'LOGOUT':
        talker.say(`* BYE\r\n${done}`);
        return void socket.end();
      default:
        talker.say(done);
    }
  }
}
