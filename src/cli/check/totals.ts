/** What a run of many targets has come to so far: small, whatever their number, and kept with the state. */
import { z } from 'zod';
import type { CheckReport } from '../../events/check-report.ts';
import type { Severity } from '../../findings/check.ts';
import { counting, nothingYet, type Tally } from './exit-code.ts';
import { parseJson } from './parse-json.ts';

type VerdictKind = CheckReport['verdict']['kind'];

export interface Totals {
  readonly tally: Tally;
  /** Targets that were tested. */
  readonly tested: number;
  readonly verdicts: Readonly<Partial<Record<VerdictKind, number>>>;
  /** Lines that are no target. */
  readonly wrong: number;
  /** Connections that were made. */
  readonly connections: number;
  /** Whether any connection to port 25 was made: then this network does not block it. */
  readonly portIsOpen: boolean;
}

export const noTotals: Totals = {
  tally: nothingYet,
  tested: 0,
  verdicts: {},
  wrong: 0,
  connections: 0,
  portIsOpen: false,
};

/** Of one target, so that totals can be added up where the report is not. */
export interface Share {
  readonly verdict: VerdictKind;
  readonly tally: Tally;
  readonly connections: number;
}

export function shareOf(report: CheckReport, failOn: Severity): Share {
  const { verdict, connections } = report;
  return {
    verdict: verdict.kind,
    tally: counting(nothingYet, report, failOn),
    connections: connections.spent,
  };
}

export function withShare(totals: Totals, { verdict, tally, connections }: Share): Totals {
  return {
    ...totals,
    tally: {
      ...totals.tally,
      problem: totals.tally.problem || tally.problem,
      critical: totals.tally.critical || tally.critical,
      untested: totals.tally.untested || tally.untested,
    },
    tested: totals.tested + 1,
    verdicts: { ...totals.verdicts, [verdict]: (totals.verdicts[verdict] ?? 0) + 1 },
    connections: totals.connections + connections,
  };
}

/**
 * With something that could not be read as a target, or be judged.
 *
 * @param isLine whether it is a line of a list, and not the list.
 */
export function withWrong(totals: Totals, isLine: boolean): Totals {
  return { ...totals, wrong: totals.wrong + Number(isLine), tally: { ...totals.tally, wrongUsage: true } };
}

const count = z.int().min(0);

const written: z.ZodType<Totals> = z.strictObject({
  tally: z.strictObject({
    wrongUsage: z.boolean(),
    blocked: z.boolean(),
    problem: z.boolean(),
    critical: z.boolean(),
    untested: z.boolean(),
  }),
  tested: count,
  verdicts: z.record(z.string(), count),
  wrong: count,
  connections: count,
  portIsOpen: z.boolean(),
});

export function writeTotals(totals: Totals): string {
  return JSON.stringify(totals);
}

/** @returns undefined where it is none: another version has written it, or somebody else. */
export function readTotals(text: string): Totals | undefined {
  const read = written.safeParse(parseJson(text));
  return read.success ? read.data : undefined;
}
