/** Trust anchors: the keys that are believed without proof. RFC 4033 §2, RFC 5011, RFC 9718. */
import { quote } from '../names/domain.ts';
import { type Name, parseName, root } from './name.ts';
import { putU16 } from './octets.ts';
import { type Dnskey, type Ds, readDnskey, readDs } from './records.ts';

/** What is believed of one zone: any of the keys, and any key that fits a digest. */
export interface TrustAnchor {
  readonly zone: Name;
  readonly ds: readonly Ds[];
  readonly keys: readonly Dnskey[];
}

/** What reading a file of anchors gives. `line` counts from 1; 0 where the fault is in no line. */
export type ParsedAnchors =
  | { readonly kind: 'ok'; readonly anchors: readonly TrustAnchor[] }
  | { readonly kind: 'invalid'; readonly line: number; readonly because: string };

/** The digests of the root's keys that IANA publishes (RFC 9718): those of 2017 and of 2024. */
const ianaDigests: readonly [keyTag: number, digest: string][] = [
  [20326, 'e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d'],
  [38696, '683d2d0acb8c9b712a1948b27f741219298d0a450d612c483af444a4c0fb2b16'],
];
const RSA_SHA256 = 8;
const SHA256 = 2;

/** The anchors of the root that are built in. */
export const ianaAnchors: readonly TrustAnchor[] = [
  {
    zone: root,
    ds: ianaDigests.map(([keyTag, digest]) => ({
      keyTag,
      algorithm: RSA_SHA256,
      digestType: SHA256,
      digest: new Uint8Array(Buffer.from(digest, 'hex')),
    })),
    keys: [],
  },
];

interface Fault {
  readonly kind: 'invalid';
  readonly line: number;
  readonly because: string;
}

/** A record as it stands in the file. */
interface Entry {
  /** The one that it begins on. */
  readonly line: number;
  readonly words: string[];
  comments: string;
}

/** One line's worth of trust. */
type Trusted = { readonly zone: Name } & (
  | { readonly kind: 'ds'; readonly ds: Ds }
  | { readonly kind: 'key'; readonly key: Dnskey }
);

/**
 * Reads DS and DNSKEY records in the form of zone files, as unbound-anchor, dig and dnssec-dsfromkey write them: TTL and
 * class may be missing, comments begin with a semicolon, parentheses span lines; names are absolute.
 *
 * In files that unbound keeps (RFC 5011) a comment says the state of a key; those that are not yet trusted, or not any
 * more, are left out.
 */
export function parseAnchors(text: string): ParsedAnchors {
  const entries = entriesOf(text);
  if ('kind' in entries) return entries;
  const anchors = new Map<Name, { zone: Name; ds: Ds[]; keys: Dnskey[] }>();
  for (const entry of entries) {
    if (!isValid(entry.comments)) continue;
    const trusted = trustedOf(entry.words);
    if (typeof trusted === 'string') return invalid(entry.line, trusted);
    const { zone } = trusted;
    const anchor = anchors.get(zone) ?? { zone, ds: [], keys: [] };
    if (trusted.kind === 'ds') anchor.ds.push(trusted.ds);
    else anchor.keys.push(trusted.key);
    anchors.set(zone, anchor);
  }
  return anchors.size === 0
    ? invalid(0, 'there is no DS or DNSKEY record that is to be trusted')
    : { kind: 'ok', anchors: [...anchors.values()] };
}

function invalid(line: number, because: string): Fault {
  return { kind: 'invalid', line, because };
}

function entriesOf(text: string): Entry[] | Fault {
  const entries: Entry[] = [];
  let open: Entry | undefined;
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    const [content = '', ...comments] = whole.split(';');
    let entry = open;
    for (const [word] of content.matchAll(/[()]|[^\s()]+/g)) {
      if (entry === undefined) {
        if (/^\s/.test(content)) return invalid(line, 'it begins with a blank, not with the name of a zone');
        entry = { line, words: [], comments: '' };
        entries.push(entry);
      }
      if (word === (open === undefined ? ')' : '('))
        return invalid(line, `it has a parenthesis, ${word}, that has no other`);
      if (word === '(') open = entry;
      else if (word === ')') open = undefined;
      else entry.words.push(word);
    }
    if (entry !== undefined) entry.comments += `;${comments.join(';')}`;
  }
  return open === undefined ? entries : invalid(open.line, 'it has a parenthesis that is not closed');
}

/** Of the states of RFC 5011 §4.2 as unbound numbers them, those in which a key is trusted: valid, and missing. */
function isValid(comments: string): boolean {
  const state = /;;state=(\d+)/.exec(comments)?.[1];
  return state === undefined || state === '2' || state === '3';
}

/** What a record says, or what is wrong with it. */
function trustedOf([owner = '', ...words]: readonly string[]): Trusted | string {
  const zone = parseName(owner);
  if (owner.startsWith('$') || owner === '@') return `${quote(owner)} means nothing here`;
  if (zone.kind !== 'ok') return zone.because;
  const { type, data } = split(words);
  if (type === 'DS') {
    const ds = dsOf(data);
    return typeof ds === 'string' ? ds : { kind: 'ds', zone: zone.value, ds };
  }
  if (type === 'DNSKEY') {
    const key = keyOf(data);
    return typeof key === 'string' ? key : { kind: 'key', zone: zone.value, key };
  }
  return type === '' ? 'it has no type' : `${quote(type)} is neither DS nor DNSKEY of class IN`;
}

/** Passes over TTL and class, each there at most once, in any order (RFC 1035 §5.1). */
function split(words: readonly string[]): { type: string; data: readonly string[] } {
  const [first = '', second = ''] = words;
  const isTtl = (word: string): boolean => /^(?:\d+[smhdw]?)+$/i.test(word);
  const isIn = (word: string): boolean => word.toUpperCase() === 'IN';
  const both = (isTtl(first) && isIn(second)) || (isIn(first) && isTtl(second));
  const skipped = both ? 2 : Number(isTtl(first) || isIn(first));
  return { type: words[skipped]?.toUpperCase() ?? '', data: words.slice(skipped + 1) };
}

function dsOf([tag = '', algorithm = '', digestType = '', ...digest]: readonly string[]): Ds | string {
  const numbers = numbersOf([tag, 65_535], [algorithm, 255], [digestType, 255]);
  if (typeof numbers === 'string') return numbers;
  const hex = digest.join('');
  if (!/^(?:[0-9a-f]{2})+$/i.test(hex)) return 'its digest is not hexadecimal, two digits for each octet';
  const ds = readDs(rdata(numbers, Buffer.from(hex, 'hex')));
  return ds ?? `its digest has ${hex.length / 2} octets, which digests of type ${digestType} have not`;
}

function keyOf([flags = '', protocol = '', algorithm = '', ...key]: readonly string[]): Dnskey | string {
  const numbers = numbersOf([flags, 65_535], [protocol, 255], [algorithm, 255]);
  if (typeof numbers === 'string') return numbers;
  const base64 = key.join('');
  const octets = Buffer.from(base64, 'base64');
  if (base64 === '' || octets.toString('base64') !== base64) return 'its key is not base64';
  const dnskey = readDnskey(rdata(numbers, octets));
  if (dnskey === undefined) return 'its key is too short';
  if (dnskey.protocol !== 3) return `its protocol is ${protocol}, not 3`;
  if ((dnskey.flags & ZONE_KEY) === 0) return 'it is not the key of a zone: its flags lack 256';
  if ((dnskey.flags & REVOKED) !== 0) return 'its key is revoked: its flags hold 128';
  return dnskey;
}

const ZONE_KEY = 0x0100;
const REVOKED = 0x0080;

function numbersOf(...fields: readonly [text: string, most: number][]): number[] | string {
  const odd = fields.find(([text, most]) => !/^\d{1,5}$/.test(text) || Number(text) > most);
  if (odd !== undefined) return `${quote(odd[0])} is not a number from 0 to ${odd[1]}`;
  return fields.map(([text]) => Number(text));
}

/** DS and DNSKEY begin alike: 16 bits and twice 8. */
function rdata([first = 0, second = 0, third = 0]: readonly number[], rest: Uint8Array): Uint8Array {
  const data = new Uint8Array(4 + rest.length);
  putU16(data, 0, first);
  data[2] = second;
  data[3] = third;
  data.set(rest, 4);
  return data;
}
