/** Which level a choice has, by the table of a profile. */
import { type Level, type LevelTable, levels } from './profile.ts';

/** The best level at which the choice stands; `insufficient` where it stands nowhere. */
export function levelOf(choice: string, table: LevelTable): Level {
  return levels.find((level) => table[level]?.some((pattern) => fits(choice, pattern))) ?? 'insufficient';
}

/** Whether one is worse than the other. */
export function isWorse(one: Level, other: Level): boolean {
  return levels.indexOf(one) > levels.indexOf(other);
}

/** The worst of them. @returns undefined where there is none. */
export function worstLevel(all: readonly Level[]): Level | undefined {
  return levels.findLast((level) => all.includes(level));
}

/** `RSA>=3072`, or a name in which `*` stands for any characters; letters of either case are the same. */
export function fits(choice: string, pattern: string): boolean {
  const sized = /^([^>=]+)>=(\d{1,6})$/.exec(pattern);
  if (sized === null) return fitsGlob(choice.toLowerCase(), pattern.toLowerCase());
  const [, kind = '', least = ''] = sized;
  const found = /^(.+) (\d{1,6})$/.exec(choice);
  return found?.[1]?.toLowerCase() === kind.toLowerCase() && Number(found[2]) >= Number(least);
}

/** Without going back further than to the last `*`, so that no pattern takes long. */
function fitsGlob(text: string, pattern: string): boolean {
  let [at, next] = [0, 0];
  let star = -1;
  let from = 0;
  while (at < text.length) {
    if (pattern[next] === '*') {
      star = next;
      from = at;
      next += 1;
    } else if (pattern[next] === text[at]) {
      at += 1;
      next += 1;
    } else if (star >= 0) {
      from += 1;
      at = from;
      next = star + 1;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(next));
}
