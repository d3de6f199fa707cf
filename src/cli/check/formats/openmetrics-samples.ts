/** What is measured of one target, and what each figure means. */
import type { CheckReport } from '../../../events/check-report.ts';
import { senders } from '../../../findings/senders.ts';
import { isProblem } from '../repairs.ts';
import type { ReportedFinding } from '../words.ts';
import { printable, toldOf, type Weight } from './told.ts';

export interface Family {
  readonly name: FamilyName;
  /** The end of the name, behind an underscore. */
  readonly unit?: string;
  /** Without quotation marks: the older format does not escape them. */
  readonly help: string;
}

const table = [
  {
    name: 'probe_success',
    help: 'Whether nothing that counts (--fail-on) is wrong or untested, as blackbox_exporter has it.',
  },
  { name: 'probe_duration_seconds', unit: 'seconds', help: 'How long the check took.' },
  {
    name: 'probe_ssl_earliest_cert_expiry',
    help: 'When the first of the certificates of servers ends, in seconds since 1970.',
  },
  { name: 'starttls_probe_success', help: 'Whether everything that counts (--fail-on) could be tested.' },
  { name: 'starttls_check_timestamp_seconds', unit: 'seconds', help: 'When the check began.' },
  { name: 'starttls_verdict', help: 'What becomes of mail for the target.' },
  { name: 'starttls_outcome', help: 'What a kind of sender does with mail for the target.' },
  { name: 'starttls_findings', help: 'What is wrong, weak, missing or not tested.' },
  { name: 'starttls_mx_reachable', help: 'Whether the server takes connections.' },
  { name: 'starttls_mx_offered', help: 'Whether the server offers STARTTLS.' },
  { name: 'starttls_tls_version_info', help: 'Version and cipher that were agreed on.' },
  { name: 'starttls_tls_group_info', help: 'Group of the key exchange.' },
  {
    name: 'starttls_cert_not_after_timestamp_seconds',
    unit: 'seconds',
    help: 'When the certificate of the server ends.',
  },
  { name: 'starttls_cert_verified', help: 'Whether path, name and dates of the certificate are right.' },
  { name: 'dane_valid', help: 'Whether the server presents what its TLSA records say.' },
  { name: 'mtasts_policy_ok', help: 'Whether there is an MTA-STS policy and nothing is wrong with it.' },
  { name: 'mtasts_mode', help: 'Mode of the MTA-STS policy.' },
  { name: 'tlsrpt_present', help: 'Whether there is a TLS-RPT record.' },
  { name: 'starttls_results', help: 'Results of the run.' },
  { name: 'starttls_results_with_problems', help: 'Those in which something that counts is wrong.' },
  { name: 'starttls_results_untested', help: 'Those in which something that counts could not be tested.' },
  {
    name: 'starttls_results_left_out',
    help: 'Those that have no series of their own, as there are too many.',
  },
  { name: 'starttls_results_by_verdict', help: 'Results of the run, by what becomes of mail.' },
  { name: 'starttls_exit_code', help: 'Exit code of the run.' },
] as const;

type FamilyName = (typeof table)[number]['name'];

/** In the order in which they are told. */
export const families: readonly Family[] = table;

export interface Sample {
  readonly name: FamilyName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** @param weights of all findings, as they count for the exit code. */
export function samplesOf(report: CheckReport, weights: ReadonlySet<Weight>): readonly Sample[] {
  const target = printable(report.target);
  const is = (name: FamilyName, value: number, labels: Sample['labels'] = {}): Sample => ({
    name,
    labels: { target, ...labels },
    value,
  });
  const [counts, open] = [weights.has('counts'), weights.has('open')];
  const ends = report.hosts.flatMap(({ endpoints }) => endpoints.flatMap((one) => endOf(one) ?? []));
  return [
    is('probe_success', Number(!counts && !open)),
    is('probe_duration_seconds', report.durationMs / 1000),
    ...(ends.length === 0 ? [] : [is('probe_ssl_earliest_cert_expiry', Math.min(...ends))]),
    is('starttls_probe_success', Number(!open)),
    is('starttls_check_timestamp_seconds', secondsOf(report.startedAt)),
    is('starttls_verdict', 1, { verdict: report.verdict.kind }),
    ...senders.flatMap((sender) => {
      const outcome = report.outcomes[sender];
      return outcome === undefined ? [] : [is('starttls_outcome', 1, { sender, outcome })];
    }),
    ...findingCounts(report).map(({ count, ...labels }) => is('starttls_findings', count, labels)),
    ...report.hosts.flatMap((host) => ofHost(host, report, is)),
    ...ofDomain(report, is),
  ];
}

type Make = (name: FamilyName, value: number, labels?: Sample['labels']) => Sample;
type Host = CheckReport['hosts'][number];
type Endpoint = Host['endpoints'][number];

function ofHost(host: Host, report: CheckReport, is: Make): readonly Sample[] {
  const mx = printable(host.name);
  const ofThis = report.findings.filter(({ scope }) => scope.host === host.name);
  const dane = verdictOn(
    ofThis,
    ['dane.mismatch'],
    (id) => id.startsWith('dane.mismatch') || id.startsWith('dane.ta-'),
  );
  return [
    ...host.endpoints.flatMap((one) => ofEndpoint(one, mx, ofThis, is)),
    ...(dane === undefined ? [] : [is('dane_valid', dane, { mx })]),
  ];
}

/** What makes a certificate one that a sender believes who looks at authorities. */
const CERTIFICATE = ['cert.untrusted', 'cert.name-mismatch', 'cert.expired', 'cert.not-yet-valid'];

function ofEndpoint(
  endpoint: Endpoint,
  mx: string,
  findings: readonly ReportedFinding[],
  is: Make,
): readonly Sample[] {
  const { address, port, reachable, starttls, tls } = endpoint;
  const at = { mx, ip: printable(address), port: String(port) };
  const ofThis = findings.filter(({ scope }) => scope.address === address && scope.port === port);
  const verified = verdictOn(
    ofThis,
    CERTIFICATE,
    (id) => CERTIFICATE.includes(id) || id === 'cert.self-signed',
  );
  const end = endOf(endpoint);
  return [
    ...(reachable === null ? [] : [is('starttls_mx_reachable', Number(reachable), at)]),
    ...(starttls === null ? [] : [is('starttls_mx_offered', Number(starttls), at)]),
    ...(tls === null
      ? []
      : [
          is('starttls_tls_version_info', 1, {
            ...at,
            version: printable(tls.version),
            cipher: printable(tls.cipher),
          }),
        ]),
    ...(tls === null || tls.group === null
      ? []
      : [is('starttls_tls_group_info', 1, { ...at, group: printable(tls.group) })]),
    ...(end === undefined ? [] : [is('starttls_cert_not_after_timestamp_seconds', end, at)]),
    ...(verified === undefined ? [] : [is('starttls_cert_verified', verified, at)]),
  ];
}

function ofDomain({ findings }: CheckReport, is: Make): readonly Sample[] {
  const policy = verdictOn(findings, ['mtasts.none'], (id) => id.startsWith('mtasts.'));
  const record = verdictOn(findings, ['tlsrpt.none'], (id) => id === 'tlsrpt.none');
  const mode = modeOf(findings);
  return [
    ...(policy === undefined ? [] : [is('mtasts_policy_ok', policy)]),
    ...(mode === undefined ? [] : [is('mtasts_mode', 1, { mode })]),
    ...(record === undefined ? [] : [is('tlsrpt_present', record)]),
  ];
}

/**
 * 0 where one of the checks that are meant has failed or found nothing there, 1 where all that are needed have passed.
 *
 * @returns undefined where that is not known.
 */
function verdictOn(
  findings: readonly ReportedFinding[],
  needed: readonly string[],
  isMeant: (id: string) => boolean,
): 0 | 1 | undefined {
  const passed = (id: string): boolean => findings.some((one) => one.id === id && one.state === 'pass');
  if (findings.some(({ id, state }) => isMeant(id) && state === 'fail')) return 0;
  if (findings.some(({ id, state }) => needed.includes(id) && state === 'absent')) return 0;
  return needed.every(passed) ? 1 : undefined;
}

/** As far as the checks of the mode tell it. */
function modeOf(findings: readonly ReportedFinding[]): string | undefined {
  const found = (id: string): ReportedFinding | undefined => findings.find((one) => one.id === id);
  const [none, testing] = [found('mtasts.mode-none'), found('mtasts.mode-testing')];
  if (none !== undefined && isProblem(none)) return 'none';
  if (testing !== undefined && isProblem(testing)) return 'testing';
  return none?.state === 'pass' && testing?.state === 'pass' ? 'enforce' : undefined;
}

interface FindingCount {
  readonly id: string;
  readonly state: string;
  readonly severity: string;
  readonly count: number;
}

/** Those of --fail-at, too; those that pass have no series, as there are hundreds of them. */
function findingCounts(report: CheckReport): readonly FindingCount[] {
  const counted = new Map<string, FindingCount>();
  for (const { finding, at } of toldOf(report)) {
    if (finding.state === 'pass') continue;
    const { severity } = finding;
    const id = printable(finding.id);
    const state = at === null ? finding.state : `${finding.state}-later`;
    const key = JSON.stringify([id, state, severity]);
    counted.set(key, { id, state, severity, count: (counted.get(key)?.count ?? 0) + 1 });
  }
  return [...counted.values()];
}

function endOf({ tls }: Endpoint): number | undefined {
  const certificate = tls?.certificate ?? undefined;
  return certificate === undefined ? undefined : secondsOf(certificate.notAfter);
}

function secondsOf(moment: string): number {
  return Date.parse(moment) / 1000;
}
