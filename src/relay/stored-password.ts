/** Hashes of passwords as other programs store them, in files and in databases. */
import { type Parsed, quote } from '../names/domain.ts';
import { type PasswordHash, parsePasswordHash } from './password.ts';

/**
 * Reads a hash as we write it, or as Dovecot does, with its scheme in braces in front.
 *
 * A password in clear is never taken for a hash, and no text about what is wrong quotes it.
 */
export function parseStoredPassword(text: string): Parsed<PasswordHash> {
  const [, scheme, value = text] = /^\{([A-Za-z0-9.-]{1,20})\}(.*)$/s.exec(text) ?? [];
  switch (scheme?.toUpperCase()) {
    case undefined:
    case 'ARGON2ID':
    case 'ARGON2I':
      return parsePasswordHash(value);
    case 'SCRAM-SHA-256':
      return parseDovecotScram(value);
    default:
      return {
        kind: 'invalid',
        because: `its scheme ${quote(scheme ?? '')} is not ARGON2ID, ARGON2I or SCRAM-SHA-256`,
      };
  }
}

function parseDovecotScram(value: string): Parsed<PasswordHash> {
  const [iterations, salt, storedKey, serverKey, more] = value.split(',');
  if (serverKey === undefined || more !== undefined)
    return { kind: 'invalid', because: 'its SCRAM verifier has not four parts' };
  return parsePasswordHash(`SCRAM-SHA-256$${iterations}:${salt}$${storedKey}:${serverKey}`);
}
