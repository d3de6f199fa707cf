/** Asking the resolver, and what of its answers can be looked into. */
import { ask, type LookUp } from '../look-ups.ts';
import type { Name } from '../name.ts';
import type { ExtendedError, Question, RecordType } from '../record.ts';
import { type RrSet, rrSetsOf } from '../rrset.ts';
import { showExtendedError, showRcode } from '../show.ts';
import { showQuestion } from './denial.ts';

/** An answer that says something, its records put together. Nothing in it is proven. */
export interface Reading {
  readonly kind: 'answer';
  readonly question: Question;
  /** RCODE 3; whether it is true is another matter. */
  readonly nxdomain: boolean;
  readonly answers: readonly RrSet[];
  /** Put together when it is asked for: only what is not there, or comes from a wildcard, has anything to prove with it. */
  readonly authority: () => readonly RrSet[];
  readonly errors: readonly ExtendedError[];
}

export type Heard =
  | Reading
  /** No answer, or a server's failure: `because` is a sentence without its full stop. */
  | { readonly kind: 'nothing'; readonly because: string; readonly errors: readonly ExtendedError[] };

const NOERROR = 0;
const NXDOMAIN = 3;

export function* hear(question: Question): LookUp<Heard> {
  const asked = yield* ask(question);
  if (asked.kind === 'failed') {
    const because = `${showQuestion(question)} could not be asked: ${asked.because}`;
    return { kind: 'nothing', because, errors: asked.errors };
  }
  const { rcode, answers, authority, edns } = asked.message;
  const errors = edns?.errors ?? [];
  if (rcode !== NOERROR && rcode !== NXDOMAIN) {
    const reasons = errors.map((error) => `, ${showExtendedError(error)}`).join('');
    const because = `the resolver ${asked.from} answered ${showRcode(rcode)} for ${showQuestion(question)}${reasons}`;
    return { kind: 'nothing', because, errors };
  }
  let proofs: readonly RrSet[] | undefined;
  return {
    kind: 'answer',
    question,
    nxdomain: rcode === NXDOMAIN,
    answers: rrSetsOf(answers),
    authority: () => (proofs ??= rrSetsOf(authority)),
    errors,
  };
}

/** The set of a type at a name. */
export function find(sets: readonly RrSet[], name: Name, type: RecordType): RrSet | undefined {
  return sets.find((set) => set.name === name && set.type === type);
}

/** Who claims to have signed any of the sets: each zone once, the longest names first. */
export function signersOf(sets: readonly RrSet[]): readonly Name[] {
  const signers: Name[] = [];
  const seen = new Set<Name>();
  for (const { signatures } of sets) {
    for (const { signer } of signatures) {
      if (signer === signers[0] || seen.has(signer)) continue;
      seen.add(signer);
      signers.push(signer);
    }
  }
  return signers.length < 2 ? signers : signers.toSorted((a, b) => b.length - a.length);
}
