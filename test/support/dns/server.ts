/** A DNS server by UDP and TCP that does what a script says, also what no server should do. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeMessage } from '../../../src/dns/encode.ts';
import { decodeMessage, type Edns, type Message } from '../../../src/dns/message.ts';
import { type Name, parseName, root } from '../../../src/dns/name.ts';
import { type Question, type RecordType, type ResourceRecord, types } from '../../../src/dns/record.ts';

/** A query as it came. */
export interface Received {
  readonly via: 'udp' | 'tcp';
  readonly bytes: Uint8Array;
  readonly id: number;
  readonly question: Question;
  /** The name of the question in its spelling, on the wire. */
  readonly spelling: string;
  readonly recursionDesired: boolean;
  readonly checkingDisabled: boolean;
  readonly authenticData: boolean;
  readonly edns: Edns | undefined;
  readonly sourcePort: number;
  /** Counts the connections of TCP. */
  readonly connection: number;
}

export type Action =
  | {
      readonly kind: 'send';
      readonly bytes: Uint8Array;
      readonly afterMs?: number;
      readonly elsewhere?: true;
    }
  /** TCP: octets of the stream, a few at a time. */
  | { readonly kind: 'drip'; readonly stream: Uint8Array; readonly octets: number; readonly everyMs: number }
  /** TCP: hangs up. */
  | { readonly kind: 'close' };

export type Script = (query: Received) => readonly Action[];

export interface ScriptedServer {
  readonly address: '127.0.0.1';
  readonly port: number;
  readonly received: readonly Received[];
  /** Connections of TCP so far. */
  readonly connections: number;
  /** Those that are open. */
  readonly open: number;
  close(): Promise<void>;
}

/** @param tcp `refused`: nothing listens there. */
export async function startScriptedServer(
  t: Pick<TestContext, 'after'>,
  script: Script,
  tcp: 'tcp' | 'refused' = 'tcp',
): Promise<ScriptedServer> {
  const received: Received[] = [];
  const { udp, elsewhere, server } = await bind(tcp);
  const sockets = new Set<Socket>();
  let connections = 0;
  let closing: Promise<void> | undefined;
  const take = (bytes: Uint8Array, via: 'udp' | 'tcp', sourcePort: number): readonly Action[] => {
    const query = readQuery(bytes, via, sourcePort, connections);
    if (query === undefined) return [];
    received.push(query);
    return script(query);
  };
  udp.on('message', (bytes, from) => {
    for (const action of take(bytes, 'udp', from.port)) {
      if (action.kind !== 'send') continue;
      const { bytes: reply, afterMs } = action;
      const socket = action.elsewhere === true ? elsewhere : udp;
      const send = (): void => {
        if (closing === undefined) socket.send(reply, from.port, from.address, () => undefined);
      };
      if (afterMs === undefined) send();
      else setTimeout(send, afterMs);
    }
  });
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    onFrames(socket, (bytes) => void act(socket, take(bytes, 'tcp', socket.remotePort ?? 0)));
  });
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
    for (const socket of [udp, elsewhere]) socket.close();
    await Promise.all([once(udp, 'close'), once(elsewhere, 'close')]);
  };
  const closeOnce = (): Promise<void> => (closing ??= close());
  t.after(closeOnce);
  return {
    address: '127.0.0.1',
    port: udp.address().port,
    received,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    close: closeOnce,
  };
}

export async function act(socket: Socket, actions: readonly Action[]): Promise<void> {
  for (const action of actions) {
    if (action.kind === 'close') socket.end();
    else if (action.kind === 'send') {
      if (action.afterMs !== undefined) await sleep(action.afterMs);
      socket.write(inFrame(action.bytes));
    } else {
      for (let at = 0; at < action.stream.length && !socket.destroyed; at += action.octets) {
        socket.write(action.stream.subarray(at, at + action.octets));
        await sleep(action.everyMs);
      }
    }
  }
}

/** The message with its length before it. */
export function inFrame(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(message.length >> 8, message.length & 0xff), message]);
}

export interface Said extends Partial<Message> {
  /** What stands on the wire in place of the question's name. */
  readonly spelling?: string;
}

/** An answer to a query, in its spelling and with its cookie; `said` changes whatever it names. */
export function answerTo(query: Received, said: Said = {}): Uint8Array {
  const { spelling, ...changed } = said;
  const asked = 'question' in changed ? changed.question : query.question;
  const own = asked?.name === query.question.name ? query.spelling : '';
  const edns: Edns | undefined =
    query.edns === undefined
      ? undefined
      : { udpSize: 1232, dnssecOk: query.edns.dnssecOk, cookie: undefined, errors: [] };
  const bytes = encodeMessage({
    id: query.id,
    response: true,
    authoritative: false,
    truncated: false,
    recursionAvailable: true,
    authenticated: false,
    rcode: 0,
    question: query.question,
    answers: [],
    authority: [],
    additional: [],
    edns,
    ...changed,
  });
  if (asked !== undefined) bytes.set(Buffer.from(spelling ?? own, 'latin1'), 12);
  return bytes;
}

/** Sends one answer. */
export function says(query: Received, said: Said = {}): readonly Action[] {
  return [{ kind: 'send', bytes: answerTo(query, said) }];
}

/** The server's cookie behind the client's, as RFC 7873 §5.2 says. */
export function withCookie({ edns }: Received, serverPart = Buffer.alloc(8, 0x5a)): Edns {
  const client = edns?.cookie?.subarray(0, 8) ?? new Uint8Array(8);
  return {
    udpSize: 1232,
    dnssecOk: edns?.dnssecOk ?? false,
    cookie: Buffer.concat([client, serverPart]),
    errors: [],
  };
}

export function name(text: string): Name {
  const parsed = parseName(text);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.value;
}

export function question(text: string, type: RecordType): Question {
  return { name: name(text), type };
}

export function record(owner: Name | string, type: RecordType, data: Uint8Array, ttl = 300): ResourceRecord {
  return { name: owner.endsWith(root) ? (owner as Name) : name(owner), type, ttl, data };
}

export function a(owner: Name | string, address: string, ttl?: number): ResourceRecord {
  return record(owner, types.A, Uint8Array.from(address.split('.').map(Number)), ttl);
}

export function cname(owner: Name | string, target: string, ttl?: number): ResourceRecord {
  return record(owner, types.CNAME, Buffer.from(name(target), 'latin1'), ttl);
}

/** @param minimum for which it may be remembered that something is not there. */
export function soa(owner: Name | string, minimum = 60, ttl = 300): ResourceRecord {
  const numbers = Buffer.alloc(20);
  numbers.writeUInt32BE(minimum, 16);
  return record(
    owner,
    types.SOA,
    Buffer.concat([Buffer.from(`${name('ns')}${name('root')}`, 'latin1'), numbers]),
    ttl,
  );
}

async function bind(
  tcp: 'tcp' | 'refused',
): Promise<{ readonly udp: UdpSocket; readonly elsewhere: UdpSocket; readonly server: Server }> {
  // The system chooses the port for one of them; for the other it may be taken.
  for (;;) {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const udp = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    udp.bind(port, '127.0.0.1');
    const taken = await Promise.race([
      once(udp, 'listening').then(() => false),
      once(udp, 'error').then(() => true),
    ]);
    if (taken) {
      server.close();
      continue;
    }
    if (tcp === 'refused') server.close();
    const elsewhere = createSocket('udp4');
    elsewhere.bind(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    return { udp, elsewhere, server };
  }
}

export function onFrames(socket: Socket, onMessage: (bytes: Uint8Array) => void): void {
  let unread = Buffer.alloc(0);
  socket.on('data', (piece: Buffer) => {
    unread = Buffer.concat([unread, piece]);
    while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16BE(0)) {
      const end = 2 + unread.readUInt16BE(0);
      onMessage(unread.subarray(2, end));
      unread = unread.subarray(end);
    }
  });
}

export function readQuery(
  bytes: Uint8Array,
  via: 'udp' | 'tcp',
  sourcePort: number,
  connection: number,
): Received | undefined {
  const decoded = decodeMessage(bytes);
  if (decoded.kind !== 'ok' || decoded.message.question === undefined) return undefined;
  const { message, rawQuestionName } = decoded;
  const { id, question: asked, edns, authenticated } = message;
  return {
    via,
    bytes,
    id,
    question: asked ?? { name: root, type: 0 },
    spelling: Buffer.from(rawQuestionName).toString('latin1'),
    recursionDesired: ((bytes[2] ?? 0) & 0x01) !== 0,
    checkingDisabled: ((bytes[3] ?? 0) & 0x10) !== 0,
    authenticData: authenticated,
    edns,
    sourcePort,
    connection,
  };
}
