/**
 * Passwords as the configuration keeps them: hashed.
 *
 * RFC 9106 (Argon2), RFC 7914 (scrypt), both in the PHC string format; RFC 5802 and 7677 (SCRAM verifiers), in the
 * format that PostgreSQL uses. No error here quotes what it could not read: it may be a password in clear.
 */
import * as crypto from 'node:crypto';
import type { Parsed } from '../names/domain.ts';
import { decodeBase64, encodeBase64 } from '../protocols/sasl/base64.ts';
import { deriveVerifier, type ScramVerifier } from '../protocols/sasl/scram.ts';
import { type Sha512Crypt, sha512Crypt } from './sha512-crypt.ts';

export type PasswordHash =
  | {
      readonly kind: 'argon2';
      readonly variant: 'argon2id' | 'argon2i';
      /** KiB. */
      readonly memory: number;
      readonly passes: number;
      readonly parallelism: number;
      readonly salt: Uint8Array;
      readonly hash: Uint8Array;
    }
  | {
      readonly kind: 'scrypt';
      /** Base-2 logarithm of the cost. */
      readonly logCost: number;
      readonly blockSize: number;
      readonly parallelism: number;
      readonly salt: Uint8Array;
      readonly hash: Uint8Array;
    }
  /** Of other programs; made by nobody here. */
  | ({ readonly kind: 'sha512-crypt'; readonly hash: Uint8Array } & Sha512Crypt)
  /** One SHA-512 over the password and a salt: whoever has it tries many millions a second. */
  | { readonly kind: 'ssha512'; readonly salt: Uint8Array; readonly hash: Uint8Array }
  /** The password itself is proved against it too: it gives the same keys. */
  | { readonly kind: 'scram'; readonly verifier: ScramVerifier };

/** What a hash may cost: two of them are computed at once, while everything else goes on. */
const MAX_MEMORY_KIB = 256 * 1024;
const MAX_PASSES = 16;
const MAX_PARALLELISM = 16;
/** RFC 7677 §4 asks for 4096 at least. */
const MIN_ITERATIONS = 4_096;
const MAX_ITERATIONS = 1_000_000;
const SHA256_BYTES = 32;

/** Parameters of new hashes; they take about 0.1 to 0.5 s. */
const NEW_ARGON2 = { memory: 19_456, passes: 2, parallelism: 1 } as const;
const NEW_SCRYPT = { logCost: 15, blockSize: 8, parallelism: 3 } as const;
/** The most that clients with Cyrus SASL compute (Postfix among them): above it they refuse to log in. */
const NEW_ITERATIONS = 65_536;
const NEW_SALT_BYTES = 16;

/** Costs what a new hash costs, and is that of no password: for whoever has none. */
export const standIn: PasswordHash = {
  kind: 'scrypt',
  ...NEW_SCRYPT,
  salt: new Uint8Array(NEW_SALT_BYTES),
  hash: new Uint8Array(SHA256_BYTES),
};

/** The same for SCRAM; the salt is made up for each user. */
export const standInVerifier: ScramVerifier = {
  salt: new Uint8Array(NEW_SALT_BYTES),
  iterations: NEW_ITERATIONS,
  storedKey: new Uint8Array(SHA256_BYTES),
  serverKey: new Uint8Array(SHA256_BYTES),
};

const PHC = /^\$([a-z0-9]+)(?:\$v=([0-9]{1,3}))?\$([A-Za-z0-9=,]+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const SCRAM = /^SCRAM-SHA-256\$([0-9]{1,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/;

/**
 * Reads `$argon2id$v=19$m=…,t=…,p=…$salt$hash` (also argon2i), `$scrypt$ln=…,r=…,p=…$salt$hash` or
 * `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`.
 *
 * @param argon2Known whether this Node can compute Argon2, which came with Node 24.7.
 */
export function parsePasswordHash(
  text: string,
  argon2Known = argon2OfNode() !== undefined,
): Parsed<PasswordHash> {
  const scram = SCRAM.exec(text);
  if (scram !== null) return parseScram(scram);
  const phc = PHC.exec(text);
  const [, name = '', version, parameters = ''] = phc ?? [];
  const salt = fromBare(phc?.[4] ?? '');
  const hash = fromBare(phc?.[5] ?? '');
  if (salt === undefined || hash === undefined) {
    return invalid('it is no PHC string ($argon2id$… or $scrypt$…) and no SCRAM-SHA-256 verifier');
  }
  const outside =
    outsideOf('salt', salt.length, 8, 64, 'octets') ?? outsideOf('hash', hash.length, 16, 64, 'octets');
  if (outside !== undefined) return invalid(outside);
  if (name === 'scrypt' && version === undefined) return parseScrypt(parameters, salt, hash);
  if (name !== 'argon2id' && name !== 'argon2i') {
    return invalid('its algorithm is not argon2id, argon2i, scrypt or SCRAM-SHA-256');
  }
  if (!argon2Known) {
    return invalid('this Node cannot compute Argon2: that came with Node 24.7; use a newer one, or scrypt');
  }
  if (version !== '19') return invalid('of Argon2 only version 19 ($v=19$) is supported');
  return parseArgon2(name, parameters, salt, hash);
}

function parseArgon2(
  variant: 'argon2id' | 'argon2i',
  parameters: string,
  salt: Uint8Array,
  hash: Uint8Array,
): Parsed<PasswordHash> {
  const numbers = numbersOf(/^m=([0-9]{1,9}),t=([0-9]{1,9}),p=([0-9]{1,9})$/, parameters);
  if (numbers === undefined) return invalid('the parameters of Argon2 are m=…,t=…,p=… in this order');
  const [memory, passes, parallelism] = numbers;
  const outside =
    outsideOf('parallelism (p)', parallelism, 1, MAX_PARALLELISM, 'lanes') ??
    outsideOf('memory (m)', memory, 8 * parallelism, MAX_MEMORY_KIB, 'KiB') ??
    outsideOf('time (t)', passes, 1, MAX_PASSES, 'passes');
  if (outside !== undefined) return invalid(outside);
  return { kind: 'ok', value: { kind: 'argon2', variant, memory, passes, parallelism, salt, hash } };
}

function parseScrypt(parameters: string, salt: Uint8Array, hash: Uint8Array): Parsed<PasswordHash> {
  const numbers = numbersOf(/^ln=([0-9]{1,2}),r=([0-9]{1,3}),p=([0-9]{1,3})$/, parameters);
  if (numbers === undefined) return invalid('the parameters of scrypt are ln=…,r=…,p=… in this order');
  const [logCost, blockSize, parallelism] = numbers;
  const outside =
    outsideOf('block size (r)', blockSize, 1, 32, 'times 128 octets') ??
    // RFC 7914 §2: N is less than 2^(128 * r / 8); §5: the memory is 128 * N * r octets.
    outsideOf('cost (ln)', logCost, 1, Math.min(16 * blockSize - 1, 30), 'as a power of 2') ??
    outsideOf('parallelism (p)', parallelism, 1, MAX_PARALLELISM, 'rounds') ??
    outsideOf('memory (ln and r)', (blockSize * 2 ** logCost) / 8, 0, MAX_MEMORY_KIB, 'KiB');
  if (outside !== undefined) return invalid(outside);
  return { kind: 'ok', value: { kind: 'scrypt', logCost, blockSize, parallelism, salt, hash } };
}

function parseScram([, count = '', ...encoded]: readonly string[]): Parsed<PasswordHash> {
  const [salt, storedKey, serverKey] = encoded.map(decodeBase64);
  if (salt === undefined || storedKey === undefined || serverKey === undefined) {
    return invalid('a part of the SCRAM-SHA-256 verifier is no base64');
  }
  const iterations = Number(count);
  const outside =
    outsideOf('iteration count', iterations, MIN_ITERATIONS, MAX_ITERATIONS, 'rounds') ??
    outsideOf('salt', salt.length, 8, 64, 'octets') ??
    outsideOf('StoredKey', storedKey.length, SHA256_BYTES, SHA256_BYTES, 'octets') ??
    outsideOf('ServerKey', serverKey.length, SHA256_BYTES, SHA256_BYTES, 'octets');
  if (outside !== undefined) return invalid(outside);
  return { kind: 'ok', value: { kind: 'scram', verifier: { salt, iterations, storedKey, serverKey } } };
}

/** Whether the password is the one; takes the time that the hash was made to take. */
export async function isPassword(password: string, secret: PasswordHash): Promise<boolean> {
  if (secret.kind === 'scram') {
    const { salt, iterations, storedKey } = secret.verifier;
    const derived = await deriveVerifier(password, salt, iterations);
    return crypto.timingSafeEqual(derived.storedKey, storedKey);
  }
  const computed = await computedOf(password, secret);
  return computed !== undefined && crypto.timingSafeEqual(computed, secret.hash);
}

/**
 * Hashes a new password, in the form that {@link parsePasswordHash} reads.
 *
 * @param random gives that many random octets.
 */
export async function hashPassword(
  password: string,
  kind: 'argon2id' | 'scrypt' | 'scram',
  random: (octets: number) => Uint8Array,
): Promise<string> {
  const salt = random(NEW_SALT_BYTES);
  switch (kind) {
    case 'argon2id': {
      const hash = await compute(
        password,
        { kind: 'argon2', variant: kind, ...NEW_ARGON2, salt },
        SHA256_BYTES,
      );
      const { memory, passes, parallelism } = NEW_ARGON2;
      return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${bare(salt)}$${bare(hash)}`;
    }
    case 'scrypt': {
      const hash = await compute(password, { kind, ...NEW_SCRYPT, salt }, SHA256_BYTES);
      const { logCost, blockSize, parallelism } = NEW_SCRYPT;
      return `$scrypt$ln=${logCost},r=${blockSize},p=${parallelism}$${bare(salt)}$${bare(hash)}`;
    }
    case 'scram': {
      const { storedKey, serverKey } = await deriveVerifier(password, salt, NEW_ITERATIONS);
      return `SCRAM-SHA-256$${NEW_ITERATIONS}:${encodeBase64(salt)}$${encodeBase64(storedKey)}:${encodeBase64(serverKey)}`;
    }
  }
}

/** undefined: the password cannot be one. */
async function computedOf(
  password: string,
  secret: Exclude<PasswordHash, { kind: 'scram' }>,
): Promise<Uint8Array | undefined> {
  switch (secret.kind) {
    case 'sha512-crypt':
      return sha512Crypt(password, secret);
    case 'ssha512':
      return crypto.createHash('sha512').update(password, 'utf8').update(secret.salt).digest();
    case 'argon2':
    case 'scrypt':
      return compute(password, secret, secret.hash.length);
  }
}

type Recipe = PasswordHash extends infer Hash
  ? Hash extends { readonly kind: 'argon2' | 'scrypt' }
    ? Omit<Hash, 'hash'>
    : never
  : never;

/** In a thread of Node's pool: nothing else waits for it. The password is taken as its UTF-8 octets, unchanged. */
function compute(password: string, recipe: Recipe, octets: number): Promise<Uint8Array> {
  const message = Buffer.from(password, 'utf8');
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, hash: Uint8Array): void => {
      if (error === null) resolve(hash);
      else reject(error);
    };
    if (recipe.kind === 'scrypt') {
      const { salt, logCost, blockSize, parallelism } = recipe;
      const cost = { N: 2 ** logCost, r: blockSize, p: parallelism, maxmem: (MAX_MEMORY_KIB + 1024) * 1024 };
      crypto.scrypt(message, salt, octets, cost, done);
      return;
    }
    const argon2 = argon2OfNode();
    if (argon2 === undefined) throw new Error('this Node cannot compute Argon2: that came with Node 24.7');
    const { variant, memory, passes, parallelism, salt: nonce } = recipe;
    argon2(variant, { message, nonce, memory, passes, parallelism, tagLength: octets }, done);
  });
}

/** Looked up, not imported by name: the import would fail where it is missing. */
function argon2OfNode(): typeof crypto.argon2 | undefined {
  return crypto.argon2;
}

function outsideOf(
  what: string,
  value: number,
  least: number,
  most: number,
  unit: string,
): string | undefined {
  if (value >= least && value <= most) return undefined;
  return `its ${what} is ${value} ${unit}, the limits are ${least} and ${most}`;
}

function numbersOf(pattern: RegExp, text: string): [number, number, number] | undefined {
  const [, one, two, three] = pattern.exec(text) ?? [];
  return one === undefined ? undefined : [Number(one), Number(two), Number(three)];
}

/** Base64 without padding, as PHC strings have it. */
function fromBare(text: string): Uint8Array | undefined {
  return text === '' ? undefined : decodeBase64(text + '='.repeat((4 - (text.length % 4)) % 4));
}

function bare(bytes: Uint8Array): string {
  return encodeBase64(bytes).replace(/=+$/, '');
}

function invalid(because: string): Parsed<never> {
  return { kind: 'invalid', because };
}
