/** The tables of docs/zoo.md: what provokes each check, what clears it, and what is checked nowhere. */
import { join } from 'node:path';
import { checkIds } from '../../src/findings/catalogue.ts';
import { checkedDomains } from './domains.ts';
import { looksAt, type Outcome, type Part, parts, readExpected } from './expected.ts';
import { hostileCases } from './hostile.ts';
import { type Elsewhere, notHere } from './not-here.ts';
import { setUps } from './servers.ts';
import { unchecked } from './unchecked.ts';

export const pageFile = join(import.meta.dirname, '..', '..', 'docs', 'zoo.md');

/** Where a check is provoked, and where it is cleared. */
export interface Shown {
  readonly id: string;
  /** `fail high`: name of the inhabitant. */
  readonly provokedBy: readonly string[];
  readonly clearedBy: readonly string[];
  /** Why it cannot be provoked, or cleared, here. */
  readonly elsewhere: Elsewhere | undefined;
}

/** Of each id, all that provoke and clear it, in the order of the catalogue. */
export function shownIds(): readonly Shown[] {
  const all = parts.flatMap((part) =>
    Object.entries(readExpected(part)).map(([name, outcome]) => ({ name: labelOf(part, name), ...outcome })),
  );
  return checkIds.map((id) => ({
    id,
    provokedBy: all.filter(({ finds }) => finds.some((line) => isProblem(line, id))).map(({ name }) => name),
    clearedBy: whereCleared(id, all),
    elsewhere: notHere[id],
  }));
}

/** Where all is in order: what says nothing where all is well is cleared by saying nothing here. */
const quiet: readonly (readonly [Part, string])[] = [
  ['hostile', 'hostile: both-families'],
  ['servers', 'dovecot-imap-usual-ports'],
  ['domains', 'hardened.test'],
];

function whereCleared(id: string, all: readonly (Outcome & { readonly name: string })[]): readonly string[] {
  const isFound = ({ finds }: Outcome): boolean => finds.some((line) => line.startsWith(`${id} `));
  const passing = all.filter((one) => one.passes.includes(id));
  if (passing.length > 0) return passing.filter((one) => !isFound(one)).map(({ name }) => name);
  if (notHere[id]?.cleared !== undefined) return [];
  return quiet
    .filter(([part, wanted]) => looksAt(part, id) && all.some((one) => one.name === wanted && !isFound(one)))
    .map(([, name]) => `silent: ${name}`)
    .slice(0, 1);
}

/** `not-tested` is the whole of what some checks can say: that nothing could be looked at. */
function isProblem(line: string, id: string): boolean {
  const [found, state] = line.split(' ');
  return found === id && (state !== 'not-tested' || id.startsWith('conn.') || id.endsWith('.servfail'));
}

function labelOf(part: Part, name: string): string {
  return part === 'hostile' ? `hostile: ${name}` : name;
}

const MOST_NAMES = 3;

function few(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return [heads, heads.map(() => '---'), ...rows].map(line).join('');
}

export function zooPage(): string {
  const shown = shownIds();
  const inhabitants = [
    ...setUps.map(({ name, protocol, shows }) => [name, protocol, shows]),
    ...hostileCases.map(({ name, protocol, shows }) => [`hostile: ${name}`, protocol, shows]),
    ...checkedDomains.map(({ name, shows }) => [name, 'domain', shows]),
  ];
  return `# The zoo

Servers and domains that are set up wrong, and what [\`waxwing check\`](check.md) finds of them: ${setUps.length} set-ups of
real servers ([test/zoo/servers](../test/zoo/servers)), ${hostileCases.length} servers of ours that behave as no real program
does ([test/zoo/hostile](../test/zoo/hostile)), ${checkedDomains.length} domains of the lab ([test/lab/zones](../test/lab/zones)).
What is found of each stands word for word in [test/zoo/expected](../test/zoo/expected); the tests visit all of them and
compare. This page is made from that by \`node_modules/.bin/node test/zoo/run.ts page\`.

## Each check: what provokes it, what clears it

Provoked: \`fail\`, \`warn\` or \`absent\`; of connections, which are tested or not, \`not-tested\` too. Cleared: \`pass\`, or,
of what has nothing to say where all is well, silence.

${table(
  ['id', 'provoked by', 'cleared by'],
  shown.map(({ id, provokedBy, clearedBy, elsewhere }) => [
    `\`${id}\``,
    few(provokedBy) || `– ${elsewhere?.provoked ?? ''}`,
    few(clearedBy) || `– ${elsewhere?.cleared ?? ''}`,
  ]),
)}
## What is not checked

${table(
  ['id', 'why not'],
  unchecked.flatMap(({ ids, reason }) => ids.map((id) => [`\`${id}\``, reason])),
)}
## Who lives here

${table(['name', 'protocol', 'what is the matter'], inhabitants)}`;
}
