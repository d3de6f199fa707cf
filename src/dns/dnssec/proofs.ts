/** The NSEC and NSEC3 records of an answer, as far as a zone has signed them. RFC 4035 §5.4, RFC 5155 §8.1, §8.2. */
import type { LookUp } from '../look-ups.ts';
import { isAtOrBelow, type Name, parentOf, showName } from '../name.ts';
import { compareOctets } from '../octets.ts';
import { type Question, types } from '../record.ts';
import { type Nsec3, readNsec, readNsec3 } from '../records.ts';
import type { RrSet } from '../rrset.ts';
import { type Budget, spend } from './budget.ts';
import { type Cut, type Denial, type Exhausted, type NoCloser, type Unproven, unproven } from './denial.ts';
import { cutByNsec, denialByNsec, type NsecAt, noCloserByNsec } from './nsec.ts';
import { cutByNsec3, denialByNsec3, type Nsec3At, type Nsec3s, noCloserByNsec3 } from './nsec3.ts';
import { base32Hex, nsec3Hash } from './nsec3-hash.ts';
import { checkSet, type Signer } from './signed-set.ts';
import { earlier, type Validity } from './time.ts';

/** What a zone has signed of the proofs in one answer. */
export interface Proofs {
  readonly kind: 'proofs';
  readonly zone: Name;
  readonly nsecs: readonly NsecAt[];
  readonly nsec3s: Nsec3s | undefined;
  /** Seconds for which all of them may be used. */
  readonly ttl: number;
  /** null where there are none. */
  readonly validity: Validity | null;
  /** The signature of one of them, as reasons show it. */
  readonly evidence: string;
  /** What is wrong with those that are left out, as a clause. */
  readonly fault: string | undefined;
}

/** Of the sets of an authority section those that can be proofs. */
export function proofSets(sets: readonly RrSet[]): readonly RrSet[] {
  return sets.filter(({ type }) => type === types.NSEC || type === types.NSEC3);
}

/** Checks the signatures of what a zone says. */
export function* proofsBy(
  signer: Signer,
  sets: readonly RrSet[],
  budget: Budget,
): LookUp<Proofs | Exhausted> {
  const { zone } = signer;
  const good: RrSet[] = [];
  let ttl = Number.POSITIVE_INFINITY;
  let validity: Validity | null = null;
  let evidence: string | undefined;
  let fault: string | undefined;
  for (const set of sets.flatMap(apart)) {
    const holder = set.type === types.NSEC3 ? parentOf(set.name) : set.name;
    if (holder === undefined || !isHolder(set, holder, zone)) continue;
    const check = yield* checkSet(set, signer, budget);
    if (check.kind === 'exhausted') return check;
    if (check.kind === 'good' && check.encloser === undefined) {
      good.push(set);
      ttl = Math.min(ttl, check.ttl);
      validity = earlier(check.validity, validity);
      evidence ??= check.evidence;
      continue;
    }
    // A wildcard's NSEC under another name would deny what the wildcard's place does not.
    const wrong = check.kind === 'good' ? 'it is expanded from a wildcard' : check.because;
    fault ??= `${set.type === types.NSEC ? 'NSEC' : 'NSEC3'} at ${showName(set.name)}: ${wrong}`;
  }
  const hashed = good.flatMap(hashedOf);
  const agree = hashed.every((one) => hashesAlike(one, hashed[0]));
  if (!agree) fault ??= `the NSEC3 records of ${showName(zone)} do not agree on how names are hashed`;
  const nsec3s = agree ? nsec3sOf(zone, hashed, budget) : undefined;
  const nsecs = good.flatMap(nsecOf);
  return { kind: 'proofs', zone, nsecs, nsec3s, ttl, validity, evidence: evidence ?? '', fault };
}

/** What the proofs say of a question without an answer. */
export function denialOf(proofs: Proofs, question: Question): Denial {
  return firstOf(
    proofs,
    (nsecs) => denialByNsec(proofs.zone, nsecs, question),
    (nsec3s) => denialByNsec3(nsec3s, question),
  );
}

/** What they say of a name for which the wildcard below `encloser` answered. */
export function noCloserOf(proofs: Proofs, name: Name, encloser: Name): NoCloser {
  return firstOf<NoCloser>(
    proofs,
    (nsecs) => noCloserByNsec(proofs.zone, nsecs, name, encloser),
    (nsec3s) => noCloserByNsec3(nsec3s, name, encloser),
  );
}

/** What they say of a zone that may begin at a name. */
export function cutOf(proofs: Proofs, name: Name): Cut {
  return firstOf<Cut>(
    proofs,
    (nsecs) => cutByNsec(proofs.zone, nsecs, name),
    (nsec3s) => cutByNsec3(nsec3s, name),
  );
}

function firstOf<Proof extends { readonly kind: string; readonly because: string }>(
  { zone, nsecs, nsec3s, fault }: Proofs,
  byNsec: (nsecs: readonly NsecAt[]) => Proof,
  byNsec3: (nsec3s: Nsec3s) => Proof,
): Proof | Unproven {
  const proof = nsecs.length > 0 ? byNsec(nsecs) : undefined;
  if (proof !== undefined && (proof.kind !== 'unproven' || nsec3s === undefined))
    return proof.kind === 'unproven' ? unproven(fault ?? proof.because) : proof;
  const other = nsec3s === undefined ? undefined : byNsec3(nsec3s);
  if (other !== undefined && other.kind !== 'unproven') return other;
  return unproven(fault ?? other?.because ?? `no NSEC or NSEC3 of ${showName(zone)} came with it`);
}

/** A name has one NSEC in each zone: records of the zones above and below a cut are no set. */
function apart(set: RrSet): readonly RrSet[] {
  return set.type === types.NSEC && set.data.length > 1
    ? set.data.map((rdata) => ({ ...set, data: [rdata] }))
    : [set];
}

function isHolder(set: RrSet, holder: Name, zone: Name): boolean {
  const within = set.type === types.NSEC3 ? holder === zone : isAtOrBelow(holder, zone);
  return within && set.signatures.some(({ signer }) => signer === zone);
}

function nsecOf({ name, type, data }: RrSet): NsecAt[] {
  const nsec = type === types.NSEC && data[0] !== undefined ? readNsec(data[0]) : undefined;
  return nsec === undefined ? [] : [{ owner: name, ...nsec }];
}

interface Hashed {
  readonly nsec3: Nsec3;
  readonly record: Nsec3At;
}

const SHA1 = 1;
const OPT_OUT = 0x01;

/** Records that do not agree on it are no proof, which RFC 5155 §8.2 allows. */
function hashesAlike({ nsec3 }: Hashed, first: Hashed | undefined): boolean {
  if (first === undefined || nsec3.iterations !== first.nsec3.iterations) return false;
  return compareOctets(nsec3.salt, first.nsec3.salt) === 0;
}

function nsec3sOf(zone: Name, hashed: readonly Hashed[], budget: Budget): Nsec3s | undefined {
  const [first] = hashed;
  if (first === undefined) return undefined;
  const { salt, iterations } = first.nsec3;
  const known = new Map<Name, string>();
  const hash = (name: Name): string | undefined => {
    const before = known.get(name);
    if (before !== undefined) return before;
    if (!spend(budget, 'iterations', iterations + 1)) return undefined;
    const made = nsec3Hash(name, salt, iterations);
    known.set(name, made);
    return made;
  };
  return { zone, iterations, records: hashed.map(({ record }) => record), hash };
}

/** "A validator MUST ignore NSEC3 RRs with unknown hash types", and with "a Flag fields value other than zero or one" (RFC 5155 §8.1, §8.2). */
function hashedOf({ name, type, data }: RrSet): Hashed[] {
  if (type !== types.NSEC3) return [];
  const owner = name.slice(1, 33);
  if (name.charCodeAt(0) !== 32 || !/^[0-9a-v]{32}$/.test(owner)) return [];
  return data.flatMap((rdata) => {
    const nsec3 = readNsec3(rdata);
    if (nsec3 === undefined || nsec3.algorithm !== SHA1 || (nsec3.flags & ~OPT_OUT) !== 0) return [];
    const optOut = nsec3.flags === OPT_OUT;
    return [{ nsec3, record: { owner, next: base32Hex(nsec3.nextHash), optOut, types: nsec3.types } }];
  });
}
