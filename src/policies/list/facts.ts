/** What the policy list says of a domain at a moment. */
import { formatMoment } from '../../names/calendar.ts';
import type { Domain } from '../../names/domain.ts';
import type { EpochMs } from '../words.ts';
import { formatMx, type ListedDomain, type ListPolicy } from './policy-list.ts';

/** The list that was accepted last, without its domains. */
export interface ListHead {
  readonly timestamp: EpochMs;
  readonly expires: EpochMs;
  readonly author: string | null;
  /** Ids of the keys that have signed it. */
  readonly signers: readonly string[];
  /** SHA-256 of its octets, hexadecimal. */
  readonly digest: string;
  /** Where it came from: a path, a URL, or that somebody has imported it. */
  readonly source: string;
  readonly acceptedAt: EpochMs;
  /** How many domains it names. */
  readonly domains: number;
  /** Whether it was seen that its time is over, so that a clock that is set back does not bring it to life again. */
  readonly ended: boolean;
}

/** What is kept for a domain by whoever goes by a list. */
export interface KeptListed {
  /** undefined: none was accepted so far, or nobody who is trusted has signed it. */
  readonly head: ListHead | undefined;
  /** undefined: the domain is not on it. */
  readonly listed: ListedDomain | undefined;
}

export type ListFacts =
  | {
      /** The list names the domain, and is in force. */
      readonly kind: 'policy';
      readonly domain: Domain;
      readonly policy: ListPolicy;
      /** One sentence: what decided. */
      readonly because: string;
      /** What was seen, a sentence each. */
      readonly evidence: readonly string[];
      /** When the list ends, unless a newer one comes before. */
      readonly until: EpochMs;
    }
  /** There is no list, its time is over, or it does not name the domain: it asks for nothing. */
  | {
      readonly kind: 'none' | 'expired';
      readonly because: string;
      readonly evidence: readonly string[];
    };

/** It may also be that the key was taken away that has signed the one that is kept. */
const NONE_SO_FAR = 'no policy list that one of list.keys has signed was accepted so far';

/** What a list means for a domain. */
export function listFor(domain: Domain, { head, listed }: KeptListed, now: EpochMs): ListFacts {
  if (head === undefined) return { kind: 'none', because: NONE_SO_FAR, evidence: [] };
  const evidence = [headText(head)];
  if (!isInForce(head, now)) {
    const because = `the policy list ended at ${moment(head.expires)}, and no newer one could be had`;
    return { kind: 'expired', because, evidence };
  }
  if (listed === undefined) return { kind: 'none', because: `${domain} is not on the policy list`, evidence };
  const { policy, alias } = listed;
  const under = alias === null ? '' : ` under the alias ${JSON.stringify(alias)}`;
  const because = `the policy list names ${domain}${under}: ${policy.mode}${hostsText(policy)}`;
  return { kind: 'policy', domain, policy, because, evidence, until: head.expires };
}

export function isInForce({ expires, ended }: ListHead, now: EpochMs): boolean {
  return !ended && now < expires;
}

const DAY_MS = 86_400_000;

/** When a newer list is due: a day before the end, or a tenth of its life where that is less. */
export function endIsNearFrom({ timestamp, expires }: Pick<ListHead, 'timestamp' | 'expires'>): EpochMs {
  return expires - Math.min(DAY_MS, (expires - timestamp) / 10);
}

/** The same, as long as one of these keys has signed the list. */
export function trustedOnly(kept: KeptListed, keys: ReadonlySet<string>): KeptListed {
  return kept.head?.signers.some((key) => keys.has(key)) === true
    ? kept
    : { head: undefined, listed: undefined };
}

function headText({ timestamp, expires, author, signers, source }: ListHead): string {
  const by = author === null ? '' : ` of ${author}`;
  return `the list${by}, made at ${moment(timestamp)}, signed by ${signers.join(' and ')}, from ${source}; it holds until ${moment(expires)}`;
}

/** A policy may name a hundred. */
const MOST_SHOWN = 5;

function hostsText({ mxs }: ListPolicy): string {
  if (mxs.length === 0) return '';
  const more = mxs.length > MOST_SHOWN ? ` and ${mxs.length - MOST_SHOWN} more` : '';
  return `, mxs ${mxs.slice(0, MOST_SHOWN).map(formatMx).join(', ')}${more}`;
}

function moment(at: EpochMs): string {
  return formatMoment(Math.floor(at / 1000));
}
