/** The last section of docs/check.md: what each profile demands, out of its data. */
import { checkIds } from '../../src/findings/catalogue.ts';
import {
  type FactName,
  isMeant,
  type Level,
  type LevelsTest,
  levels,
  type Profile,
  type Requirement,
  type SimpleTest,
} from '../../src/findings/profiles/profile.ts';

/** The heading at which it begins; it goes to the end of the page. */
export const HEADING = '## What each profile demands\n';

const head = `${HEADING}
Made from the data in [src/findings/profiles](../src/findings/profiles) by
\`node_modules/.bin/node test/findings/run.ts --write\`; a test says when it is out of date. "Place not confirmed" stands
where nothing was found that says in which clause the source has it; what of a source was read stands above each table.
`;

/** The page with this section renewed. */
export function withProfiles(page: string, profiles: readonly Profile[]): string {
  const at = page.indexOf(HEADING);
  const before = at === -1 ? `${page.trimEnd()}\n\n` : page.slice(0, at);
  return `${before}${[head, ...profiles.map(profileText)].join('\n')}`;
}

function profileText(profile: Profile): string {
  const { name, title, sources, requirements, others } = profile;
  return [
    `### ${name}\n`,
    `${sentence(title)}${others === 'count' ? '' : ' Other findings than those named below do not count for the exit code.'}\n`,
    ...(sources.length === 0
      ? []
      : [...sources.map((one) => `- ${one.title} (${one.edition}). ${one.read}`), '']),
    ...(requirements.length === 0 ? [] : [tableOf(requirements)]),
    ...requirements.flatMap(({ id, test }) => (test.kind === 'levels' ? [levelsOf(id, test)] : [])),
    ...severitiesOf(profile),
  ].join('\n');
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

function tableOf(requirements: readonly Requirement[]): string {
  const rows = requirements.map((one) => {
    const { id, title, clause, severity, unconfirmed } = one;
    const place = unconfirmed === true ? `${clause} (place not confirmed)` : clause;
    return `| \`${id}\` | ${title} | ${place} | ${severity} | ${looksAt(one)} |`;
  });
  const heading = '| requirement | what has to hold | where it says so | severity | looks at |';
  return [heading, '|---|---|---|---|---|', ...rows, ''].join('\n');
}

const facts: Readonly<Record<FactName, string>> = {
  'mail-hosts': 'addresses of each MX host',
  'mx-signed': 'proof of the MX records',
  'hosts-signed': 'proof of the addresses of each host',
  starttls: 'each address',
  'tls-1.2': 'each address',
  'web-pki': 'each address, both kinds of keys',
  tlsa: 'TLSA records of each host',
  'tlsa-match': 'each address, both kinds of keys',
  'dmarc-reject': 'the DMARC record that holds',
  'dmarc-reports': 'the DMARC record that holds',
};

function looksAt({ test }: Requirement): string {
  if (!('of' in test)) return simpleText(test);
  return test.of.map(simpleText).join(test.kind === 'any' ? '; or ' : '; ');
}

function simpleText(test: SimpleTest): string {
  switch (test.kind) {
    case 'fact':
      return `${facts[test.fact]} (\`${test.fact}\`)`;
    case 'levels': {
      const least = `\`${test.facet}\` at each address, at least ${test.least}`;
      const isGraded = test.table['phase-out'] !== undefined;
      return isGraded ? `${least}; ${test.phaseOut} where nothing is worse than phase-out` : least;
    }
    case 'outside':
      return `nothing: ${test.because}`;
    case 'findings': {
      const isThere = (part: string): boolean => checkIds.some((id) => isMeant(id, part));
      const missing = test.ids.filter((part) => !isThere(part));
      const except = test.except === undefined ? '' : `, but not ${named(test.except)}`;
      const later = missing.length === 0 ? '' : ` (not tested yet: ${named(missing)})`;
      return `${named(test.ids)}${except}${later}`;
    }
  }
}

function named(ids: readonly string[]): string {
  return ids.map((id) => `\`${id}\``).join(', ');
}

function levelsOf(id: string, { table }: LevelsTest): string {
  const cells = (level: Level): string => (table[level] ?? []).map((one) => `\`${one}\``).join(' ');
  const rows = levels.filter((level) => cells(level) !== '').map((level) => `| ${level} | ${cells(level)} |`);
  return [`| \`${id}\` | |`, '|---|---|', ...rows, '| insufficient | all else |', ''].join('\n');
}

function severitiesOf({ severities }: Profile): readonly string[] {
  const all = Object.entries(severities).map(([id, severity]) => `\`${id}\` ${severity}`);
  return all.length === 0 ? [] : [`Findings: ${all.join(', ')}.\n`];
}
