/** What every form of the output has in common: a beginning, a piece for each report, and an end. */
import type { CheckReport } from '../../../events/check-report.ts';
import type { Severity } from '../../../findings/check.ts';
import type { CalledWith } from '../again.ts';
import type { ListPlace } from '../targets.ts';

/** Pieces of text that are one document in the order in which they are made. */
export interface ReportFormat {
  /** Before the first report. */
  readonly begin: string;
  /** @param place the line of a list that named the target; null where there was none. */
  readonly add: (report: CheckReport, place: ListPlace | null) => string;
  /** After the last one. */
  readonly end: (ending: Ending) => string;
}

/** What a form depends on beside the reports. */
export interface FormatTerms {
  /** From which severity on a finding counts, as for the exit code. */
  readonly failOn: Severity;
  /** Whether everything is told, and not only what counts or is to be done. */
  readonly details: boolean;
  /** With which options, as commands to paste have them, too. */
  readonly called: CalledWith;
  /** Whether only some checks were asked for. */
  readonly isPart: boolean;
  /** Of this program. */
  readonly version: string;
}

/** What came of the run as a whole. */
export interface Ending {
  readonly exitCode: number;
  /** In words, where it is not 0. */
  readonly meaning: string;
  /** Targets that could not be read as such, and other sentences about the run; at most `MOST_COMPLAINTS` of them. */
  readonly complaints: readonly string[];
}

/** Kept of complaints: a list of a million lines may have as many. */
export const MOST_COMPLAINTS = 100;
