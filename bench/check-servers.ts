/**
 * What `bench/check.ts` visits, in a process of its own: a mail server at every address of 127.0.0.0/8, and a resolver that
 * knows domains which lead to it. It says its ports; a line on stdin is answered with what was counted since the last one.
 *
 *     dN.bench.test    MX of host N modulo HOSTS, no policy of any kind
 *     mxN.bench.test   127.1.x.y
 */
import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { createSecureContext, TLSSocket } from 'node:tls';

const { KEY = '', CERT = '', HOSTS = '1' } = process.env;
const hosts = Number(HOSTS);
const context = createSecureContext({ key: KEY, cert: CERT, minVersion: 'TLSv1' });
/** Connections at each address, and questions; `most` is of one address at the same time. */
let counts = { connections: 0, questions: 0, most: 0 };
const open = new Map<string, number>();

const server = createServer({ noDelay: true }, (socket) => {
  const address = socket.localAddress ?? '';
  // It listens at all addresses, as there is no way to listen at those of 127.0.0.0/8 alone.
  if (!address.startsWith('127.')) {
    socket.destroy();
    return;
  }
  const now = (open.get(address) ?? 0) + 1;
  open.set(address, now);
  counts.connections += 1;
  counts.most = Math.max(counts.most, now);
  socket.once('close', () => {
    const left = (open.get(address) ?? 1) - 1;
    if (left === 0) open.delete(address);
    else open.set(address, left);
  });
  socket.write('220 mx.bench.test ESMTP\r\n');
  talk(socket, false);
});

function talk(socket: Socket, inside: boolean): void {
  let unread = '';
  const onData = (chunk: Buffer): void => {
    unread += chunk.toString('latin1');
    for (let end = unread.indexOf('\r\n'); end >= 0; end = unread.indexOf('\r\n')) {
      const line = unread.slice(0, end).toUpperCase();
      unread = unread.slice(end + 2);
      if (line === 'STARTTLS' && !inside) {
        socket.removeListener('data', onData);
        socket.write('220 go ahead\r\n');
        talk(new TLSSocket(socket, { isServer: true, secureContext: context }), true);
        return;
      }
      if (line === 'QUIT') socket.end('221 bye\r\n');
      else socket.write(line.startsWith('EHLO') ? helloOf(inside) : '250 ok\r\n');
    }
  };
  socket.on('error', () => socket.destroy());
  socket.on('data', onData);
}

function helloOf(inside: boolean): string {
  const offers = [
    'mx.bench.test',
    'SIZE 10240000',
    'PIPELINING',
    ...(inside ? [] : ['STARTTLS']),
    '8BITMIME',
  ];
  return offers.map((offer, index) => `250${index < offers.length - 1 ? '-' : ' '}${offer}\r\n`).join('');
}

const HEADER = 12;
const TYPE = { a: 1, soa: 6, mx: 15, opt: 41 };
const TTL = 3_600;
/** Where the name of the question stands, as a pointer to it. */
const OWNER = Buffer.from([0xc0, HEADER]);

const resolver = createSocket({ type: 'udp4', recvBufferSize: 8 << 20 });
resolver.on('message', (query, from) => {
  counts.questions += 1;
  resolver.send(answerTo(query), from.port, from.address);
});

/** Enough of RFC 1035 for names of this bench, which have letters and digits only. */
function answerTo(query: Buffer): Buffer {
  let end = HEADER;
  const labels: string[] = [];
  for (let length = query[end] ?? 0; length > 0; length = query[end] ?? 0) {
    labels.push(query.toString('latin1', end + 1, end + 1 + length).toLowerCase());
    end += 1 + length;
  }
  const type = query.readUInt16BE(end + 1);
  const [first = ''] = labels;
  const number = labels.length === 3 ? Number(/[0-9]+$/.exec(first)?.[0] ?? Number.NaN) : Number.NaN;
  const answer = recordOf(first, number, type);
  const header = Buffer.alloc(HEADER);
  query.copy(header, 0, 0, 2);
  const known = labels.length <= 3;
  header.writeUInt16BE(0x8180 | (known ? 0 : 3), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answer === undefined ? 0 : 1, 6);
  header.writeUInt16BE(answer === undefined ? 1 : 0, 8);
  return Buffer.concat([header, query.subarray(HEADER, end + 5), answer ?? none]);
}

function recordOf(first: string, number: number, type: number): Buffer | undefined {
  if (Number.isNaN(number)) return undefined;
  if (first.startsWith('mx') && type === TYPE.a)
    return record(OWNER, type, Buffer.from([127, 1, number >> 8, number & 0xff]));
  if (!first.startsWith('d') || type !== TYPE.mx) return undefined;
  return record(OWNER, type, Buffer.concat([Buffer.from([0, 10]), nameOf(`mx${number % hosts}.bench.test`)]));
}

function record(owner: Buffer, type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(TTL, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fixed, data]);
}

function nameOf(text: string): Buffer {
  return Buffer.concat([
    ...text.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ]);
}

const none = record(
  nameOf('bench.test'),
  TYPE.soa,
  Buffer.concat([
    nameOf('ns.bench.test'),
    nameOf('mail.bench.test'),
    Buffer.from(Uint32Array.from([1, TTL, TTL, TTL, TTL]).toReversed().buffer).swap32(),
  ]),
);

createInterface(process.stdin)
  .on('line', () => {
    process.stdout.write(`${JSON.stringify(counts)}\n`);
    counts = { connections: 0, questions: 0, most: 0 };
  })
  .on('close', () => process.exit());
server.listen({ port: 0, host: '0.0.0.0', backlog: 4_096 }, () => {
  resolver.bind(0, '127.0.0.1', () => {
    const bound = server.address();
    const smtp = bound === null || typeof bound === 'string' ? 0 : bound.port;
    process.stdout.write(`${smtp} ${resolver.address().port}\n`);
  });
});
