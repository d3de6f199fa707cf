/**
 * The chain of trust: which zones are secure, where signing ends, and who has signed what.
 *
 * For what is signed the search goes from the zone that claims to have signed it upwards: the DS set of a zone is signed
 * by the zone above, and so names it. For what is not signed it goes down from the closest trust anchor, label by label
 * (RFC 4035 §5.2). What is found out about a name is kept and shared.
 */
import type { Link } from '../answer.ts';
import { type Kept, type LookUp, once } from '../look-ups.ts';
import { countLabels, isAtOrBelow, lastLabels, type Name, parentOf, root, showName } from '../name.ts';
import { types } from '../record.ts';
import type { RrSet } from '../rrset.ts';
import { showList } from '../show.ts';
import { showKey } from './algorithms.ts';
import { aliasAt } from './alias.ts';
import { find, hear, type Reading, signersOf } from './asking.ts';
import { type Budget, budgetOfZone, charge, MOST_LABELS, spend } from './budget.ts';
import type { Cut } from './denial.ts';
import { readDsSet } from './ds-set.ts';
import {
  type DeadEnd,
  deadEnd,
  octetsOf,
  type Place,
  type Search,
  type SecureZone,
  signerOf,
  until,
} from './place.ts';
import { cutOf, noCloserOf, proofSets, proofsBy } from './proofs.ts';
import { checkSet, type SignedSet } from './signed-set.ts';
import { type Anchor, anchorOf, isUnder, type Settled } from './terms.ts';
import { zoneWith } from './zone-keys.ts';

/** What has to be proven, and who claims to have signed what proves it. */
export interface Claim {
  /** Where it stands, or would stand. */
  readonly name: Name;
  /** Of DS and its denial, which only the zone above `name` can sign (RFC 4035 §3.1.4.1). */
  readonly parentSide: boolean;
  readonly signers: readonly Name[];
  /** What is missing where nobody claims anything, as a clause: `it has no RRSIG`. */
  readonly missing: string;
}

export const NO_RRSIG = 'it has no RRSIG';

/** What is missing of a denial that nobody has signed. @param proofs its NSEC and NSEC3 sets. */
export function missingOfProofs(proofs: readonly RrSet[]): string {
  return proofs.length === 0 ? 'there is no NSEC or NSEC3 with it' : 'the NSEC or NSEC3 with it has no RRSIG';
}

/** What an attempt with the keys of one zone gives. */
export type Attempt<Proof> =
  | { readonly kind: 'proven'; readonly proof: Proof }
  /** The zone leaves it open; `ttl` in seconds. */
  | { readonly kind: 'open'; readonly because: string; readonly ttl: number }
  | { readonly kind: 'unproven' | 'exhausted'; readonly because: string };

export type Trust<Proof> =
  | { readonly kind: 'secure'; readonly zone: SecureZone; readonly proof: Proof }
  | { readonly kind: 'open'; readonly zone: SecureZone; readonly because: string; readonly ttl: number }
  /** It should be proven and is not, as a clause; `links`: the way to the zone that should have. */
  | { readonly kind: 'unproven'; readonly links: readonly Link[]; readonly because: string }
  /** The way ends above it. */
  | { readonly kind: 'ended'; readonly end: DeadEnd };

/**
 * Looks for a zone that proves something: first among those that claim to have signed it; where none of them does, that
 * is bogus unless it is proven that nothing needs to be signed there.
 *
 * @param anchor the closest to the claim's name, or to the name above it where the claim is the parent's.
 * @param attempt no generator made for this call: V8 makes a hidden class for each, so that nothing is quick, and keeps all
 *   that it saw until the next full collection. One look-up took twice as long.
 */
export function* provenBy<Proof>(
  claim: Claim,
  anchor: Anchor,
  search: Search,
  attempt: (zone: SecureZone) => LookUp<Attempt<Proof>>,
): LookUp<Trust<Proof>> {
  let failure: { links: readonly Link[]; because: string } | undefined;
  let end: DeadEnd | undefined;
  for (const signer of candidates(claim, search)) {
    // Of several anchors any success is enough (RFC 6840 §5.10), but one farther away excuses nothing below the closest.
    const isBeyond = !isUnder(signer, anchor);
    const own = isBeyond ? anchorOf(search.settled, signer) : anchor;
    if (own === undefined) continue;
    const place = yield* placeOf(signer, own, search);
    if (place.kind === 'zone') {
      const made = yield* attempt(place);
      if (made.kind === 'proven') return { kind: 'secure', zone: place, proof: made.proof };
      if (made.kind === 'open' && !isBeyond) return { ...made, zone: place };
      if (made.kind === 'exhausted') return { kind: 'unproven', links: place.links, because: made.because };
      failure ??= { links: place.links, because: made.because };
    } else if (isDeadEnd(place) && !isBeyond) {
      if (place.kind === 'insecure') return { kind: 'ended', end: place };
      end ??= place;
    }
  }
  if (end !== undefined) return { kind: 'ended', end };
  const start = claim.parentSide ? (parentOf(claim.name) ?? root) : claim.name;
  const around = yield* zoneAround(start, anchor, search);
  const isExcused = around.kind === 'insecure' || around.kind === 'unreachable';
  if (failure !== undefined && !isExcused) return { kind: 'unproven', ...failure };
  if (isDeadEnd(around)) return { kind: 'ended', end: around };
  const zone = around.kind === 'zone' ? `${showName(around.zone)} is signed` : around.because;
  return { kind: 'unproven', links: around.links, because: `${missingOf(claim)}, although ${zone}` };
}

function missingOf({ missing, signers }: Claim): string {
  if (signers.length === 0) return missing;
  return `it is signed by ${signers.slice(0, 3).map(showName).join(', ')}, which is no zone that can sign it`;
}

/** The zones that could have signed it. Zones further away than the closest few have no reason to. */
function candidates({ name, parentSide, signers }: Claim, { signers: most }: Search): readonly Name[] {
  return signers
    .filter((signer) => isAtOrBelow(name, signer) && !(parentSide && signer === name && name !== root))
    .filter((signer) => countLabels(signer) <= MOST_LABELS)
    .slice(0, most);
}

function isDeadEnd(place: { readonly kind: string }): place is DeadEnd {
  return place.kind === 'insecure' || place.kind === 'bogus' || place.kind === 'unreachable';
}

type Around =
  | SecureZone
  /** No such name; `links` lead to the zone that says so. */
  | {
      readonly kind: 'nothing';
      readonly links: readonly Link[];
      readonly because: string;
      readonly until: number;
    }
  | DeadEnd;

/**
 * Goes down from the anchor: the secure zone that a name is in, or where the way ends before.
 *
 * Where the zone above proves nothing of a name, the way goes on: servers leave out what opt-out does not have of an empty
 * non-terminal, and prove of names below it that nothing is signed there.
 */
function* zoneAround(name: Name, anchor: Anchor, search: Search): LookUp<Around> {
  let zone = yield* anchored(anchor, search);
  let doubt: DeadEnd | undefined;
  for (let labels = countLabels(anchor.zone) + 1; labels <= countLabels(name); labels += 1) {
    if (zone.kind !== 'zone') return zone;
    const place = yield* delegated(lastLabels(name, labels), anchor, search);
    if (place.kind === 'nothing') return doubt ?? { ...place, links: zone.links };
    if (place.kind === 'bogus') {
      doubt ??= place;
    } else if (place.kind !== 'inside') {
      zone = place;
      doubt = undefined;
    }
  }
  return doubt ?? zone;
}

/** What is known of a name at or below an anchor. */
function placeOf(name: Name, anchor: Anchor, search: Search): LookUp<Place> {
  return name === anchor.zone ? anchored(anchor, search) : delegated(name, anchor, search);
}

/** The zone of an anchor. */
function anchored(anchor: Anchor, search: Search): LookUp<SecureZone | DeadEnd> {
  return kept(anchor.zone, search, (own) => zoneOf(anchor, own));
}

function zoneOf({ zone, ds, keys }: Anchor, search: Search): LookUp<SecureZone | DeadEnd> {
  const because = `trusted to begin with: ${showList([...ds, ...keys].map(showKey))}`;
  const type = ds.length > 0 ? types.DS : types.DNSKEY;
  const links: Link[] = [{ kind: 'anchor', name: zone, type, status: 'secure', because }];
  return zoneWith(zone, { by: 'anchor', ds, keys, links, until: Number.POSITIVE_INFINITY }, search);
}

/** A name below an anchor. */
function delegated(name: Name, anchor: Anchor, search: Search): LookUp<Place> {
  return kept(name, search, (own) => lookInto(name, anchor, own));
}

/**
 * Looks into a name with a budget of its own, unless what is known of it is kept.
 *
 * Searches that run under the same key wait for each other, but never in a circle: a name waits only for names above it.
 */
function* kept<Found extends Place>(
  name: Name,
  { settled, budget }: Search,
  look: (own: Search) => LookUp<Found>,
): LookUp<Found | DeadEnd> {
  if (budget.zones <= 0 || !spend(budget, 'questions')) {
    const because = 'more zones would have to be looked into than one question is worth';
    return deadEnd('bogus', [], delegation(name, because), { now: settled.now });
  }
  return yield* once(`dnssec ${settled.id} ${name}`, () => looked(settled, budget, look));
}

function* looked<Found extends Place>(
  settled: Settled,
  budget: Budget,
  look: (own: Search) => LookUp<Found>,
): LookUp<Kept<Found>> {
  // What is found out is shared, and so depends on nothing of this search but the terms.
  const own = { settled, budget: budgetOfZone(), signers: 1 };
  const found = yield* look(own);
  charge(budget, own.budget);
  return { outcome: found, until: found.until, octets: octetsOf(found) };
}

/** What the zone above says of a name: the DS set of a zone, an alias, or that there is no DS. */
function* lookInto(name: Name, anchor: Anchor, search: Search): LookUp<Place> {
  const { now } = search.settled;
  const heard = yield* hear({ name, type: types.DS });
  if (heard.kind === 'nothing') {
    const above = yield* zoneAround(parentOf(name) ?? root, anchor, search);
    if (above.kind !== 'zone') return above;
    const { because, errors } = heard;
    return deadEnd('unreachable', above.links, delegation(name, because), { now, errors });
  }
  const ds = find(heard.answers, name, types.DS);
  if (ds !== undefined) return yield* byDs(ds, anchor, search);
  const alias = aliasAt(heard.answers, name, types.DS);
  if (alias.kind !== 'none') return yield* byAlias(name, alias.set, heard, anchor, search);
  return yield* byDenial(name, heard, anchor, search);
}

/** The link that says something of a name as a delegation. */
function delegation(name: Name, because: string): Pick<Link, 'kind' | 'name' | 'type' | 'because'> {
  return { kind: 'delegation', name, type: types.DS, because };
}

function* byDs(set: RrSet, anchor: Anchor, search: Search): LookUp<Place> {
  const { now, sha1 } = search.settled;
  const { name } = set;
  const trust = yield* signedBySet(name, set, anchor, search);
  if (trust.kind !== 'secure') return placeWithout(name, trust, search);
  const { ttl, evidence, encloser } = trust.proof;
  const { links: way } = trust.zone;
  // A name that a wildcard stands in for does not exist, and nothing is delegated there.
  if (encloser !== undefined)
    return deadEnd('bogus', way, delegation(name, `the DS of ${showName(name)} is a wildcard’s`), { now });
  const read = readDsSet(set, sha1);
  if (read.kind === 'malformed') return deadEnd('bogus', way, delegation(name, read.because), { now });
  if (read.kind === 'unsupported')
    return deadEnd('insecure', way, delegation(name, read.because), { now, ttl });
  const because = `DS of ${showList(read.ds.map(showKey))}: ${evidence}`;
  const links: Link[] = [...way, { ...delegation(name, because), status: 'secure' }];
  return yield* zoneWith(name, { by: 'ds', ds: read.ds, keys: [], links, until: until(ttl, now) }, search);
}

/** A name with an alias is no zone's apex; below a DNAME, and where a wildcard answered, is no name at all. */
function* byAlias(
  name: Name,
  set: RrSet,
  { authority }: Reading,
  anchor: Anchor,
  search: Search,
): LookUp<Place> {
  const { now } = search.settled;
  const trust = yield* signedBySet(name, set, anchor, search);
  if (trust.kind !== 'secure') return placeWithout(name, trust, search);
  const { ttl, encloser } = trust.proof;
  const over = { until: until(ttl, now) };
  if (set.type === types.CNAME && encloser === undefined) return { kind: 'inside', ...over };
  const nothing = {
    kind: 'nothing',
    because: `there is no ${showName(name)} but by an alias`,
    ...over,
  } as const;
  if (encloser === undefined) return nothing;
  // Whoever asks once for any name gets the wildcard's signature: only with the proof is it one for this name.
  const { links } = trust.zone;
  const refused = (because: string): DeadEnd => deadEnd('bogus', links, delegation(name, because), { now });
  if (set.type === types.DNAME) return refused(`the DNAME above ${showName(name)} is a wildcard’s`);
  const proofs = yield* proofsBy(signerOf(trust.zone, now), proofSets(authority()), search.budget);
  if (proofs.kind === 'exhausted') return refused(proofs.because);
  const closer = noCloserOf(proofs, name, encloser);
  const because = `${showName(name)} has the alias of a wildcard: ${closer.because}`;
  if (closer.kind === 'proven') return { ...nothing, until: until(Math.min(ttl, proofs.ttl), now) };
  if (closer.kind !== 'open') return refused(because);
  return deadEnd('insecure', links, delegation(name, because), { now, ttl: Math.min(ttl, proofs.ttl) });
}

function* byDenial(name: Name, { authority }: Reading, anchor: Anchor, search: Search): LookUp<Place> {
  const { now } = search.settled;
  const sets = proofSets(authority());
  const claim = { name, parentSide: true, signers: signersOf(sets), missing: missingOfProofs(sets) };
  const trust = yield* provenBy(claim, anchor, search, (zone) => saidBy(zone, name, sets, search));
  if (trust.kind !== 'secure') return placeWithout(name, trust, search);
  const { cut, ttl, evidence } = trust.proof;
  const over = { until: until(ttl, now) };
  if (cut.kind === 'none') return { kind: 'inside', ...over };
  if (cut.kind === 'nothing') return { kind: 'nothing', because: cut.because, ...over };
  return deadEnd('insecure', trust.zone.links, delegation(name, `${cut.because}; ${evidence}`), { now, ttl });
}

function* saidBy(
  zone: SecureZone,
  name: Name,
  sets: readonly RrSet[],
  { settled, budget }: Search,
): LookUp<Attempt<Said>> {
  const proofs = yield* proofsBy(signerOf(zone, settled.now), sets, budget);
  if (proofs.kind === 'exhausted') return proofs;
  const cut = cutOf(proofs, name);
  const { ttl, evidence } = proofs;
  if (cut.kind === 'open') return { ...cut, because: `${cut.because}; ${evidence}`, ttl };
  if (cut.kind === 'unproven' || cut.kind === 'exhausted') return cut;
  return { kind: 'proven', proof: { cut, ttl, evidence } };
}

interface Said {
  readonly cut: Extract<Cut, { kind: 'unsigned' | 'none' | 'nothing' }>;
  readonly ttl: number;
  readonly evidence: string;
}

/** Whether the zone above has signed a set that came for the DS of a name. */
function* signedBySet(name: Name, set: RrSet, anchor: Anchor, search: Search): LookUp<Trust<SignedSet>> {
  const claim = { name, parentSide: true, signers: signersOf([set]), missing: NO_RRSIG };
  return yield* provenBy(claim, anchor, search, (zone) => checkedBy(zone, set, search));
}

function* checkedBy(zone: SecureZone, set: RrSet, search: Search): LookUp<Attempt<SignedSet>> {
  const check = yield* checkSet(set, signerOf(zone, search.settled.now), search.budget);
  if (check.kind === 'good') return { kind: 'proven', proof: check };
  return { kind: check.kind === 'bad' ? 'unproven' : 'exhausted', because: check.because };
}

/** What follows where the DS of a name, or that there is none, is not proven. */
function placeWithout(name: Name, trust: Exclude<Trust<unknown>, { kind: 'secure' }>, search: Search): Place {
  const { now } = search.settled;
  switch (trust.kind) {
    case 'ended':
      return trust.end;
    case 'open':
      return deadEnd('insecure', trust.zone.links, delegation(name, trust.because), { now, ttl: trust.ttl });
    case 'unproven': {
      const because = `the DS of ${showName(name)}, or that it has none, is not proven: ${trust.because}`;
      return deadEnd('bogus', trust.links, delegation(name, because), { now });
    }
  }
}
