/** Which clients may stay, by the certificates that they present. */
import { createHash } from 'node:crypto';
import type { ClientRule } from '../tls/client-proof.ts';
import { proveIdentity } from '../tls/identity.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';
import type { ClientCertificates } from './settings.ts';

/**
 * Judges a client that has finished its handshake: our own check, as Node only tells what it found.
 *
 * @returns why it may not stay, or nothing.
 */
export function refuseClient(
  { chain, path }: TlsFacts,
  { required, allowed }: ClientCertificates,
): string | undefined {
  const [leaf] = chain;
  if (leaf === undefined) return required ? 'the client presented no certificate' : undefined;
  if (path.kind !== 'trusted') {
    const code = path.kind === 'untrusted' ? path.code : 'NO_CERTIFICATE';
    return `the certificate of the client is not valid (${code})`;
  }
  if (allowed.length === 0 || allowed.some((rule) => isProved(leaf, rule))) return undefined;
  return `the certificate of the client is none of those that are allowed (SHA-256 ${sha256Of(leaf)})`;
}

/** As events have it. */
export function sha256Of(certificate: Uint8Array): string {
  return createHash('sha256').update(certificate).digest('hex');
}

function isProved(leaf: Uint8Array, rule: ClientRule): boolean {
  if (rule.kind === 'sha256') return sha256Of(leaf) === rule.hex;
  return proveIdentity(leaf, [rule.host]).kind === 'proved';
}
