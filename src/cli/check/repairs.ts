/** What has to be repaired, each fault once, in the order in which it is safe and worthwhile. */
import { type Repairer, type Severity, severities } from '../../findings/check.ts';
import { causeOf, isBefore } from './causes.ts';
import type { ReportedFinding, Scope } from './words.ts';

/** Findings that are the same but for their place. */
export interface Joined {
  /** The first of them, for what they have in common. */
  readonly finding: ReportedFinding;
  /** Of all of them. */
  readonly places: readonly Scope[];
  readonly all: readonly ReportedFinding[];
}

/** One fault. */
export interface Repair extends Joined {
  /** The worst of what comes of it. */
  readonly severity: Severity;
  /** What is mended with it, as it comes of the same fault. */
  readonly consequences: readonly Joined[];
  /** Numbers, from 1 on, of those that have to be done before: else it keeps mail away. */
  readonly first: readonly number[];
}

/**
 * Where something is to be done: what is wrong, and not only to be had better.
 *
 * The worst comes first, of equals the easiest; but what senders begin to verify with a step is mended before that step.
 */
export function repairsOf(findings: readonly ReportedFinding[]): readonly Repair[] {
  const problems = findings.filter((one) => isProblem(one) && one.severity !== 'info');
  const followers = new Map<ReportedFinding, ReportedFinding[]>();
  const roots = problems.filter((one) => {
    const root = rootOf(one, problems);
    if (root !== one) followers.set(root, [...(followers.get(root) ?? []), one]);
    return root === one;
  });
  const repairs = joined(roots).map((group) => {
    const consequences = joined(group.all.flatMap((one) => followers.get(one) ?? []));
    const severity = worstOf([group, ...consequences].map(({ finding }) => finding.severity));
    return { ...group, severity, consequences };
  });
  const ordered = safely(
    repairs.toSorted(
      (a, b) =>
        severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
        effortOf(a.finding) - effortOf(b.finding),
    ),
  );
  return ordered.map((repair, at) => ({
    ...repair,
    first: ordered.slice(0, at).flatMap((other, index) => (comesBefore(other, repair) ? [index + 1] : [])),
  }));
}

/** The fault from which it follows, through others if need be; itself where there is none. */
function rootOf(finding: ReportedFinding, problems: readonly ReportedFinding[]): ReportedFinding {
  let root = finding;
  const passed = new Set([root]);
  for (;;) {
    const cause = causeOf(root, problems);
    if (cause === undefined || passed.has(cause)) return root;
    passed.add(cause);
    root = cause;
  }
}

type Unordered = Omit<Repair, 'first'>;

function comesBefore(one: Unordered, other: Unordered): boolean {
  return [one, ...one.consequences].some(({ finding }) => isBefore(finding.id, other.finding.id));
}

/** Those that have to come before another are moved before it; else the order stays. */
function safely(repairs: readonly Unordered[]): readonly Unordered[] {
  const placed = new Set<Unordered>();
  const place = (repair: Unordered, waiting: readonly Unordered[]): void => {
    if (placed.has(repair) || waiting.includes(repair)) return;
    for (const other of repairs) if (comesBefore(other, repair)) place(other, [...waiting, repair]);
    placed.add(repair);
  };
  for (const repair of repairs) place(repair, []);
  return [...placed];
}

function worstOf(all: readonly Severity[]): Severity {
  return severities.find((severity) => all.includes(severity)) ?? 'info';
}

/** What may be done, and nobody suffers where it is not. */
export function wishesOf(findings: readonly ReportedFinding[]): readonly Joined[] {
  return joined(findings.filter((one) => isProblem(one) && one.severity === 'info'));
}

/** Puts together what is the same at several places, in the order in which it came. */
export function joined(findings: readonly ReportedFinding[]): readonly Joined[] {
  const groups = new Map<string, ReportedFinding[]>();
  for (const finding of findings) {
    const { id, state, severity, why, fix } = finding;
    const key = JSON.stringify([id, state, severity, why, fix]);
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups.values()].flatMap((all) => {
    const [finding] = all;
    return finding === undefined ? [] : [{ finding, places: all.map(({ scope }) => scope), all }];
  });
}

/** Whether something is to be done. */
export function isProblem({ state }: Pick<ReportedFinding, 'state'>): boolean {
  return state === 'fail' || state === 'warn' || state === 'absent';
}

/** A record is published in a minute; a registrar answers in days. */
const efforts: Readonly<Record<Repairer, number>> = {
  'dns-owner': 0,
  tester: 0,
  'web-host': 1,
  'mail-provider': 2,
  registrar: 3,
};

/** What cannot be repaired at all comes last. */
const NOTHING_HELPS = 9;

function effortOf({ fix }: ReportedFinding): number {
  return fix.length === 0 ? NOTHING_HELPS : Math.max(...fix.map(({ who }) => efforts[who]));
}
