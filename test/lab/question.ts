/** Questions over the lab, each with what it shows and the verdict that it is built to have. */

/** What is proven, and what the answer is; nothing is to be used of a bogus one. */
export type Verdict =
  | `${'secure' | 'insecure'} ${'found' | 'no-name' | 'no-data'}`
  /** Proof is missing or wrong. */
  | 'bogus'
  /** No answer, and that is not a question of proof: a chain of aliases without an end. */
  | 'no answer';

/** A question to a resolver of the lab. */
export interface Question {
  /** As dig takes it: without the dot at the end. */
  readonly name: string;
  readonly type: string;
  readonly shows: string;
  readonly verdict: Verdict;
  /** Where unbound sees it in another way: how, and what speaks for the verdict. */
  readonly unbound?: { readonly verdict: Verdict; readonly against: string };
}

/** One question. */
export function ask(name: string, type: string, verdict: Verdict, shows: string): Question {
  return { name, type, verdict, shows };
}

/** The same question, with what unbound makes of it. */
export function otherwise(question: Question, verdict: Verdict, against: string): Question {
  return { ...question, unbound: { verdict, against } };
}
