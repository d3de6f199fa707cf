/** Somebody on the way to a resolver: hands questions on, and does to the answers what he is told to. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Endpoint } from '../net.ts';
import type { Fate, Lie } from './lies.ts';
import { flag, type Packet, readPacket, showWireName, writePacket } from './packet.ts';

/** A forwarder that lies. */
export interface DnsMitm {
  readonly address: string;
  readonly port: number;
  /** From now on these, one after the other; none: an honest forwarder. */
  readonly tell: (...lies: readonly Lie[]) => void;
  /** What was asked so far. */
  readonly asked: () => readonly Asked[];
  readonly close: () => Promise<void>;
}

/** A question that came by. */
export interface Asked {
  readonly name: string;
  readonly type: number;
  readonly over: 'udp' | 'tcp';
}

type Over = Asked['over'];

/** Of clients that do not say by EDNS how much they take. */
const SMALLEST_UDP = 512;
const OPT = 41;

/** @param listen where it is; port 0 for any. */
export async function startDnsMitm(listen: Endpoint, resolver: Endpoint): Promise<DnsMitm> {
  let lies: readonly Lie[] = [];
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const upstreams = new Set<UdpSocket>();
  const timers = new Set<NodeJS.Timeout>();
  const note = (query: Packet, over: Over): void => {
    if (query.question === null) return;
    asked.push({ name: showWireName(query.question.name), type: query.question.type, over });
  };
  const give = (bytes: Buffer, over: Over, query: Packet, send: (bytes: Buffer) => void): void => {
    // An honest forwarder passes on what it got, octet by octet.
    if (lies.length === 0) return send(bytes);
    const { packets, afterMs } = told(readPacket(bytes), lies, over);
    const timer = setTimeout(() => {
      timers.delete(timer);
      for (const packet of packets) send(over === 'udp' ? fitting(packet, query) : writePacket(packet));
    }, afterMs);
    timers.add(timer);
  };

  const udp = createSocket('udp4');
  udp.on('message', (bytes, client) => {
    const query = readPacket(bytes);
    note(query, 'udp');
    const upstream = createSocket('udp4');
    upstreams.add(upstream);
    upstream.on('close', () => upstreams.delete(upstream));
    upstream.on('message', (reply) => {
      upstream.close();
      give(reply, 'udp', query, (sent) => udp.send(sent, client.port, client.address));
    });
    // A resolver that is gone does not answer either.
    upstream.on('error', () => upstream.close());
    upstream.send(bytes, resolver.port, resolver.address);
  });
  udp.bind(listen.port, listen.address);
  await once(udp, 'listening');
  const { port } = udp.address();

  const tcp = createServer((client) => {
    const upstream = connect(resolver.port, resolver.address);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    const queries = new Map<number, Packet>();
    onFrames(client, (bytes) => {
      const query = readPacket(bytes);
      note(query, 'tcp');
      queries.set(query.id, query);
      upstream.write(framed(bytes));
    });
    onFrames(upstream, (bytes) => {
      const query = queries.get(bytes.readUInt16BE(0));
      if (query !== undefined) give(bytes, 'tcp', query, (sent) => client.write(framed(sent)));
    });
  });
  tcp.listen(port, listen.address);
  await once(tcp, 'listening');

  return {
    address: listen.address,
    port,
    tell(...more) {
      lies = more;
    },
    asked: () => [...asked],
    async close() {
      for (const timer of timers) clearTimeout(timer);
      for (const socket of [...sockets, ...upstreams]) {
        if ('destroy' in socket) socket.destroy();
        else socket.close();
      }
      udp.close();
      tcp.close();
      await Promise.all([once(udp, 'close'), once(tcp, 'close')]);
    },
  };
}

/** Applies lies one after the other. */
function told(
  packet: Packet,
  lies: readonly Lie[],
  over: Over,
): { readonly packets: readonly Packet[]; readonly afterMs: number } {
  let current = packet;
  let afterMs = 0;
  const before: Packet[] = [];
  for (const lie of lies) {
    const fate: Fate = lie(current, over);
    if (fate.kind === 'silence') return { packets: [], afterMs };
    if (fate.kind === 'flood') before.push(...fate.wrong);
    else afterMs += fate.afterMs ?? 0;
    current = fate.packet;
  }
  return { packets: [...before, current], afterMs };
}

/** What does not fit is cut, as an honest forwarder would. */
function fitting(packet: Packet, query: Packet): Buffer {
  const bytes = writePacket(packet);
  const most = query.additional.find((one) => one.type === OPT)?.class ?? SMALLEST_UDP;
  if (bytes.length <= Math.max(most, SMALLEST_UDP)) return bytes;
  return writePacket({
    ...packet,
    flags: packet.flags | flag.truncated,
    answer: [],
    authority: [],
    additional: packet.additional.filter((one) => one.type === OPT),
  });
}

/** RFC 1035 §4.2.2. */
function framed(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes]);
}

function onFrames(socket: Socket, take: (bytes: Buffer) => void): void {
  let unread: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16BE(0)) {
      const end = 2 + unread.readUInt16BE(0);
      take(unread.subarray(2, end));
      unread = unread.subarray(end);
    }
  });
}
