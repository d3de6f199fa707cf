/**
 * Keys of zones, made by Node: DNSKEY and DS records, and the private parts as BIND's files have them.
 *
 * It shares no code with src/: what is proven with these keys is proven against unbound.
 */
import { createHash, generateKeyPair, type KeyObject, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { type Algorithm, algorithms, type DsPlan, type KeyPlan } from '../zone.ts';

/** A key of a zone. */
export interface Key {
  readonly plan: KeyPlan;
  readonly tag: number;
  /** RDATA of its DNSKEY. */
  readonly rdata: Buffer;
  /** Name of its files without the ending, as dnssec-keygen would call them. */
  readonly file: string;
  /** The text of its `.private` file. */
  readonly privateText: string;
  readonly sign: (data: Buffer) => Buffer;
}

const make = promisify(generateKeyPair);

const curves = {
  ECDSAP256SHA256: 'P-256',
  ECDSAP384SHA384: 'P-384',
  ED25519: 'ed25519',
  ED448: 'ed448',
} as const;

const hashes: Readonly<Record<Algorithm, string | null>> = {
  RSASHA1: 'sha1',
  NSEC3RSASHA1: 'sha1',
  RSASHA256: 'sha256',
  RSASHA512: 'sha512',
  ECDSAP256SHA256: 'sha256',
  ECDSAP384SHA384: 'sha384',
  ED25519: null,
  ED448: null,
};

/** Makes a key for a zone. */
export async function makeKey(zone: string, plan: KeyPlan): Promise<Key> {
  const { algorithm } = plan;
  const pair = await newPair(plan);
  const jwk = pair.privateKey.export({ format: 'jwk' });
  const part = (name: keyof typeof jwk): Buffer => {
    const value = jwk[name];
    return Buffer.from(typeof value === 'string' ? value : '', 'base64url');
  };
  const isRsa = jwk.kty === 'RSA';
  const publicKey = isRsa ? rsaPublicKey(part('e'), part('n')) : Buffer.concat([part('x'), part('y')]);
  const rdata = dnskey(plan.flags, algorithms[algorithm], publicKey);
  const tag = keyTag(rdata);
  const secrets: readonly (readonly [string, Buffer])[] = isRsa
    ? [
        ['Modulus', part('n')],
        ['PublicExponent', part('e')],
        ['PrivateExponent', part('d')],
        ['Prime1', part('p')],
        ['Prime2', part('q')],
        ['Exponent1', part('dp')],
        ['Exponent2', part('dq')],
        ['Coefficient', part('qi')],
      ]
    : [['PrivateKey', part('d')]];
  const number = algorithms[algorithm];
  return {
    plan,
    tag,
    rdata,
    file: `K${zone === '.' ? '' : zone}.+${String(number).padStart(3, '0')}+${String(tag).padStart(5, '0')}`,
    privateText: [
      'Private-key-format: v1.3',
      `Algorithm: ${number} (${algorithm})`,
      ...secrets.map(([name, value]) => `${name}: ${value.toString('base64')}`),
      // In force whenever a zone is signed, also in the past.
      ...['Created', 'Publish', 'Activate'].map((when) => `${when}: 20200101000000`),
      '',
    ].join('\n'),
    sign: (data) => sign(hashes[algorithm], data, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' }),
  };
}

function newPair({ algorithm, bits = 2048, exponent = 65_537 }: KeyPlan): Promise<{ privateKey: KeyObject }> {
  switch (algorithm) {
    case 'ECDSAP256SHA256':
    case 'ECDSAP384SHA384':
      return make('ec', { namedCurve: curves[algorithm] });
    case 'ED25519':
      return make('ed25519');
    case 'ED448':
      return make('ed448');
    default:
      return make('rsa', { modulusLength: bits, publicExponent: exponent });
  }
}

/** RFC 3110 §2. */
function rsaPublicKey(exponent: Buffer, modulus: Buffer): Buffer {
  return Buffer.concat([Buffer.from([exponent.length]), exponent, modulus]);
}

/** RDATA of a DNSKEY (RFC 4034 §2.1). */
export function dnskey(flags: number, algorithm: number, publicKey: Buffer): Buffer {
  return Buffer.concat([Buffer.from([flags >> 8, flags & 255, 3, algorithm]), publicKey]);
}

/** RFC 4034 Appendix B. */
export function keyTag(rdata: Buffer): number {
  let sum = 0;
  rdata.forEach((octet, index) => {
    sum += index % 2 === 0 ? octet << 8 : octet;
  });
  return (sum + (sum >> 16)) & 0xffff;
}

/** A DNSKEY in presentation form. */
export function showDnskey(rdata: Buffer): string {
  return `${rdata.readUInt16BE(0)} ${rdata[2]} ${rdata[3]} ${rdata.toString('base64', 4)}`;
}

const digests: Readonly<Record<number, string>> = { 1: 'sha1', 2: 'sha256', 4: 'sha384' };

/** A DS in presentation form (RFC 4034 §5.1.4). */
export function showDs(zone: string, key: Key, plan: DsPlan): string {
  const digest = createHash(digests[plan.digest] ?? 'sha256')
    .update(wireName(plan.wrong === undefined ? zone : `not-${plan.wrong}.${zone}`))
    .update(key.rdata)
    .digest('hex');
  return `${key.tag} ${plan.algorithm ?? algorithms[key.plan.algorithm]} ${plan.digest} ${digest}`;
}

/** A name on the wire; only letters that need no escape. */
export function wireName(name: string): Buffer {
  const labels = name.toLowerCase().split('.').filter(Boolean);
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.of(0),
  ]);
}

/**
 * RDATA of an RSA key that nobody has the private part of, with the tag that is wanted.
 *
 * Any odd number serves as a modulus: a signature is computed against it in full before it is found bad.
 */
export function foreignKey(tag: number, octets = 128): Buffer {
  for (;;) {
    const modulus = randomBytes(octets);
    modulus[0] = (modulus[0] ?? 0) | 0x80;
    modulus[octets - 1] = (modulus[octets - 1] ?? 0) | 1;
    const rdata = dnskey(256, algorithms.RSASHA256, rsaPublicKey(Buffer.from([1, 0, 1]), modulus));
    // Two octets of the modulus are one of the numbers that the tag adds up; carries may ask for a second round.
    for (let round = 0; round < 3; round += 1) {
      rdata.writeUInt16BE((rdata.readUInt16BE(10) + tag - keyTag(rdata) + 65_536) % 65_536, 10);
      if (keyTag(rdata) === tag) return rdata;
    }
  }
}
