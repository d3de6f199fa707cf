/**
 * A resolver of the tests' own, over UDP as RFC 1035 §4.1 writes messages: it says of all that it answers that it is
 * proven, and can be made to answer nothing, or with an error.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export type Mood = 'answers' | 'silent' | 'refuses' | 'fails';

export interface FakeResolver {
  readonly port: number;
  /** Questions so far. */
  readonly asked: number;
  become(mood: Mood): void;
  close(): void;
}

/** Data of the one record by question, `MX far.test`. */
export type Zone = Readonly<Record<string, Buffer>>;

const TYPES: Readonly<Record<number, string>> = { 1: 'A', 6: 'SOA', 15: 'MX', 28: 'AAAA', 52: 'TLSA' };
const RCODES: Readonly<Record<Exclude<Mood, 'silent'>, number>> = { answers: 0, refuses: 5, fails: 2 };
const NXDOMAIN = 3;
const HEADER = 12;
/** Of the root, by which a relay finds out whether anything is proven. */
const rootSoa = Buffer.concat([Buffer.alloc(2), Buffer.alloc(20, 1)]);
/** So short that what was learnt before an outage is forgotten in it. */
const TTL_SECONDS = 1;

export async function startFakeResolver(zone: Zone): Promise<FakeResolver> {
  const socket = createSocket('udp4');
  let mood: Mood = 'answers';
  let asked = 0;
  socket.on('message', (query, from) => {
    asked += 1;
    if (mood === 'silent') return;
    socket.send(answerTo(query, zone, RCODES[mood]), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    get asked() {
      return asked;
    },
    become(next) {
      mood = next;
    },
    close: () => void socket.close(),
  };
}

function answerTo(query: Buffer, zone: Zone, rcode: number): Buffer {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length).toLowerCase());
    at += 1 + length;
  }
  const type = query.readUInt16BE(at + 1);
  const name = labels.join('.');
  const known = name === '' ? { 'SOA ': rootSoa } : zone;
  const data = rcode === 0 ? known[`${TYPES[type] ?? type} ${name}`] : undefined;
  const exists =
    name === '' || Object.keys(zone).some((key) => key.endsWith(` ${name}`) || key.endsWith(`.${name}`));
  const header = Buffer.from(query.subarray(0, HEADER));
  // Response, recursion desired and available, authentic data.
  header.writeUInt16BE(0x81a0 | (rcode === 0 && !exists ? NXDOMAIN : rcode), 2);
  header.writeUInt16BE(data === undefined ? 0 : 1, 6);
  header.writeUInt32BE(0, 8);
  return Buffer.concat([
    header,
    query.subarray(HEADER, at + 5),
    ...(data === undefined ? [] : [resource(type, data)]),
  ]);
}

/** Its name is that of the question: a pointer to it. */
function resource(type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(12);
  fixed.writeUInt16BE(0xc000 | HEADER, 0);
  fixed.writeUInt16BE(type, 2);
  fixed.writeUInt16BE(1, 4);
  fixed.writeUInt32BE(TTL_SECONDS, 6);
  fixed.writeUInt16BE(data.length, 10);
  return Buffer.concat([fixed, data]);
}

/** The data of an MX record with preference 10. */
export function mx(host: string): Buffer {
  const labels = host
    .split('.')
    .map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1'));
  return Buffer.concat([Buffer.from([0, 10]), ...labels, Buffer.of(0)]);
}
