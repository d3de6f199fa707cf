/**
 * Who has signed a list: a text beside it, with one line for each key.
 *
 * A line is `waxwing-list-1`, the id of the key and the signature in base64, with one space between. It is Ed25519 (RFC 8032
 * §5.1) over a line that says what is signed and, behind it, the octets of the list as they are: nothing is parsed before it is
 * known who wrote it, and no signature that was made for something else is one of a list.
 */
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { type Parsed, quote } from '../../names/domain.ts';

/** A key that may sign lists. */
export interface ListKey {
  /** The first 16 hexadecimal digits of the SHA-256 of its octets. */
  readonly id: string;
  /** Its 32 octets in base64, as the configuration has it. */
  readonly base64: string;
}

export interface ListSignature {
  /** The id of the key. */
  readonly key: string;
  readonly signature: Uint8Array;
}

/** What is signed begins with it. */
const PREFIX = Buffer.from('waxwing policy list 1\n');
const LINE = /^waxwing-list-1 ([0-9a-f]{16}) ([A-Za-z0-9+/]{86}==)$/;
/** Of all lines together. */
export const MAX_SIGNATURE_OCTETS = 4096;
/** For the old key and the new one, and a few more. */
const MOST_LINES = 8;
const KEY_OCTETS = 32;

/**
 * y of the points whose order divides 8, and the two other spellings of them; little-endian, the bit for the sign of x cleared.
 *
 * With one of them for a key, anybody can make a signature of any list that OpenSSL 3.0 takes for good. Zeros are among
 * them, which somebody may write for a key that is to be filled in.
 */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

/** Reads a public key: the base64 of its 32 octets. */
export function parseListKey(text: string): Parsed<ListKey> {
  const octets = Buffer.from(text, 'base64');
  if (octets.length !== KEY_OCTETS || octets.toString('base64') !== text)
    return invalid(`${quote(text)} is not the base64 of the ${KEY_OCTETS} octets of an Ed25519 key`);
  const y = Buffer.from(octets);
  y[KEY_OCTETS - 1] = octets.readUInt8(KEY_OCTETS - 1) & 0x7f;
  if (SMALL_ORDER.has(y.toString('hex')))
    return invalid(`${quote(text)} is a key by which anybody could sign`);
  return { kind: 'ok', value: { id: idOf(octets), base64: text } };
}

function idOf(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex').slice(0, 16);
}

/** Reads the text beside a list; each line ends in LF. */
export function parseSignatures(text: string): Parsed<readonly ListSignature[]> {
  if (Buffer.byteLength(text) > MAX_SIGNATURE_OCTETS)
    return invalid(`the signature has more than ${MAX_SIGNATURE_OCTETS} octets`);
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length === 0) return invalid('the signature does not end with a line');
  if (lines.length > MOST_LINES) return invalid(`the signature has more than ${MOST_LINES} lines`);
  const signatures: ListSignature[] = [];
  for (const [index, line] of lines.entries()) {
    const [, key, base64 = ''] = LINE.exec(line) ?? [];
    const signature = Buffer.from(base64, 'base64');
    if (key === undefined || signature.toString('base64') !== base64)
      return invalid(`line ${index + 1} of the signature is not "waxwing-list-1 KEY SIGNATURE"`);
    signatures.push({ key, signature });
  }
  return { kind: 'ok', value: signatures };
}

/** The ids of those keys by which the list is signed. */
export function signersOf(
  list: Uint8Array,
  signatures: readonly ListSignature[],
  keys: readonly ListKey[],
): readonly string[] {
  const content = Buffer.concat([PREFIX, list]);
  const signers = keys.filter(({ id, base64 }) =>
    signatures.some(
      ({ key, signature }) => key === id && verify(null, content, publicKeyOf(base64), signature),
    ),
  );
  return signers.map(({ id }) => id);
}

function publicKeyOf(base64: string): KeyObject {
  const x = Buffer.from(base64, 'base64').toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

/** Signs the octets of a list. @param key a private one of Ed25519. @returns the line, with its end. */
export function signList(list: Uint8Array, key: KeyObject): string {
  const signature = sign(null, Buffer.concat([PREFIX, list]), key).toString('base64');
  return `waxwing-list-1 ${listKeyOf(key).id} ${signature}\n`;
}

/** The public key, as a configuration names it. @param key one of Ed25519, private or public. */
export function listKeyOf(key: KeyObject): ListKey {
  // An SPKI of Ed25519 ends in the octets of the key (RFC 8410 §4).
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'der', type: 'spki' });
  const octets = spki.subarray(-KEY_OCTETS);
  return { id: idOf(octets), base64: octets.toString('base64') };
}

function invalid(because: string): Parsed<never> {
  return { kind: 'invalid', because };
}
