/** What is known of a name as a place where a zone may begin: the state of the walk along the chain of trust. */
import type { Link } from '../answer.ts';
import type { ExtendedError } from '../record.ts';
import type { Budget } from './budget.ts';
import type { Signer } from './signed-set.ts';
import type { Settled } from './terms.ts';
import type { Validity } from './time.ts';

/** How long what is known may be used: seconds since 1970. */
interface Kept {
  readonly until: number;
}

/** The apex of a zone whose keys are proven. */
export interface SecureZone extends Kept, Omit<Signer, 'now'> {
  readonly kind: 'zone';
  /** From the trust anchor to the keys. */
  readonly links: readonly Link[];
  /** Of the signature over its keys. */
  readonly validity: Validity;
}

/** A place below which nothing is proven, with the way that led there; the last link says why. */
export interface DeadEnd extends Kept {
  /** `unreachable`: what would tell cannot be had. */
  readonly kind: 'insecure' | 'bogus' | 'unreachable';
  readonly links: readonly Link[];
  /** A sentence without its full stop. */
  readonly because: string;
  readonly errors: readonly ExtendedError[];
}

export type Place =
  | SecureZone
  /** Proven: no zone begins here; what is at this name belongs to the zone above. */
  | (Kept & { readonly kind: 'inside' })
  /** Proven: there is no such name, so that no zone begins here or below. */
  | (Kept & { readonly kind: 'nothing'; readonly because: string })
  | DeadEnd;

/** What a search goes by. */
export interface Search {
  readonly settled: Settled;
  readonly budget: Budget;
  /** How many of the zones that claim to have signed the same are believed to try; one is the truth. */
  readonly signers: number;
}

/** Nothing is kept for longer (seconds): a day, as D25 of the policy has it. */
export const LONGEST = 86_400;
/** Seconds for which it is kept that something is bogus or cannot be had: it shall not cost more, and heal soon. */
const SHORTEST = { insecure: 0, bogus: 10, unreachable: 5 };

/** When something of a `ttl` is over. */
export function until(ttl: number, now: number): number {
  return now + Math.min(ttl, LONGEST);
}

/** What a place takes beside what is counted of it, and each of its keys. */
const PLACE_OCTETS = 1_000;
const KEY_OCTETS = 500;

/** About how much memory a place takes: who holds a zone decides how many keys it has, and how much there is to say. */
export function octetsOf(place: Place): number {
  if (place.kind === 'inside') return PLACE_OCTETS;
  if (place.kind === 'nothing') return PLACE_OCTETS + place.because.length;
  // The rest of the way is that of the zone above, and shared with it.
  let octets = PLACE_OCTETS;
  for (const { because } of place.links.slice(-2)) octets += because.length;
  if (place.kind !== 'zone') return octets + place.errors.reduce((sum, { text }) => sum + text.length, 0);
  for (const keys of place.keys.values())
    for (const { publicKey } of keys) octets += KEY_OCTETS + publicKey.length;
  return octets;
}

/** A dead end: `link` is the last on the way, and says why. @param ttl seconds; for insecure ones only. */
export function deadEnd(
  kind: DeadEnd['kind'],
  way: readonly Link[],
  link: Pick<Link, 'kind' | 'name' | 'type' | 'because'>,
  { now, ttl, errors }: { now: number; ttl?: number; errors?: readonly ExtendedError[] },
): DeadEnd {
  const status = kind === 'unreachable' ? 'indeterminate' : kind;
  return {
    kind,
    links: [...way, { ...link, status }],
    because: link.because,
    errors: errors ?? [],
    until: until(ttl ?? SHORTEST[kind], now),
  };
}

/** The keys of `zone` together with the time at which they are tried. */
export function signerOf({ zone, keys }: SecureZone, now: number): Signer {
  return { zone, keys, now };
}
