/** What is known of a question after all was asked and checked; the same whoever validated. */
import type { Name } from './name.ts';
import type { ExtendedError, Question, RecordType } from './record.ts';

/**
 * What DNSSEC says (RFC 4035 §4.3).
 *
 * `secure`: proven, from a trust anchor on. `insecure`: proven that it is not signed. `bogus`: it should be proven and
 * is not. `indeterminate`: there is no trust anchor for it, the records of DNSSEC cannot be had on this way, or nobody looked.
 */
export type DnssecStatus = 'secure' | 'insecure' | 'bogus' | 'indeterminate';

/** One step from the trust anchor to the answer, or of the way that an alias leads. */
export interface Link {
  /**
   * `anchor`: what is trusted to begin with. `keys`: the DNSKEY set of a zone. `delegation`: the DS set of a zone, or the
   * proof that it has none. `alias`: a CNAME or DNAME. `answer`: the records asked for. `denial`: the proof that there are none.
   */
  readonly kind: 'anchor' | 'keys' | 'delegation' | 'alias' | 'answer' | 'denial';
  readonly name: Name;
  readonly type: RecordType;
  readonly status: DnssecStatus;
  /** One sentence with the evidence: key tag and algorithm, kind of the proof, or what is wrong. */
  readonly because: string;
}

/** One step of an alias chain, from the name asked for to the next. */
export interface Alias {
  readonly from: Name;
  readonly to: Name;
  readonly by: 'CNAME' | 'DNAME';
  readonly status: DnssecStatus;
}

/** What all answers carry. */
interface Common {
  readonly question: Question;
  /** The weakest of all links. */
  readonly status: DnssecStatus;
  /** Seconds from now for which this may be used again. */
  readonly ttl: number;
  /**
   * Seconds since 1970: the beginning and the end of the signature that ends first, of those by which the zones of the
   * names on the way prove it; zones above them renew theirs by themselves. null where it is not proven here.
   */
  readonly signedSince: number | null;
  readonly signedUntil: number | null;
  /** The name at the end of the aliases; the name asked for where there are none. */
  readonly owner: Name;
  readonly aliases: readonly Alias[];
  /** From the trust anchor to the answer. */
  readonly chain: readonly Link[];
  /** One sentence: what decided. */
  readonly because: string;
  /** What the resolver gave as reasons. */
  readonly errors: readonly ExtendedError[];
}

export type Answer =
  /** `records`: RDATA in canonical form, at least one. */
  | (Common & { readonly kind: 'found'; readonly records: readonly Uint8Array[] })
  /** An answer that says so: in a signed zone with its proof, in one proven unsigned as it is. */
  | (Common & { readonly kind: 'absent'; readonly what: 'no-such-name' | 'no-such-record' })
  /** No answer (timeout, SERVFAIL), or a bogus one. Records that came all the same are shown and never used. */
  | (Common & { readonly kind: 'unknown'; readonly unproven: readonly Uint8Array[] });
