/**
 * Results for continuous integration, as JUnit's report of tests: a suite for each target, a case for each check and place.
 *
 * There is no one schema. This keeps to what Ant's and that of Jenkins have in common, but for `skipped`, which Ant does not
 * know: so no attributes of `skipped` and no output of single cases. What counts (--fail-on) and is wrong fails, what could not
 * be tested is skipped, and what is wrong and does not count passes, and is told in the output of the suite.
 */
import type { CheckReport } from '../../../events/check-report.ts';
import { senders } from '../../../findings/senders.ts';
import type { ListPlace } from '../targets.ts';
import { type ReportedFinding, showMoment } from '../words.ts';
import type { FormatTerms, ReportFormat } from './format.ts';
import { headline, nameOf, printable, repairTexts, type Told, toldOf, weightOf } from './told.ts';
import { attributes, element } from './xml.ts';

export function junitFormat({ failOn }: FormatTerms): ReportFormat {
  let suites = 0;
  return {
    begin: '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n',
    add: (report, place) => {
      const told = toldOf(report);
      const names = distinct(told.map(nameOf));
      const cases = told.map((one, index) => {
        const weight = weightOf(one, failOn);
        return { ...one, name: names[index] ?? '', weight };
      });
      const count = (weight: string): number => cases.filter((one) => one.weight === weight).length;
      const lesser = cases.filter(
        ({ weight, finding }) => weight === 'minor' && finding.state !== 'not-tested',
      );
      const head = {
        name: printable(report.target),
        timestamp: report.startedAt.slice(0, 19),
        // Of the host where tests run, which is no matter of the results.
        hostname: 'localhost',
        tests: cases.length,
        failures: count('counts'),
        errors: 0,
        skipped: cases.filter(({ finding }) => finding.state === 'not-tested').length,
        time: (report.durationMs / 1000).toFixed(3),
        package: 'waxwing',
        id: suites++,
      };
      const inside = [
        propertiesOf(report, place),
        ...cases.map((one) => caseOf(one, report)),
        element('system-out', {}, [report.verdict.text, ...lesser.map(outputOf)].map(printable).join('\n')),
        '<system-err/>',
      ];
      return `<testsuite${attributes(head)}>\n${inside.join('\n')}\n</testsuite>\n`;
    },
    end: ({ complaints }) => `${complaints.length === 0 ? '' : unread(complaints, suites)}</testsuites>\n`,
  };
}

interface Case extends Told {
  readonly name: string;
  readonly weight: ReturnType<typeof weightOf>;
}

/** Those that are the same get a number: else one result hides another. */
function distinct(names: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const number = (seen.get(name) ?? 0) + 1;
    seen.set(name, number);
    return number === 1 ? name : `${name} (${number})`;
  });
}

/** Jenkins takes what stands before the last dot for a package. */
function classOf(target: string): string {
  return `waxwing.${printable(target).replaceAll('.', '_')}`;
}

function caseOf({ finding, name, weight }: Case, { target }: CheckReport): string {
  const head = attributes({ name, classname: classOf(target), time: 0 });
  const inside =
    finding.state === 'not-tested'
      ? element('skipped', {}, skippedText(finding))
      : weight === 'counts'
        ? element('failure', { message: headline(finding), type: finding.state }, failureText(finding))
        : '';
  return inside === '' ? `<testcase${head}/>` : `<testcase${head}>${inside}</testcase>`;
}

function skippedText(finding: ReportedFinding): string {
  const { retryAt } = finding;
  return `${headline(finding)}${retryAt === null ? '' : `; try again after ${showMoment(retryAt)}`}`;
}

function failureText(finding: ReportedFinding): string {
  const { evidence, why, reference } = finding;
  return [
    ...evidence.map((line) => `seen: ${printable(line)}`),
    `so: ${printable(why)}`,
    ...repairTexts(finding).map((line) => `fix: ${line}`),
    `see: ${printable(reference)}`,
  ].join('\n');
}

function outputOf({ finding, name }: Case): string {
  return `${name}: ${headline(finding)}`;
}

function propertiesOf({ verdict, outcomes, depth }: CheckReport, place: ListPlace | null): string {
  const known = {
    verdict: verdict.kind,
    depth,
    ...(place === null ? {} : { place: `${place.file}:${place.line}` }),
    ...Object.fromEntries(
      senders.flatMap((sender) => {
        const outcome = outcomes[sender];
        return outcome === undefined ? [] : [[`outcome.${sender}`, outcome]];
      }),
    ),
  };
  const each = Object.entries(known).map(([name, value]) =>
    element('property', { name, value: printable(value) }),
  );
  return `<properties>${each.join('')}</properties>`;
}

/** Lines that are no targets, so that none of them is taken for tested. */
function unread(complaints: readonly string[], id: number): string {
  const head = {
    name: 'what could not be read',
    timestamp: '1970-01-01T00:00:00',
    hostname: 'localhost',
    tests: complaints.length,
    failures: 0,
    errors: complaints.length,
    skipped: 0,
    time: '0.000',
    package: 'waxwing',
    id,
  };
  const cases = complaints.map((text, index) => {
    const inside = element('error', { message: printable(text), type: 'usage' }, printable(text));
    return `<testcase${attributes({ name: `complaint ${index + 1}`, classname: 'waxwing.usage', time: 0 })}>${inside}</testcase>`;
  });
  const properties = `<properties>${element('property', { name: 'verdict', value: 'usage' })}</properties>`;
  return `<testsuite${attributes(head)}>\n${[properties, ...cases].join('\n')}\n<system-out/>\n<system-err/>\n</testsuite>\n`;
}
