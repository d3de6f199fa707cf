/** The targets of one run, one after the other: those that are named, and those that stand on stdin. */
import type { Target } from '../../findings/case.ts';
import type { Parsed } from '../../names/domain.ts';
import { InputError, linesOf } from './lines.ts';
import { parseTarget, type TargetTerms } from './target.ts';

/** Far longer than any name, with room for a comment. */
const LONGEST_LINE = 4_096;

/** A line of a list of targets. */
export interface ListPlace {
  /** `stdin`, or as it was named. */
  readonly file: string;
  /** From 1 on. */
  readonly line: number;
}

/** A target, and where it stands in a list; null where it was named by itself. */
export interface Listed {
  readonly target: Target;
  readonly place: ListPlace | null;
}

/**
 * What is wrong with a target on stdin is told in its place; the others are worked on all the same.
 *
 * @param named `-` stands for stdin, a target a line; empty lines and those that begin with # are left out.
 */
export async function* targetsFrom(
  named: readonly string[],
  terms: TargetTerms,
  stdin: AsyncIterable<Uint8Array>,
): AsyncGenerator<Parsed<Listed>> {
  for (const text of named) {
    if (text === STDIN) yield* listed(stdin, terms);
    else yield at(parseTarget(text, terms), null);
  }
}

function at(target: Parsed<Target>, place: ListPlace | null): Parsed<Listed> {
  return target.kind === 'ok' ? { kind: 'ok', value: { target: target.value, place } } : target;
}

export const STDIN = '-';

async function* listed(stdin: AsyncIterable<Uint8Array>, terms: TargetTerms): AsyncGenerator<Parsed<Listed>> {
  let number = 0;
  let found = false;
  try {
    for await (const line of linesOf(stdin, LONGEST_LINE)) {
      number += 1;
      const text = line.replace(/^[ \t]+|[ \t]+$/g, '');
      if (text === '' || text.startsWith('#')) continue;
      found = true;
      const target = at(parseTarget(text, terms), { file: 'stdin', line: number });
      yield target.kind === 'ok'
        ? target
        : { kind: 'invalid', because: `line ${number} of stdin: ${target.because}` };
    }
    if (!found) yield { kind: 'invalid', because: 'stdin: there is no target in it' };
  } catch (error) {
    // It is no list of targets from here on; those before are worked on all the same.
    if (!(error instanceof InputError)) throw error;
    yield { kind: 'invalid', because: `stdin: ${error.message}` };
  }
}
