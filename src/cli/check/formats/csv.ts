/**
 * A table for spreadsheets and databases, RFC 4180: a row for each finding that is not in order, with --details for all; a target without any has one row.
 *
 * A spreadsheet takes a cell that begins with =, +, - or @ for a formula, which may send the sheet to anybody or run a
 * program. An apostrophe before it makes it text. Where the spreadsheet splits lines at semicolons instead, which depends on
 * its language, a cell begins behind each of them, so there too. `unguarded` in the tests takes exactly these away again.
 */
import type { CheckReport } from '../../../events/check-report.ts';
import { senders } from '../../../findings/senders.ts';
import type { FormatTerms, ReportFormat } from './format.ts';
import { printable, repairTexts, type Told, toldOf } from './told.ts';

const CRLF = '\r\n';

/** Columns are only ever added, at the end. */
export const csvColumns = [
  'target',
  'protocol',
  'started_at',
  'verdict',
  'verdict_text',
  ...senders.map((sender) => `outcome_${sender.replaceAll('-', '_')}`),
  'id',
  'state',
  'severity',
  'title',
  'domain',
  'host',
  'address',
  'port',
  'evidence',
  'why',
  'fix',
  'reference',
  'retry_at',
  'on',
] as const;

export function csvFormat({ details }: Pick<FormatTerms, 'details'>): ReportFormat {
  return {
    begin: row(csvColumns),
    add: (report) => {
      const front = frontOf(report);
      const told = toldOf(report).filter(({ finding }) => details || finding.state !== 'pass');
      const rows = [...told.map(cellsOf), ...endsOf(report)];
      return (rows.length === 0 ? [[]] : rows)
        .map((cells) => row([...front, ...cells, ...empty(csvColumns.length - front.length - cells.length)]))
        .join('');
    },
    end: () => '',
  };
}

function frontOf({ target, protocol, startedAt, verdict, outcomes }: CheckReport): readonly string[] {
  const each = senders.map((sender) => outcomes[sender] ?? '');
  return [target, protocol, startedAt, verdict.kind, verdict.text, ...each].map(printable);
}

function cellsOf({ finding, at }: Told): readonly string[] {
  const { id, state, severity, title, scope, evidence, why, reference, retryAt } = finding;
  const { domain = '', host = '', address = '', port } = scope;
  return [
    ...[id, state, severity, title, domain, host, address].map(printable),
    port === undefined ? '' : String(port),
    evidence.map(printable).join('\n'),
    // It says what comes of a failure.
    state === 'pass' ? '' : printable(why),
    repairTexts(finding).join('\n'),
    printable(reference),
    retryAt ?? '',
    at ?? '',
  ];
}

/** What ends until the moment of --fail-at, beside the findings: `ends` stands for their state. */
function endsOf({ future }: CheckReport): readonly (readonly string[])[] {
  return (future?.events ?? []).map((event) => [
    event.id,
    'ends',
    '',
    printable(event.what),
    ...empty(4),
    event.evidence.map(printable).join('\n'),
    printable(event.breaks.length === 0 ? '' : `breaks: ${event.breaks.join(', ')}`),
    repairTexts(event).join('\n'),
    '',
    '',
    event.at,
  ]);
}

function empty(count: number): readonly string[] {
  return Array.from({ length: count }, () => '');
}

function row(cells: readonly string[]): string {
  return `${cells.map(cellText).join(',')}${CRLF}`;
}

/** RFC 4180 §2: "If double-quotes are used to enclose fields, then a double-quote appearing inside a field must be escaped by preceding it with another double quote." */
function cellText(text: string): string {
  const guarded = text.replace(FORMULA, "$1'");
  return /[",;'\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

/**
 * Where a cell may begin, before what makes it a formula; or before an apostrophe, so that those of ours can be told. Who parts
 * cells at semicolons drops the quotation marks and the spaces at the beginning of one.
 */
const FORMULA = /(^|[;,\t\n])(?=["\s]*['=+\-@\uff1d\uff0b\uff0d\uff20])/g;
