/** Every suite that a server takes, version by version, where they were listed: as the report has it, and in words. */
import type { CheckReport } from '../../events/check-report.ts';
import type { SuitesSeen } from '../../findings/hello-seen.ts';
import { showVersion } from '../../findings/hello-words.ts';
import { type SuiteClass, suiteName, suites } from '../../tls/hello/suites.ts';
import { counted } from './words.ts';

type Endpoint = CheckReport['hosts'][number]['endpoints'][number];
type ReportedSuites = NonNullable<Endpoint['suites']>;
type OfVersion = ReportedSuites['versions'][number];

export function suitesOf({ connections, versions }: SuitesSeen): ReportedSuites {
  return {
    connections,
    versions: versions.toReversed().map(({ version, suites: taken, ownOrder, unfinished }) => ({
      version: showVersion(version),
      suites: taken.map((code) => ({
        code: `0x${code.toString(16).toUpperCase().padStart(4, '0')}`,
        name: suiteName(code),
        against: [...(suites.get(code)?.classes ?? [])].filter((name) => against.has(name)),
      })),
      ownOrder,
      unfinished,
    })),
  };
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

/** The list of one server, in words for people. */
export interface SuiteList {
  /** Where, and what it took: `of 192.0.2.1 port 25, listed by 42 connections beside the others`. */
  readonly place: string;
  readonly versions: readonly {
    /** `TLSv1.2: 2; the server follows the order of the client` */
    readonly title: string;
    /** Each with what is to be said against it. */
    readonly lines: readonly string[];
  }[];
}

/** One for each door of which they were listed. */
export function suiteListsOf({ hosts }: Pick<CheckReport, 'hosts'>): readonly SuiteList[] {
  return hosts.flatMap(({ endpoints }) => endpoints.flatMap((one) => listOf(one) ?? []));
}

function listOf({ address, port, suites: listed }: Endpoint): SuiteList | undefined {
  if (listed === undefined) return undefined;
  const { connections, versions } = listed;
  return {
    place: `of ${address} port ${port}, listed by ${counted(connections, 'connection')} beside the others`,
    versions: versions.map((one) => ({
      title: `${one.version}: ${one.suites.length}${orderOf(one)}${restOf(one)}`,
      lines: one.suites.map(({ name, against: classes }) =>
        classes.length === 0 ? name : `${name} (${classes.join(', ')})`,
      ),
    })),
  };
}

function orderOf({ ownOrder }: OfVersion): string {
  if (ownOrder === null) return '';
  return ownOrder ? ', in the order of the server' : '; the server follows the order of the client';
}

function restOf({ unfinished }: OfVersion): string {
  return unfinished === null ? '' : `; not to the end: ${unfinished}`;
}
