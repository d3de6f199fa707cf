/** Prints results as they come: pages for people, one JSON value, or one line of JSON for each target. */
import type { CheckReport } from '../../events/check-report.ts';
import type { Recording } from '../../findings/recording.ts';
import { formatReport, type PageTerms } from './text.ts';

export type Format = 'text' | 'json' | 'ndjson';

export interface Output {
  /** @returns a promise that settles when there is room for more. */
  readonly print: (report: CheckReport, recording: Recording) => Promise<void>;
  /** After the last one. */
  readonly end: () => Promise<void>;
}

export interface OutputTerms {
  readonly format: Format;
  /** Whether JSON is a list, whatever there is in it; `counted`: where there is not exactly one. */
  readonly list: 'always' | 'never' | 'counted';
  /** Whether text has everything that was seen. */
  readonly details: boolean;
  readonly page: PageTerms;
  readonly write: (text: string) => Promise<void>;
}

/** Between two pages. */
const SEPARATOR = '\n\n';

export function openOutput(terms: OutputTerms): Output {
  if (terms.format === 'json') return jsonOutput(terms);
  const { format, details, page, write } = terms;
  let separator = '';
  return {
    async print(report, recording) {
      if (format === 'ndjson') return write(`${JSON.stringify(report)}\n`);
      const seen = details ? recording : undefined;
      await write(`${separator}${formatReport(report, page, seen, recording.observations)}`);
      separator = SEPARATOR;
    },
    end: () => Promise.resolve(),
  };
}

function jsonOutput({ list, write }: OutputTerms): Output {
  let count = 0;
  /** The first, while it may be the only one. */
  let first: string | undefined;
  return {
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
    async end() {
      if (list === 'never') return;
      if (first !== undefined) await write(`${first}\n`);
      else await write(count === 0 ? '[]\n' : '\n]\n');
    },
  };
}
