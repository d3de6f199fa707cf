/**
 * Signatures made and checked by the tests' own reading of RFC 4034 §3.1.8.1, §5.1.4 and Appendix B, so that the
 * program's is not checked against itself. It knows DSA too, which the program does not.
 */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { childOf, countLabels, lastLabels, type Name, root, wildcardOf } from '../../../src/dns/name.ts';
import { type RecordType, type ResourceRecord, types } from '../../../src/dns/record.ts';

/** The fields of an RRSIG (RFC 4034 §3.1). */
export interface Rrsig {
  readonly covered: RecordType;
  readonly algorithm: number;
  readonly labels: number;
  readonly originalTtl: number;
  readonly expiration: number;
  readonly inception: number;
  readonly keyTag: number;
  readonly signer: Name;
  readonly signature: Uint8Array;
}

export function readRrsig(data: Uint8Array): Rrsig {
  const octets = Buffer.from(data);
  let end = 18;
  while ((octets[end] ?? 0) > 0) end += 1 + (octets[end] ?? 0);
  return {
    covered: octets.readUInt16BE(0),
    algorithm: octets.readUInt8(2),
    labels: octets.readUInt8(3),
    originalTtl: octets.readUInt32BE(4),
    expiration: octets.readUInt32BE(8),
    inception: octets.readUInt32BE(12),
    keyTag: octets.readUInt16BE(16),
    signer: nameOnWire(octets.subarray(18, end + 1)),
    signature: octets.subarray(end + 1),
  };
}

export function writeRrsig(rrsig: Rrsig): Uint8Array {
  const head = Buffer.alloc(18);
  head.writeUInt16BE(rrsig.covered, 0);
  head.writeUInt8(rrsig.algorithm, 2);
  head.writeUInt8(rrsig.labels & 0xff, 3);
  head.writeUInt32BE(rrsig.originalTtl >>> 0, 4);
  head.writeUInt32BE(rrsig.expiration >>> 0, 8);
  head.writeUInt32BE(rrsig.inception >>> 0, 12);
  head.writeUInt16BE(rrsig.keyTag, 16);
  return Buffer.concat([head, Buffer.from(rrsig.signer, 'latin1'), rrsig.signature]);
}

/** A name that stands on the wire without compression. */
export function nameOnWire(octets: Uint8Array): Name {
  const labels: string[] = [];
  for (let at = 0; (octets[at] ?? 0) > 0; at += 1 + (octets[at] ?? 0)) {
    labels.push(Buffer.from(octets.subarray(at + 1, at + 1 + (octets[at] ?? 0))).toString('latin1'));
  }
  return labels.reduceRight((name: Name, label) => childOf(label, name) ?? root, root);
}

/** What a signature of this RRset signs; `set` is in any order and may hold duplicates. */
export function signedData(rrsig: Rrsig, set: readonly ResourceRecord[]): Uint8Array {
  const name = set[0]?.name ?? rrsig.signer;
  const shown = countLabels(name) - (name.startsWith('\x01*') ? 1 : 0);
  const owner = shown > rrsig.labels ? wildcardOf(lastLabels(name, rrsig.labels)) : name;
  const each = new Map(set.map(({ data }) => [Buffer.from(data).toString('hex'), data]));
  const head = writeRrsig({ ...rrsig, signature: new Uint8Array() });
  const records = [...each.keys()].toSorted().map((key) => {
    const data = each.get(key) ?? new Uint8Array();
    const fields = Buffer.alloc(10);
    fields.writeUInt16BE(rrsig.covered, 0);
    fields.writeUInt16BE(1, 2);
    fields.writeUInt32BE(rrsig.originalTtl >>> 0, 4);
    fields.writeUInt16BE(data.length, 8);
    return Buffer.concat([Buffer.from(owner ?? '', 'latin1'), fields, data]);
  });
  return Buffer.concat([head, ...records]);
}

/** Whether a DNSKEY's RDATA made this signature of this RRset. */
export function isSignedBy(key: Uint8Array, rrsig: Rrsig, set: readonly ResourceRecord[]): boolean {
  const data = signedData(rrsig, set);
  const hash = hashes[rrsig.algorithm];
  if (hash === undefined) throw new Error(`no hash for algorithm ${rrsig.algorithm}`);
  const publicKey = publicKeyOf(key);
  // DSA's own form is T, R and S (RFC 2536 §3); the scenarios have DER too, which unbound takes as well.
  const dsa = publicKey.asymmetricKeyType === 'dsa' && rrsig.signature.length === 41;
  return dsa
    ? verify(hash, data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, rrsig.signature.subarray(1))
    : verify(hash, data, publicKey, rrsig.signature);
}

/** The key tag of a DNSKEY (RFC 4034 Appendix B). */
export function keyTagOf(key: Uint8Array): number {
  const sum = key.reduce((total, octet, index) => total + (index % 2 === 0 ? octet << 8 : octet), 0);
  return (sum + (sum >>> 16)) & 0xffff;
}

/** The digest of a DS for a DNSKEY (RFC 4034 §5.1.4, RFC 4509, RFC 6605); undefined for a digest type that is not known. */
export function digestOf(owner: Name, key: Uint8Array, digestType: number): Buffer | undefined {
  const hash = { 1: 'sha1', 2: 'sha256', 4: 'sha384' }[digestType];
  return hash === undefined
    ? undefined
    : createHash(hash).update(Buffer.from(owner, 'latin1')).update(key).digest();
}

/** The records of a section that a signature in it covers. */
export function coveredBy(rrsig: ResourceRecord, section: readonly ResourceRecord[]): ResourceRecord[] {
  const { covered } = readRrsig(rrsig.data);
  return section.filter(({ name, type }) => name === rrsig.name && type === covered);
}

/** The type of a record; of a signature, what it covers. */
export function coveredType({ type, data }: ResourceRecord): RecordType {
  return type === types.RRSIG ? readRrsig(data).covered : type;
}

export function isRrsig({ type }: ResourceRecord): boolean {
  return type === types.RRSIG;
}

const hashes: Record<number, string> = {
  3: 'sha1',
  5: 'sha1',
  6: 'sha1',
  7: 'sha1',
  8: 'sha256',
  10: 'sha512',
};

function publicKeyOf(key: Uint8Array): KeyObject {
  const octets = Buffer.from(key).subarray(4);
  return [3, 6].includes(key[3] ?? 0) ? dsaKey(octets) : rsaKey(octets);
}

/** RFC 3110 §2. */
function rsaKey(octets: Buffer): KeyObject {
  const long = octets[0] === 0;
  const begin = long ? 3 : 1;
  const end = begin + (long ? octets.readUInt16BE(1) : octets.readUInt8(0));
  const e = octets.subarray(begin, end).toString('base64url');
  return createPublicKey({
    key: { kty: 'RSA', e, n: octets.subarray(end).toString('base64url') },
    format: 'jwk',
  });
}

/** RFC 2536 §2: T, Q, P, G, Y. */
function dsaKey(octets: Buffer): KeyObject {
  const size = 64 + octets.readUInt8(0) * 8;
  const number = (from: number, length: number): Buffer => integer(octets.subarray(from, from + length));
  const parameters = [number(21, size), number(1, 20), number(21 + size, size)];
  const algorithm = der(0x30, Buffer.from('06072a8648ce380401', 'hex'), der(0x30, ...parameters));
  const value = der(0x03, Buffer.of(0), number(21 + 2 * size, size));
  return createPublicKey({ key: der(0x30, algorithm, value), format: 'der', type: 'spki' });
}

function integer(octets: Buffer): Buffer {
  const begin = octets.findIndex((octet) => octet !== 0);
  const short = octets.subarray(begin);
  return der(0x02, (short[0] ?? 0) < 0x80 ? short : Buffer.concat([Buffer.of(0), short]));
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
