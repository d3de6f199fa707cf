/** Keys of the HTTP API: how one is made, what is kept of it, and how it is recognised. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Parsed } from '../../names/domain.ts';
import type { MailboxPattern } from '../../policies/overrides/rule.ts';

/**
 * `send`: hand mail in, and see what became of one's own; `read`: see all mail; `queue`: retry, hold, release and cancel;
 * `policy`: ask what a domain's policies make of mail.
 */
export type Scope = (typeof scopes)[number];

export const scopes = ['send', 'read', 'queue', 'policy'] as const;

export interface ApiKey {
  /** What stands as the account of the mail that it sends. */
  readonly name: string;
  /** SHA-256 of the whole key. */
  readonly hash: Uint8Array;
  readonly scopes: readonly Scope[];
  /** As whom it may send; null: as anybody. */
  readonly senders: readonly MailboxPattern[] | null;
  readonly requestsPerMinute: number;
}

const SECRET_BYTES = 32;
/** So that a key is recognised where it has leaked into a log or a repository. */
const PREFIX = 'waxwing_';
const FORM = /^waxwing_[A-Za-z0-9_-]{43}$/;
const HASH_PREFIX = 'sha256:';

/** @param random gives so many octets. @returns the key, and the hash of it for the configuration. */
export function makeApiKey(random: (octets: number) => Uint8Array): {
  readonly key: string;
  readonly hash: string;
} {
  const key = PREFIX + Buffer.from(random(SECRET_BYTES)).toString('base64url');
  return { key, hash: HASH_PREFIX + Buffer.from(hashOf(key)).toString('hex') };
}

/** Reads a hash as {@link makeApiKey} writes it. */
export function parseApiKeyHash(text: string): Parsed<Uint8Array> {
  const digits = text.startsWith(HASH_PREFIX) ? text.slice(HASH_PREFIX.length) : '';
  return /^[0-9a-f]{64}$/.test(digits)
    ? { kind: 'ok', value: new Uint8Array(Buffer.from(digits, 'hex')) }
    : { kind: 'invalid', because: 'is not the hash of an API key as `waxwing config api-key` prints it' };
}

/**
 * The one among `keys` that `presented` is.
 *
 * One hash without salt is enough: a key is 256 random bits, and nothing that is not of that form is looked at, so that
 * nobody makes up one that can be guessed. All hashes are compared, each in constant time.
 */
export function findApiKey(presented: string, keys: readonly ApiKey[]): ApiKey | undefined {
  if (!FORM.test(presented)) return undefined;
  const hash = hashOf(presented);
  let found: ApiKey | undefined;
  for (const key of keys) if (timingSafeEqual(hash, key.hash)) found = key;
  return found;
}

function hashOf(key: string): Uint8Array {
  return createHash('sha256').update(key).digest();
}
