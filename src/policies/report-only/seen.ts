/** What was seen of a session, so that any rule can be tried on it later: facts, and no judgement. */
import type { Domain } from '../../names/domain.ts';
import type { ListMode } from '../list/policy-list.ts';
import type { TrackLevel } from '../memory/track.ts';
import type { StsPolicy } from '../mta-sts/policy.ts';

export interface SeenSession {
  readonly domain: Domain;
  readonly host: Domain;
  /** Whether nobody on the path could choose the host: by signed MX records, or a policy or list in force that names it. */
  readonly vouched: boolean;
  /** Whether it is by signed MX records, or an operator has named it: then no policy has to name a host with TLSA records. */
  readonly signed: boolean;
  /** `clear`: none was to be had; `failed`: it began, and did not come to be. */
  readonly tls: 'clear' | 'failed' | 'done';
  /** null: there was none. */
  readonly certificate: {
    /** `trusted`, or OpenSSL's name of what is wrong with the chain. */
    readonly path: string;
    /** DNS names, the first of them. */
    readonly names: readonly string[];
    /** Whether it has more than were kept. */
    readonly more: boolean;
  } | null;
  /** What the TLSA records of the host say, where it has any that can authenticate it; without TLS nothing matches them. */
  readonly tlsa: 'none' | 'match' | 'mismatch';
  /** The policy that is in force; null: none. */
  readonly sts: { readonly mode: StsPolicy['mode']; readonly lists: boolean } | null;
  /** What the policy list that is in force says of the domain; null: nothing. */
  readonly list: { readonly mode: ListMode; readonly names: boolean } | null;
  /** What the memory expects; null: nothing. `own`: of the host itself. */
  readonly memory: { readonly level: TrackLevel; readonly own: boolean } | null;
}

/** Equal sessions of one day. */
export interface SeenCount {
  /** In UTC, `2026-11-28`. */
  readonly day: string;
  readonly domain: Domain;
  /** null: there was no room for what was seen. */
  readonly seen: SeenSession | null;
  readonly sessions: number;
}
