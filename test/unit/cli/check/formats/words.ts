/** What a page for people has to say of a report, letter by letter. */

import { printable } from '../../../../../src/cli/check/formats/told.ts';
import { repairsOf } from '../../../../../src/cli/check/repairs.ts';
import { briefly } from '../../../../../src/cli/check/words.ts';
import type { CheckReport } from '../../../../../src/events/check-report.ts';

/** Texts of a report that stand on every page of it; ids and digests may be shortened, and are left out. */
export function wordsOf(report: CheckReport): readonly string[] {
  const { target, hosts, findings, withoutConsent, future, profile } = report;
  return [
    target,
    ...hosts.flatMap(({ name, skipped, endpoints }) => [
      name,
      ...skipped.map(({ because }) => because),
      ...endpoints.flatMap(({ suites }) =>
        (suites?.versions ?? []).flatMap((one) => [
          ...one.suites.map((suite) => suite.name),
          one.unfinished ?? '',
        ]),
      ),
    ]),
    ...(profile?.requirements ?? [])
      .filter(({ state, outside }) => outside || state === 'not-met' || state === 'not-tested')
      .flatMap(({ title, clause, places }) => [
        title,
        clause,
        ...places.flatMap(({ evidence }) => evidence.map(briefly)),
      ]),
    ...repairsOf(findings).flatMap(({ finding: { title, why, evidence, reference, fix } }) => [
      title,
      why,
      reference,
      ...evidence,
      ...fix.flatMap((one) => [one.do, ...one.lines.map((line) => line.text)]),
    ]),
    ...withoutConsent.map(({ because }) => because),
    ...(future?.events ?? []).flatMap(({ what, evidence }) => [what, ...evidence]),
  ].map(printable);
}
