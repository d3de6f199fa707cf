/** Whether the certificate of a client is one that somebody named: by its digest, or by a name that it proves. */
import { createHash, X509Certificate } from 'node:crypto';
import { proveIdentity, type ReferenceIdentity } from './identity.ts';

export type ClientRule =
  | { readonly kind: 'name'; readonly host: ReferenceIdentity }
  /** Of the certificate, or of its public key (SubjectPublicKeyInfo), DER; lower-case hex. */
  | { readonly kind: 'sha256'; readonly hex: string };

/** What a client has presented. */
export interface ClientChain {
  /** DER, leaf first; empty where it presented none. */
  readonly chain: readonly Uint8Array[];
  /** Whether it leads to a root that may vouch for clients. */
  readonly trusted: boolean;
}

/**
 * Which of the rules the certificate fits.
 *
 * A digest needs no root: the handshake has proved that the client has the key, and whoever wrote the digest down knows
 * whose it is; dates do not count then. A name counts only where a trusted root vouches for it.
 */
export function rulesProvenBy<Rule extends ClientRule>(
  { chain, trusted }: ClientChain,
  rules: readonly Rule[],
): readonly Rule[] {
  const [leaf] = chain;
  if (leaf === undefined || rules.length === 0) return [];
  const digests = rules.some(({ kind }) => kind === 'sha256') ? digestsOf(leaf) : [];
  return rules.filter((rule) =>
    rule.kind === 'sha256'
      ? digests.includes(rule.hex)
      : trusted && proveIdentity(leaf, [rule.host]).kind === 'proved',
  );
}

/** Of the certificate and of its key. */
function digestsOf(leaf: Uint8Array): readonly string[] {
  const key = new X509Certificate(leaf).publicKey.export({ type: 'spki', format: 'der' });
  return [leaf, key].map((der) => createHash('sha256').update(der).digest('hex'));
}
