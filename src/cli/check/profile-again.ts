/** What is wrong with a profile beside what its form does not allow, so that all of it is told at once. */
import type { z } from 'zod';
import type { MergeFault } from './profile-faults.ts';
import { mergeProfile } from './profile-merge.ts';
import { profileFileSchema } from './profile-schema.ts';

type Path = readonly PropertyKey[];

/** Stands for a name that cannot be used. */
const UNNAMED = 'unnamed';

/**
 * Without what is wrong the rest is a profile again, of which it can be said what is wrong otherwise. What may only come of
 * something that was left out is not told.
 *
 * @param tree as it was read. @param issues of the schema.
 */
export function faultsBeside(tree: unknown, issues: readonly z.core.$ZodIssue[]): readonly MergeFault[] {
  const wrong = issues.flatMap(leftOut);
  // Without knowing what is extended nothing is known of what is changed.
  if (wrong.some(([first]) => first === undefined || first === 'extends')) return [];
  const rest = profileFileSchema.safeParse(without(tree, wrong.map(keyOf), []));
  if (!rest.success) return [];
  const ids = new Set(issues.filter(({ code }) => code !== 'unrecognized_keys').flatMap(requirementOf));
  return mergeProfile(rest.data).faults.filter(
    ({ path: [table, id] }) => !(table === 'requirements' && ids.has(String(id))),
  );
}

/** What has to go for the rest to be a profile: a key that is none by itself, all else with what it belongs to. */
function leftOut(issue: z.core.$ZodIssue): readonly Path[] {
  if (issue.code !== 'unrecognized_keys') return [whole(issue.path)];
  const isInList = issue.path.some((key) => typeof key === 'number');
  return isInList ? [whole(issue.path)] : issue.keys.map((key) => [...issue.path, key]);
}

function requirementOf({ path: [table, id] }: z.core.$ZodIssue): readonly string[] {
  return table === 'requirements' && id !== undefined ? [String(id)] : [];
}

/** The key that is left out for something within it: of a requirement, of the severities, of the file. */
function whole(path: Path): Path {
  return path.slice(0, path[0] === 'requirements' ? 3 : path[0] === 'findings' ? 2 : 1);
}

function keyOf(path: Path): string {
  return JSON.stringify(path.map(String));
}

function without(tree: unknown, wrong: readonly string[], at: Path): unknown {
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) return tree;
  const kept = Object.entries(tree)
    .map(([key, value]) => [key, value, [...at, key]] as const)
    .filter(([, , path]) => !wrong.includes(keyOf(path)))
    .map(([key, value, path]) => [key, without(value, wrong, path)] as const);
  const name = at.length === 0 && wrong.includes(keyOf(['name'])) ? { name: UNNAMED } : {};
  return { ...Object.fromEntries(kept), ...name };
}
