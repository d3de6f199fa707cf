/** What a check came to, as `waxwing check --json` prints it and its text is made from. */
import type { CheckReport } from '../../events/check-report.ts';
import type { HostCase } from '../../findings/case.ts';
import { entryOf } from '../../findings/catalogue.ts';
import { type Remedy, severities } from '../../findings/check.ts';
import { connectionBudget, endpointKey } from '../../findings/endpoint.ts';
import { type Finding, isProblem } from '../../findings/finding.ts';
import type { FutureEvent } from '../../findings/future.ts';
import type { Judged } from '../../findings/judge.ts';
import type { Observation, ObservedTls } from '../../findings/observation.ts';
import type { Profile } from '../../findings/profiles/profile.ts';
import { underProfile } from '../../findings/profiles/severity.ts';
import { programOf } from '../../findings/program.ts';
import type { Recording } from '../../findings/recording.ts';
import type { HostSimulation, SenderOutcomes } from '../../findings/simulate.ts';
import { summarizeCertificate } from '../../tls/certificate.ts';
import { profileSection } from './profile-section.ts';
import { writeRecording } from './recording.ts';
import { chosen, type Selection } from './selection.ts';
import { suitesOf } from './suite-list.ts';
import { formatTarget, protocolOf } from './target.ts';
import { type Unjudged, verdictFor } from './verdict.ts';

/** What --fail-at asks about. */
interface Foreseen {
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly events: readonly FutureEvent[];
  /** Judged for that moment. */
  readonly judged: Judged;
}

export interface Checked {
  readonly recording: Recording;
  readonly judged: Judged;
  readonly foreseen: Foreseen | null;
  /** Of --only. */
  readonly selection: Selection;
  /** Of --profile; absent without it. */
  readonly profile?: Profile | undefined;
  /** Of --no-recording. */
  readonly withoutRecording?: boolean | undefined;
}

type ReportedHost = CheckReport['hosts'][number];
type ReportedFinding = CheckReport['findings'][number];

export function toReport(checked: Checked): CheckReport {
  const unjudged = toUnjudged(checked);
  const report = { ...unjudged, verdict: verdictFor(unjudged) };
  return checked.withoutRecording === true
    ? report
    : { ...report, recording: writeRecording(checked.recording) };
}

function toUnjudged(checked: Checked): Unjudged {
  const { recording, judged } = checked;
  const { target, startedAt, durationMs, depth, intrusive } = recording;
  const findings = selected(judged, checked);
  const { theCase, simulation } = judged;
  return {
    schema: 'waxwing.check/1',
    target: formatTarget(target),
    protocol: protocolOf(target),
    startedAt: isoOf(startedAt),
    durationMs,
    outcomes: wordsOf(simulation.outcomes),
    hosts: theCase.hosts.map((host, index) => hostOf(host, simulation.hosts[index])),
    findings: findings.map(toFinding),
    depth,
    intrusive,
    senders: { ...simulation.outcomes },
    connections: connectionsOf(recording),
    notTested: findings
      .filter(({ state }) => state === 'not-tested')
      .map(({ id, scope, evidence, why, retryAt }) => ({
        id,
        scope,
        because: evidence[0] ?? why,
        retryAt: momentOf(retryAt),
      })),
    withoutConsent: recording.withoutConsent.map(({ host, because }) => ({ host, because })),
    firstContact: isFirstContact(recording),
    future: futureOf(checked),
    ...profileSection(checked),
  };
}

function selected(
  { findings }: Judged,
  { selection, recording, profile }: Pick<Checked, 'selection' | 'recording' | 'profile'>,
): readonly Finding[] {
  const found = chosen(findings, selection, recording.observations.length > 0);
  return profile === undefined ? found : worstFirst(underProfile(found, profile));
}

function worstFirst(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}

function hostOf(host: HostCase, simulated: HostSimulation | undefined): ReportedHost {
  const { name, preference, verdict, observations, skipped } = host;
  return {
    name,
    preference,
    layer: verdict === null ? null : verdict.kind === 'use' ? verdict.decision.by : verdict.by,
    endpoints: observations.map((one) =>
      endpointOf(one, simulated?.endpoints.get(endpointKey(one.endpoint)) ?? {}),
    ),
    outcomes: wordsOf(simulated?.outcomes ?? {}),
    skipped: skipped.map(({ address, port, because, retryAt }) => ({
      address,
      port,
      because,
      retryAt: momentOf(retryAt),
    })),
  };
}

function endpointOf(observation: Observation, simulated: SenderOutcomes): ReportedHost['endpoints'][number] {
  const { endpoint, base, probes, connections } = observation;
  const { address, port, protocol, tls: mode, serverName } = endpoint;
  return {
    address,
    port,
    reachable: reachable(base.connect),
    starttls: offered(base.upgrade),
    tls: base.tls === null ? null : tlsOf(base.tls),
    outcomes: wordsOf(simulated),
    protocol,
    mode,
    serverName,
    program: programOf(observation) ?? null,
    connections,
    ...(probes.hello?.suites === undefined ? {} : { suites: suitesOf(probes.hello.suites) }),
  };
}

function reachable(connect: Observation['base']['connect']): boolean | null {
  if (connect.kind === 'connected') return true;
  return connect.how === 'no-route' ? null : false;
}

function offered({ kind }: Observation['base']['upgrade']): boolean | null {
  switch (kind) {
    case 'implicit':
    case 'not-reached':
      return null;
    case 'not-offered':
      return false;
    case 'refused':
    case 'bad-answer':
    case 'injected':
    case 'handshake-failed':
    case 'secured':
      return true;
  }
}

function tlsOf({
  version,
  cipher,
  group,
  chain,
}: ObservedTls): NonNullable<ReportedHost['endpoints'][number]['tls']> {
  const [leaf] = chain;
  const summary = leaf === undefined ? undefined : summarizeCertificate(leaf);
  if (summary?.kind !== 'ok') return { version, cipher, group, certificate: null };
  const { sha256, spkiSha256, subject, issuer, names, notBefore, notAfter } = summary.value;
  return {
    version,
    cipher,
    group,
    certificate: {
      sha256,
      spkiSha256,
      subject,
      issuer,
      names: [...names],
      notBefore: isoOf(notBefore),
      notAfter: isoOf(notAfter),
    },
  };
}

function toFinding({
  id,
  state,
  severity,
  scope,
  evidence,
  why,
  fix,
  reference,
  retryAt,
}: Finding): ReportedFinding {
  return {
    id,
    state,
    severity,
    scope,
    evidence: [...evidence],
    why,
    fix: fix.map(toRemedy),
    reference,
    title: entryOf(id).title,
    retryAt: momentOf(retryAt),
  };
}

function toRemedy({ who, do: order, lines = [], verify }: Remedy): ReportedFinding['fix'][number] {
  return {
    who,
    do: order,
    lines: lines.map((line) => ({ for: line.for, text: line.text })),
    verify: verify ?? null,
  };
}

function wordsOf(outcomes: SenderOutcomes): CheckReport['outcomes'] {
  return Object.fromEntries(Object.entries(outcomes).map(([sender, { outcome }]) => [sender, outcome]));
}

function connectionsOf({ observations, depth }: Recording): CheckReport['connections'] {
  return {
    spent: observations.reduce((sum, { connections }) => sum + connections, 0),
    budget: observations.length * connectionBudget[depth],
  };
}

/** Whether nothing was known of a policy of the domain before. */
function isFirstContact({ recalled, target }: Recording): boolean {
  if (target.kind === 'address') return false;
  const name = target.kind === 'domain' ? target.domain : target.host;
  const found = recalled.find(({ domain }) => domain === name);
  return found !== undefined && found.recalled.sts === undefined;
}

function futureOf(checked: Checked): CheckReport['future'] {
  const { foreseen, judged } = checked;
  if (foreseen === null) return null;
  return {
    until: isoOf(foreseen.until),
    events: foreseen.events.map(({ id, at, what, breaks, evidence, fix }) => ({
      id,
      at: isoOf(at),
      what,
      breaks: [...breaks],
      evidence: [...evidence],
      fix: fix.map(toRemedy),
    })),
    findings: newProblems(selected(judged, checked), selected(foreseen.judged, checked)).map(toFinding),
  };
}

/** Those of then that are no problem now, or a lesser one. */
function newProblems(now: readonly Finding[], then: readonly Finding[]): readonly Finding[] {
  const known = new Set(now.filter(isProblem).map(identityOf));
  return then.filter((one) => isProblem(one) && !known.has(identityOf(one)));
}

function identityOf({ id, severity, scope: { domain, host, address, port } }: Finding): string {
  return [id, severity, domain, host, address, port].join(' ');
}

function momentOf(at: number | null): string | null {
  return at === null ? null : isoOf(at);
}

/** The years 0 to 9999, which RFC 3339 can say; a certificate may claim other ones. */
const EARLIEST = Date.UTC(2000, 0, 1) - 2000 * 365.2425 * 86_400_000;
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59);

function isoOf(at: number): string {
  return new Date(Math.min(Math.max(at, EARLIEST), LATEST)).toISOString();
}
