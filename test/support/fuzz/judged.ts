/** What has to hold of whatever was seen, from the observation to the page. */
import assert from 'node:assert/strict';
import { withoutOptions } from '../../../src/cli/check/again.ts';
import { toReport } from '../../../src/cli/check/json.ts';
import { type Format, openOutput } from '../../../src/cli/check/output.ts';
import { readRecording, writeRecording } from '../../../src/cli/check/recording.ts';
import { everyCheck } from '../../../src/cli/check/selection.ts';
import { checkReportSchema } from '../../../src/events/check-report.ts';
import type { PolicyAtHost } from '../../../src/findings/case.ts';
import type { Finding } from '../../../src/findings/finding.ts';
import { judgeRecording } from '../../../src/findings/judge.ts';
import type { Observation } from '../../../src/findings/observation.ts';
import { builtIn } from '../../../src/findings/profiles/built-in.ts';
import type { Recording } from '../../../src/findings/recording.ts';
import { certFindings } from '../../../src/findings/rules/cert.ts';
import { connFindings } from '../../../src/findings/rules/conn.ts';
import { mailboxFindings } from '../../../src/findings/rules/mailbox.ts';
import { smtpFindings } from '../../../src/findings/rules/smtp.ts';
import { starttlsFindings } from '../../../src/findings/rules/starttls.ts';
import { tlsFindings } from '../../../src/findings/rules/tls.ts';
import type { Random } from '../dns/random.ts';
import { caseOf, chainFor, factsUnder, hostCase, now } from '../observations.ts';

/** Characters of a line of an answer with each octet escaped, of a sentence or an answer, and of all that is kept. */
const LONGEST_LINE = 8_192;
const LONGEST_SENTENCE = 2_100;
const MOST_TEXT = 400_000;

/** All that is kept is printable and bounded; certificates are octets. */
export function assertKept(observation: Observation): void {
  const weight = weigh(observation, '');
  assert.ok(weight <= MOST_TEXT, `${weight} characters are kept of one door`);
}

function weigh(value: unknown, name: string): number {
  if (typeof value === 'string') {
    assert.match(value, /^[\x20-\x7e\u2026]*$/);
    const most = name === 'because' || name === 'text' ? LONGEST_SENTENCE : LONGEST_LINE;
    assert.ok(value.length <= most, `${name} has ${value.length} characters`);
    return value.length;
  }
  if (typeof value === 'number') assert.ok(Number.isFinite(value), `${value}`);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 0;
  return Object.entries(value).reduce((sum, [key, part]: [string, unknown]) => sum + weigh(part, key), 0);
}

/** Every finding has evidence, on one line each, bounded and printable; what is to be done about it is said. */
export function assertFindings(findings: readonly Finding[]): void {
  for (const { id, state, evidence, why, fix, severity } of findings) {
    assert.ok(
      evidence.length > 0 && evidence.length <= 12,
      `${id} ${state}: ${evidence.length} lines of evidence`,
    );
    for (const line of evidence) {
      assert.ok(line.trim() !== '' && line.length <= 300, `${id} ${state}: evidence ${JSON.stringify(line)}`);
      assert.ok(!/\p{Cc}/u.test(line), `${id} ${state}: evidence ${JSON.stringify(line)}`);
    }
    assert.ok(why !== '' && severity.length > 0, id);
    assert.equal(fix.length > 0, state !== 'pass', `${id} ${state}: ${fix.length} repairs`);
  }
}

/** What only a look inside TLS can tell. */
const OF_SESSIONS = /^(?:cert|tls)\./;

/**
 * Nothing is said of what nobody saw: of TLS where nothing like an answer to a hello has come, and of STARTTLS where it was never
 * come to.
 */
export function assertSeen(findings: readonly Finding[], { base, probes }: Observation): void {
  const isTold = ({ state }: Finding): boolean => state !== 'not-tested';
  const answered = Object.values({ ...probes, ...probes.hello }).some(
    (probe: unknown) => typeof probe === 'object' && probe !== null && !('because' in probe),
  );
  if (answered || base.tls !== null) return;
  const { kind } = base.upgrade;
  const told = findings.filter((one) => isTold(one) && OF_SESSIONS.test(one.id) && kind === 'not-reached');
  assert.deepEqual(
    told.map(({ id, state }) => `${id} ${state}`),
    [],
  );
}

export function recordingOf(observations: readonly Observation[], depth: Recording['depth']): Recording {
  const [first] = observations;
  assert.ok(first !== undefined);
  const { address, port, protocol, tls } = first.endpoint;
  return {
    target: { kind: 'address', address, port, protocol, tls },
    startedAt: now,
    durationMs: 1_000,
    depth,
    intrusive: false,
    answers: [],
    fetched: [],
    recalled: [],
    observations,
    withoutConsent: [],
    skipped: [],
  };
}

/** Written, read again, judged, and told. */
export async function assertJudged(
  observation: Observation,
  depth: Recording['depth'],
  random: Random,
): Promise<void> {
  const recording = recordingOf([observation], depth);
  const written: unknown = JSON.parse(JSON.stringify(writeRecording(recording)));
  const read = readRecording(written);
  assert.ok(read.kind === 'ok', read.kind === 'invalid' ? read.because : '');
  const judged = judgeRecording(recording, now);
  assertFindings(judged.findings);
  assertSeen(judged.findings, observation);
  assert.deepEqual(judgeRecording(read.value, now).findings, judged.findings);
  assertFindings(underPolicy(observation, random.pick(policies) ?? 'none'));
  const profile = random.below(2) === 0 ? random.pick(builtIn) : undefined;
  const report = toReport({ recording, judged, foreseen: null, selection: everyCheck, profile });
  assert.deepEqual(checkReportSchema.parse(JSON.parse(JSON.stringify(report))), report);
  await assertPrintable(report, recording, random);
}

const policies: readonly PolicyAtHost[] = ['none', 'sts-testing', 'sts-enforce', 'dane-ta', 'dane-ee'];
const rules = [connFindings, smtpFindings, starttlsFindings, mailboxFindings, tlsFindings, certFindings];

function underPolicy(observation: Observation, policy: PolicyAtHost): readonly Finding[] {
  const facts = factsUnder(policy, chainFor()[0]);
  const host = hostCase([observation], { facts: facts.hosts[0]?.facts ?? null });
  const theCase = caseOf([host], { facts, now });
  return rules.flatMap((rule) => rule(theCase));
}

const formats: readonly Format[] = [
  'text',
  'json',
  'ndjson',
  'csv',
  'sarif',
  'junit',
  'nagios',
  'openmetrics',
  'html',
  'markdown',
];

/** What a terminal gets has line breaks, and no other control character. */
async function assertPrintable(
  report: ReturnType<typeof toReport>,
  recording: Recording,
  random: Random,
): Promise<void> {
  const texts: string[] = [];
  const look = { width: 80, colour: false, unicode: random.below(2) === 0 };
  const output = openOutput({
    format: random.below(2) === 0 ? 'text' : (random.pick(formats) ?? 'text'),
    list: 'never',
    details: random.below(2) === 0,
    failOn: 'high',
    version: '0.0.0',
    page: { look, called: withoutOptions, isPart: false },
    write: (text) => Promise.resolve(void texts.push(text)),
  });
  await output.begin();
  await output.print(report, recording, null);
  await output.end({ exitCode: 1, meaning: 'something is wrong', isWhole: true });
  const found = /[^\P{C}\n]|\p{Zl}|\p{Zp}/u.exec(texts.join('').replaceAll('\r\n', '\n'));
  assert.equal(found?.[0], undefined);
}
