/** Keys and signatures of webhooks, as Standard Webhooks has them. */
import { createHmac, createPrivateKey, createSecretKey, sign } from 'node:crypto';
import { signedContent } from '../../events/webhook.ts';
import type { Parsed } from '../../names/domain.ts';
import type { WebhookKey } from './settings.ts';

const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;
/** "between 24 bytes (192 bits) and 64 bytes (512 bits)" */
const LEAST_SECRET = 24;
const MOST_SECRET = 64;
const PEM = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----/g;

/** Reads secrets, one a line: `whsec_` and base64. A line that begins with # is a comment. */
export function parseSecrets(text: string): Parsed<readonly WebhookKey[]> {
  const keys: WebhookKey[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const octets = Buffer.from(SECRET.exec(line)?.[1] ?? '', 'base64');
    if (octets.length < LEAST_SECRET || octets.length > MOST_SECRET) {
      const because = `line ${index + 1} is not whsec_ with ${LEAST_SECRET} to ${MOST_SECRET} octets in base64`;
      return { kind: 'invalid', because };
    }
    keys.push({ kind: 'hmac', secret: createSecretKey(octets) });
  }
  return keys.length === 0 ? { kind: 'invalid', because: 'holds no secret' } : { kind: 'ok', value: keys };
}

/** Reads private keys of Ed25519 in PEM form, one behind the other. */
export function parseEd25519Keys(text: string): Parsed<readonly WebhookKey[]> {
  const keys: WebhookKey[] = [];
  for (const [pem] of text.matchAll(PEM)) {
    const key = privateKeyOf(pem);
    if (key?.asymmetricKeyType !== 'ed25519')
      return { kind: 'invalid', because: 'holds a private key that is not one of Ed25519' };
    keys.push({ kind: 'ed25519', key });
  }
  return keys.length === 0
    ? { kind: 'invalid', because: 'holds no private key in PEM form' }
    : { kind: 'ok', value: keys };
}

function privateKeyOf(pem: string): ReturnType<typeof createPrivateKey> | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/**
 * The header fields of one request: the same id each time, the time of this one, a signature by each key.
 *
 * @param now milliseconds since 1970.
 */
export function signedHeaders(
  keys: readonly WebhookKey[],
  { id, body }: { readonly id: string; readonly body: string },
  now: number,
): Readonly<Record<string, string>> {
  const seconds = Math.floor(now / 1000);
  const content = Buffer.from(signedContent(id, seconds, body));
  const signatures = keys.map((key) =>
    key.kind === 'hmac'
      ? `v1,${createHmac('sha256', key.secret).update(content).digest('base64')}`
      : `v1a,${sign(null, content, key.key).toString('base64')}`,
  );
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signatures.join(' '),
  };
}
