/**
 * ServerKeyExchange of TLS 1.2 and older: the key of the server for this session, and the signature of the key of its
 * certificate over it (RFC 5246 §7.4.3, RFC 8422 §5.4, RFC 4346 §7.4.3, RFC 4279 §2, RFC 5054 §2.5.3).
 */
import type { ClientHelloSpec } from './client-hello.ts';
import { EXPLICIT_CHAR2, EXPLICIT_PRIME, groupName } from './groups.ts';
import { type Cursor, copy, type Reading, read } from './octets.ts';
import { signatureSchemeName } from './signature-schemes.ts';
import type { CipherSuite } from './suites.ts';
import { TLS_1_2 } from './versions.ts';

type Keys =
  | {
      readonly kind: 'ecdhe';
      /** The named group; EXPLICIT_PRIME or EXPLICIT_CHAR2 where the server writes its own parameters out. */
      readonly group: number;
      readonly key: Uint8Array;
    }
  /** Diffie-Hellman over a prime: its octets, highest first, as they came. */
  | {
      readonly kind: 'dhe';
      readonly prime: Uint8Array;
      readonly generator: Uint8Array;
      readonly key: Uint8Array;
    }
  /** A short RSA key, as the one of the certificate is too long for export. */
  | { readonly kind: 'rsa-export'; readonly modulus: Uint8Array; readonly exponent: Uint8Array }
  /** Of a suite with a shared secret that has no key of its own, or one that nobody reads here (SRP, ECCPWD, KEA). */
  | { readonly kind: 'other' };

export type ServerKeyExchange = Keys & {
  readonly isSigned: boolean;
  /** SignatureScheme; null before TLS 1.2, which has no choice, and where nothing is signed. */
  readonly signatureScheme: number | null;
};

const NAMED_CURVE = 3;

/** @param version agreed on, as on the wire. */
export function readServerKeyExchange(
  body: Uint8Array,
  { keyExchange, authentication }: Pick<CipherSuite, 'keyExchange' | 'authentication'>,
  version: number,
  offer: ClientHelloSpec,
): Reading<ServerKeyExchange> {
  const unsigned = { signatureScheme: null, isSigned: false };
  const cursor = read(body);
  // RFC 4279 §2: what helps the client to find the secret.
  if (keyExchange.endsWith('PSK')) cursor.vector(2);
  const keys = keysOf(cursor, keyExchange);
  if (keys === undefined)
    return { value: null, breach: 'a ServerKeyExchange with a kind of curve that there is not' };
  if (keys.kind === 'other' && !keyExchange.endsWith('PSK'))
    return { value: { ...keys, ...unsigned }, breach: null };
  const isSigned = authentication !== 'anon' && !keyExchange.endsWith('PSK');
  const signatureScheme = isSigned && version >= TLS_1_2 ? cursor.number(2) : null;
  if (isSigned) cursor.vector(2, 1);
  if (!cursor.isRead()) return { value: null, breach: 'a ServerKeyExchange whose lengths do not add up' };
  const value: ServerKeyExchange = { ...keys, signatureScheme, isSigned };
  return { value, breach: breachOf(value, offer) ?? null };
}

function keysOf(cursor: Cursor, keyExchange: CipherSuite['keyExchange']): Keys | undefined {
  switch (keyExchange) {
    case 'ECDHE':
    case 'ECDHE_PSK': {
      const group = readGroup(cursor);
      return group === undefined ? undefined : { kind: 'ecdhe', group, key: copy(cursor.vector(1, 1)) };
    }
    case 'DHE':
    case 'DHE_PSK': {
      const [prime, generator, key] = [cursor.vector(2, 1), cursor.vector(2, 1), cursor.vector(2, 1)];
      return { kind: 'dhe', prime: copy(prime), generator: copy(generator), key: copy(key) };
    }
    case 'RSA_EXPORT': {
      const [modulus, exponent] = [cursor.vector(2, 1), cursor.vector(2, 1)];
      return { kind: 'rsa-export', modulus: copy(modulus), exponent: copy(exponent) };
    }
    default:
      return { kind: 'other' };
  }
}

/** ECParameters: a named curve, or one with all that makes it (RFC 4492 §5.4). */
function readGroup(cursor: Cursor): number | undefined {
  const type = cursor.number(1);
  if (type === NAMED_CURVE) return cursor.number(2);
  if (type === 1) {
    // The prime; then a, b, the base point, its order and its cofactor.
    cursor.vector(1, 1);
    skipCurve(cursor);
    return EXPLICIT_PRIME;
  }
  if (type !== 2) return undefined;
  cursor.number(2);
  // A trinomial has one exponent, a pentanomial three.
  const exponents = cursor.number(1) === 1 ? 1 : 3;
  for (let count = 0; count < exponents; count++) cursor.vector(1, 1);
  skipCurve(cursor);
  return EXPLICIT_CHAR2;
}

function skipCurve(cursor: Cursor): void {
  for (let count = 0; count < 5; count++) cursor.vector(1, 1);
}

/** RFC 5246 §7.4.3, RFC 8422 §5.1: both are of the lists that the client sent, where it sent any. */
function breachOf(
  exchange: ServerKeyExchange,
  { groups, signatureSchemes }: ClientHelloSpec,
): string | undefined {
  const { signatureScheme: scheme } = exchange;
  if (exchange.kind === 'ecdhe' && groups !== null && !groups.includes(exchange.group))
    return `a ServerKeyExchange with ${groupName(exchange.group)}, which was not offered`;
  return scheme !== null && signatureSchemes !== null && !signatureSchemes.includes(scheme)
    ? `a ServerKeyExchange signed with ${signatureSchemeName(scheme)}, which was not offered`
    : undefined;
}
