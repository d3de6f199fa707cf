/** The profile that --profile names: one that comes with the program, or a file in TOML or JSON. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { z } from 'zod';
import { builtInNamed, builtInNames } from '../../findings/profiles/built-in.ts';
import type { Profile } from '../../findings/profiles/profile.ts';
import { type Parsed, quote } from '../../names/domain.ts';
import { describeError } from '../config/describe-error.ts';
import { explain } from '../config/load.ts';
import { nearest } from '../config/suggest.ts';
import { readText } from '../config/text-file.ts';
import { parseToml } from '../config/toml.ts';
import { joinPath, parentPath } from '../config/tree.ts';
import { faultsBeside } from './profile-again.ts';
import { mergeProfile } from './profile-merge.ts';
import { profileFileSchema } from './profile-schema.ts';

/** What is written, and where each of its keys stands. */
interface Written {
  readonly tree: unknown;
  readonly lines: ReadonlyMap<string, number>;
}

/** @returns in `because` everything that is wrong with a file, one line each, as errors are told. */
export async function loadProfile(name: string): Promise<Parsed<Profile>> {
  const known = builtInNamed(name);
  if (known !== undefined) return { kind: 'ok', value: known };
  if (!/[./\\]/.test(name) && !existsSync(name)) return unknown(name);
  const text = await readText(name);
  if (text.kind === 'invalid') return invalid([`${name}: ${text.because}`]);
  const written = /\.json$/i.test(name) ? readJson(name, text.value) : readTomlText(name, text.value);
  return written.kind === 'ok' ? profileOf(name, written.value) : written;
}

/** What --profile means, in words: of a file also by what is in it, which may change. */
export function profileWords(name: string, profile: Profile): string {
  if (builtInNamed(name) !== undefined) return name;
  return `${name} (SHA-256 ${createHash('sha256').update(JSON.stringify(profile)).digest('hex')})`;
}

function unknown(name: string): Parsed<Profile> {
  const near = nearest(name, builtInNames);
  const instead = near === undefined ? `there are ${builtInNames.join(', ')}` : `did you mean ${near}?`;
  return invalid([`--profile ${quote(name)} is no profile, and no file; ${instead}`]);
}

function readJson(name: string, text: string): Parsed<Written> {
  try {
    const tree: unknown = JSON.parse(text);
    return { kind: 'ok', value: { tree, lines: new Map() } };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return invalid([`${name}: it is no JSON`]);
  }
}

function readTomlText(name: string, text: string): Parsed<Written> {
  const read = parseToml(text);
  if (read.kind === 'ok') return { kind: 'ok', value: read };
  if (read.kind === 'absent') return invalid([`${name}: there is nothing in it`]);
  return invalid([`${name}${read.line === undefined ? '' : `:${read.line}`}: ${read.because}`]);
}

function profileOf(name: string, { tree, lines }: Written): Parsed<Profile> {
  const tell = (path: readonly PropertyKey[], message: string): string => {
    const place = path.reduce<string>(joinPath, '');
    return describeError({ origin: originOf(name, place, lines), path: place, message });
  };
  const parsed = profileFileSchema.safeParse(tree, { error: explain });
  if (!parsed.success) {
    const further = faultsBeside(tree, parsed.error.issues);
    return invalid([
      ...parsed.error.issues.flatMap((issue) => told(issue, tell)),
      ...further.map(({ path, message }) => tell(path, message)),
    ]);
  }
  const { profile, faults } = mergeProfile(parsed.data);
  return faults.length === 0
    ? { kind: 'ok', value: profile }
    : invalid(faults.map(({ path, message }) => tell(path, message)));
}

/** `FILE:LINE` of the key, or of the closest table that stands somewhere. */
function originOf(name: string, place: string, lines: ReadonlyMap<string, number>): string {
  for (let at = place; at !== ''; at = parentPath(at)) {
    const line = lines.get(at);
    if (line !== undefined) return `${name}:${line}`;
  }
  return name;
}

function told(
  issue: z.core.$ZodIssue,
  tell: (path: readonly PropertyKey[], message: string) => string,
): readonly string[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => tell([...issue.path, key], 'is not a key'));
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => tell(issue.path, message));
  return [tell(issue.path, issue.message)];
}

/** Each in a line of its own, as the first one is told behind "error: ". */
function invalid(errors: readonly string[]): { readonly kind: 'invalid'; readonly because: string } {
  return { kind: 'invalid', because: errors.join('\nerror: ') };
}
