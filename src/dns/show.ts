/** Records and numbers as people write and read them. RFC 1035 §5.1, RFC 3597 §5. */
import { formatMoment } from '../names/calendar.ts';
import { type Parsed, quote } from '../names/domain.ts';
import { showName } from './name.ts';
import { extendedErrorNames, rcodeNames, typeNumbers } from './numbers.ts';
import { charactersAt, plainNameAt, u16, u32 } from './octets.ts';
import { type ExtendedError, type RecordType, types } from './record.ts';
import { readAddress } from './records.ts';
import { readTypeBitmap } from './type-bitmap.ts';

const numberOfType = new Map(Object.entries(typeNumbers));
const nameOfType = new Map([...numberOfType].map(([name, type]) => [type, name]));

/** `TLSA`; `TYPE65280` where the type has no name. */
export function showType(type: RecordType): string {
  return nameOfType.get(type) ?? `TYPE${type}`;
}

/**
 * Reads the name of a type, in any case, or `TYPE` with its number (RFC 3597 §5).
 *
 * What can only be asked for, or belongs to one message, is refused (RFC 6895 §3.1): so `ANY`, `*` and `AXFR`, to which a
 * server may say what it likes and nothing proves that it was all.
 */
export function parseType(text: string): Parsed<RecordType> {
  const upper = text.toUpperCase();
  const digits = /^TYPE(0|[1-9]\d{0,4})$/.exec(upper)?.[1];
  const type = digits === undefined ? numberOfType.get(upper === '*' ? 'ANY' : upper) : Number(digits);
  if (type === undefined || type > 65_535)
    return { kind: 'invalid', because: `${quote(text)} is not a type of records` };
  if (isMeta(type)) {
    return {
      kind: 'invalid',
      because: `${quote(text)} is not a type that records of a zone have, so no answer to it can be proven`,
    };
  }
  return { kind: 'ok', value: type };
}

function isMeta(type: RecordType): boolean {
  return type === 0 || type === types.OPT || (type >= 128 && type <= 255) || type === 65_535;
}

/** `NXDOMAIN`; `RCODE12` where it has no name. */
export function showRcode(rcode: number): string {
  return rcodeNames[rcode] ?? `RCODE${rcode}`;
}

/** `EDE 7 (Signature Expired): what the server says`. */
export function showExtendedError({ code, text }: ExtendedError): string {
  const name = extendedErrorNames[code];
  return `EDE ${code}${name === undefined ? '' : ` (${name})`}${text === '' ? '' : `: ${text}`}`;
}

/**
 * RDATA as dig prints it, with long fields in one piece; in the generic form of RFC 3597 §5, `\# 2 CAFE`, where the type
 * is another one or the data is not as the type says.
 */
export function showRecord(type: RecordType, data: Uint8Array): string {
  const words: string[] = [];
  let at = 0;
  for (const field of forms.get(type) ?? []) {
    const shown = field(data, at);
    if (shown === undefined) return generic(data);
    if (shown.text !== '') words.push(shown.text);
    at = shown.end;
  }
  return words.length > 0 && at === data.length ? words.join(' ') : generic(data);
}

function generic(data: Uint8Array): string {
  return data.length === 0 ? '\\# 0' : `\\# ${data.length} ${upperHex(data)}`;
}

/** Shows the field at `at`; undefined where it is none. That it may end beyond the data is for the caller to see. */
type Field = (data: Uint8Array, at: number) => { text: string; end: number } | undefined;

const u8: Field = (data, at) => ({ text: String(data[at]), end: at + 1 });
const u16Field: Field = (data, at) => ({ text: String(u16(data, at)), end: at + 2 });
const u32Field: Field = (data, at) => ({ text: String(u32(data, at)), end: at + 4 });
const time: Field = (data, at) => ({ text: showTime(u32(data, at)), end: at + 4 });
const covered: Field = (data, at) => ({ text: showType(u16(data, at)), end: at + 2 });

const name: Field = (data, at) => {
  const read = plainNameAt(data, at);
  if (read === undefined) return undefined;
  const text = showName(read.name);
  return { text: text.endsWith('.') ? text : `${text}.`, end: read.end };
};

/** What stands behind an octet that says how long it is. */
const counted =
  (show: (octets: Uint8Array) => string | undefined): Field =>
  (data, at) => {
    const end = at + 1 + (data[at] ?? 0);
    const text = at < data.length && end <= data.length ? show(data.subarray(at + 1, end)) : undefined;
    return text === undefined ? undefined : { text, end };
  };

/** All that is left. */
const rest =
  (show: (octets: Uint8Array) => string | undefined): Field =>
  (data, at) => {
    const octets = data.subarray(at);
    const text = show(octets);
    return text === undefined ? undefined : { text, end: at + octets.length };
  };

const string = counted(quoted);
const salt = counted((octets) => (octets.length === 0 ? '-' : upperHex(octets)));
const hash = counted((octets) => (octets.length === 0 ? undefined : base32Hex(octets)));
/** RFC 8659 §4.1.1. */
const tag = counted((octets) => /^[a-z0-9]+$/i.exec(charactersAt(octets, 0, octets.length))?.[0]);
const address = rest(readAddress);
const hex = rest((octets) => (octets.length === 0 ? undefined : upperHex(octets)));
const base64 = rest((octets) => (octets.length === 0 ? undefined : Buffer.from(octets).toString('base64')));
const bitmap = rest((octets) => readTypeBitmap(octets, 0)?.all().map(showType).join(' '));
const text = rest(quoted);
const strings: Field = (data, from) => {
  const texts: string[] = [];
  for (let at = from; at < data.length; ) {
    const one = string(data, at);
    if (one === undefined) return undefined;
    texts.push(one.text);
    at = one.end;
  }
  return { text: texts.join(' '), end: data.length };
};

const digestForm = [u16Field, u8, u8, hex];
const keyForm = [u16Field, u8, u8, base64];
const forms: ReadonlyMap<RecordType, readonly Field[]> = new Map<RecordType, readonly Field[]>([
  [types.A, [address]],
  [types.AAAA, [address]],
  [types.NS, [name]],
  [types.CNAME, [name]],
  [types.DNAME, [name]],
  [types.PTR, [name]],
  [types.MX, [u16Field, name]],
  [types.SOA, [name, name, u32Field, u32Field, u32Field, u32Field, u32Field]],
  [types.TXT, [strings]],
  [types.HINFO, [string, string]],
  [types.SRV, [u16Field, u16Field, u16Field, name]],
  [types.NAPTR, [u16Field, u16Field, string, string, string, name]],
  [types.TLSA, [u8, u8, u8, hex]],
  [types.SSHFP, [u8, u8, hex]],
  [types.CAA, [u8, tag, text]],
  [types.DS, digestForm],
  [types.CDS, digestForm],
  [types.DNSKEY, keyForm],
  [types.CDNSKEY, keyForm],
  [types.RRSIG, [covered, u8, u8, u32Field, time, time, u16Field, name, base64]],
  [types.NSEC, [name, bitmap]],
  [types.NSEC3, [u8, u8, u16Field, salt, hash, bitmap]],
  [types.NSEC3PARAM, [u8, u8, u16Field, salt]],
]);

/** So many of a list are read by anybody. */
const MOST_SHOWN = 12;

/** A list in a sentence: `one, two, three and 40 more`. */
export function showList(words: readonly string[]): string {
  const shown = words.slice(0, MOST_SHOWN).join(', ');
  return words.length > MOST_SHOWN ? `${shown} and ${words.length - MOST_SHOWN} more` : shown;
}

function quoted(octets: Uint8Array): string {
  const shown = Array.from(octets, (octet) => {
    if (octet < 0x20 || octet > 0x7e) return `\\${String(octet).padStart(3, '0')}`;
    const character = String.fromCharCode(octet);
    return character === '"' || character === '\\' ? `\\${character}` : character;
  });
  return `"${shown.join('')}"`;
}

function upperHex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex').toUpperCase();
}

/** Base32 with the extended hex alphabet, without padding (RFC 4648 §7, RFC 5155 §3.3). */
function base32Hex(octets: Uint8Array): string {
  let shown = '';
  let bits = 0;
  let held = 0;
  for (const octet of octets) {
    held = ((held << 8) | octet) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) shown += ((held >> (bits - 5)) & 31).toString(32);
  }
  if (bits > 0) shown += ((held << (5 - bits)) & 31).toString(32);
  return shown.toUpperCase();
}

/** Seconds since 1970 as YYYYMMDDHHMMSS in UTC (RFC 4034 §3.2), from 1970 to 2106. */
function showTime(seconds: number): string {
  return formatMoment(seconds).replaceAll(/\D/g, '');
}
