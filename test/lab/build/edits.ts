/** What is done to a signed zone to spoil it, one small function for each kind of damage. */
import { createHash, randomBytes } from 'node:crypto';
import { type Algorithm, algorithms, at } from '../zone.ts';
import { type Key, wireName } from './keys.ts';

/** One record of a zone file; the owner is absolute, without the dot at the end. */
export interface Line {
  readonly owner: string;
  readonly ttl: number;
  readonly type: string;
  /** RDATA in presentation form. */
  readonly data: string;
}

/** A zone as its signer left it. */
export interface SignedZone {
  readonly name: string;
  readonly lines: readonly Line[];
  readonly keys: readonly Key[];
  /** Seconds since 1970. */
  readonly now: number;
}

/** Damage to a signed zone. */
export type Edit = (zone: SignedZone) => readonly Line[];

/** What an RRSIG says that is made by hand; by default what a right one says. */
export interface Forging {
  /** Which key of the zone signs, from 0; by default the second, or the only one. */
  readonly key?: number;
  readonly signer?: string;
  readonly labels?: number;
  readonly originalTtl?: number;
  readonly tag?: number;
  readonly algorithm?: number;
  /** Seconds from now. */
  readonly from?: number;
  readonly until?: number;
  /** The signatures that were there stay. */
  readonly beside?: boolean;
}

const aDay = 86_400;

/** The records of a type hold this instead; the signature is that of the old ones. */
export function altered(label: string, type: string, data: string): Edit {
  return ({ name, lines }) => {
    const is = recordsOf(name, label, type);
    const first = lines.find(is);
    if (first === undefined) throw new Error(`${name} has no ${type} at ${label}`);
    return [...lines.filter((line) => !is(line)), { ...first, data }];
  };
}

/** The records of a type are gone with their signatures; NSEC and the bit maps stay. */
export function removed(label: string, type: string): Edit {
  return ({ name, lines }) =>
    some(
      lines,
      (line) => recordsOf(name, label, type)(line) || signaturesOf(name, label, type)(line),
      `${type} at ${label}`,
    );
}

/** The signatures of a type are gone. */
export function unsigned(label: string, type: string): Edit {
  return ({ name, lines }) => some(lines, signaturesOf(name, label, type), `RRSIG ${type} at ${label}`);
}

/** Everything that signing made is gone. */
export function neverSigned(): Edit {
  const made = ['RRSIG', 'NSEC', 'DNSKEY'];
  return ({ lines }) => some(lines, (line) => made.includes(line.type), 'signing');
}

/** The signatures of one algorithm are gone, but for those over the keys. */
export function signedWithout(algorithm: Algorithm): Edit {
  return ({ lines }) =>
    some(lines, (line) => hasAlgorithm(line, algorithm) && !line.data.startsWith('DNSKEY '), algorithm);
}

/** A key, from 0, is not in the zone; what it signed is. The first key signs the others anew. */
export function withoutKey(index: number): Edit {
  return (zone) => {
    const key = zone.keys[index]?.rdata.toString('base64', 4) ?? '';
    const is = (line: Line): boolean => line.type === 'DNSKEY' && line.data.replaceAll(' ', '').endsWith(key);
    const lines = some(zone.lines, is, `key ${index}`);
    return resigned('@', 'DNSKEY', { key: 0 })({ ...zone, lines });
  };
}

/** One octet in the middle of each signature, or of each by one algorithm, is another one. */
export function spoiled(label: string, type: string, algorithm?: Algorithm): Edit {
  return ({ name, lines }) => {
    const its = signaturesOf(name, label, type);
    const is = (line: Line): boolean =>
      its(line) && (algorithm === undefined || hasAlgorithm(line, algorithm));
    if (!lines.some(is)) throw new Error(`there is no RRSIG ${type} at ${label} of ${name}`);
    return lines.map((line) => (is(line) ? { ...line, data: flipped(line.data) } : line));
  };
}

/** Signed anew, with an RRSIG that says what is given. Only for types whose RDATA {@link wireData} knows. */
export function resigned(label: string, type: string, how: Forging = {}): Edit {
  return (zone) => {
    const is = signaturesOf(zone.name, label, type);
    const kept = how.beside === true ? zone.lines : zone.lines.filter((line) => !is(line));
    return [...kept, signatureOver(zone, label, type, how)];
  };
}

/** Signatures of random octets beside those that are there, or in their place; they name the same key. */
export function jammed(label: string, type: string, count: number, keep: 'beside' | 'instead'): Edit {
  return ({ name, lines }) => {
    const is = signaturesOf(name, label, type);
    const real = lines.find(is);
    if (real === undefined) throw new Error(`there is no RRSIG ${type} at ${label} of ${name}`);
    const words = real.data.split(' ');
    const octets = Buffer.from(words.slice(8).join(''), 'base64').length;
    const fakes = Array.from({ length: count }, () => ({
      ...real,
      data: [...words.slice(0, 8), randomBytes(octets).toString('base64')].join(' '),
    }));
    return [...(keep === 'beside' ? lines : lines.filter((line) => !is(line))), ...fakes];
  };
}

/** More lines: `label TTL TYPE data`, the label relative to the zone. */
export function added(make: (zone: SignedZone) => readonly string[]): Edit {
  return (zone) => [
    ...zone.lines,
    ...make(zone).map((text) => {
      const [label = '', ttl = '', type = '', ...data] = text.split(' ');
      return { owner: at(label, zone.name), ttl: Number(ttl), type, data: data.join(' ') };
    }),
  ];
}

/** The NSEC3 of a name, or the one that covers it where there is none, is gone. */
export function withoutNsec3Of(label: string): Edit {
  return ({ name, lines }) => {
    const all = lines
      .filter((line) => line.type === 'NSEC3')
      .toSorted((a, b) => (a.owner < b.owner ? -1 : 1));
    const [, , iterations = '0', salt = '-'] = all[0]?.data.split(' ') ?? [];
    const hash = nsec3Hash(at(label, name), Number(iterations), salt === '-' ? '' : salt);
    const its = all.findLast((line) => (line.owner.split('.')[0] ?? '') <= hash) ?? all.at(-1);
    return some(lines, (line) => line.owner === its?.owner, `NSEC3 for ${label}`);
  };
}

/** RFC 5155 §5, in base 32 with extended hex alphabet. */
export function nsec3Hash(name: string, iterations: number, salt: string): string {
  const grains = Buffer.from(salt, 'hex');
  let digest = createHash('sha1').update(wireName(name)).update(grains).digest();
  for (let left = iterations; left > 0; left -= 1)
    digest = createHash('sha1').update(digest).update(grains).digest();
  const bits = [...digest].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  return bits.replace(/.{5}/g, (five) => Number.parseInt(five, 2).toString(32));
}

function recordsOf(zone: string, label: string, type: string): (line: Line) => boolean {
  const owner = at(label, zone);
  return (line) => line.owner === owner && line.type === type;
}

function signaturesOf(zone: string, label: string, type: string): (line: Line) => boolean {
  const owner = at(label, zone);
  return (line) => line.owner === owner && line.type === 'RRSIG' && line.data.startsWith(`${type} `);
}

function hasAlgorithm(line: Line, algorithm: Algorithm): boolean {
  return line.type === 'RRSIG' && line.data.split(' ')[1] === String(algorithms[algorithm]);
}

/** @throws where there is nothing to take away: the damage would not be there. */
function some(lines: readonly Line[], gone: (line: Line) => boolean, what: string): readonly Line[] {
  const left = lines.filter((line) => !gone(line));
  if (left.length === lines.length) throw new Error(`there is no ${what}`);
  return left;
}

function flipped(data: string): string {
  const words = data.split(' ');
  const signature = Buffer.from(words.slice(8).join(''), 'base64');
  const middle = signature.length >> 1;
  signature[middle] = (signature[middle] ?? 0) ^ 1;
  return [...words.slice(0, 8), signature.toString('base64')].join(' ');
}

function signatureOver(zone: SignedZone, label: string, type: string, how: Forging): Line {
  const lines = zone.lines.filter(recordsOf(zone.name, label, type));
  const key = zone.keys[how.key ?? Math.min(1, zone.keys.length - 1)];
  const [first] = lines;
  if (key === undefined || first === undefined) throw new Error(`nothing to sign: ${type} at ${label}`);
  const owner = at(label, zone.name);
  const labels = owner.split('.').filter((part) => part !== '' && part !== '*').length;
  const fields = {
    algorithm: how.algorithm ?? algorithms[key.plan.algorithm],
    labels: how.labels ?? labels,
    originalTtl: how.originalTtl ?? first.ttl,
    until: zone.now + (how.until ?? 30 * aDay),
    from: zone.now + (how.from ?? -aDay),
    tag: how.tag ?? key.tag,
    signer: how.signer ?? zone.name,
  };
  const head = Buffer.alloc(18);
  head.writeUInt16BE(typeNumbers[type] ?? 0, 0);
  head.writeUInt8(fields.algorithm, 2);
  head.writeUInt8(fields.labels, 3);
  head.writeUInt32BE(fields.originalTtl, 4);
  head.writeUInt32BE(fields.until, 8);
  head.writeUInt32BE(fields.from, 12);
  head.writeUInt16BE(fields.tag, 16);
  const records = lines.map((line) => wireData(type, line.data)).toSorted((a, b) => a.compare(b));
  const signature = key.sign(
    Buffer.concat([
      head,
      wireName(fields.signer),
      ...records.map((data) => wireRecord(owner, type, fields.originalTtl, data)),
    ]),
  );
  const { algorithm, originalTtl, until, from, tag, signer } = fields;
  const said = [type, algorithm, fields.labels, originalTtl, until, from, tag].join(' ');
  const data = `${said} ${signer === '.' ? '' : signer}. ${signature.toString('base64')}`;
  return { owner, ttl: first.ttl, type: 'RRSIG', data };
}

const typeNumbers: Readonly<Record<string, number>> = { A: 1, TXT: 16, DNSKEY: 48 };

/** RDATA on the wire, of the types that are signed by hand. */
function wireData(type: string, data: string): Buffer {
  switch (type) {
    case 'A':
      return Buffer.from(data.split('.').map(Number));
    case 'TXT': {
      const text = Buffer.from(data.slice(1, -1), 'latin1');
      return Buffer.concat([Buffer.of(text.length), text]);
    }
    case 'DNSKEY': {
      const [flags = '', protocol = '', algorithm = '', ...key] = data.split(' ');
      const head = [Number(flags) >> 8, Number(flags) & 255, Number(protocol), Number(algorithm)];
      return Buffer.concat([Buffer.from(head), Buffer.from(key.join(''), 'base64')]);
    }
    default:
      throw new Error(`no wire form of ${type} here`);
  }
}

function wireRecord(owner: string, type: string, ttl: number, data: Buffer): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(typeNumbers[type] ?? 0, 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(ttl, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([wireName(owner), head, data]);
}
