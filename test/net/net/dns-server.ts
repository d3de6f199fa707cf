/** A DNS server over UDP that answers from a table, as RFC 1035 §4.1 writes messages. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

export type DnsAnswer =
  | { readonly kind: 'records'; readonly data: readonly Buffer[] }
  | { readonly kind: 'code'; readonly rcode: 'NOERROR' | 'SERVFAIL' | 'NXDOMAIN' | 'REFUSED' }
  | { readonly kind: 'silence' }
  | { readonly kind: 'garbage' };

export interface DnsServer {
  readonly port: number;
  /** `MX far.test`, in the order in which they were asked. */
  readonly asked: readonly string[];
}

const TYPES: Readonly<Record<number, string>> = { 1: 'A', 12: 'PTR', 15: 'MX', 28: 'AAAA' };
const RCODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;
const HEADER = 12;

/** @param answers by question, `MX far.test`; a name that is not there does not exist. */
export async function startDnsServer(
  t: TestContext,
  answers: Readonly<Record<string, DnsAnswer>>,
): Promise<DnsServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const { name, type, end } = questionIn(query);
    const question = `${TYPES[type] ?? type} ${name}`;
    asked.push(question);
    const exists = Object.keys(answers).some((key) => key.endsWith(` ${name}`));
    const answer = answers[question] ?? { kind: 'code', rcode: exists ? 'NOERROR' : 'NXDOMAIN' };
    if (answer.kind === 'silence') return;
    const reply =
      answer.kind === 'garbage' ? Buffer.from([1, 2, 3]) : replyTo(query.subarray(0, end), type, answer);
    socket.send(reply, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => void socket.close());
  return { port: socket.address().port, asked };
}

/** The data of an MX record. */
export function mx(preference: number, exchange: string): Buffer {
  return Buffer.concat([Buffer.from([preference >> 8, preference & 0xff]), nameOf(exchange)]);
}

/** The data of a PTR record. */
export function ptr(name: string): Buffer {
  return nameOf(name);
}

export function records(...data: readonly Buffer[]): DnsAnswer {
  return { kind: 'records', data };
}

function questionIn(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function replyTo(
  question: Buffer,
  type: number,
  answer: Extract<DnsAnswer, { kind: 'records' | 'code' }>,
): Buffer {
  const data = answer.kind === 'records' ? answer.data : [];
  const header = Buffer.from(question.subarray(0, HEADER));
  // A response, with recursion desired and available.
  header.writeUInt16BE(0x8180 | (answer.kind === 'code' ? RCODES[answer.rcode] : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(data.length, 6);
  header.writeUInt32BE(0, 8);
  const resources = data.map((rdata) => {
    const fixed = Buffer.alloc(12);
    // The name is that of the question: a pointer to it.
    fixed.writeUInt16BE(0xc000 | HEADER, 0);
    fixed.writeUInt16BE(type, 2);
    fixed.writeUInt16BE(1, 4);
    fixed.writeUInt32BE(60, 6);
    fixed.writeUInt16BE(rdata.length, 10);
    return Buffer.concat([fixed, rdata]);
  });
  return Buffer.concat([header, question.subarray(HEADER), ...resources]);
}

function nameOf(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  const parts = labels.map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')]));
  return Buffer.concat([...parts, Buffer.of(0)]);
}
