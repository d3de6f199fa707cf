/** RDATA of every type that the tests write down, from its presentation form to the wire, for tests. */
import { isIPv4, isIPv6 } from 'node:net';
import { lowerCase, type Name } from '../../../src/dns/name.ts';
import { type RecordType, types } from '../../../src/dns/record.ts';
import { octetsOf, wireName } from './name-text.ts';

/** Types that the tests name and the program does not, beside {@link types}. */
const others: Record<string, RecordType> = { LOC: 29, DLV: 32769, SPF: 99, NSAP: 22, RP: 17, AFSDB: 18 };

const algorithms: Record<string, number> = {
  RSAMD5: 1,
  DSA: 3,
  RSASHA1: 5,
  'DSA-NSEC3-SHA1': 6,
  'RSASHA1-NSEC3-SHA1': 7,
  RSASHA256: 8,
  RSASHA512: 10,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
};

/** The number of a type by its name or as TYPEnnn (RFC 3597 §5). */
export function typeOf(text: string): RecordType {
  const name = text.toUpperCase();
  const known = new Map<string, RecordType>([...Object.entries(types), ...Object.entries(others)]).get(name);
  const number = known ?? Number(/^TYPE(\d{1,5})$/.exec(name)?.[1] ?? Number.NaN);
  if (!(number <= 0xffff)) throw new Error(`not a type: ${text}`);
  return number;
}

/** RDATA in the form of {@link import('../../../src/dns/record.ts').ResourceRecord}. */
export function rdataOf(type: RecordType, words: readonly string[], origin: Name): Uint8Array {
  if (words[0] === '\\#') return generic(Number(words[1]), words.slice(2).join(''));
  const form = forms.get(type);
  if (form === undefined) throw new Error(`no form for type ${type}`);
  const left = [...words];
  const parts = form.map((part) => fields[part](left, origin));
  if (left.length > 0) throw new Error(`${left.length} words too many`);
  return Buffer.concat(parts);
}

/** The Type Bit Maps field (RFC 4034 §4.1.2). */
export function encodeTypes(list: readonly RecordType[]): Uint8Array {
  const windows = new Map<number, Uint8Array>();
  for (const type of list) {
    const window = windows.get(type >> 8) ?? new Uint8Array(32);
    const at = (type & 0xff) >> 3;
    window[at] = (window[at] ?? 0) | (0x80 >> (type & 7));
    windows.set(type >> 8, window);
  }
  return Buffer.concat(
    [...windows.entries()]
      .toSorted(([a], [b]) => a - b)
      .flatMap(([window, map]) => {
        const used = map.findLastIndex((octet) => octet !== 0) + 1;
        return [Uint8Array.of(window, used), map.subarray(0, used)];
      }),
  );
}

/** Base 32 with the extended hex alphabet, without padding (RFC 4648 §7). */
export function base32hex(text: string): Uint8Array {
  if (!/^[0-9a-v]*$/i.test(text)) throw new Error(`not base 32: ${text}`);
  const bits = text.replace(/./g, (digit) => Number.parseInt(digit, 32).toString(2).padStart(5, '0'));
  return Uint8Array.from({ length: Math.floor(bits.length / 8) }, (_, index) =>
    Number.parseInt(bits.slice(index * 8, index * 8 + 8), 2),
  );
}

type Field =
  | 'u8'
  | 'u16'
  | 'u32'
  | 'name'
  | 'nameAsWritten'
  | 'ipv4'
  | 'ipv6'
  | 'string'
  | 'strings'
  | 'base64'
  | 'hex'
  | 'types'
  | 'type'
  | 'algorithm'
  | 'time'
  | 'salt'
  | 'hash';

const forms = new Map<RecordType, readonly Field[]>([
  [types.A, ['ipv4']],
  [types.AAAA, ['ipv6']],
  [types.NS, ['name']],
  [types.CNAME, ['name']],
  [types.DNAME, ['name']],
  [types.PTR, ['name']],
  [types.SOA, ['name', 'name', 'u32', 'u32', 'u32', 'u32', 'u32']],
  [types.MX, ['u16', 'name']],
  [types.SRV, ['u16', 'u16', 'u16', 'name']],
  [types.NAPTR, ['u16', 'u16', 'string', 'string', 'string', 'name']],
  [types.TXT, ['strings']],
  [types.HINFO, ['string', 'string']],
  [types.DS, ['u16', 'algorithm', 'u8', 'hex']],
  [typeOf('DLV'), ['u16', 'algorithm', 'u8', 'hex']],
  [types.DNSKEY, ['u16', 'u8', 'algorithm', 'base64']],
  [types.RRSIG, ['type', 'algorithm', 'u8', 'u32', 'time', 'time', 'u16', 'name', 'base64']],
  [types.NSEC, ['nameAsWritten', 'types']],
  [types.NSEC3, ['u8', 'u8', 'u16', 'salt', 'hash', 'types']],
  [types.NSEC3PARAM, ['u8', 'u8', 'u16', 'salt']],
  [types.TLSA, ['u8', 'u8', 'u8', 'hex']],
]);

const fields: Record<Field, (words: string[], origin: Name) => Uint8Array> = {
  u8: (words) => integer(words, 1),
  u16: (words) => integer(words, 2),
  u32: (words) => integer(words, 4),
  name: (words, origin) => Buffer.from(lowerCase(wireName(next(words), origin)), 'latin1'),
  nameAsWritten: (words, origin) => Buffer.from(wireName(next(words), origin), 'latin1'),
  ipv4: (words) => {
    const text = next(words);
    if (!isIPv4(text)) throw new Error(`not an IPv4 address: ${text}`);
    return Uint8Array.from(text.split('.').map(Number));
  },
  ipv6: (words) => ipv6(next(words)),
  string: (words) => string(next(words)),
  strings: (words) => {
    if (words.length === 0) throw new Error('it has no string');
    return Buffer.concat(words.splice(0).map(string));
  },
  base64: (words) => {
    const text = rest(words);
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new Error('not base 64');
    return Buffer.from(text, 'base64');
  },
  hex: (words) => hex(rest(words)),
  types: (words) => encodeTypes(words.splice(0).map(typeOf)),
  type: (words) => unsigned(typeOf(next(words)), 2),
  algorithm: (words) => {
    const text = next(words);
    return unsigned(algorithms[text.toUpperCase()] ?? Number(text), 1);
  },
  time: (words) => unsigned(timeOf(next(words)), 4),
  salt: (words) => {
    const text = next(words);
    return counted(hex(text === '-' ? '' : text));
  },
  hash: (words) => counted(base32hex(next(words))),
};

/** Seconds since 1970, modulo 2^32, of YYYYMMDDHHmmSS or of a number (RFC 4034 §3.2). */
export function timeOf(text: string): number {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text) ?? [];
  if (parts.length === 0) return Number(text);
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map(Number);
  return (Date.UTC(year, month - 1, day, hour, minute, second) / 1000) % 2 ** 32;
}

function next(words: string[]): string {
  const word = words.shift();
  if (word === undefined) throw new Error('it ends too early');
  return word;
}

function rest(words: string[]): string {
  return words.splice(0).join('');
}

function integer(words: string[], octets: number): Uint8Array {
  const text = next(words);
  if (!/^\d+$/.test(text)) throw new Error(`not a number: ${text}`);
  return unsigned(Number(text), octets);
}

function unsigned(value: number, octets: number): Uint8Array {
  if (!(value >= 0 && value < 256 ** octets)) throw new Error(`${value} does not fit ${octets} octets`);
  return Uint8Array.from({ length: octets }, (_, index) => Math.floor(value / 256 ** (octets - 1 - index)));
}

function string(text: string): Uint8Array {
  return counted(Buffer.from(octetsOf(text), 'latin1'));
}

function counted(octets: Uint8Array): Uint8Array {
  if (octets.length > 255) throw new Error('more than 255 octets');
  return Buffer.concat([Uint8Array.of(octets.length), octets]);
}

function hex(text: string): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text)) throw new Error(`not hexadecimal: ${text}`);
  return Buffer.from(text, 'hex');
}

function generic(length: number, text: string): Uint8Array {
  const octets = hex(text);
  if (octets.length !== length) throw new Error(`${octets.length} octets, not ${length}`);
  return octets;
}

function ipv6(text: string): Uint8Array {
  if (!isIPv6(text) || text.includes('%')) throw new Error(`not an IPv6 address: ${text}`);
  const whole = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = '', tail] = whole.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const left = groups(head);
  const right = groups(tail ?? '');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0);
  return Uint8Array.from([...left, ...zeros, ...right].flatMap((group) => [group >> 8, group & 0xff]));
}
