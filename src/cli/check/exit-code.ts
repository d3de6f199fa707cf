/** The exit code of `waxwing check`: the first that applies. */
import type { CheckReport } from '../../events/check-report.ts';
import { isAtLeast, type Severity } from '../../findings/check.ts';
import { severityOf } from '../../findings/profiles/severity.ts';
import { type EndSignal, interruptCode } from './interrupt.ts';
import type { Format } from './output.ts';
import { isProblem } from './repairs.ts';

/** What came of all targets together. */
export interface Tally {
  /** A target could not be read as one, or a file as a recording. */
  readonly wrongUsage: boolean;
  /** This network blocks port 25. */
  readonly blocked: boolean;
  /** Something is wrong, at or above the limit. */
  readonly problem: boolean;
  /** And it is critical. */
  readonly critical: boolean;
  /** Something could not be looked at, at or above the limit. */
  readonly untested: boolean;
}

export const nothingYet: Tally = {
  wrongUsage: false,
  blocked: false,
  problem: false,
  critical: false,
  untested: false,
};

/** The tally with one target more. @param failOn what counts, and whatever is worse. */
export function counting(tally: Tally, report: CheckReport, failOn: Severity): Tally {
  const { findings, future, profile } = report;
  const counts = [...findings, ...(future?.findings ?? [])].filter(
    ({ id, severity }) => isAtLeast(severity, failOn) && concerns(profile, id),
  );
  const demanded = (profile?.requirements ?? []).filter(({ outside }) => !outside);
  const unmet = demanded.filter(
    ({ state, ahead, severity }) =>
      (state === 'not-met' || ahead === 'not-met') && isAtLeast(severity, failOn),
  );
  const isUntested = demanded.some(
    ({ ahead, severity, untested }) =>
      (untested !== null && isAtLeast(untested, failOn)) ||
      (ahead === 'not-tested' && isAtLeast(severity, failOn)),
  );
  return {
    ...tally,
    problem: tally.problem || counts.some(isProblem) || unmet.length > 0,
    critical:
      tally.critical ||
      counts.some((one) => isProblem(one) && one.severity === 'critical') ||
      unmet.some(({ severity }) => severity === 'critical'),
    untested: tally.untested || counts.some(({ state }) => state === 'not-tested') || isUntested,
  };
}

/** Whether a finding is any concern of the profile: by its name, or because all are. */
export function concerns(profile: CheckReport['profile'], id: string): boolean {
  if (profile === undefined || profile.others === 'count') return true;
  return severityOf(id, profile.severities) !== undefined;
}

export function exitCodeOf({ wrongUsage, blocked, problem, untested }: Tally): 0 | 1 | 2 | 3 | 4 {
  if (wrongUsage) return 2;
  if (blocked) return 4;
  if (problem) return 1;
  return untested ? 3 : 0;
}

/**
 * The exit code of a plugin for Nagios: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
 *
 * What makes the results of this host worthless is UNKNOWN, as by the guidelines "invalid command line arguments" are, whatever
 * else was found; else the worst that counts, and what could not be tested where nothing is wrong.
 */
export function nagiosCodeOf({ wrongUsage, blocked, problem, critical, untested }: Tally): 0 | 1 | 2 | 3 {
  if (wrongUsage || blocked) return NAGIOS_UNKNOWN;
  if (critical) return 2;
  if (problem) return 1;
  return untested ? NAGIOS_UNKNOWN : 0;
}

export const NAGIOS_UNKNOWN = 3;

/** What an exit code of `exitCodeOf` says; '' of 0. */
function meaningOf(code: 0 | 1 | 2 | 3 | 4): string {
  if (code === 0) return '';
  return code === 2 ? 'wrong usage, or something in a list or a file that cannot be read' : meanings[code];
}

const meanings: Readonly<Record<1 | 3 | 4, string>> = {
  1: 'something is wrong, weak or missing at or above --fail-on',
  3: 'something at or above --fail-on could not be tested',
  4: 'this network blocks port 25',
};

/** Whose exit codes they are: those of this program, or of plugins for Nagios. */
export type Codes = 'own' | 'nagios';

export function codesOf(format: Format): Codes {
  return format === 'nagios' ? 'nagios' : 'own';
}

/** How a run ends. */
export interface RunEnd {
  readonly exitCode: number;
  /** In words, where nothing is wrong ''. */
  readonly meaning: string;
}

/** @param signal what has interrupted it, so that nobody knows what the rest would have come to. */
export function runEndOf(tally: Tally, codes: Codes, signal: EndSignal | undefined): RunEnd {
  if (signal !== undefined) {
    return { exitCode: codes === 'nagios' ? NAGIOS_UNKNOWN : interruptCode(signal), meaning: INTERRUPTED };
  }
  const code = exitCodeOf(tally);
  return { exitCode: codes === 'nagios' ? nagiosCodeOf(tally) : code, meaning: meaningOf(code) };
}

/** What is said of a run in its output. */
export const INTERRUPTED = 'the run was interrupted, and not all targets were looked at';

/** What the exit code of wrong usage hides of the targets that could be read; undefined where it hides nothing. */
export function hiddenBy(tally: Tally): string | undefined {
  const alone = exitCodeOf({ ...tally, wrongUsage: false });
  if (!tally.wrongUsage || alone === 0 || alone === 2) return undefined;
  return `the other targets alone come to exit code ${alone}: ${meanings[alone]}`;
}
