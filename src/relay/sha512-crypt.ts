/**
 * SHA-512 crypt, as crypt(3) of Linux has it (`$6$`), and as many tables of Dovecot and Postfix store passwords.
 *
 * U. Drepper, "Unix crypt using SHA-256 and SHA-512", version 0.6. Node has no function for it; this one is only there to prove
 * hashes that exist, not to make new ones.
 */
import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

export interface Sha512Crypt {
  readonly rounds: number;
  /** Up to 16 octets. */
  readonly salt: Uint8Array;
}

const DEFAULT_ROUNDS = 5_000;
/** It says 1,000; a million take seconds, and passlib makes 656,000. */
const LEAST_ROUNDS = 1_000;
const MOST_ROUNDS = 1_000_000;
const MOST_SALT = 16;
const HASH_CHARACTERS = 86;
/** Of the password the work grows with the square; longer ones are not proved. */
const LONGEST_PASSWORD = 1_024;
/** About a millisecond of work, after which others have their turn. */
const ROUNDS_AT_ONCE = 500;

const CRYPT = /^\$6\$(?:rounds=([1-9][0-9]{0,8})\$)?([^$:\s\0]{0,64})\$([./0-9A-Za-z]+)$/;
const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Reads `$6$salt$hash` or `$6$rounds=…$salt$hash`. @returns undefined: it is none, or asks for too much. */
export function parseSha512Crypt(text: string): (Sha512Crypt & { readonly hash: Uint8Array }) | undefined {
  const [, count, salt = '', encoded = ''] = CRYPT.exec(text) ?? [];
  const rounds = count === undefined ? DEFAULT_ROUNDS : Number(count);
  if (encoded.length !== HASH_CHARACTERS || rounds < LEAST_ROUNDS || rounds > MOST_ROUNDS) return undefined;
  const octets = Buffer.from(salt, 'utf8').subarray(0, MOST_SALT);
  return { rounds, salt: octets, hash: Buffer.from(encoded, 'latin1') };
}

/** The characters behind the last `$`, as octets; undefined: the password is too long to be one. */
export async function sha512Crypt(
  password: string,
  { rounds, salt }: Sha512Crypt,
): Promise<Uint8Array | undefined> {
  const key = Buffer.from(password, 'utf8');
  if (key.length > LONGEST_PASSWORD) return undefined;
  const other = sha512([key, salt, key]);
  const parts: Uint8Array[] = [key, salt, repeated(other, key.length)];
  // The bits of the length, the lowest first.
  for (let left = key.length; left > 0; left >>= 1) parts.push((left & 1) === 1 ? other : key);
  let digest = sha512(parts);
  const keys = repeated(sha512(Array.from(key, () => key)), key.length);
  const salts = repeated(sha512(Array.from({ length: 16 + (digest[0] ?? 0) }, () => salt)), salt.length);
  for (let round = 0; round < rounds; round++) {
    if (round > 0 && round % ROUNDS_AT_ONCE === 0) await setImmediate();
    const isOdd = (round & 1) === 1;
    const mixed = [isOdd ? keys : digest];
    if (round % 3 !== 0) mixed.push(salts);
    if (round % 7 !== 0) mixed.push(keys);
    mixed.push(isOdd ? digest : keys);
    digest = sha512(mixed);
  }
  return Buffer.from(encode(digest), 'latin1');
}

function sha512(parts: readonly Uint8Array[]): Buffer {
  return hash('sha512', Buffer.concat(parts), 'buffer');
}

function repeated(pattern: Uint8Array, length: number): Buffer {
  return Buffer.alloc(length, pattern);
}

/** Three octets are four characters, the lowest bits first; which three is shuffled. */
function encode(digest: Uint8Array): string {
  const at = (index: number): number => digest[index] ?? 0;
  const characters = (value: number, count: number): string =>
    Array.from({ length: count }, (_, place) => ALPHABET[(value >> (6 * place)) & 0x3f]).join('');
  let text = '';
  let [a, b, c] = [0, 21, 42];
  for (let group = 0; group < 21; group++) {
    text += characters((at(a) << 16) | (at(b) << 8) | at(c), 4);
    [a, b, c] = [b + 1, c + 1, a + 1];
  }
  return text + characters(at(63), 2);
}
