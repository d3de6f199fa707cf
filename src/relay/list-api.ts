/** What the control socket speaks of the policy list: as JSON, all times RFC 3339 in UTC with milliseconds. */
import type { ListKeeper, ListLook, ListTerms } from '../lookup/list-keeper.ts';
import { endIsNearFrom, isInForce, type ListHead } from '../policies/list/facts.ts';
import { formatMx, type ListedDomain } from '../policies/list/policy-list.ts';
import type { EpochMs } from '../policies/words.ts';

/** What came of the last look. */
export interface KeptLook {
  readonly at: string;
  readonly source: string;
  readonly outcome: ListLook['outcome'];
  /** Why it was refused; else null. */
  readonly fault: ListLook['fault'];
  readonly because: string;
}

/** The list that deliveries go by. */
export interface KeptList {
  /** Ids of the keys that may sign it. */
  readonly keys: readonly string[];
  /** Where newer ones come from; null: they are only imported. */
  readonly source: string | null;
  /** The one that was accepted last, also where its time is over; null where none was. */
  readonly list: {
    readonly inForce: boolean;
    /** Whether it is in force for less than a day, or than a tenth of its life. */
    readonly endsSoon: boolean;
    readonly timestamp: string;
    readonly expiresAt: string;
    readonly author: string | null;
    readonly domains: number;
    readonly signers: readonly string[];
    /** SHA-256 of its octets. */
    readonly sha256: string;
    readonly source: string;
    readonly acceptedAt: string;
  } | null;
  /** null: nothing was looked at since the start. */
  readonly lastLook: KeptLook | null;
  /** null: never by itself. */
  readonly nextLookAt: string | null;
}

/** What the list says of one domain. */
export interface KeptListing {
  readonly mode: string;
  readonly mxs: readonly string[];
  readonly alias: string | null;
  /** Whether the list is in force. */
  readonly inForce: boolean;
  readonly expiresAt: string;
}

export interface ImportedList {
  readonly look: KeptLook;
  readonly list: KeptList;
}

export function toKeptList(
  { keys, source }: ListTerms,
  keeper: Pick<ListKeeper, 'head' | 'lastLook' | 'nextLookAt'>,
  now: EpochMs,
): KeptList {
  const head = keeper.head();
  const { lastLook, nextLookAt } = keeper;
  return {
    keys: keys.map(({ id }) => id),
    source: source?.name ?? null,
    list: head === undefined ? null : toKeptHead(head, now),
    lastLook: lastLook === null ? null : toKeptLook(lastLook),
    nextLookAt: nextLookAt === null ? null : rfc3339(nextLookAt),
  };
}

function toKeptHead(head: ListHead, now: EpochMs): KeptList['list'] {
  const { timestamp, expires, author, domains, signers, digest, source, acceptedAt } = head;
  return {
    inForce: isInForce(head, now),
    endsSoon: isInForce(head, now) && now >= endIsNearFrom(head),
    timestamp: rfc3339(timestamp),
    expiresAt: rfc3339(expires),
    author,
    domains,
    signers,
    sha256: digest,
    source,
    acceptedAt: rfc3339(acceptedAt),
  };
}

export function toKeptLook({ at, ...look }: ListLook): KeptLook {
  return { ...look, at: rfc3339(at) };
}

export function toKeptListing({ policy, alias }: ListedDomain, head: ListHead, now: EpochMs): KeptListing {
  return {
    mode: policy.mode,
    mxs: policy.mxs.map(formatMx),
    alias,
    inForce: isInForce(head, now),
    expiresAt: rfc3339(head.expires),
  };
}

function rfc3339(at: EpochMs): string {
  return new Date(at).toISOString();
}
