/** Messages octet by octet, for what no encoder would write; and what reading one gives. */
import { type Decoded, decodeMessage, type Message } from '../../../src/dns/message.ts';

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
export const u16 = (value: number): string => String.fromCharCode(value >> 8, value & 0xff);
export const question = '\x01A\x04Test\0\0\x01\0\x01';
/** Where the name of {@link question} stands. */
export const pointer = '\xc0\x0c';

/** A message of a question and records; the counts are those of the records unless they are given. */
export function raw(
  sections: { answers?: readonly string[]; authority?: readonly string[]; additional?: readonly string[] },
  more: { word?: number; counts?: readonly number[]; tail?: string; question?: string } = {},
): Uint8Array {
  const { answers = [], authority = [], additional = [] } = sections;
  const counts = more.counts ?? [1, answers.length, authority.length, additional.length];
  const records = [...answers, ...authority, ...additional].join('');
  const header = `${u16(0x1234)}${u16(more.word ?? 0x8180)}${counts.map(u16).join('')}`;
  return bytes(`${header}${more.question ?? question}${records}${more.tail ?? ''}`);
}

export const record = (
  type: number,
  data: string,
  owner = pointer,
  ttl = '\0\0\0\x3c',
  recordClass = 1,
): string => `${owner}${u16(type)}${u16(recordClass)}${ttl}${u16(data.length)}${data}`;
export const address = record(1, '\xc0\0\x02\x01');
export const opt = (data = '', owner = '\0', ttl = '\0\0\x80\0'): string =>
  record(41, data, owner, ttl, 1232);

export function read(octets: Uint8Array): Message {
  const decoded = decodeMessage(octets);
  if (decoded.kind !== 'ok') throw new Error(decoded.because);
  return decoded.message;
}

export function because(decoded: Decoded): string {
  return decoded.kind === 'malformed' ? decoded.because : 'read';
}

export function writtenOctets({ answers, authority, additional }: Message): number {
  return [...answers, ...authority, ...additional].reduce(
    (sum, { name, data }) => sum + name.length + data.length,
    0,
  );
}
