/**
 * Results for code scanning and viewers, SARIF 2.1.0 (OASIS): a run whose results are written as they come.
 *
 * What was not tested has the kind `open`, "insufficient information to decide whether a problem exists" (§3.27.9), and so the
 * level `none` (§3.27.10). Services that know no kinds, GitHub's among them, show it like everything else: so an alert stays
 * open that could not be looked at, instead of counting as mended. For the same reason what passes is told with details only.
 */
import { createHash } from 'node:crypto';
import type { CheckReport } from '../../../events/check-report.ts';
import { isProblem } from '../repairs.ts';
import type { ListPlace } from '../targets.ts';
import type { ReportedFinding } from '../words.ts';
import type { Ending, FormatTerms, ReportFormat } from './format.ts';
import { levels, ruleOf, scores } from './sarif-rules.ts';
import { headline, placeWords, printable, repairTexts, type Told, toldOf, weightOf } from './told.ts';

const HEAD = {
  $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
  version: '2.1.0',
} as const;

export function sarifFormat(terms: FormatTerms): ReportFormat {
  /** By id in the order of their rules, each at its index. */
  const rules = new Map<string, { readonly index: number; readonly title: string }>();
  let isFirst = true;
  const separator = (): string => {
    const text = isFirst ? '\n' : ',\n';
    isFirst = false;
    return text;
  };
  const indexOf = ({ id, title }: ReportedFinding): number => {
    const rule = rules.get(id) ?? { index: rules.size, title };
    rules.set(id, rule);
    return rule.index;
  };
  return {
    begin: `${JSON.stringify(HEAD).slice(0, -1)},"runs":[{"columnKind":"utf16CodeUnits","results":[`,
    add: (report, place) =>
      toldOf(report)
        .filter((one) => isTold(one, terms))
        .map((told) => {
          const result = resultOf(told, indexOf(told.finding), report, place);
          return `${separator()}${JSON.stringify(result)}`;
        })
        .join(''),
    end: (ending) => {
      const driver = {
        name: 'Waxwing',
        version: terms.version,
        semanticVersion: terms.version,
        rules: [...rules].map(([id, { title }]) => ruleOf(id, title)),
      };
      const rest = { tool: { driver }, invocations: [invocationOf(ending)] };
      return `\n],${JSON.stringify(rest).slice(1, -1)}}]}\n`;
    },
  };
}

/** What is to be done, and what counts and could not be looked at. */
function isTold(one: Told, { failOn, details }: FormatTerms): boolean {
  if (details) return true;
  const { finding } = one;
  const weight = weightOf(one, failOn);
  return (
    weight === 'counts' ||
    weight === 'open' ||
    (weight === 'minor' && isProblem(finding) && finding.severity !== 'info')
  );
}

function resultOf(
  { finding, at }: Told,
  ruleIndex: number,
  report: CheckReport,
  place: ListPlace | null,
): unknown {
  const { id, state, severity, evidence, reference, retryAt } = finding;
  const fix = repairTexts(finding);
  return {
    ruleId: id,
    ruleIndex,
    kind: kindOf(finding),
    level: kindOf(finding) === 'fail' ? levels[severity] : 'none',
    message: { text: unlinked(messageOf(finding, report, at, fix)) },
    locations: [locationOf(finding, report, place)],
    partialFingerprints: fingerprintsOf(finding, report, at),
    properties: {
      'security-severity': scores[severity],
      target: printable(report.target),
      state,
      severity,
      evidence: evidence.map(printable),
      fix,
      reference: printable(reference),
      ...(at === null ? {} : { at }),
      ...(retryAt === null ? {} : { retryAt }),
    },
  };
}

function kindOf(finding: ReportedFinding): 'pass' | 'open' | 'informational' | 'fail' {
  if (finding.state === 'pass') return 'pass';
  if (finding.state === 'not-tested') return 'open';
  // What may be had, and nobody suffers where it is not.
  return finding.severity === 'info' ? 'informational' : 'fail';
}

function messageOf(
  finding: ReportedFinding,
  { target }: CheckReport,
  at: string | null,
  fix: readonly string[],
): string {
  const place = placeWords(finding.scope);
  const where = place === '' || place === target ? '' : `, at ${place}`;
  const when = at === null ? '' : `, if nothing is renewed until ${at.slice(0, 10)}`;
  return [
    `${printable(target)}${where}${when}: ${headline(finding)}`,
    printable(finding.why),
    ...(fix.length === 0 ? [] : [`To fix:\n${fix.join('\n')}`]),
    `See ${printable(finding.reference)}.`,
  ].join('\n');
}

/** §3.11.6: text in brackets before text in parentheses is a link, and what servers say makes none. */
function unlinked(text: string): string {
  return text.replaceAll('](', '] (');
}

function locationOf({ scope }: ReportedFinding, { target }: CheckReport, place: ListPlace | null): unknown {
  const words = placeWords(scope);
  const name = printable(target);
  return {
    ...(place === null
      ? {}
      : {
          physicalLocation: {
            artifactLocation: { uri: uriOf(place.file) },
            region: { startLine: place.line },
          },
        }),
    logicalLocations: [
      {
        name: words === '' ? name : words,
        fullyQualifiedName: words === '' || words === name ? name : `${name}/${words}`,
        kind: 'resource',
      },
    ],
  };
}

/** A path as RFC 3986 has it; relative ones stay so, as they are looked for in a checkout. */
function uriOf(path: string): string {
  const encoded = path
    .replace(/^(?:\.\/+)+/, '')
    .split('/')
    .map((part) => encodeURIComponent(part.toWellFormed()))
    .join('/');
  return path.startsWith('/') ? `file://${encoded}` : encoded;
}

/**
 * The same as long as check and place are, wherever in the list the target stands: so that alerts last. GitHub looks at
 * `primaryLocationLineHash` alone, and would else make one from the line, which all findings of a target have in common.
 */
function fingerprintsOf(
  { id, scope: { domain, host, address, port } }: ReportedFinding,
  { target }: CheckReport,
  at: string | null,
): Readonly<Record<string, string>> {
  const identity = JSON.stringify([id, target, domain, host, address, port, at === null ? 'now' : 'then']);
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 32);
  return { 'waxwingFinding/v1': hash, primaryLocationLineHash: `${hash}:1` };
}

function invocationOf({ exitCode, meaning, complaints }: Ending): unknown {
  return {
    executionSuccessful: exitCode === 0 || exitCode === 1 || exitCode === 3,
    exitCode,
    ...(meaning === '' ? {} : { exitCodeDescription: meaning }),
    toolExecutionNotifications: complaints.map((text) => ({
      level: 'error',
      message: { text: unlinked(printable(text)) },
    })),
  };
}
