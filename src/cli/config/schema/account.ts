/** `[[account]]` and `[accounts]`: who may log in, and what he may do then. */
import { z } from 'zod';
import { quote } from '../../../names/domain.ts';
import { parsePasswordHash } from '../../../relay/password.ts';
import type { AccountConfig, AccountsConfig } from '../config.ts';
import { parseClientRule } from '../gateway-values.ts';
import { parseMailboxPattern, parsePath, parseUser } from '../values.ts';
import { complaints, list, secret, sourceOf, text } from './kit.ts';
import { quotaKeys, toQuota } from './quota.ts';

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
    certificates: list(text(parseClientRule, 'printer.example.test'), 'certificate')
      .optional()
      .describe(
        'Certificates that log in without a password (EXTERNAL): sha256: and the SHA-256 of one, or of its public key; or a name, or ".suffix", that a certificate from [tls] client_ca proves.',
      ),
    senders: list(text(parseMailboxPattern, 'anna@example.test', 'example.test'), 'sender')
      .optional()
      .describe(
        'As whom it may send: "anna@example.test", "example.test", or ".example.test" for all names below. Default: as anybody.',
      ),
    null_sender: z
      .boolean()
      .default(true)
      .describe('Whether it may send with the empty sender, as receipts of mail programs do.'),
    check_header_from: z
      .boolean()
      .default(false)
      .describe('Whether From and Sender in the header have to be among senders, too.'),
    tell_outcome: z
      .boolean()
      .default(false)
      .describe('Whether the sender is told, message by message, how it travelled to each recipient.'),
    verp: z
      .boolean()
      .default(false)
      .describe(
        'Whether each copy of its mail has a sender that names its recipient (VERP): one transaction for each.',
      ),
    ...quotaKeys,
  })
  .transform((written, context): AccountConfig => {
    const { user, password_hash, password_hash_file, certificates = [] } = written;
    const complain = complaints(context);
    const parsed = password_hash === undefined ? undefined : parsePasswordHash(password_hash);
    if (parsed?.kind === 'invalid') complain('password_hash', ofUser(user, parsed.because));
    const hasPassword = password_hash !== undefined || password_hash_file !== undefined;
    if (!hasPassword && certificates.length === 0) {
      complain('password_hash', ofUser(user, 'it is missing, and there is no password_hash_file'));
    }
    if (written.check_header_from && written.senders === undefined) {
      complain('check_header_from', 'needs senders: without them every address may stand there');
    }
    const hash = sourceOf(
      complain,
      ['password_hash', parsed?.kind === 'ok' ? parsed.value : undefined],
      ['password_hash_file', password_hash_file],
    );
    if (hash === undefined && hasPassword) return z.NEVER;
    const sender = {
      senders: written.senders ?? null,
      nullSender: written.null_sender,
      header: written.check_header_from,
    };
    const rights = {
      sender,
      quota: toQuota(written),
      tellOutcome: written.tell_outcome,
      ...(written.verp ? { verp: true } : {}),
    };
    return { user, hash: hash ?? null, certificates, rights };
  });

export const accounts = z
  .strictObject({
    file: text(parsePath, '/etc/waxwing/accounts')
      .optional()
      .describe(
        'File with further accounts, one a line: the user, a colon, and the hash of the password; also as Dovecot writes it, with {ARGON2ID}, {SCRAM-SHA-256}, {SHA512-CRYPT} or {SSHA512} before the hash.',
      ),
    own_address_only: z
      .boolean()
      .default(false)
      .describe(
        'Whether an account of the file may send as nobody but itself: its user has to be an address then.',
      ),
    ...quotaKeys,
  })
  .prefault({})
  .transform((written): AccountsConfig | null =>
    written.file === undefined
      ? null
      : { file: written.file, ownAddressOnly: written.own_address_only, quota: toQuota(written) },
  )
  .describe('Accounts that stand in a file of their own.');

/** Names the account: its place in the file says little. */
export function ofUser(user: string, because: string): string {
  return `the hash of ${quote(user)}: ${because}`;
}
