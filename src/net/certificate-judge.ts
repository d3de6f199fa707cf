/** The usual judgement of a server: its certificate leads to a trusted root, and names whom we meant to reach. */
import { proveIdentity, type ReferenceIdentity } from '../tls/identity.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';

/** `name`: the name in the certificate, wildcard included. What stands behind `because` follows "the server". */
export type CertificateVerdict =
  | { readonly kind: 'acceptable'; readonly name: string }
  | { readonly kind: 'unacceptable'; readonly because: string };

/** Judges a finished handshake by RFC 9525 §6. */
export function judgeCertificate(
  { chain, path }: TlsFacts,
  reference: ReferenceIdentity,
): CertificateVerdict {
  const [leaf] = chain;
  if (leaf === undefined || path.kind === 'absent')
    return { kind: 'unacceptable', because: 'presents no certificate' };
  if (path.kind === 'untrusted')
    return { kind: 'unacceptable', because: `has a certificate that is not valid (${path.code})` };
  const identity = proveIdentity(leaf, [reference]);
  if (identity.kind === 'proved') return { kind: 'acceptable', name: identity.name };
  const names = identity.presented.length === 0 ? 'no name' : identity.presented.slice(0, 5).join(', ');
  return { kind: 'unacceptable', because: `has a certificate for ${names}, not for ${wordsOf(reference)}` };
}

function wordsOf(reference: ReferenceIdentity): string {
  switch (reference.kind) {
    case 'name':
      return reference.name;
    case 'under':
      return `a name below ${reference.suffix}`;
    case 'ip':
      return reference.address;
  }
}
