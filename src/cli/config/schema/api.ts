/** `[api]` and `[[api_key]]`: where programs hand mail in by HTTP, and who may. */
import { z } from 'zod';
import { quote } from '../../../names/domain.ts';
import { parseApiKeyHash, scopes } from '../../../relay/http-api/api-key.ts';
import type { ApiKeyConfig } from '../config.ts';
import { parseListenAddress, parseMailboxPattern, parsePath, parseUser } from '../values.ts';
import { complaints, count, list, secret, sourceOf, text } from './kit.ts';

export const api = z
  .strictObject({
    listen: z
      .array(text(parseListenAddress, '127.0.0.1:8025'))
      .default([])
      .describe(
        'IP addresses with ports. Loopback is plain HTTP; everywhere else it is HTTPS with the certificates of the listeners.',
      ),
  })
  .prefault({})
  .describe('Where programs hand mail in by HTTP. Default: nowhere.');

export const apiKey = z
  .strictObject({
    name: text(parseUser, 'shop').describe('Stands as the account of the mail that the key sends.'),
    key_hash: secret().optional().describe('Hash of the key, as `waxwing config api-key` prints it.'),
    key_hash_file: text(parsePath, '/etc/waxwing/shop.hash')
      .optional()
      .describe('File that holds the hash alone, instead of key_hash.'),
    scopes: list(z.enum(scopes), 'scope')
      .prefault(['send'])
      .describe(
        'send: hand mail in, and see what became of it; read: see all mail; queue: retry, hold, release, cancel; policy: ask about domains.',
      ),
    senders: list(text(parseMailboxPattern, 'anna@example.test', 'example.test'), 'sender')
      .optional()
      .describe('As whom it may send, in the envelope and in the header; default: as anybody.'),
    requests_per_minute: count(1, 1_000_000).default(600).describe('More are answered with 429.'),
  })
  .transform((written, context): ApiKeyConfig => {
    const complain = complaints(context);
    const { name, key_hash: here, key_hash_file: file } = written;
    const parsed = here === undefined ? undefined : parseApiKeyHash(here);
    if (parsed?.kind === 'invalid') complain('key_hash', ofKey(name, parsed.because));
    if (here === undefined && file === undefined)
      complain('key_hash', ofKey(name, 'it is missing, and there is no key_hash_file'));
    const hash = sourceOf(
      complain,
      ['key_hash', parsed?.kind === 'ok' ? parsed.value : undefined],
      ['key_hash_file', file],
    );
    if (hash === undefined) return z.NEVER;
    return {
      name,
      hash,
      scopes: written.scopes,
      senders: written.senders ?? null,
      requestsPerMinute: written.requests_per_minute,
    };
  });

/** Names the key: its place in the file says little. */
export function ofKey(name: string, because: string): string {
  return `the hash of ${quote(name)}: ${because}`;
}
