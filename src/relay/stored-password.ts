/** Hashes of passwords as other programs store them, in files and in databases. */
import { type Parsed, quote } from '../names/domain.ts';
import { decodeBase64 } from '../protocols/sasl/base64.ts';
import { type PasswordHash, parsePasswordHash } from './password.ts';
import { parseSha512Crypt } from './sha512-crypt.ts';

/**
 * Reads a hash as we write it, or as Dovecot does, with its scheme in braces in front.
 *
 * A password in clear is never taken for a hash, and no text about what is wrong quotes it.
 */
export function parseStoredPassword(text: string): Parsed<PasswordHash> {
  const [, scheme, value = text] = /^\{([A-Za-z0-9.-]{1,20})\}(.*)$/s.exec(text) ?? [];
  switch (scheme?.toUpperCase()) {
    case undefined:
      return value.startsWith('$6$') ? parseCrypt(value) : parsePasswordHash(value);
    case 'ARGON2ID':
    case 'ARGON2I':
      return parsePasswordHash(value);
    case 'SCRAM-SHA-256':
      return parseDovecotScram(value);
    case 'CRYPT':
    case 'SHA512-CRYPT':
      return parseCrypt(value);
    case 'SSHA512':
      return parseSalted(value);
    default:
      return invalid(`its scheme ${quote(scheme ?? '')} is not ${SCHEMES}`);
  }
}

const SCHEMES = 'ARGON2ID, ARGON2I, SCRAM-SHA-256, SHA512-CRYPT, CRYPT with $6$, or SSHA512';

function parseCrypt(value: string): Parsed<PasswordHash> {
  const crypt = parseSha512Crypt(value);
  return crypt === undefined
    ? invalid('of CRYPT only $6$ (SHA-512) is supported, with 1,000 to 1,000,000 rounds')
    : { kind: 'ok', value: { kind: 'sha512-crypt', ...crypt } };
}

/** Base64 of the hash with the salt behind it. */
function parseSalted(value: string): Parsed<PasswordHash> {
  const octets = decodeBase64(value);
  if (octets === undefined || octets.length <= SHA512_OCTETS || octets.length > SHA512_OCTETS + MOST_SALT)
    return invalid(`it is no base64 of a SHA-512 hash and a salt of ${MOST_SALT} octets at most`);
  const [hash, salt] = [octets.subarray(0, SHA512_OCTETS), octets.subarray(SHA512_OCTETS)];
  return { kind: 'ok', value: { kind: 'ssha512', hash, salt } };
}

const SHA512_OCTETS = 64;
const MOST_SALT = 64;

function parseDovecotScram(value: string): Parsed<PasswordHash> {
  const [iterations, salt, storedKey, serverKey, more] = value.split(',');
  if (serverKey === undefined || more !== undefined) return invalid('its SCRAM verifier has not four parts');
  return parsePasswordHash(`SCRAM-SHA-256$${iterations}:${salt}$${storedKey}:${serverKey}`);
}

function invalid(because: string): { readonly kind: 'invalid'; readonly because: string } {
  return { kind: 'invalid', because };
}
