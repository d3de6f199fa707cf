/** Prints results as they come: pages for people, JSON, or one of the forms that others read. */
import type { CheckReport } from '../../events/check-report.ts';
import type { Severity } from '../../findings/check.ts';
import type { Recording } from '../../findings/recording.ts';
import { csvFormat } from './formats/csv.ts';
import { type Ending, type FormatTerms, MOST_COMPLAINTS, type ReportFormat } from './formats/format.ts';
import { htmlFormat } from './formats/html.ts';
import { junitFormat } from './formats/junit.ts';
import { markdownFormat } from './formats/markdown.ts';
import { nagiosFormat } from './formats/nagios.ts';
import { openmetricsFormat } from './formats/openmetrics.ts';
import { sarifFormat } from './formats/sarif.ts';
import type { ListPlace } from './targets.ts';
import { formatReport, type PageTerms } from './text.ts';
import { verdictOf } from './verdict.ts';

/** Those that are made of a beginning, a piece for each result, and an end. */
const documents = {
  csv: csvFormat,
  sarif: sarifFormat,
  junit: junitFormat,
  nagios: nagiosFormat,
  openmetrics: openmetricsFormat,
  html: htmlFormat,
  markdown: markdownFormat,
} as const satisfies Record<string, (terms: FormatTerms) => ReportFormat>;

export type Format = 'text' | 'json' | 'ndjson' | keyof typeof documents;

export interface Output {
  /** Before the first one, where nothing is there to which it is added. */
  readonly begin: () => Promise<void>;
  /** @returns a promise that settles when there is room for more. */
  readonly print: (report: CheckReport, recording: Recording, place: ListPlace | null) => Promise<void>;
  /** Tells of a target that cannot be read, where the form has a place for that. */
  readonly complain: (because: string) => void;
  /** After the last one. */
  readonly end: (ending: RunEnding) => Promise<void>;
}

/** How a run came to its end. */
interface RunEnding extends Pick<Ending, 'exitCode' | 'meaning'> {
  /** Whether all targets were looked at; else it was interrupted. */
  readonly isWhole: boolean;
}

export interface OutputTerms {
  readonly format: Format;
  /** Whether JSON is a list, whatever there is in it; `counted`: where there is not exactly one. */
  readonly list: 'always' | 'never' | 'counted';
  /** Whether everything that was seen is told. */
  readonly details: boolean;
  /** From which severity on a finding counts. */
  readonly failOn: Severity;
  /** Of this program. */
  readonly version: string;
  readonly page: PageTerms;
  readonly write: (text: string) => Promise<void>;
}

const nothing = (): Promise<void> => Promise.resolve();

/** Between two pages. */
const SEPARATOR = '\n\n';

export function openOutput(terms: OutputTerms): Output {
  switch (terms.format) {
    case 'text':
      return textOutput(terms);
    case 'json':
      return jsonOutput(terms);
    case 'ndjson':
      return {
        begin: nothing,
        print: (report) => terms.write(`${JSON.stringify(report)}\n`),
        complain: () => undefined,
        end: nothing,
      };
    case 'csv':
    case 'sarif':
    case 'junit':
    case 'nagios':
    case 'openmetrics':
    case 'html':
    case 'markdown':
      return documentOutput(documents[terms.format], terms);
  }
}

function documentOutput(
  open: (terms: FormatTerms) => ReportFormat,
  { failOn, details, version, page: { called, isPart }, write }: OutputTerms,
): Output {
  const format = open({ failOn, details, version, called, isPart });
  const complaints: string[] = [];
  /** An empty write waits for nothing. */
  const put = async (text: string): Promise<void> => {
    if (text !== '') await write(text);
  };
  return {
    begin: () => put(format.begin),
    print: (report, _recording, place) => put(format.add(report, place)),
    complain: (because) => {
      if (complaints.length < MOST_COMPLAINTS) complaints.push(because);
    },
    end: ({ exitCode, meaning }) => put(format.end({ exitCode, meaning, complaints })),
  };
}

/** Lines of the overview at the end; a run may have millions of targets. */
const MOST_LINES = 10_000;

function textOutput({ details, page, write }: OutputTerms): Output {
  let separator = '';
  let all = 0;
  const lines: string[] = [];
  return {
    begin: nothing,
    async print(report, recording) {
      await write(`${separator}${formatReport(report, page, details ? recording : undefined)}`);
      separator = SEPARATOR;
      all += 1;
      if (lines.length < MOST_LINES) lines.push(`  ${report.target}: ${verdictOf(report).word}\n`);
    },
    complain: () => undefined,
    async end({ isWhole, meaning }) {
      if (all > 1) {
        const more = all > lines.length ? `  and ${all - lines.length} more\n` : '';
        await write(`${separator}all targets:\n${lines.join('')}${more}`);
      }
      if (!isWhole) await write(`${separator}${meaning}\n`);
    },
  };
}

function jsonOutput({ list, write }: OutputTerms): Output {
  let count = 0;
  /** The first, while it may be the only one. */
  let first: string | undefined;
  return {
    begin: nothing,
    async print(report) {
      count += 1;
      const text = JSON.stringify(report, undefined, 2);
      if (list === 'never') return write(`${text}\n`);
      if (list === 'counted' && count === 1) {
        first = text;
        return;
      }
      if (first !== undefined) await write(`[\n${first}`);
      first = undefined;
      await write(`${count === 1 ? '[' : ','}\n${text}`);
    },
    complain: () => undefined,
    async end({ isWhole }) {
      if (list === 'never') return;
      // Whoever reads it must not take it for the whole list.
      if (!isWhole) return count === 0 ? write('[\n') : write('\n');
      if (first !== undefined) await write(`${first}\n`);
      else await write(count === 0 ? '[]\n' : '\n]\n');
    },
  };
}
