/** Certificates of every kind, good and bad, made at once: DER put together by hand and really signed. */
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { der, dns, extension } from '../unit/tls/forge.ts';

/** Somebody with a name and a key. */
export interface Party {
  /** Common name of its certificates; empty for no name at all. */
  readonly cn: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export type KeyKind = 'p256' | 'p384' | 'ed25519' | 'rsa2048' | 'rsa1024' | 'rsa768' | 'secp112r1' | 'dsa';

/** How a certificate is signed; by default as the key wants it, with SHA-256. */
export type Signing = 'sha256' | 'sha384' | 'sha1' | 'md5' | 'pss-sha256' | 'pss-sha1';

export interface CertificateSpec {
  readonly signing?: Signing;
  /** Signs, in place of the issuer whose name it says. */
  readonly signedBy?: Party;
  /** 1 or 3. */
  readonly version?: number;
  readonly serial?: number;
  /** Milliseconds since 1970. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** Extensions, as the functions below make them. */
  readonly extensions?: readonly Buffer[];
  /** Name elements in place of the common names. */
  readonly subject?: Buffer;
  readonly issuer?: Buffer;
}

/** When all that is made here is valid, unless it is told otherwise: 2030-01-01T00:00:00Z. */
export const now = Date.UTC(2030, 0, 1);
export const aDay = 24 * 3600 * 1000;

const keys = new Map<string, { readonly publicKey: KeyObject; readonly privateKey: KeyObject }>();

/** Makes a party. Those of the same name and kind have the same key, unless `key` tells them apart. */
export function party(cn: string, kind: KeyKind = 'p256', key = cn): Party {
  const id = `${kind} ${key}`;
  const pair = keys.get(id) ?? newKeys(kind);
  keys.set(id, pair);
  return { cn, ...pair };
}

/** Signs a certificate. @returns its DER. */
export function certify(subject: Party, issuer: Party, spec: CertificateSpec = {}): Buffer {
  const signer = spec.signedBy ?? issuer;
  const algorithm = algorithmOf(signer.privateKey, spec.signing ?? 'sha256');
  const version = spec.version ?? 3;
  const body = der(
    0x30,
    ...(version === 1 ? [] : [der(0xa0, integer(version - 1))]),
    integer(spec.serial ?? 1),
    algorithm,
    spec.issuer ?? distinguishedName(issuer.cn),
    der(0x30, time(spec.notBefore ?? now - aDay), time(spec.notAfter ?? now + aDay)),
    spec.subject ?? distinguishedName(subject.cn),
    spkiOf(subject),
    ...(spec.extensions === undefined || version === 1 ? [] : [der(0xa3, der(0x30, ...spec.extensions))]),
  );
  const signature = signOctets(body, signer.privateKey, spec.signing ?? 'sha256');
  return der(0x30, body, algorithm, der(0x03, Buffer.from([0]), signature));
}

export function spkiOf({ publicKey }: Party): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' });
}

export function pemOf(certificate: Uint8Array): string {
  const lines = Buffer.from(certificate)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

export function distinguishedName(...names: readonly string[]): Buffer {
  return der(0x30, ...names.filter((name) => name !== '').map((name) => step([0x55, 4, 3], name)));
}

/** One step of a name. @param tag of the string; by default UTF8String. */
export function step(type: readonly number[], text: string, tag = 0x0c): Buffer {
  return der(0x31, der(0x30, der(0x06, Buffer.from(type)), der(tag, Buffer.from(text))));
}

export function basicConstraints(ca: boolean, pathLength?: number): Buffer {
  const authority = ca ? [der(0x01, Buffer.from([0xff]))] : [];
  const length = pathLength === undefined ? [] : [integer(pathLength)];
  return extension([0x55, 0x1d, 0x13], der(0x30, ...authority, ...length), true);
}

/** @param bits the first octet: 0x80 digitalSignature, 0x20 keyEncipherment, 0x04 keyCertSign, 0x02 cRLSign. */
export function keyUsage(bits: number): Buffer {
  return extension([0x55, 0x1d, 0x0f], der(0x03, Buffer.from([0, bits])), true);
}

/** @param last of 1.3.6.1.5.5.7.3.x: 1 serverAuth, 2 clientAuth; 0: anyExtendedKeyUsage. */
export function extendedKeyUsage(...last: readonly number[]): Buffer {
  const purpose = (number: number): Buffer =>
    der(0x06, Buffer.from(number === 0 ? [0x55, 0x1d, 0x25, 0] : [0x2b, 6, 1, 5, 5, 7, 3, number]));
  return extension([0x55, 0x1d, 0x25], der(0x30, ...last.map(purpose)));
}

/** @param permitted general names; an empty list leaves the field out. */
export function nameConstraints(
  permitted: readonly Uint8Array[],
  excluded: readonly Uint8Array[] = [],
): Buffer {
  const trees = (tag: number, bases: readonly Uint8Array[]): Buffer[] =>
    bases.length === 0 ? [] : [der(tag, ...bases.map((base) => der(0x30, base)))];
  return extension([0x55, 0x1d, 0x1e], der(0x30, ...trees(0xa0, permitted), ...trees(0xa1, excluded)), true);
}

export function unknownExtension(critical: boolean): Buffer {
  return extension([0x2a, 3, 4, 5], der(0x05), critical);
}

export function hostNames(...names: readonly string[]): Buffer {
  return alternatives(...names.map(dns));
}

/** @param names general names. */
export function alternatives(...names: readonly Uint8Array[]): Buffer {
  return extension([0x55, 0x1d, 0x11], der(0x30, ...names));
}

/** What an authority's certificate says. */
export const authority: readonly Buffer[] = [basicConstraints(true), keyUsage(0x06)];

/** What a server's certificate says. */
export function server(...names: readonly string[]): readonly Buffer[] {
  return [basicConstraints(false), keyUsage(0x80), extendedKeyUsage(1), hostNames(...names)];
}

export function integer(value: number): Buffer {
  const hex = value.toString(16);
  const octets = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return der(0x02, (octets[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), octets]) : octets);
}

function time(at: number): Buffer {
  const text = new Date(at).toISOString().replace(/[-:T]|\.\d+/g, '');
  return at < Date.UTC(2050, 0, 1) ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text));
}

function newKeys(kind: KeyKind): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  switch (kind) {
    case 'p256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'p384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' });
    case 'secp112r1':
      return generateKeyPairSync('ec', { namedCurve: 'secp112r1' });
    case 'ed25519':
      return generateKeyPairSync('ed25519');
    case 'dsa':
      return generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 });
    default:
      return generateKeyPairSync('rsa', { modulusLength: Number(kind.slice(3)) });
  }
}

const md = { sha256: 0x0b, sha384: 0x0c, sha1: 0x05, md5: 0x04 } as const;
const ecdsa = { sha256: [4, 3, 2], sha384: [4, 3, 3], sha1: [4, 1], md5: [4, 1] } as const;
const sha256 = der(0x06, Buffer.from('608648016503040201', 'hex'));
const mgf1 = der(0x06, Buffer.from('2a864886f70d010108', 'hex'));

function algorithmOf(key: KeyObject, signing: Signing): Buffer {
  if (key.asymmetricKeyType === 'ed25519') return der(0x30, der(0x06, Buffer.from('2b6570', 'hex')));
  if (signing === 'pss-sha256' || signing === 'pss-sha1') {
    const hash = der(0x30, sha256);
    const parameters =
      signing === 'pss-sha1'
        ? []
        : [der(0xa0, hash), der(0xa1, der(0x30, mgf1, hash)), der(0xa2, integer(32))];
    return der(0x30, der(0x06, Buffer.from('2a864886f70d01010a', 'hex')), der(0x30, ...parameters));
  }
  if (key.asymmetricKeyType === 'dsa') return der(0x30, der(0x06, Buffer.from('608648016503040302', 'hex')));
  if (key.asymmetricKeyType === 'ec')
    return der(0x30, der(0x06, Buffer.from([0x2a, 0x86, 0x48, 0xce, 0x3d, ...ecdsa[signing]])));
  const rsa = Buffer.from([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, md[signing]]);
  return der(0x30, der(0x06, rsa), der(0x05));
}

function signOctets(octets: Buffer, key: KeyObject, signing: Signing): Buffer {
  if (key.asymmetricKeyType === 'ed25519') return sign(null, octets, key);
  const digest = signing.replace('pss-', '');
  if (!signing.startsWith('pss-')) return sign(digest, octets, key);
  const saltLength = signing === 'pss-sha1' ? 20 : 32;
  return sign(digest, octets, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
}
