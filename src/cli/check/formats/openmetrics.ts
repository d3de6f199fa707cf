/**
 * Figures for Prometheus and its like, OpenMetrics 1.0.
 *
 * Gauges only, and no timestamps: so the same text is good for the older format, which is all that the textfile collector of
 * node_exporter reads.
 */
import type { CheckReport } from '../../../events/check-report.ts';
import type { Ending, FormatTerms, ReportFormat } from './format.ts';
import { type Family, families, type Sample, samplesOf } from './openmetrics-samples.ts';
import { toldOf, weightOf } from './told.ts';

/** Targets with series of their own, some forty each; others are counted. */
export const MOST_TARGETS = 1_000;

interface Counts {
  readonly verdicts: Map<string, number>;
  problems: number;
  untested: number;
  all: number;
}

export function openmetricsFormat({ failOn }: FormatTerms): ReportFormat {
  /** A target that is named twice has its last result: no series may be there twice. */
  const byTarget = new Map<string, readonly Sample[]>();
  const counts: Counts = { verdicts: new Map(), problems: 0, untested: 0, all: 0 };
  let leftOut = 0;
  return {
    begin: '',
    add: (report: CheckReport) => {
      const weights = new Set(toldOf(report).map((one) => weightOf(one, failOn)));
      const { kind } = report.verdict;
      counts.all += 1;
      counts.problems += Number(weights.has('counts'));
      counts.untested += Number(weights.has('open'));
      counts.verdicts.set(kind, (counts.verdicts.get(kind) ?? 0) + 1);
      if (byTarget.has(report.target) || byTarget.size < MOST_TARGETS)
        byTarget.set(report.target, samplesOf(report, weights));
      else leftOut += 1;
      return '';
    },
    end: (ending) => {
      const samples = [...[...byTarget.values()].flat(), ...totalsOf(counts, leftOut, ending)];
      const byFamily = Map.groupBy(samples, ({ name }) => name);
      return `${families.map((family) => familyText(family, byFamily.get(family.name) ?? [])).join('')}# EOF\n`;
    },
  };
}

function totalsOf(counts: Counts, leftOut: number, { exitCode }: Ending): readonly Sample[] {
  return [
    { name: 'starttls_results', labels: {}, value: counts.all },
    { name: 'starttls_results_with_problems', labels: {}, value: counts.problems },
    { name: 'starttls_results_untested', labels: {}, value: counts.untested },
    { name: 'starttls_results_left_out', labels: {}, value: leftOut },
    { name: 'starttls_exit_code', labels: {}, value: exitCode },
    ...[...counts.verdicts].map(([verdict, value]) => ({
      name: 'starttls_results_by_verdict' as const,
      labels: { verdict },
      value,
    })),
  ];
}

/** A family without samples is left out. */
function familyText({ name, unit, help }: Family, samples: readonly Sample[]): string {
  const lines = new Map(samples.map(({ labels, value }) => [labelText(labels), value]));
  if (lines.size === 0) return '';
  return [
    `# HELP ${name} ${escaped(help)}`,
    `# TYPE ${name} gauge`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    ...[...lines].map(([labels, value]) => `${name}${labels} ${value}`),
    '',
  ].join('\n');
}

function labelText(labels: Sample['labels']): string {
  const each = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return each.length === 0 ? '' : `{${each.join(',')}}`;
}

/** A backslash, a line feed and a quotation mark are escaped, and nothing else. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('"', String.raw`\"`);
}
