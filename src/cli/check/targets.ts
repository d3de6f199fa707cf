/** The targets of one run, one after the other: those that are named, and those that stand on stdin or in a file. */
import type { Target } from '../../findings/case.ts';
import type { Parsed } from '../../names/domain.ts';
import { messageOf } from '../usage.ts';
import { ChangedInput } from './input.ts';
import { InputError, linesOf } from './lines.ts';
import { asText } from './list-octets.ts';
import { parseTarget, type TargetTerms } from './target.ts';

/** A line of a list of targets. */
export interface ListPlace {
  /** `stdin`, or as it was named. */
  readonly file: string;
  /** From 1 on. */
  readonly line: number;
}

/** One of them, or what is wrong with it. */
export interface Listed {
  /** Where it stands in a list; null where it was named by itself, or it is the list in which something is wrong. */
  readonly place: ListPlace | null;
  readonly target: Parsed<Target>;
}

/** A list of targets, a line each. */
export interface List {
  /** As messages name it: `stdin`, or the file. */
  readonly name: string;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Lines that are done already. */
  readonly isDone: (line: number) => boolean;
}

/** From # on, where it is the beginning of a word. */
const COMMENT = /(?:^|[ \t])#.*$/;
/** As ranked lists have their columns. */
const COLUMNS = /^[^,;\t]*[,;\t][^,;\t]/;

/** Far longer than any name, with room for a comment. */
const LONGEST_LINE = 4_096;

/**
 * What is wrong with a target of a list is told in its place; the others are worked on all the same.
 *
 * @param named `-` stands for the first list, a target a line; empty lines and what stands behind # are left out. Lists for
 * which nothing stands come last.
 */
export async function* targetsFrom(
  named: readonly string[],
  terms: TargetTerms,
  lists: { readonly stdin: List; readonly input: List | undefined },
): AsyncGenerator<Listed> {
  for (const text of named) {
    if (text === STDIN) yield* listed(lists.stdin, terms);
    else yield { place: null, target: parseTarget(text, terms) };
  }
  if (lists.input !== undefined) yield* listed(lists.input, terms);
}

export const STDIN = '-';

async function* listed({ name, chunks, isDone }: List, terms: TargetTerms): AsyncGenerator<Listed> {
  let line = 0;
  let found = false;
  let isHinted = false;
  try {
    for await (const whole of linesOf(asText(chunks), LONGEST_LINE)) {
      line += 1;
      const text = (whole.kind === 'ok' ? whole.value : whole.head)
        .replace(COMMENT, '')
        .replace(/^[ \t]+|[ \t]+$/g, '');
      // What a comment is made of is nobody's business.
      if (text === '' || text.startsWith('#')) continue;
      found = true;
      if (isDone(line)) continue;
      const place = { file: name, line };
      if (whole.kind === 'invalid') {
        yield wrong(`${name}: ${whole.because}`, place);
        continue;
      }
      const target = parseTarget(text, terms);
      if (target.kind === 'ok') {
        yield { place, target };
        continue;
      }
      const hint: string = isHinted || !COLUMNS.test(text) ? '' : `; ${ONE_A_LINE}`;
      isHinted ||= hint !== '';
      yield wrong(`line ${line} of ${name}: ${target.because}${hint}`, place);
    }
    if (!found) yield wrong(`${name}: there is no target in it`, null);
  } catch (error) {
    // It is no list of targets from here on; those before are worked on all the same.
    const isTheirs =
      error instanceof InputError ||
      error instanceof ChangedInput ||
      (error instanceof Error && 'syscall' in error);
    if (!isTheirs) throw error;
    const because = error instanceof ChangedInput ? error.message : `${name}: ${messageOf(error)}`;
    yield wrong(because, null);
  }
}

const ONE_A_LINE =
  'a list has one target a line: of columns take the one with the names, such as by cut -d, -f2';

function wrong(because: string, place: ListPlace | null): Listed {
  return { place, target: { kind: 'invalid', because } };
}
