/** `[events]` and `[[webhook]]`: where it is told what happens to mail. */
import { z } from 'zod';
import { eventNames } from '../../../events/delivery-event.ts';
import { isLoopback, parseHost } from '../../../names/address.ts';
import { type Parsed, quote } from '../../../names/domain.ts';
import type { PostTarget } from '../../../net/https-post.ts';
import { MOST_ROTATED } from '../../../relay/event-log.ts';
import type { WebhookConfig } from '../config.ts';
import { parseDuration, parseNamePattern, parsePath, parseSize, parseUser } from '../values.ts';
import { type Complain, complaints, count, list, reading, text } from './kit.ts';

const LEAST_ROTATE_SIZE = 1024 * 1024;
const LEAST_BACKLOG = 1024 * 1024;
const LONGEST_BATCH_WAIT_MS = 60_000;
const LONGEST_TIMEOUT_MS = 60_000;

const size = z.union([z.int(), z.string()], {
  error: 'must be a size such as 52428800, "50MB" or "50MiB"',
});

export const events = z
  .strictObject({
    file: text(parsePath, '-')
      .optional()
      .describe(
        'Event log, one JSON object per line; "-" is stdout. Default: events.ndjson in the data folder.',
      ),
    postfix_log: text(parsePath, '/var/log/waxwing.log')
      .optional()
      .describe(
        'The same as lines of a Postfix, for tools that read its log; "-" is stderr. Default: nowhere. It is moved away as the event log is.',
      ),
    rotate_size: reading(size.meta({ examples: ['100MB'] }), parseSize)
      .optional()
      .describe(
        'With this size the event log is moved to FILE.1, and FILE.1 to FILE.2. Default: never; whoever does it himself sends SIGHUP.',
      ),
    rotate_keep: count(1, MOST_ROTATED).default(10).describe('How many files that were moved away stay.'),
  })
  .superRefine(({ rotate_size: octets }, context) => {
    if (octets !== undefined && octets < LEAST_ROTATE_SIZE)
      complaints(context)('rotate_size', `must be at least ${LEAST_ROTATE_SIZE} octets`);
  })
  .prefault({})
  .describe('What is said about each delivery.');

export const webhook = z
  .strictObject({
    url: text(parseWebhookUrl, 'https://hooks.example.test/mail').describe(
      'Where events are posted to: https, or http on this host. Private addresses are as good as others.',
    ),
    name: text(parseUser, 'shop')
      .optional()
      .describe('Name in commands and in the log. Default: the host of url.'),
    events: list(z.enum(eventNames), 'event').optional().describe('Only these. Default: all.'),
    domains: list(text(parseNamePattern, 'example.test', '.example.test'), 'domain')
      .optional()
      .describe('Only events about mail from or to these domains. Default: all.'),
    key_file: text(parsePath, '/etc/waxwing/webhook.secret')
      .optional()
      .describe(
        'File with the secret for HMAC-SHA256, whsec_ and base64; a second line with another one while it is exchanged.',
      ),
    ed25519_key_file: text(parsePath, '/etc/waxwing/webhook.pem')
      .optional()
      .describe('File with a private key of Ed25519, PEM; two while it is exchanged.'),
    batch: count(1, 1_000).default(100).describe('Events of one request at most.'),
    batch_wait: text(parseDuration)
      .prefault('1s')
      .describe('How long an event waits for others to go with it.'),
    timeout: text(parseDuration).prefault('15s').describe('For one request.'),
    backlog: reading(size, parseSize)
      .prefault('512MB')
      .describe('How much is kept while the receiver takes nothing; beyond it the oldest is dropped.'),
  })
  .transform((written, context): WebhookConfig => {
    const complain = complaints(context);
    checkBounds(written, complain);
    if (written.key_file === undefined && written.ed25519_key_file === undefined)
      complain('key_file', 'is missing, and there is no ed25519_key_file: every request is signed');
    const { url, target } = written.url;
    return {
      name: written.name ?? (target.host.kind === 'name' ? target.host.name : target.host.address),
      url,
      target,
      filter: {
        names: written.events === undefined ? null : new Set(written.events),
        domains: written.domains ?? null,
      },
      keyFile: written.key_file ?? null,
      ed25519KeyFile: written.ed25519_key_file ?? null,
      batch: written.batch,
      batchWaitMs: written.batch_wait,
      timeoutMs: written.timeout,
      backlogOctets: written.backlog,
    };
  });

function checkBounds(
  { batch_wait: wait, timeout, backlog }: { batch_wait: number; timeout: number; backlog: number },
  complain: Complain,
): void {
  if (wait > LONGEST_BATCH_WAIT_MS) complain('batch_wait', 'must be 60s at most');
  if (timeout > LONGEST_TIMEOUT_MS) complain('timeout', 'must be 60s at most');
  if (backlog < LEAST_BACKLOG) complain('backlog', `must be at least ${LEAST_BACKLOG} octets`);
}

function parseWebhookUrl(written: string): Parsed<{ readonly url: string; readonly target: PostTarget }> {
  const invalid = (because: string) => ({ kind: 'invalid', because }) as const;
  const url = URL.parse(written);
  const scheme = url?.protocol === 'https:' ? 'https' : url?.protocol === 'http:' ? 'http' : undefined;
  if (url === null || scheme === undefined)
    return invalid(`${quote(written)} is not a URL such as "https://hooks.example.test/mail"`);
  if (url.username !== '' || url.password !== '')
    return invalid('holds a login, which would stand in logs: the signature says who we are');
  if (url.hash !== '') return invalid('has a fragment, which is not sent');
  const host = parseHost(url.hostname);
  if (host.kind === 'invalid') return host;
  const isHere = host.value.kind === 'ip' ? isLoopback(host.value.address) : host.value.name === 'localhost';
  if (scheme === 'http' && !isHere) return invalid('is http, which is for this host only: use https');
  const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port);
  const target: PostTarget = { scheme, host: host.value, port, path: url.pathname + url.search };
  return { kind: 'ok', value: { url: url.href, target } };
}
