/**
 * Signs the zones of tests with every algorithm that is validated, rightly or with the faults that a test asks for.
 *
 * What is signed is the tests' own reading of RFC 4034 (`rrsig.ts`), so that the program's is not checked against itself.
 */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { countLabels, type Name } from '../../../src/dns/name.ts';
import { type ResourceRecord, types } from '../../../src/dns/record.ts';
import { digestOf, keyTagOf, type Rrsig, signedData, writeRrsig } from './rrsig.ts';
import { type SignedZone, setsOf } from './signed-zone.ts';

/** A key that can sign. */
export interface SigningKey {
  readonly algorithm: number;
  readonly tag: number;
  /** RDATA of its DNSKEY. */
  readonly data: Uint8Array;
  readonly sign: (data: Uint8Array) => Uint8Array;
}

/** How a zone is signed; what is absent is right. */
export interface Signing {
  /** All that stand in the DNSKEY set. */
  readonly keys: readonly SigningKey[];
  /** Which of them sign the DNSKEY set, and all other sets; all keys sign both where it is absent. */
  readonly keySigning?: readonly SigningKey[];
  readonly zoneSigning?: readonly SigningKey[];
  /** The DS sets of the zones below. */
  readonly ds?: readonly ResourceRecord[];
  /** Seconds since 1970. */
  readonly inception: number;
  readonly expiration: number;
  /** Other fields than the right ones, signed with them; undefined for a set that is not signed at all. */
  readonly fields?: (set: readonly ResourceRecord[]) => Partial<Rrsig> | undefined;
}

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** A new key of an algorithm. @param flags of the DNSKEY (RFC 4034 §2.1.1); 257: zone key, secure entry point. */
export function newKey(algorithm: number, flags = 257, protocol = 3): SigningKey {
  const pair = pairOf(algorithm);
  const head = Uint8Array.of(flags >> 8, flags & 0xff, protocol, algorithm);
  const data = Buffer.concat([head, publicField(pair.publicKey)]);
  const hash = hashes[algorithm] ?? null;
  const key = { key: pair.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return { algorithm, tag: keyTagOf(data), data, sign: (signed) => sign(hash, signed, key) };
}

/** The same key under other flags: revoked (RFC 5011), or no key of the zone. */
export function withFlags(key: SigningKey, flags: number): SigningKey {
  const data = Uint8Array.from(key.data);
  data.set([flags >> 8, flags & 0xff]);
  return { ...key, data, tag: keyTagOf(data) };
}

/** A key whose tag is another's: octets of the public key are chosen so, and nothing is signed by it. */
export function collidingWith(key: SigningKey, salt: number): SigningKey {
  const data = Uint8Array.from(key.data);
  const last = data.length - 2 - 2 * (salt % 8);
  // What one pair of octets gains another loses: the sum stays the same.
  const gain = 1 + salt;
  const put = (at: number, change: number): void => {
    const value = ((data[at] ?? 0) << 8) + (data[at + 1] ?? 0) + change;
    data.set([(value >> 8) & 0xff, value & 0xff], at);
  };
  put(last, ((data[last] ?? 0) << 8) + gain > 0xff00 ? -gain : gain);
  put(4, ((key.data[last] ?? 0) << 8) + gain > 0xff00 ? gain : -gain);
  return { ...key, data, tag: keyTagOf(data), sign: () => new Uint8Array(64) };
}

/** The DNSKEY record of a key. */
export function keyRecord(zone: Name, key: SigningKey, ttl = 3600): ResourceRecord {
  return { name: zone, type: types.DNSKEY, ttl, data: key.data };
}

/** The DS record of a key (RFC 4034 §5.1). @param change of its RDATA. */
export function dsRecord(
  zone: Name,
  key: SigningKey,
  digestType = 2,
  change: (data: Uint8Array) => Uint8Array = (data) => data,
): ResourceRecord {
  const digest = digestOf(zone, key.data, digestType) ?? new Uint8Array(32);
  const head = Uint8Array.of(key.tag >> 8, key.tag & 0xff, key.algorithm, digestType);
  return { name: zone, type: types.DS, ttl: 3600, data: change(Buffer.concat([head, digest])) };
}

/** The RRSIG of a set. */
export function rrsigRecord(
  set: readonly ResourceRecord[],
  zone: Name,
  key: SigningKey,
  times: Pick<Signing, 'inception' | 'expiration'>,
  fields: Partial<Rrsig> = {},
): ResourceRecord {
  const [first] = set;
  if (first === undefined) throw new Error('nothing to sign');
  const { name, type, ttl } = first;
  const rrsig: Rrsig = {
    covered: type,
    algorithm: key.algorithm,
    labels: countLabels(name) - (name.startsWith('\x01*') ? 1 : 0),
    originalTtl: ttl,
    keyTag: key.tag,
    signer: zone,
    inception: times.inception,
    expiration: times.expiration,
    ...fields,
    signature: new Uint8Array(),
  };
  const signature = fields.signature ?? key.sign(signedData(rrsig, set));
  return { name, type: types.RRSIG, ttl, data: writeRrsig({ ...rrsig, signature }) };
}

/** A zone signed anew: with other keys, DS sets and faults; names and denial stay. */
export function signedWith(zone: SignedZone, signing: Signing): SignedZone {
  const { keys, keySigning = keys, zoneSigning = keys, ds = [], fields = () => ({}) } = signing;
  const covered = new Set(
    zone.records
      .filter(({ type }) => type === types.RRSIG)
      .map(({ name, data }) => `${Buffer.from(data).readUInt16BE(0)} ${name}`),
  );
  const own = zone.records.filter(
    ({ type }) => type !== types.RRSIG && type !== types.DNSKEY && type !== types.DS,
  );
  const content = [...own, ...keys.map((key) => keyRecord(zone.apex, key)), ...ds];
  const signatures = setsOf(content).flatMap((set) => {
    const { name, type } = set[0] ?? { name: zone.apex, type: 0 };
    const changed = fields(set);
    if (!covered.has(`${type} ${name}`) || changed === undefined) return [];
    const signers = type === types.DNSKEY ? keySigning : zoneSigning;
    return signers.map((key) => rrsigRecord(set, zone.apex, key, signing, changed));
  });
  return { ...zone, records: [...content, ...signatures] };
}

const hashes: Readonly<Record<number, string>> = {
  5: 'sha1',
  7: 'sha1',
  8: 'sha256',
  10: 'sha512',
  13: 'sha256',
  14: 'sha384',
};

function pairOf(algorithm: number): Pair {
  switch (algorithm) {
    case 13:
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 14:
      return generateKeyPairSync('ec', { namedCurve: 'P-384' });
    case 15:
      return generateKeyPairSync('ed25519');
    case 16:
      return generateKeyPairSync('ed448');
    default:
      return generateKeyPairSync('rsa', { modulusLength: 1024 });
  }
}

/** The Public Key field: RFC 3110 §2, RFC 6605 §4, RFC 8080 §3. */
function publicField(key: KeyObject): Uint8Array {
  const { n, e, x, y } = key.export({ format: 'jwk' });
  const octets = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url');
  if (n !== undefined) return Buffer.concat([Uint8Array.of(octets(e).length), octets(e), octets(n)]);
  return Buffer.concat([octets(x), octets(y)]);
}
