/**
 * One line for Nagios, Icinga and their like, by the guidelines for plugins: what is the matter, then figures for graphs.
 *
 * All targets of a run are one service. Of findings that count (--fail-on) critical ones are CRITICAL, and the others
 * WARNING; what counts and could not be tested is UNKNOWN. The line is made of our own words, names and addresses alone, in
 * characters that no shell and no page heeds: both put it into commands and pages.
 */
import type { CheckReport } from '../../../events/check-report.ts';
import { lateBelow } from '../../../findings/rules/cert-dates.ts';
import type { ReportedFinding } from '../words.ts';
import type { Ending, FormatTerms, ReportFormat } from './format.ts';
import { harmless } from './nagios-text.ts';
import { headline, nameOf, type Told, toldOf, weightOf } from './told.ts';

const states = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;
type State = (typeof states)[number];

/** Names in the line of each kind; figures count all. */
const FEW = 5;
const MOST_LINES = 100;
const DAY_MS = 86_400_000;

interface Seen {
  readonly reports: Map<State, { count: number; names: string[] }>;
  /** Of the only report; '' where there are several. */
  single: string;
  count: number;
  readonly findings: Map<string, number>;
  earliest: Certificate | undefined;
  /** From the first beginning to the last end, milliseconds since 1970. */
  from: number;
  until: number;
  readonly lines: string[];
  left: number;
}

interface Certificate {
  /** Milliseconds. */
  readonly left: number;
  readonly lifetime: number;
}

export function nagiosFormat({ failOn, details }: FormatTerms): ReportFormat {
  const seen: Seen = {
    reports: new Map(),
    single: '',
    count: 0,
    findings: new Map(),
    earliest: undefined,
    from: Infinity,
    until: -Infinity,
    lines: [],
    left: 0,
  };
  return {
    begin: '',
    add: (report) => {
      const told = toldOf(report);
      const state = stateOf(told, failOn);
      const kind = seen.reports.get(state) ?? { count: 0, names: [] };
      kind.count += 1;
      if (kind.names.length < FEW) kind.names.push(report.target);
      seen.reports.set(state, kind);
      seen.count += 1;
      seen.single = seen.count === 1 ? singleText(report, told, failOn) : '';
      const began = Date.parse(report.startedAt);
      seen.from = Math.min(seen.from, began);
      seen.until = Math.max(seen.until, began + report.durationMs);
      seen.earliest = earlier(seen.earliest, earliestOf(report));
      for (const { finding } of told) {
        const key = figureOf(finding);
        if (key !== undefined) seen.findings.set(key, (seen.findings.get(key) ?? 0) + 1);
      }
      if (details) keepLines(seen, report, told);
      return '';
    },
    end: (ending) => allText(seen, ending),
  };
}

function stateOf(told: readonly Told[], failOn: FormatTerms['failOn']): State {
  const counting = told.filter((one) => weightOf(one, failOn) === 'counts');
  if (counting.some(({ finding }) => finding.severity === 'critical')) return 'CRITICAL';
  if (counting.length > 0) return 'WARNING';
  return told.some((one) => weightOf(one, failOn) === 'open') ? 'UNKNOWN' : 'OK';
}

function singleText(report: CheckReport, told: readonly Told[], failOn: FormatTerms['failOn']): string {
  const idsOf = (weight: string): string => {
    const ids = [
      ...new Set(told.flatMap((one) => (weightOf(one, failOn) === weight ? [one.finding.id] : []))),
    ];
    const more = ids.length > FEW ? ` and ${ids.length - FEW} more` : '';
    return `${ids.slice(0, FEW).join(', ')}${more}`;
  };
  const [wrong, open] = [idsOf('counts'), idsOf('open')];
  return [
    `${report.target}: ${report.verdict.text}`,
    ...(wrong === '' ? [] : [`to fix: ${wrong}`]),
    ...(open === '' ? [] : [`not tested: ${open}`]),
  ].join(', ');
}

/** By severity what is wrong, and by itself what could not be tested. */
function figureOf({ state, severity }: ReportedFinding): string | undefined {
  if (state === 'pass') return undefined;
  return state === 'not-tested' ? 'not_tested' : severity;
}

function keepLines(seen: Seen, report: CheckReport, told: readonly Told[]): void {
  for (const one of told) {
    if (one.finding.state === 'pass') continue;
    if (seen.lines.length >= MOST_LINES) seen.left += 1;
    else seen.lines.push(harmless(`${report.target}: ${nameOf(one)}: ${headline(one.finding)}`));
  }
}

function allText(seen: Seen, ending: Ending): string {
  const word = states[ending.exitCode] ?? 'UNKNOWN';
  const told = seen.count === 1 ? [seen.single] : [severalText(seen)];
  const trouble = ending.complaints.length === 0 ? [] : [ending.complaints[0] ?? ''];
  const text = harmless([...trouble, ...told].join(', '));
  const more = seen.left === 0 ? [] : [`and ${seen.left} more`];
  return `${[`WAXWING ${word} - ${text} | ${figures(seen)}`, ...seen.lines, ...more].join('\n')}\n`;
}

const wordsOfStates: readonly (readonly [State, string])[] = [
  ['CRITICAL', 'critical'],
  ['WARNING', 'with warnings'],
  ['UNKNOWN', 'not tested'],
  ['OK', 'fine'],
];

function severalText({ count, reports }: Seen): string {
  const each = wordsOfStates.flatMap(([state, word]) => {
    const kind = reports.get(state);
    if (kind === undefined) return [];
    const more = kind.count > kind.names.length ? ' and others' : '';
    return [`${kind.count} ${word}${state === 'OK' ? '' : ` (${kind.names.join(', ')}${more})`}`];
  });
  return `${count} targets${each.length === 0 ? '' : `: ${each.join(', ')}`}`;
}

/** `'label'=value[UOM];[warn];[crit];[min];[max]`: a range `7:` is left, and so an alarm, below 7. */
function figures({ earliest, findings, from, until, count }: Seen): string {
  const days = (ms: number): string => (ms / DAY_MS).toFixed(1);
  const counts = ['critical', 'high', 'medium', 'low', 'info', 'not_tested'];
  return [
    earliest === undefined
      ? 'days=U'
      : `days=${days(earliest.left)};${days(lateBelow(earliest.lifetime))}:;0:`,
    `time=${(Math.max(0, until - from) / 1000).toFixed(3)}s;;;0`,
    `targets=${count};;;0`,
    ...counts.map((key) => `${key}=${findings.get(key) ?? 0};;;0`),
  ].join(' ');
}

/** The certificate that ends first, as seen at the moment of the check. */
function earliestOf({ hosts, startedAt }: CheckReport): Certificate | undefined {
  const now = Date.parse(startedAt);
  const all = hosts.flatMap(({ endpoints }) =>
    endpoints.flatMap(({ tls }): readonly Certificate[] => {
      const certificate = tls?.certificate;
      if (certificate === undefined || certificate === null) return [];
      const [from, until] = [Date.parse(certificate.notBefore), Date.parse(certificate.notAfter)];
      return [{ left: until - now, lifetime: until - from }];
    }),
  );
  return all.reduce<Certificate | undefined>(earlier, undefined);
}

function earlier(one: Certificate | undefined, other: Certificate | undefined): Certificate | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.left < one.left ? other : one;
}
