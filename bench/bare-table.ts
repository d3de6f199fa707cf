/**
 * The least that a socketmap server on Node can be: looks requests up in a map, checks nothing and bounds nothing. Run by advisor.ts in a
 * process of its own; what it reaches is what Node and the kernel leave to any server.
 *
 * It writes the port that it listens at.
 */
import { createServer } from 'node:net';
import type { Keys } from './asker.ts';

const keys: Keys = JSON.parse(process.env['KEYS'] ?? '');
const answers = new Map(
  Array.from({ length: keys.count }, (_, index) => {
    const [request, answer] = [`postfix ${keys.key}`, keys.answer].map((text) =>
      netstring(text.replaceAll('#', String(index))),
    );
    return [request, Buffer.from(answer ?? '', 'latin1')];
  }),
);

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  let rest = '';
  socket.on('data', (chunk: Buffer) => {
    const text = rest + chunk.toString('latin1');
    const whole = answers.get(text);
    if (whole !== undefined) {
      socket.write(whole);
      return;
    }
    const end = text.lastIndexOf(',') + 1;
    rest = text.slice(end);
    const requests = text.slice(0, end).split(/(?<=,)/);
    socket.write(Buffer.concat(requests.flatMap((one) => answers.get(one) ?? [])));
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});
// Whoever has started it is gone.
process.stdin.on('close', () => process.exit()).resume();

function netstring(text: string): string {
  return `${text.length}:${text},`;
}
