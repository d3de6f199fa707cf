/** Judging what stands in an answer: a set of records, or that there are none. */
import type { DnssecStatus, Link } from '../answer.ts';
import type { LookUp } from '../look-ups.ts';
import { isAtOrBelow, type Name, parentOf, root, showName } from '../name.ts';
import { type ExtendedError, type Question, types } from '../record.ts';
import { readSoa } from '../records.ts';
import type { RrSet } from '../rrset.ts';
import { type Reading, signersOf } from './asking.ts';
import { type Exhausted, showQuestion } from './denial.ts';
import { LONGEST, type Search, type SecureZone, signerOf } from './place.ts';
import { denialOf, noCloserOf, type Proofs, proofSets, proofsBy } from './proofs.ts';
import { checkSet } from './signed-set.ts';
import { type Anchor, anchorOf } from './terms.ts';
import { earlier, type Validity } from './time.ts';
import { type Attempt, type Claim, missingOfProofs, NO_RRSIG, provenBy, type Trust } from './trust.ts';

/** What was found out of one thing in an answer. */
export interface Verdict {
  readonly status: DnssecStatus;
  /** False where it must not be used: then nothing is known. */
  readonly usable: boolean;
  /** A sentence without its full stop. */
  readonly because: string;
  /** The way from the anchor, and at its end the thing itself. */
  readonly links: readonly Link[];
  /** Seconds from now. */
  readonly ttl: number;
  /** Of the signatures of the zone that holds it; null where it is not secure. */
  readonly validity: Validity | null;
  readonly errors: readonly ExtendedError[];
}

export type What = 'no-such-name' | 'no-such-record';

/** An answer with what was checked of the proofs in it. */
export interface Case {
  readonly reading: Reading;
  readonly proofs: Proofs[];
}

interface Proof {
  readonly ttl: number;
  readonly validity: Validity | null;
  readonly because: string;
}

/**
 * Judges a set of records; those that a wildcard stands in for need the proof that nothing is closer.
 *
 * What stands at a name in answer to a question for its DS is the zone above's, an alias too: what the zone below has
 * there answers no such question, and being unsigned excuses nothing.
 */
export function* judgeSet(kind: 'alias' | 'answer', set: RrSet, one: Case, search: Search): LookUp<Verdict> {
  const { now } = search.settled;
  const { question } = one.reading;
  const parentSide = question.type === types.DS && (set.type === types.DS || set.type === types.CNAME);
  const claim = { name: set.name, parentSide, signers: signersOf([set]), missing: NO_RRSIG };
  const anchor = anchorFor(claim, search);
  const trust =
    anchor && (yield* provenBy(claim, anchor, search, (zone) => signedBy(zone, set, one, search)));
  const link = { kind, name: set.name, type: set.type };
  return verdictOf(trust, link, showQuestion(link), { now, ttl: set.ttl });
}

function* signedBy(zone: SecureZone, set: RrSet, one: Case, search: Search): LookUp<Attempt<Proof>> {
  const check = yield* checkSet(set, signerOf(zone, search.settled.now), search.budget);
  if (check.kind === 'bad') return { kind: 'unproven', because: check.because };
  if (check.kind === 'exhausted') return check;
  const { ttl, validity, evidence, encloser } = check;
  const proof = { ttl, validity, because: evidence };
  if (encloser === undefined) return { kind: 'proven', proof };
  // What such a DNAME stands for is not defined (RFC 4592 §4.4, RFC 6672 §3.3).
  if (set.type === types.DNAME)
    return { kind: 'unproven', because: 'it is a wildcard’s, which no DNAME can be' };
  return yield* expanded(set, encloser, zone, proof, one, search);
}

/** RFC 4035 §5.3.4, RFC 5155 §8.8. */
function* expanded(
  { name }: RrSet,
  encloser: Name,
  zone: SecureZone,
  { ttl, validity, because }: Proof,
  one: Case,
  search: Search,
): LookUp<Attempt<Proof>> {
  const proofs = yield* proofsOf(one, zone, search);
  if (proofs.kind === 'exhausted') return proofs;
  const closer = noCloserOf(proofs, name, encloser);
  const from = `it comes from a wildcard below ${showName(encloser)}`;
  if (closer.kind === 'exhausted') return closer;
  if (closer.kind === 'unproven') return { kind: 'unproven', because: `${from}, and ${closer.because}` };
  const least = Math.min(ttl, proofs.ttl);
  const whole = `${because}; ${from}, and ${closer.because}`;
  return closer.kind === 'open'
    ? { kind: 'open', because: whole, ttl: least }
    : {
        kind: 'proven',
        proof: { ttl: least, validity: earliest(validity, proofs.validity), because: whole },
      };
}

export interface Absence {
  readonly verdict: Verdict;
  /** Undefined where it is not known. */
  readonly what: What | undefined;
  /** Whether a proof came with it, or at least an SOA; else the answer may just not have been whole. */
  readonly isStated: boolean;
}

interface Denied extends Proof {
  readonly what: What;
  readonly optOut: boolean;
}

/** Judges that an answer has no such records: the outcome is what the proof says, whatever the RCODE. */
export function* judgeAbsence(question: Question, one: Case, search: Search): LookUp<Absence> {
  const { now } = search.settled;
  const sets = proofSets(one.reading.authority());
  const parentSide = question.type === types.DS;
  const claim = { name: question.name, parentSide, signers: signersOf(sets), missing: missingOfProofs(sets) };
  const anchor = anchorFor(claim, search);
  const trust =
    anchor && (yield* provenBy(claim, anchor, search, (zone) => deniedBy(zone, question, one, search)));
  const claimed = claimOf(question, one.reading);
  const proof = trust?.kind === 'secure' ? trust.proof : undefined;
  const what = proof?.what ?? claimed.what;
  const link = { kind: 'denial', ...question } as const;
  const verdict = verdictOf(trust, link, `that there is ${showWhat(question, what)}`, {
    now,
    ttl: claimed.ttl ?? (proof === undefined ? 0 : LONGEST),
  });
  const isStated = trust?.kind === 'secure' || trust?.kind === 'open' || claimed.ttl !== undefined;
  if (proof?.optOut === true) return { verdict: asInsecure(verdict), what, isStated };
  return { verdict, what: verdict.usable ? what : undefined, isStated };
}

function* deniedBy(zone: SecureZone, question: Question, one: Case, search: Search): LookUp<Attempt<Denied>> {
  const proofs = yield* proofsOf(one, zone, search);
  if (proofs.kind === 'exhausted') return proofs;
  const denial = denialOf(proofs, question);
  const { ttl, validity, evidence } = proofs;
  if (denial.kind === 'unproven' || denial.kind === 'exhausted') return denial;
  const because = `${denial.because}; ${evidence}`;
  if (denial.kind === 'open') return { kind: 'open', because, ttl };
  return { kind: 'proven', proof: { what: denial.what, optOut: denial.optOut, ttl, validity, because } };
}

/** An opt-out span may hide a delegation without signatures: no AD (RFC 5155 §9.2). */
function asInsecure(verdict: Verdict): Verdict {
  const last = verdict.links.at(-1);
  const links =
    last === undefined ? [] : [...verdict.links.slice(0, -1), { ...last, status: 'insecure' } as const];
  return { ...verdict, status: 'insecure', links, validity: null };
}

/**
 * What an answer says by its looks, which counts where nothing is signed.
 *
 * @returns as `what` undefined for a referral, which is no answer (RFC 2308 §2.2); as `ttl` seconds (§5), undefined
 *   where it has no SOA.
 */
function claimOf(
  { name }: Question,
  { nxdomain, authority }: Reading,
): { what: What | undefined; ttl: number | undefined } {
  const sets = authority();
  const soa = sets.find((set) => set.type === types.SOA && isAtOrBelow(name, set.name));
  const read = soa?.data[0] === undefined ? undefined : readSoa(soa.data[0]);
  const ttl = soa === undefined || read === undefined ? undefined : Math.min(soa.ttl, read.minimum);
  if (nxdomain) return { what: 'no-such-name', ttl };
  const isReferral = soa === undefined && sets.some(({ type }) => type === types.NS);
  return { what: isReferral ? undefined : 'no-such-record', ttl };
}

function showWhat(question: Question, what: What | undefined): string {
  if (what === 'no-such-name') return `no such name as ${showName(question.name)}`;
  return `no ${showQuestion(question)}`;
}

function* proofsOf(
  { reading, proofs }: Case,
  zone: SecureZone,
  { settled, budget }: Search,
): LookUp<Proofs | Exhausted> {
  const known = proofs.find((one) => one.zone === zone.zone);
  if (known !== undefined) return known;
  const made = yield* proofsBy(signerOf(zone, settled.now), proofSets(reading.authority()), budget);
  if (made.kind === 'proofs') proofs.push(made);
  return made;
}

/** @returns undefined where there is no trust anchor. */
function anchorFor({ name, parentSide }: Claim, { settled }: Search): Anchor | undefined {
  return anchorOf(settled, parentSide ? (parentOf(name) ?? root) : name);
}

/**
 * @param subject what it is that is proven or not.
 * @param plain seconds for which it may be used where nothing is signed.
 */
function verdictOf(
  trust: Trust<Proof> | undefined,
  link: Omit<Link, 'status' | 'because'>,
  subject: string,
  plain: { readonly now: number; readonly ttl: number },
): Verdict {
  const made = (
    status: DnssecStatus,
    because: string,
    way: readonly Link[],
    ttl: number,
    rest: Partial<Pick<Verdict, 'usable' | 'errors' | 'validity'>> = {},
  ): Verdict => ({
    status,
    because,
    links: [...way, { ...link, status, because }],
    ttl: Math.max(0, Math.min(ttl, plain.ttl, LONGEST)),
    usable: rest.usable ?? status !== 'bogus',
    errors: rest.errors ?? [],
    validity: rest.validity ?? null,
  });
  switch (trust?.kind) {
    case undefined:
      return made('indeterminate', `${subject} has no trust anchor above it`, [], plain.ttl);
    case 'secure':
      return made(
        'secure',
        `${subject} is proven: ${trust.proof.because}`,
        trust.zone.links,
        trust.proof.ttl,
        { validity: earliest(trust.proof.validity, trust.zone.validity) },
      );
    case 'open':
      return made('insecure', `${subject} need not be proven: ${trust.because}`, trust.zone.links, trust.ttl);
    case 'unproven':
      return made('bogus', `${subject} is not proven: ${trust.because}`, trust.links, 0);
    case 'ended': {
      const { kind, because, links, errors, until } = trust.end;
      const usable = kind === 'insecure';
      const status = kind === 'unreachable' ? 'indeterminate' : kind;
      const whole = `${subject} ${usable ? 'need not' : 'cannot'} be proven: ${because}`;
      return made(status, whole, links, until - plain.now, { usable, errors });
    }
  }
}

function earliest(one: Validity | null, other: Validity | null): Validity | null {
  return one === null ? other : earlier(one, other);
}
