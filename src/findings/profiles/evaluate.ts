/** What a profile comes to for one target: each of its requirements, by what was found and what was seen. */
import type { PolicyLookUp } from '../../policies/look-ups.ts';
import type { CheckCase } from '../case.ts';
import { checkIds } from '../catalogue.ts';
import { type Severity, severities } from '../check.ts';
import { driveRecorded } from '../drive-recorded.ts';
import { type Finding, isProblem } from '../finding.ts';
import type { Judged } from '../judge.ts';
import type { Recording } from '../recording.ts';
import { perDoor, type SeenDoor, targetScope, withoutHosts } from './doors.ts';
import { seenOf } from './facets.ts';
import { dmarcReject, dmarcReports } from './facts-dmarc.ts';
import { atLeastTls12, startTls, tlsaMatch, webPki } from './facts-doors.ts';
import { hostsSigned, mailHosts, mxSigned, tlsaRecords } from './facts-hosts.ts';
import { isWorse, levelOf, worstLevel } from './levels.ts';
import {
  type Assessed,
  type FactTest,
  type FindingsTest,
  isMeant,
  type LevelsTest,
  type Profile,
  type Requirement,
  type RequirementState,
  type SimpleTest,
  type Verdict,
} from './profile.ts';

/** What a requirement is judged by. */
type Basis = Pick<Judged, 'theCase' | 'findings'>;

/** Every requirement of the profile, what is not met first, and of equals the worst. */
export function assess(profile: Profile, basis: Basis, recording: Recording): readonly Assessed[] {
  return driveRecorded(assessAll(profile, basis), recording);
}

function* assessAll({ requirements }: Profile, basis: Basis): PolicyLookUp<readonly Assessed[]> {
  const all: Assessed[] = [];
  for (const requirement of requirements) all.push(yield* assessOne(requirement, basis));
  return all.toSorted(
    (a, b) =>
      order.indexOf(a.state) - order.indexOf(b.state) ||
      Number(a.outside) - Number(b.outside) ||
      severities.indexOf(a.severity) - severities.indexOf(b.severity),
  );
}

const order: readonly RequirementState[] = ['not-met', 'not-tested', 'met', 'not-applicable'];

function* assessOne(requirement: Requirement, basis: Basis): PolicyLookUp<Assessed> {
  const { test, severity } = requirement;
  const tests: readonly SimpleTest[] = 'of' in test ? test.of : [test];
  const parts: (readonly Verdict[])[] = [];
  for (const one of tests) parts.push(yield* verdictsOf(one, basis));
  const { state, verdicts } = test.kind === 'any' ? eitherOf(parts) : allOf(parts);
  const outside = tests.every(({ kind }) => kind === 'outside');
  const level = worstLevel(verdicts.flatMap((one) => one.level ?? [])) ?? null;
  const own = outside ? 'info' : severity;
  return {
    requirement,
    state,
    severity: state === 'not-met' ? badness(own, tests, verdicts) : own,
    untested: hasUntested(state, verdicts) ? own : null,
    level,
    outside,
    verdicts,
  };
}

function hasUntested(state: RequirementState, verdicts: readonly Verdict[]): boolean {
  return (
    state === 'not-tested' ||
    (state === 'not-met' && verdicts.some((one) => one.state === 'not-tested' || one.isOpen === true))
  );
}

/** Where nothing is worse than on its way out it is less bad. */
function badness(severity: Severity, tests: readonly SimpleTest[], verdicts: readonly Verdict[]): Severity {
  const [first] = tests;
  if (tests.length !== 1 || first?.kind !== 'levels') return severity;
  const wrong = verdicts.filter(({ state }) => state === 'not-met');
  return wrong.every(({ level }) => level === 'phase-out') ? first.phaseOut : severity;
}

/** Whatever is not met decides, then whatever nobody could look at. */
function stateOf(verdicts: readonly Verdict[]): RequirementState {
  const having = (state: RequirementState): boolean => verdicts.some((one) => one.state === state);
  return order.find(having) ?? 'not-applicable';
}

interface Combined {
  readonly state: RequirementState;
  readonly verdicts: readonly Verdict[];
}

function allOf(parts: readonly (readonly Verdict[])[]): Combined {
  const verdicts = parts.flat();
  return { state: stateOf(verdicts), verdicts };
}

/** One is enough; the first that holds is told, else all of them. */
function eitherOf(parts: readonly (readonly Verdict[])[]): Combined {
  const enough = parts.find((verdicts) => stateOf(verdicts) === 'met');
  if (enough !== undefined) return { state: 'met', verdicts: enough };
  const states = parts.map(stateOf);
  const state = (['not-tested', 'not-met'] as const).find((one) => states.includes(one));
  return { state: state ?? 'not-applicable', verdicts: parts.flat() };
}

function* verdictsOf(test: SimpleTest, basis: Basis): PolicyLookUp<readonly Verdict[]> {
  const { theCase } = basis;
  switch (test.kind) {
    case 'findings':
      return ofFindings(test, basis);
    case 'levels':
      return ofLevels(test, basis);
    case 'fact':
      return yield* ofFact(test, theCase);
    case 'outside':
      return [{ state: 'not-tested', scope: targetScope(theCase), evidence: [test.because] }];
  }
}

function* ofFact({ fact, mailbox }: FactTest, theCase: CheckCase): PolicyLookUp<readonly Verdict[]> {
  switch (fact) {
    case 'mail-hosts':
      return mailHosts(theCase);
    case 'mx-signed':
      return mxSigned(theCase);
    case 'hosts-signed':
      return hostsSigned(theCase);
    case 'starttls':
      return startTls(theCase);
    case 'tls-1.2':
      return atLeastTls12(theCase);
    case 'web-pki':
      return webPki(theCase);
    case 'tlsa':
      return tlsaRecords(theCase);
    case 'tlsa-match':
      return tlsaMatch(theCase);
    case 'dmarc-reject':
      return yield* dmarcReject(theCase);
    case 'dmarc-reports':
      return yield* dmarcReports(theCase, mailbox);
  }
}

function ofLevels({ facet, table, least }: LevelsTest, { theCase, findings }: Basis): readonly Verdict[] {
  return perDoor(theCase, (door) => {
    const { choices, open } = seenOf(facet, door, findingsAt(door, findings));
    const levelled = choices.map((choice) => ({ ...choice, level: levelOf(choice.name, table) }));
    const bad = levelled.filter(({ level }) => isWorse(level, least));
    const say = (some: typeof levelled): readonly string[] =>
      some.map(({ name, level, evidence }) => `${name} is ${level} (${evidence})`);
    const worst = worstLevel(levelled.map(({ level }) => level));
    const level = worst === undefined ? {} : { level: worst };
    if (bad.length > 0)
      return { state: 'not-met', evidence: say(bad), ...level, ...(open !== undefined && { isOpen: true }) };
    if (open !== undefined) return { state: 'not-tested', evidence: [open, ...say(levelled)], ...level };
    return choices.length === 0
      ? { state: 'not-applicable', evidence: ['there is none'] }
      : { state: 'met', evidence: say(levelled), ...level };
  });
}

/** Sections of checks that are about a domain, whichever servers it has. */
const OF_DOMAINS = ['mx', 'mtasts', 'tlsrpt', 'spf', 'dmarc'] as const;

/** What is about a domain, where a server was named by itself; undefined of all else. */
function ofAnother(part: string, theCase: CheckCase): Verdict | undefined {
  if (theCase.target.kind === 'domain' || !OF_DOMAINS.some((section) => isMeant(part, section)))
    return undefined;
  const evidence = [`${part} is about a domain, and a server was named by itself`];
  return { state: 'not-applicable', scope: targetScope(theCase), evidence };
}

/** Sections of checks that are about a door: each door has to be looked at. */
const OF_DOORS = ['smtp', 'starttls', 'tls', 'cert'] as const;

function ofFindings(test: FindingsTest, basis: Basis): readonly Verdict[] {
  return test.ids.flatMap((part) => {
    const isKnown = checkIds.some((id) => isMeant(id, part));
    if (OF_DOORS.some((section) => isMeant(part, section)))
      return perDoor(basis.theCase, (door) =>
        isKnown
          ? ofPart(part, test, findingsAt(door, basis.findings), unaskedAt(basis.theCase))
          : unknownToTester(part),
      );
    return isKnown
      ? byScope(part, test, basis)
      : [{ scope: targetScope(basis.theCase), ...unknownToTester(part) }];
  });
}

/** An id of a check that this program does not have yet. */
function unknownToTester(part: string): Omit<Verdict, 'scope'> {
  return { state: 'not-tested', evidence: [`this version of the check does not look at ${part}`] };
}

function wanted(
  part: string,
  { except = [] }: FindingsTest,
  findings: readonly Finding[],
): readonly Finding[] {
  return findings.filter(({ id }) => isMeant(id, part) && !except.some((other) => isMeant(id, other)));
}

/** Of the target as a whole, or of its hosts: one verdict for each finding that is not in order, or one for all. */
function byScope(part: string, test: FindingsTest, { theCase, findings }: Basis): readonly Verdict[] {
  const found = wanted(part, test, findings);
  const open = found.filter(({ state }) => state !== 'pass');
  const none = found.length === 0 ? (ofAnother(part, theCase) ?? withoutHosts(theCase)) : undefined;
  if (none !== undefined) return [none];
  if (open.length === 0) return [{ scope: targetScope(theCase), ...ofPart(part, test, found, UNSAID) }];
  return open.map((one) => ({ scope: one.scope, ...ofPart(part, test, [one], UNSAID) }));
}

/** Why there is nothing of it, where nothing says more. */
function unaskedAt({ depth }: Pick<CheckCase, 'depth'>): string {
  return depth === 'deep'
    ? 'no connection was left for it, or the server gave no occasion to ask'
    : `not at --depth ${depth}, or no connection was left for it`;
}

const UNSAID = 'for this target there was no occasion to ask';

/** @param unasked why nothing may be there. */
function ofPart(
  part: string,
  test: FindingsTest,
  findings: readonly Finding[],
  unasked: string,
): Omit<Verdict, 'scope'> {
  const found = wanted(part, test, findings);
  const wrong = found.filter(isProblem);
  if (wrong.length > 0) return { state: 'not-met', evidence: wrong.flatMap(told) };
  const open = found.filter(({ state }) => state === 'not-tested');
  if (open.length > 0) return { state: 'not-tested', evidence: open.flatMap(told) };
  if (found.length > 0)
    return { state: 'met', evidence: [`${part}: ${found[0]?.evidence[0] ?? 'in order'}`] };
  return test.silent === undefined
    ? { state: 'not-tested', evidence: [`${part} was not looked at: ${unasked}`] }
    : { state: test.silent, evidence: [`nothing was found of ${part}`] };
}

function told({ id, evidence, why }: Finding): readonly string[] {
  return [`${id}: ${evidence[0] ?? why}`];
}

function findingsAt({ scope }: SeenDoor, findings: readonly Finding[]): readonly Finding[] {
  return findings.filter((one) => one.scope.address === scope.address && one.scope.port === scope.port);
}
