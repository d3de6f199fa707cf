/** What a handshake proves under a decision. */
import { failureReasonOf, type TlsFailureReason } from '../tls/failure.ts';
import { proveIdentity } from '../tls/identity.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';
import { type Decision, formatIdentity } from './decide.ts';

export type Proof =
  | { readonly kind: 'authenticated'; readonly peerName: string; readonly because: string }
  /** TLS without proof of a name that the path could not choose. */
  | { readonly kind: 'encrypted'; readonly reason: TlsFailureReason; readonly because: string };

/**
 * Judges the certificate of a finished handshake.
 *
 * @param mxName the MX host's name where it came out of unsigned DNS: a certificate for it alone proves nothing.
 */
export function judgePeer(facts: TlsFacts, decision: Decision, mxName: string | null): Proof {
  const [leaf] = facts.chain;
  if (leaf === undefined) {
    return { kind: 'encrypted', reason: 'validation-failure', because: 'the peer presented no certificate' };
  }
  if (facts.path.kind !== 'trusted') {
    const code = facts.path.kind === 'untrusted' ? facts.path.code : 'NO_CERTIFICATE';
    return {
      kind: 'encrypted',
      reason: failureReasonOf(code),
      because: `the certificate is not valid (${code})`,
    };
  }
  const identity = proveIdentity(leaf, decision.match);
  if (identity.kind === 'proved') {
    const reference = formatIdentity(identity.reference);
    return {
      kind: 'authenticated',
      peerName: identity.name,
      because: `the certificate is valid for ${identity.name}, which proves ${reference}`,
    };
  }
  const wanted = decision.match.map(formatIdentity).join(', ');
  if (mxName !== null && identity.presented.includes(mxName)) {
    return {
      kind: 'encrypted',
      reason: 'certificate-host-mismatch',
      because: `mx-not-secure: the certificate is valid for ${mxName}, a name out of unsigned DNS, and not for ${wanted}; "names" of a route can accept it`,
    };
  }
  const presented =
    identity.presented.length === 0 ? 'no name at all' : identity.presented.slice(0, 5).join(', ');
  return {
    kind: 'encrypted',
    reason: 'certificate-host-mismatch',
    because: `the certificate names ${presented}, not ${wanted}`,
  };
}
