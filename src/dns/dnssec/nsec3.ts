/** Denial by NSEC3: the hashes of a zone's names in order, each with the next. RFC 5155 §8, RFC 6840 §4, RFC 9276. */
import { countLabels, lastLabels, type Name, showName } from '../name.ts';
import { type Question, types } from '../record.ts';
import type { TypeBitmap } from '../type-bitmap.ts';
import {
  beyondCut,
  type Cut,
  cutAt,
  type Denial,
  denialAt,
  type Exhausted,
  isEnd,
  isParentSide,
  type NoCloser,
  type Open,
  type Unproven,
  unproven,
  wildcardFor,
} from './denial.ts';

/** The NSEC3 records of one zone with the same parameters; their signatures by `zone` are good. */
export interface Nsec3s {
  readonly zone: Name;
  /** Additional rounds of hashing. */
  readonly iterations: number;
  readonly records: readonly Nsec3At[];
  /**
   * The hash of a name as owners of NSEC3 have it: in base32hex, in lower case (RFC 5155 §5, RFC 4648 §7).
   *
   * @returns undefined where the budget does not suffice.
   */
  readonly hash: (name: Name) => string | undefined;
}

/** Hashes as above: they sort as their octets do. */
export interface Nsec3At {
  readonly owner: string;
  readonly next: string;
  readonly optOut: boolean;
  readonly types: TypeBitmap;
}

/**
 * Rounds of hashing above which nothing is worth proving; what would need it is insecure.
 *
 * RFC 9276 §3.2 allows for it once the signature of the record is known to be good, or the number could be anybody's.
 */
export const MOST_ITERATIONS = 100;

/** What the NSEC3 records of a zone prove of a question for a name in it (RFC 5155 §8.4 to §8.7). */
export function denialByNsec3(nsec3s: Nsec3s, question: Question): Denial {
  const { name, type } = question;
  const { zone } = nsec3s;
  const proof = encloserProof(nsec3s, name);
  switch (proof.kind) {
    case 'exact': {
      const { match } = proof;
      const isBeyond = type !== types.DS && isParentSide(match.types);
      if (isBeyond) return beyondCut(match.types, name, show(match, zone));
      return denialAt(match.types, question, { record: show(match, zone), optOut: false });
    }
    case 'beyond':
      return beyondCut(proof.match.types, proof.cut, show(proof.match, zone));
    case 'encloser':
      return wildcardDenial(nsec3s, proof, question);
    case 'open':
    case 'unproven':
    case 'exhausted':
      return proof;
  }
}

/** That the wildcard which would answer for a name that does not exist is not there either, or has no such record. */
function wildcardDenial(nsec3s: Nsec3s, proof: EncloserProof, question: Question): Denial {
  const { zone } = nsec3s;
  const { optOut } = proof.cover;
  const because = shownProof(proof, zone);
  const wildcard = wildcardFor(proof.encloser, question.name);
  const found = lookUp(nsec3s, wildcard);
  if (found.kind === 'exhausted') return found;
  if (found.kind === 'match') {
    const record = `${show(found.record, zone)} for ${showName(wildcard)}`;
    return denialAt(found.record.types, question, { record, optOut });
  }
  // Whether there is a delegation without signatures is what opt-out leaves open (RFC 5155 §9.2).
  if (optOut) return { kind: 'open', because };
  if (found.kind === 'neither') return unproven(`no NSEC3 of ${showName(zone)} covers ${showName(wildcard)}`);
  const whole = `${because}, and ${show(found.record, zone)} covers ${showName(wildcard)}`;
  return { kind: 'absent', what: 'no-such-name', optOut: false, because: whole };
}

/** Whether nothing is closer to `name` than `encloser`, whose wildcard answered for it (RFC 5155 §8.8). */
export function noCloserByNsec3(nsec3s: Nsec3s, name: Name, encloser: Name): NoCloser {
  const { zone } = nsec3s;
  if (nsec3s.iterations > MOST_ITERATIONS) return tooManyRounds(nsec3s);
  const nextCloser = lastLabels(name, countLabels(encloser) + 1);
  const found = lookUp(nsec3s, nextCloser);
  if (found.kind === 'exhausted') return found;
  if (found.kind !== 'cover') return unproven(`no NSEC3 of ${showName(zone)} covers ${showName(nextCloser)}`);
  const because = `${show(found.record, zone)} covers ${showName(nextCloser)}${shownOptOut(found.record)}`;
  return { kind: found.record.optOut ? 'open' : 'proven', because };
}

/** Whether a zone begins at `name`, which is below the apex of the zone above (RFC 5155 §8.6, §8.9). */
export function cutByNsec3(nsec3s: Nsec3s, name: Name): Cut {
  const proof = encloserProof(nsec3s, name);
  if (proof.kind === 'exact') return cutAt(proof.match.types, name, show(proof.match, nsec3s.zone));
  if (proof.kind === 'beyond')
    return unproven(`${show(proof.match, nsec3s.zone)} is for ${showName(proof.cut)} above`);
  if (proof.kind !== 'encloser') return proof;
  const because = shownProof(proof, nsec3s.zone);
  return proof.cover.optOut ? { kind: 'open', because } : { kind: 'nothing', because };
}

interface EncloserProof {
  readonly kind: 'encloser';
  /** The closest name above that exists. */
  readonly encloser: Name;
  /** The name below it, towards the name asked for: it does not exist. */
  readonly nextCloser: Name;
  readonly cover: Nsec3At;
}

type Enclosing =
  | { readonly kind: 'exact'; readonly match: Nsec3At }
  | EncloserProof
  /** The record that is matched says nothing of names below: it is of a delegation, or of a name with a DNAME. */
  | { readonly kind: 'beyond'; readonly match: Nsec3At; readonly cut: Name }
  | Open
  | Unproven
  | Exhausted;

/**
 * RFC 5155 §8.3: the closest encloser is matched, and what is one label longer is covered.
 *
 * It is looked for from the apex down: the first name that is covered does not exist, so nothing below it needs to be
 * hashed, however many labels a name is made to have.
 */
function encloserProof(nsec3s: Nsec3s, name: Name): Enclosing {
  const { zone } = nsec3s;
  if (nsec3s.iterations > MOST_ITERATIONS) return tooManyRounds(nsec3s);
  const own = lookUp(nsec3s, name);
  if (own.kind === 'exhausted') return own;
  if (own.kind === 'match') return { kind: 'exact', match: own.record };
  let encloser: Name | undefined;
  for (let labels = countLabels(zone); labels <= countLabels(name); labels += 1) {
    const at = lastLabels(name, labels);
    const found = lookUp(nsec3s, at);
    if (found.kind === 'exhausted') return found;
    if (found.kind === 'cover' && encloser !== undefined)
      return { kind: 'encloser', encloser, nextCloser: at, cover: found.record };
    if (found.kind === 'cover') break;
    if (found.kind === 'match' && isEnd(found.record.types))
      return { kind: 'beyond', match: found.record, cut: at };
    encloser = found.kind === 'match' ? at : undefined;
  }
  return unproven(
    `no NSEC3 of ${showName(zone)} are for the closest name above ${showName(name)} and cover what is below`,
  );
}

type LookedUp =
  | { readonly kind: 'match' | 'cover'; readonly record: Nsec3At }
  | { readonly kind: 'neither' }
  | Exhausted;

/** The record that says that a name exists, or that it does not. */
function lookUp(nsec3s: Nsec3s, name: Name): LookedUp {
  const hash = nsec3s.hash(name);
  if (hash === undefined) return exhausted(nsec3s);
  const match = nsec3s.records.find(({ owner }) => owner === hash);
  if (match !== undefined) return { kind: 'match', record: match };
  const cover = nsec3s.records.find((one) => covers(one, hash));
  return cover === undefined ? { kind: 'neither' } : { kind: 'cover', record: cover };
}

/** Whether a hash is in the gap after a record; the last one's gap goes on at the first (RFC 5155 §3.1.7). */
function covers({ owner, next }: Nsec3At, hash: string): boolean {
  return owner < next ? owner < hash && hash < next : hash > owner || hash < next;
}

function tooManyRounds({ zone, iterations }: Nsec3s): Open {
  const rounds = `${iterations} rounds of hashing, more than ${MOST_ITERATIONS}`;
  return { kind: 'open', because: `the NSEC3 records of ${showName(zone)} ask for ${rounds} (RFC 9276)` };
}

function exhausted({ zone }: Nsec3s): Exhausted {
  const because = `the NSEC3 records of ${showName(zone)} ask for more hashing than one question is worth`;
  return { kind: 'exhausted', because };
}

function shownProof({ encloser, nextCloser, cover }: EncloserProof, zone: Name): string {
  const closest = `the closest name that exists is ${showName(encloser)}`;
  return `${closest}: ${show(cover, zone)} covers ${showName(nextCloser)}${shownOptOut(cover)}`;
}

function shownOptOut({ optOut }: Nsec3At): string {
  return optOut ? ' with opt-out, so that a delegation without signatures may be there' : '';
}

function show({ owner }: Nsec3At, zone: Name): string {
  return `NSEC3 at ${owner}.${zone.length > 1 ? showName(zone) : ''}`;
}
