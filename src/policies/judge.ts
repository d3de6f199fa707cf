/** What a handshake proves under a decision. */
import { failureReasonOf, type TlsFailureReason } from '../tls/failure.ts';
import { proveIdentity } from '../tls/identity.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';
import { showTlsa } from './dane/tlsa.ts';
import { verifyDane } from './dane/verify.ts';
import { type DaneDemand, type Decision, formatIdentity } from './decide.ts';

export type Proof =
  | {
      readonly kind: 'authenticated';
      /** The name in the certificate, or the host where a TLSA record vouches for its key. */
      readonly peerName: string;
      /** The TLSA record that matched, where one did. */
      readonly tlsa: string | null;
      readonly because: string;
    }
  /** TLS without proof of a name that the path could not choose. */
  | {
      readonly kind: 'encrypted';
      readonly reason: TlsFailureReason;
      readonly tlsa: string | null;
      readonly because: string;
    };

export interface Judgement {
  readonly proof: Proof;
  /** Whether mail may be handed over. */
  readonly meets: boolean;
}

/** What is judged of a handshake. */
type Shown = Pick<TlsFacts, 'chain' | 'path'>;

/**
 * Judges the certificate of a finished handshake.
 *
 * @param host the host that was called, by name or address: where the path could choose it, so that `match` has it not, a
 * certificate for it alone proves nothing.
 * @param now milliseconds since 1970.
 */
export function judgePeer(facts: Shown, decision: Decision, host: string, now: number): Judgement {
  const byName = proofByName(facts, decision, host);
  const { dane, requires, provesName } = decision;
  const byRecord = dane === null ? undefined : proofByRecord(facts, dane, now);
  if (byRecord?.kind === 'no-match' && dane?.binding === true) return { proof: byRecord.proof, meets: false };
  const proof = better(byRecord, byName);
  // A match for a host out of unsigned DNS is no proof of a name, and all that DANE asks for.
  const isProved = proof.kind === 'authenticated' || (byRecord?.kind === 'match' && !provesName);
  return { proof, meets: requires !== 'authenticate' || isProved };
}

/** A record says more than a name: it is what the domain itself has published. */
function better(byRecord: ByRecord | undefined, byName: Proof): Proof {
  if (byRecord?.kind !== 'match') return byName;
  return byRecord.proof.kind === 'encrypted' && byName.kind === 'authenticated' ? byName : byRecord.proof;
}

interface ByRecord {
  readonly kind: 'match' | 'no-match';
  readonly proof: Proof;
}

function proofByRecord(facts: Shown, { set, names, trusted }: DaneDemand, now: number): ByRecord {
  const verdict = verifyDane(facts, set, names, now);
  if (verdict.kind === 'no-match') {
    const { reason, because } = verdict;
    return { kind: 'no-match', proof: { kind: 'encrypted', reason, tlsa: null, because } };
  }
  const tlsa = showTlsa(verdict.record);
  const { because, peerName } = verdict;
  if (trusted)
    return {
      kind: 'match',
      proof: { kind: 'authenticated', peerName: peerName ?? names.mx, tlsa, because },
    };
  const half = `mx-not-secure: ${because}, but ${names.mx} is a name out of unsigned DNS`;
  return {
    kind: 'match',
    proof: { kind: 'encrypted', reason: 'validation-failure', tlsa, because: half },
  };
}

function proofByName(facts: Shown, decision: Decision, host: string): Proof {
  const [leaf] = facts.chain;
  if (leaf === undefined) {
    return unproved('validation-failure', 'the peer presented no certificate');
  }
  if (facts.path.kind !== 'trusted') {
    const code = facts.path.kind === 'untrusted' ? facts.path.code : 'NO_CERTIFICATE';
    return unproved(failureReasonOf(code), `the certificate is not valid (${code})`);
  }
  const identity = proveIdentity(leaf, decision.match);
  if (identity.kind === 'proved') {
    const reference = formatIdentity(identity.reference);
    return {
      kind: 'authenticated',
      peerName: identity.name,
      tlsa: null,
      because: `the certificate is valid for ${identity.name}, which proves ${reference}`,
    };
  }
  const wanted =
    decision.match.map(formatIdentity).join(', ') || 'a name that nobody on the path could choose';
  if (identity.presented.includes(host)) {
    return unproved(
      'certificate-host-mismatch',
      `mx-not-secure: the certificate is valid for ${host}, a name out of unsigned DNS, and not for ${wanted}; "names" of a route can accept it`,
    );
  }
  const presented =
    identity.presented.length === 0 ? 'no name at all' : identity.presented.slice(0, 5).join(', ');
  return unproved('certificate-host-mismatch', `the certificate names ${presented}, not ${wanted}`);
}

function unproved(reason: TlsFailureReason, because: string): Proof {
  return { kind: 'encrypted', reason, tlsa: null, because };
}
