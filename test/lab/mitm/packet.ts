/**
 * DNS messages as somebody on the way reads and writes them: only as much as it takes to change them.
 *
 * It shares no code with src/. RFC 1035 §4.1.
 */
import { wireName } from '../build/keys.ts';

/** A message. */
export interface Packet {
  readonly id: number;
  readonly flags: number;
  readonly question: PacketQuestion | null;
  readonly answer: readonly PacketRecord[];
  readonly authority: readonly PacketRecord[];
  readonly additional: readonly PacketRecord[];
}

/** A question; the name as it was spelled. */
export interface PacketQuestion {
  readonly name: Buffer;
  readonly type: number;
  readonly class: number;
}

/** A record; names in the RDATA of old types are written out. */
export interface PacketRecord {
  readonly name: Buffer;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly data: Buffer;
}

export const flag = { response: 0x8000, truncated: 0x0200, ad: 0x0020, cd: 0x0010 } as const;
const RCODE = 0x000f;

/** Reads a message that a program of the lab wrote. @throws on what is none. */
export function readPacket(bytes: Buffer): Packet {
  const counts = [4, 6, 8, 10].map((offset) => bytes.readUInt16BE(offset));
  const [questions = 0, ...sections] = counts;
  let offset = 12;
  let question: PacketQuestion | null = null;
  for (let left = questions; left > 0; left -= 1) {
    const name = readName(bytes, offset);
    question = {
      name: name.wire,
      type: bytes.readUInt16BE(name.end),
      class: bytes.readUInt16BE(name.end + 2),
    };
    offset = name.end + 4;
  }
  const [answer = [], authority = [], additional = []] = sections.map((count) =>
    Array.from({ length: count }, () => {
      const one = readRecord(bytes, offset);
      offset = one.end;
      return one.record;
    }),
  );
  return {
    id: bytes.readUInt16BE(0),
    flags: bytes.readUInt16BE(2),
    question,
    answer,
    authority,
    additional,
  };
}

/** Writes a message, without compression. */
export function writePacket(packet: Packet): Buffer {
  const { question } = packet;
  const sections = [packet.answer, packet.authority, packet.additional];
  const head = numbers(
    packet.id,
    packet.flags,
    question === null ? 0 : 1,
    ...sections.map((records) => records.length),
  );
  const asked = question === null ? [] : [question.name, numbers(question.type, question.class)];
  const records = sections.flat().flatMap((one) => {
    const ttl = Buffer.alloc(4);
    ttl.writeUInt32BE(one.ttl);
    return [one.name, numbers(one.type, one.class), ttl, numbers(one.data.length), one.data];
  });
  return Buffer.concat([head, ...asked, ...records]);
}

/** The same message with another response code. */
export function withRcode(packet: Packet, rcode: number): Packet {
  return { ...packet, flags: (packet.flags & ~RCODE) | rcode };
}

/** A name without the dot at the end, in lower case; octets that are no letters as they are. */
export function showWireName(wire: Buffer): string {
  const labels: string[] = [];
  for (let at = 0; (wire[at] ?? 0) > 0; at += 1 + (wire[at] ?? 0))
    labels.push(wire.toString('latin1', at + 1, at + 1 + (wire[at] ?? 0)));
  return labels.join('.').toLowerCase() || '.';
}

/** A record of class IN. */
export function recordOf(name: Buffer, type: number, ttl: number, data: Buffer): PacketRecord {
  return { name, type, class: 1, ttl, data };
}

/** RDATA of the types that are forged. */
export const rdata = {
  a: (address: string): Buffer => Buffer.from(address.split('.').map(Number)),
  mx: (preference: number, host: string): Buffer => Buffer.concat([numbers(preference), wireName(host)]),
  tlsa: (usage: number, selector: number, matching: number, hex: string): Buffer =>
    Buffer.concat([Buffer.of(usage, selector, matching), Buffer.from(hex, 'hex')]),
  txt: (text: string): Buffer => Buffer.concat([Buffer.of(text.length), Buffer.from(text, 'latin1')]),
  name: (name: string): Buffer => wireName(name),
} as const;

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => bytes.writeUInt16BE(value, index * 2));
  return bytes;
}

function readRecord(bytes: Buffer, offset: number): { record: PacketRecord; end: number } {
  const name = readName(bytes, offset);
  const type = bytes.readUInt16BE(name.end);
  const start = name.end + 10;
  const end = start + bytes.readUInt16BE(name.end + 8);
  return {
    record: {
      name: name.wire,
      type,
      class: bytes.readUInt16BE(name.end + 2),
      ttl: bytes.readUInt32BE(name.end + 4),
      data: plainData(bytes, type, start, end),
    },
    end,
  };
}

/** RFC 3597 §4: only in the types of RFC 1035 may names be compressed. Octets before each of them, by type. */
const namesAfter: Readonly<Record<number, readonly number[]>> = {
  2: [0],
  5: [0],
  6: [0, 0],
  12: [0],
  15: [2],
};

function plainData(bytes: Buffer, type: number, start: number, end: number): Buffer {
  const parts: Buffer[] = [];
  let offset = start;
  for (const before of namesAfter[type] ?? []) {
    const name = readName(bytes, offset + before);
    parts.push(bytes.subarray(offset, offset + before), name.wire);
    offset = name.end;
  }
  return Buffer.concat([...parts, bytes.subarray(offset, end)]);
}

function readName(bytes: Buffer, offset: number): { wire: Buffer; end: number } {
  const labels: Buffer[] = [];
  let at = offset;
  let end = -1;
  for (let jumps = 0; ; ) {
    const length = bytes.readUInt8(at);
    if (length >= 0xc0) {
      jumps += 1;
      if (jumps > 128) throw new Error('a name that never ends');
      if (end === -1) end = at + 2;
      at = bytes.readUInt16BE(at) & 0x3fff;
      continue;
    }
    labels.push(bytes.subarray(at, at + 1 + length));
    at += 1 + length;
    if (length === 0) return { wire: Buffer.concat(labels), end: end === -1 ? at : end };
  }
}
