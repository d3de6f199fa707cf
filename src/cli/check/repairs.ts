/** What has to be repaired, in the order in which it is worthwhile: the worst first, of equals the easiest. */
import { type Repairer, severities } from '../../findings/check.ts';
import type { ReportedFinding, Scope } from './words.ts';

/** Findings that are the same but for their place. */
export interface Joined {
  /** The first of them, for what they have in common. */
  readonly finding: ReportedFinding;
  /** Of all of them. */
  readonly places: readonly Scope[];
  readonly all: readonly ReportedFinding[];
}

/** Where something is to be done: what is wrong, and not only to be had better. */
export function repairsOf(findings: readonly ReportedFinding[]): readonly Joined[] {
  return joined(findings.filter((one) => isProblem(one) && one.severity !== 'info')).toSorted(
    ({ finding: a }, { finding: b }) =>
      severities.indexOf(a.severity) - severities.indexOf(b.severity) || effortOf(a) - effortOf(b),
  );
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
