/** `[[account]]`: who may log in. */
import { z } from 'zod';
import { quote } from '../../../names/domain.ts';
import { parsePasswordHash } from '../../../relay/password.ts';
import type { AccountConfig } from '../config.ts';
import { parsePath, parseUser } from '../values.ts';
import { complaints, secret, sourceOf, text } from './kit.ts';

export const account = z
  .strictObject({
    user: text(parseUser, 'anna').describe('Name to log in with, exactly as the client sends it.'),
    password_hash: secret()
      .optional()
      .describe(
        'Hash of the password, as `waxwing config hash` prints it: argon2id, scrypt, or a SCRAM-SHA-256 verifier.',
      ),
    password_hash_file: text(parsePath, '/etc/waxwing/anna.hash')
      .optional()
      .describe('File that holds the hash alone, instead of password_hash.'),
  })
  .transform(({ user, password_hash, password_hash_file }, context): AccountConfig => {
    const complain = complaints(context);
    const parsed = password_hash === undefined ? undefined : parsePasswordHash(password_hash);
    if (parsed?.kind === 'invalid') complain('password_hash', ofUser(user, parsed.because));
    if (password_hash === undefined && password_hash_file === undefined) {
      complain('password_hash', ofUser(user, 'it is missing, and there is no password_hash_file'));
    }
    const hash = sourceOf(
      complain,
      ['password_hash', parsed?.kind === 'ok' ? parsed.value : undefined],
      ['password_hash_file', password_hash_file],
    );
    return hash === undefined ? z.NEVER : { user, hash };
  });

/** Names the account: its place in the file says little. */
export function ofUser(user: string, because: string): string {
  return `the hash of ${quote(user)}: ${because}`;
}
