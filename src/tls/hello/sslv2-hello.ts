/**
 * CLIENT-HELLO of SSL 2.0, and what comes back: SERVER-HELLO, or ERROR.
 *
 * SSL 2.0 has no RFC but the one that forbids it (RFC 6176 §3); RFC 6101 appendix E has the hello, as later versions could be
 * asked for by it, too.
 */
import { copy, number, read } from './octets.ts';

export interface Sslv2HelloSpec {
  readonly kind: 'sslv2';
  /** 2, or a later one in the form of the old hello (`0x0300`). */
  readonly version: number;
  /** The most wanted first; those of later versions are their suites (`0x000005`). */
  readonly cipherKinds: readonly number[];
  /** 16 to 32 octets. */
  readonly challenge: Uint8Array;
}

interface Sslv2ServerHello {
  readonly version: number;
  /** DER; empty where the server has none. */
  readonly certificate: Uint8Array;
  /** What both of us have, in no order. */
  readonly cipherKinds: readonly number[];
}

export type Sslv2Answer =
  | { readonly kind: 'server-hello'; readonly hello: Sslv2ServerHello }
  /** 1: no cipher in common; 2: no certificate; 4: a bad one; 6: a kind of certificate that is not supported. */
  | { readonly kind: 'error'; readonly code: number }
  | { readonly kind: 'broken'; readonly because: string };

/** All kinds of ciphers of SSL 2.0. */
export const sslv2CipherKinds: Readonly<Record<number, string>> = {
  0x010080: 'SSL_CK_RC4_128_WITH_MD5',
  0x020080: 'SSL_CK_RC4_128_EXPORT40_WITH_MD5',
  0x030080: 'SSL_CK_RC2_128_CBC_WITH_MD5',
  0x040080: 'SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5',
  0x050080: 'SSL_CK_IDEA_128_CBC_WITH_MD5',
  0x060040: 'SSL_CK_DES_64_CBC_WITH_MD5',
  0x060140: 'SSL_CK_DES_64_CBC_WITH_SHA',
  0x0700c0: 'SSL_CK_DES_192_EDE3_CBC_WITH_MD5',
  0x0701c0: 'SSL_CK_DES_192_EDE3_CBC_WITH_SHA',
  0x080080: 'SSL_CK_RC4_64_WITH_MD5',
};

const ERROR = 0;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 4;
/** The first bit says that two octets of length stand before the message, and none of padding behind it. */
const SHORT_HEADER = 0x80;

export function sslv2Hello({ version, cipherKinds, challenge }: Sslv2HelloSpec): Uint8Array {
  const message = Buffer.concat([
    number(CLIENT_HELLO, 1),
    number(version, 2),
    number(3 * cipherKinds.length, 2),
    number(0, 2),
    number(challenge.length, 2),
    ...cipherKinds.map((kind) => number(kind, 3)),
    challenge,
  ]);
  return Buffer.concat([number(SHORT_HEADER * 0x100 + message.length, 2), message]);
}

/** Octets of the whole record, its header included, by the first two; undefined where they begin none. */
export function sslv2RecordLength(first: number, second: number): number | undefined {
  return first >= SHORT_HEADER ? 2 + (first - SHORT_HEADER) * 256 + second : undefined;
}

/** What the server says in its first record, header left aside. */
export function readSslv2(message: Uint8Array): Sslv2Answer {
  const cursor = read(message);
  const type = cursor.number(1);
  if (type === ERROR) {
    const code = cursor.number(2);
    return cursor.isRead()
      ? { kind: 'error', code }
      : broken('an SSL 2.0 ERROR that is not three octets long');
  }
  if (type !== SERVER_HELLO) return broken(`an SSL 2.0 message of type ${type} where SERVER-HELLO is due`);
  const isOldSession = cursor.number(1) !== 0;
  // The kind of the certificate: X.509 is the only one (1), and 0 goes with none.
  cursor.number(1);
  const version = cursor.number(2);
  const lengths = [cursor.number(2), cursor.number(2), cursor.number(2)] as const;
  const certificate = copy(cursor.bytes(lengths[0]));
  const kinds = read(cursor.bytes(lengths[1]));
  cursor.bytes(lengths[2]);
  const cipherKinds: number[] = [];
  while (kinds.hasMore()) cipherKinds.push(kinds.number(3));
  if (!cursor.isRead() || !kinds.isRead())
    return broken('an SSL 2.0 SERVER-HELLO whose lengths do not add up');
  if (isOldSession) return broken('an SSL 2.0 SERVER-HELLO that takes up a session that we never had');
  return { kind: 'server-hello', hello: { version, certificate, cipherKinds } };
}

function broken(because: string): Sslv2Answer {
  return { kind: 'broken', because };
}
