/**
 * Findings as forms for machines tell them: those of now and of the day of --fail-at, each with its place in words; and what a
 * profile demands, as if each requirement were a check of its own.
 */
import type { CheckReport } from '../../../events/check-report.ts';
import { isAtLeast, type Severity } from '../../../findings/check.ts';
import { concerns } from '../exit-code.ts';
import { isProblem } from '../repairs.ts';
import { briefly, type ReportedFinding, type Scope, safe, stateWords } from '../words.ts';
import { demandsOf } from './demands.ts';

/** A finding, and when it is one. */
export interface Told {
  readonly finding: ReportedFinding;
  /** The moment of --fail-at, RFC 3339; null for now. */
  readonly at: string | null;
  /** Whether the exit code depends on it at all: with --profile, that of what the profile names. */
  readonly isConcern: boolean;
}

export function toldOf(report: CheckReport): readonly Told[] {
  const { findings, future, profile } = report;
  const told = (finding: ReportedFinding, at: string | null): Told => ({
    finding,
    at,
    isConcern: concerns(profile, finding.id),
  });
  return [
    ...findings.map((one) => told(one, null)),
    ...(future === null ? [] : future.findings.map((one) => told(one, future.until))),
    ...demandsOf(report),
  ];
}

/** What a finding is to whoever acts on exit codes, as `exitCodeOf` has it. */
export type Weight =
  /** Wrong, weak or missing, at or above the limit. */
  | 'counts'
  /** Could not be looked at, at or above the limit. */
  | 'open'
  /** Wrong, weak, missing or not tested, below the limit or no concern of the profile. */
  | 'minor'
  | 'fine';

export function weightOf({ finding, isConcern }: Told, failOn: Severity): Weight {
  if (finding.state === 'pass') return 'fine';
  if (!isConcern || !isAtLeast(finding.severity, failOn)) return 'minor';
  return isProblem(finding) ? 'counts' : 'open';
}

/** A place in words, the same as long as the place is: `mx1.example.test 192.0.2.1 port 25`. */
export function placeWords({ domain, host, address, port }: Scope): string {
  const name = host ?? domain;
  const words = [
    ...(name === undefined ? [] : [name]),
    ...(address === undefined || address === name ? [] : [address]),
    ...(port === undefined ? [] : [`port ${port}`]),
  ];
  return printable(words.join(' '));
}

/** `dane.mismatch at mx1.example.test 192.0.2.1 port 25, on 2027-01-31`. */
export function nameOf({ finding: { id, scope }, at }: Told): string {
  const place = placeWords(scope);
  return `${printable(id)}${place === '' ? '' : ` at ${place}`}${at === null ? '' : `, on ${at.slice(0, 10)}`}`;
}

/** One line for people: `critical, failed: TLSA records fit the certificate: 3 1 1 …`. */
export function headline({ severity, state, title, evidence, why }: ReportedFinding): string {
  return printable(`${severity}, ${stateWords[state]}: ${title}: ${briefly(evidence[0] ?? why)}`);
}

/** Text of anybody on one line, without what moves a cursor, turns the direction of writing, or is no character. */
export function printable(text: string): string {
  return safe(text, { unicode: true }).replace(/\p{Noncharacter_Code_Point}/gu, '?');
}

/** What is done, in order, with its lines. */
export function repairTexts({ fix }: Pick<ReportedFinding, 'fix'>): readonly string[] {
  return fix.flatMap(({ do: order, lines, verify }) => [
    printable(order),
    ...lines.map((line) => printable(`${line.for}: ${line.text}`)),
    ...(verify === null ? [] : [printable(`to see that it is done: ${verify}`)]),
  ]);
}
