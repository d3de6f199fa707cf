/**
 * SCRAM-SHA-256: a login that shows the password to nobody, and proves to the client that the server knows it too.
 *
 * RFC 5802, RFC 7677. Messages are parsed exactly: an attribute out of its place, an extension (RFC 5802 §5.1 `m=`)
 * or a character outside the grammar makes a message invalid. Channel binding is not offered, so `p=` is refused.
 */
import { createHash, createHmac, pbkdf2, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Parsed } from '../../names/domain.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { saslPrep } from './prepare.ts';

/** What a server keeps of a password. It cannot be turned back, but whoever has it can try passwords on it. */
export interface ScramVerifier {
  readonly salt: Uint8Array;
  readonly iterations: number;
  /** 32 octets: H(HMAC(salted password, "Client Key")). */
  readonly storedKey: Uint8Array;
  /** 32 octets: HMAC(salted password, "Server Key"). */
  readonly serverKey: Uint8Array;
}

/** The client's first message, read. */
export interface ClientFirst {
  readonly user: string;
  readonly nonce: string;
  /** `n,,` or `y,,`, with the user again where the client named whom it acts for. */
  readonly header: string;
  /** The message without that header. */
  readonly bare: string;
}

/** What the server holds between its first message and its last. */
export interface ScramExchange {
  readonly first: ClientFirst;
  readonly verifier: ScramVerifier;
  /** Both nonces in one. */
  readonly nonce: string;
  readonly serverFirst: string;
}

/** Work that a server may ask of a client, in both directions: RFC 7677 §4 names the least. */
const MIN_ITERATIONS = 4096;
/** The computation holds up everything else in the process. */
const MAX_ITERATIONS = 1_000_000;
/** Octets of a nonce, a user name and a salt, as nobody needs more. */
const MAX_PART = 255;
const KEY_OCTETS = 32;

const derive = promisify(pbkdf2);

// RFC 5802 §7: printable is every ASCII character from ! to ~ but the comma.
const NONCE = /^[\x21-\x2b\x2d-\x7e]+$/;
const CLIENT_FIRST = /^((n|y|p=[A-Za-z0-9.-]+),(?:a=([^,]+))?,)(n=([^,]+),r=([^,]+))$/s;
const SERVER_FIRST = /^r=([^,]+),s=([^,]+),i=([1-9][0-9]{0,6})$/;
const CLIENT_FINAL = /^(c=([^,]+),r=([^,]+)),p=([^,]+)$/;

/**
 * Computes what a server keeps, beside everything else that goes on.
 *
 * A password that SASLprep refuses is used as it is: no client of SCRAM can log in with it, others can.
 */
export async function deriveVerifier(
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<ScramVerifier> {
  const prepared = saslPrep(password);
  const text = prepared.kind === 'ok' ? prepared.value : password;
  const { clientKey, serverKey } = keysOf(await derive(text, salt, iterations, KEY_OCTETS, 'sha256'));
  return { salt, iterations, storedKey: hash(clientKey), serverKey };
}

/** Reads the client's first message. */
export function parseClientFirst(text: string): Parsed<ClientFirst> {
  const match = CLIENT_FIRST.exec(text);
  const [, header = '', binding = '', actAs, bare = '', name = '', nonce = ''] = match ?? [];
  if (match === null) return invalid('not a first message of SCRAM');
  if (binding.startsWith('p=')) return invalid('channel binding is not offered');
  if (!NONCE.test(nonce) || nonce.length > MAX_PART) return invalid('the nonce is malformed or too long');
  const user = fromSaslName(name);
  if (user === undefined) return invalid('the user name is malformed or too long');
  if (actAs !== undefined && fromSaslName(actAs) !== user) {
    return invalid('acting for another user is not supported');
  }
  return { kind: 'ok', value: { user, nonce, header, bare } };
}

/** Answers it; `nonce` is fresh and holds printable ASCII without a comma. */
export function beginScram(first: ClientFirst, verifier: ScramVerifier, nonce: string): ScramExchange {
  const both = first.nonce + nonce;
  const serverFirst = `r=${both},s=${encodeBase64(verifier.salt)},i=${verifier.iterations}`;
  return { first, verifier, nonce: both, serverFirst };
}

/** How the client's last message proves that it knows the password; then the server proves it with `serverFinal`. */
export type ScramProof =
  | { readonly kind: 'proved'; readonly serverFinal: string }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'invalid'; readonly because: string };

/** Checks the client's last message. */
export function checkClientFinal(exchange: ScramExchange, text: string): ScramProof {
  const { first, verifier } = exchange;
  const [whole, withoutProof = '', header = '', nonce = '', encodedProof = ''] =
    CLIENT_FINAL.exec(text) ?? [];
  if (whole === undefined) return invalid('not a last message of SCRAM');
  // RFC 5802 §5.1: the header again, so that nobody between changed it to rule out channel binding.
  if (header !== encodeBase64(Buffer.from(first.header))) return invalid('the header changed on the way');
  if (nonce !== exchange.nonce) return invalid('the nonce is not that of this exchange');
  const proof = decodeBase64(encodedProof);
  if (proof?.length !== KEY_OCTETS) return invalid('the proof is malformed');
  const authMessage = `${first.bare},${exchange.serverFirst},${withoutProof}`;
  const clientKey = xor(proof, hmac(verifier.storedKey, authMessage));
  if (!timingSafeEqual(hash(clientKey), verifier.storedKey)) return { kind: 'wrong' };
  return { kind: 'proved', serverFinal: `v=${encodeBase64(hmac(verifier.serverKey, authMessage))}` };
}

/** The client's first message; `nonce` is fresh and holds printable ASCII without a comma. */
export function clientFirst(user: string, nonce: string): Parsed<string> {
  const name = saslPrep(user);
  if (name.kind !== 'ok') return name;
  return { kind: 'ok', value: `n,,${bareFirst(name.value, nonce)}` };
}

/** The client's last message, and what the server has to answer to it. */
export interface ClientFinal {
  readonly message: string;
  readonly expectedServerFinal: string;
}

/** Computes the client's last message from the server's first. */
export function clientFinal(
  login: { readonly user: string; readonly password: string },
  nonce: string,
  serverFirst: string,
): Parsed<ClientFinal> {
  const user = saslPrep(login.user);
  if (user.kind !== 'ok') return user;
  const password = saslPrep(login.password);
  if (password.kind !== 'ok') return password;
  const [whole, both = '', encodedSalt = '', count = ''] = SERVER_FIRST.exec(serverFirst) ?? [];
  const salt = decodeBase64(encodedSalt);
  if (whole === undefined || salt === undefined || salt.length > MAX_PART) {
    return invalid('the server sent what is not a first message of SCRAM');
  }
  // RFC 5802 §5.1: the server adds to our nonce; an answer without ours, or with nothing added, is a replay.
  if (
    !both.startsWith(nonce) ||
    both.length === nonce.length ||
    !NONCE.test(both) ||
    both.length > 2 * MAX_PART
  ) {
    return invalid('the server did not add to the nonce');
  }
  const iterations = Number(count);
  if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
    return invalid(`the server asks for ${count} iterations, not ${MIN_ITERATIONS} to ${MAX_ITERATIONS}`);
  }
  const salted = pbkdf2Sync(password.value, salt, iterations, KEY_OCTETS, 'sha256');
  const { clientKey, serverKey } = keysOf(salted);
  const withoutProof = `c=biws,r=${both}`;
  const authMessage = `${bareFirst(user.value, nonce)},${serverFirst},${withoutProof}`;
  const proof = xor(clientKey, hmac(hash(clientKey), authMessage));
  return {
    kind: 'ok',
    value: {
      message: `${withoutProof},p=${encodeBase64(proof)}`,
      expectedServerFinal: `v=${encodeBase64(hmac(serverKey, authMessage))}`,
    },
  };
}

/** Whether the server proved that it knows the password. @see ClientFinal.expectedServerFinal */
export function isServerProved({ expectedServerFinal }: ClientFinal, serverFinal: string): boolean {
  const [expected, given] = [Buffer.from(expectedServerFinal), Buffer.from(serverFinal)];
  return expected.length === given.length && timingSafeEqual(expected, given);
}

function keysOf(salted: Uint8Array): { readonly clientKey: Uint8Array; readonly serverKey: Uint8Array } {
  return { clientKey: hmac(salted, 'Client Key'), serverKey: hmac(salted, 'Server Key') };
}

function bareFirst(user: string, nonce: string): string {
  return `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
}

/** RFC 5802 §5.1: `=2C` is a comma and `=3D` an equals sign; any other `=` is an error. */
function fromSaslName(name: string): string | undefined {
  if (/=(?!2C|3D)/.test(name)) return undefined;
  const prepared = saslPrep(name.replaceAll('=2C', ',').replaceAll('=3D', '='));
  if (prepared.kind !== 'ok' || Buffer.byteLength(prepared.value) > MAX_PART) return undefined;
  return prepared.value;
}

function hash(data: Uint8Array): Uint8Array {
  return createHash('sha256').update(data).digest();
}

function hmac(key: Uint8Array, data: string): Uint8Array {
  return createHmac('sha256', key).update(data).digest();
}

function xor(left: Uint8Array, right: Uint8Array): Uint8Array {
  return left.map((octet, index) => octet ^ (right[index] ?? 0));
}

function invalid(because: string): { readonly kind: 'invalid'; readonly because: string } {
  return { kind: 'invalid', because };
}
