/** On which terms answers are validated. */
import { createHash } from 'node:crypto';
import type { TrustAnchor } from '../anchors.ts';
import { isAtOrBelow, type Name } from '../name.ts';
import type { Dnskey, Ds } from '../records.ts';
import { isSupported } from './algorithms.ts';
import { isDigestSupported } from './digest.ts';

export interface Terms {
  /** Seconds since 1970. */
  readonly now: number;
  readonly anchors: readonly TrustAnchor[];
  /** Whether RSASHA1 and RSASHA1-NSEC3-SHA1 count; zones signed with nothing else are insecure where they do not. */
  readonly sha1: boolean;
}

/** What is trusted of one zone, as far as it can be used. */
export interface Anchor {
  readonly zone: Name;
  readonly ds: readonly Ds[];
  readonly keys: readonly Dnskey[];
}

/** Terms made ready. */
export interface Settled {
  readonly now: number;
  readonly sha1: boolean;
  readonly anchors: ReadonlyMap<Name, Anchor>;
  /** Names anchors and algorithms: outcomes of equal terms have it in common, whatever the time. */
  readonly id: string;
}

/** 96 bits: these are terms of one process, and nobody makes them up to be alike. */
const ID_CHARACTERS = 16;

type Ready = Omit<Settled, 'now'>;

/** By the list of anchors, for as long as somebody has it: first without SHA-1, then with it. */
const ready = new WeakMap<readonly TrustAnchor[], { [sha1 in 'with' | 'without']?: Ready }>();

export function settle({ now, anchors, sha1 }: Terms): Settled {
  const known = ready.get(anchors) ?? {};
  const key = sha1 ? 'with' : 'without';
  const made = known[key] ?? makeReady(anchors, sha1);
  if (known[key] === undefined) ready.set(anchors, { ...known, [key]: made });
  return { now, sha1, anchors: made.anchors, id: made.id };
}

/**
 * The anchor whose zone is the closest to `name`, at it or above.
 *
 * @returns undefined where nothing above is trusted: the name is indeterminate.
 */
export function anchorOf({ anchors }: Settled, name: Name): Anchor | undefined {
  let closest: Anchor | undefined;
  for (const anchor of anchors.values()) {
    if (closest !== undefined && anchor.zone.length <= closest.zone.length) continue;
    if (isAtOrBelow(name, anchor.zone)) closest = anchor;
  }
  return closest;
}

/** Whether a zone is one for which `anchor` answers: the anchor's own or below. */
export function isUnder(zone: Name, anchor: Anchor): boolean {
  return isAtOrBelow(zone, anchor.zone);
}

/** Anchors without a key that could be used are left out: nothing could ever be proven with them. */
function makeReady(anchors: readonly TrustAnchor[], sha1: boolean): Ready {
  const usable = new Map<Name, Anchor>();
  const hash = createHash('sha256').update(sha1 ? 'sha1' : '');
  for (const { zone, ds, keys } of anchors) {
    const before = usable.get(zone);
    const anchor = {
      zone,
      ds: [
        ...(before?.ds ?? []),
        ...ds.filter((one) => isSupported(one.algorithm, sha1) && isDigestSupported(one.digestType)),
      ],
      keys: [...(before?.keys ?? []), ...keys.filter((key) => isSupported(key.algorithm, sha1))],
    };
    if (anchor.ds.length + anchor.keys.length > 0) usable.set(zone, anchor);
    hash.update(JSON.stringify([zone, ds.map(textOfDs), keys.map(textOfKey)]));
  }
  return { sha1, anchors: usable, id: hash.digest('base64url').slice(0, ID_CHARACTERS) };
}

function textOfDs({ keyTag, algorithm, digestType, digest }: Ds): string {
  return `${keyTag} ${algorithm} ${digestType} ${Buffer.from(digest).toString('base64')}`;
}

function textOfKey({ flags, protocol, algorithm, publicKey }: Dnskey): string {
  return `${flags} ${protocol} ${algorithm} ${Buffer.from(publicKey).toString('base64')}`;
}
