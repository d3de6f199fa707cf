/** Finds what a misspelt key was probably meant to be. */
import { keys, namesIn } from './keys.ts';

/** Longer keys than this are not worth comparing: ours are shorter, and the work grows with the length. */
const MAX_COMPARED = 64;

/** What would be right instead of `name` in `table` (`''`: the root). */
export function suggestKey(table: string, name: string): string {
  const here = namesIn(table);
  const elsewhere = keys.find(({ path }) => path.split('.').at(-1) === name);
  if (elsewhere !== undefined) return `did you mean ${elsewhere.path}?`;
  const near = nearest(name, here);
  if (near !== undefined) return `did you mean ${table === '' ? '' : `${table}.`}${near}?`;
  return `known here: ${here.join(', ')}`;
}

/** The candidate that is fewest edits away from `word`, or undefined where none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > MAX_COMPARED) return undefined;
  let best: string | undefined;
  let bestEdits = Math.min(3, Math.ceil(word.length * 0.4)) + 1;
  for (const candidate of candidates) {
    const edits = editsBetween(word.toLowerCase(), candidate.toLowerCase());
    if (edits < bestEdits) [best, bestEdits] = [candidate, edits];
  }
  return best;
}

/** Levenshtein distance. */
function editsBetween(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (one[row - 1] === other[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    above = current;
  }
  return above[other.length] ?? 0;
}
