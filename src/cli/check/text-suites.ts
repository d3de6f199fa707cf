/** Every suite that a server takes, version by version, where they were listed. */
import type { SuitesOfVersion } from '../../findings/hello-seen.ts';
import { showVersion } from '../../findings/hello-words.ts';
import type { Observation } from '../../findings/observation.ts';
import { type SuiteClass, suiteName, suites } from '../../tls/hello/suites.ts';
import type { Look } from '../terminal.ts';
import { labelled, titled, verbatim } from './page.ts';

/** A block for each door. */
export function suiteBlocks(
  observations: readonly Observation[],
  look: Look,
): readonly (readonly string[])[] {
  return observations.flatMap(({ endpoint: { address, port }, probes }) => {
    const listed = probes.hello?.suites;
    if (listed === undefined) return [];
    const { connections, versions } = listed;
    const found = `of ${address} port ${port}, listed by ${connections} connections beside the others`;
    return [
      [
        ...titled('suites', ` ${found}${versions.length === 0 ? ': none' : ':'}`, look),
        ...versions.toReversed().flatMap((version) => versionLines(version, look)),
      ],
    ];
  });
}

function versionLines(one: SuitesOfVersion, look: Look): readonly string[] {
  return [
    ...labelled(
      '',
      `${showVersion(one.version)}: ${one.suites.length}${orderOf(one)}${restOf(one)}`,
      look,
      '  ',
    ),
    ...one.suites.map((code) => verbatim(`${suiteName(code)}${remarkOn(code)}`, look, '    ')),
  ];
}

function orderOf({ ownOrder }: SuitesOfVersion): string {
  if (ownOrder === null) return '';
  return ownOrder ? ', in the order of the server' : '; the server follows the order of the client';
}

function restOf({ unfinished }: SuitesOfVersion): string {
  return unfinished === null ? '' : `; not to the end: ${unfinished}`;
}

/** What is to be said against a suite; what only says how it works is left out. */
const against: ReadonlySet<SuiteClass> = new Set([
  'null',
  'anon',
  'export',
  'rc2',
  'rc4',
  'des',
  '3des',
  'idea',
  'cbc',
  'ccm8',
  'no-fs',
]);

function remarkOn(code: number): string {
  const classes = [...(suites.get(code)?.classes ?? [])].filter((name) => against.has(name));
  return classes.length === 0 ? '' : ` (${classes.join(', ')})`;
}
