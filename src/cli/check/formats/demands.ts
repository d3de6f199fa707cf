/** What a profile demands, as findings: so each form tells it like a check, and counts it as the exit code does. */
import type { CheckReport } from '../../../events/check-report.ts';
import { isEnding, type Requirement } from '../profile-words.ts';
import type { ReportedFinding } from '../words.ts';
import type { Told } from './told.ts';

type Profile = NonNullable<CheckReport['profile']>;
type Scope = ReportedFinding['scope'];

/**
 * Each requirement that is met once, and others at each place where they are not, or where nobody could look. What does not
 * apply, and what this check cannot see, is no part of it.
 */
export function demandsOf({ profile, future }: Pick<CheckReport, 'profile' | 'future'>): readonly Told[] {
  if (profile === undefined) return [];
  return profile.requirements
    .filter(({ outside }) => !outside)
    .flatMap((one) => [
      ...ofNow(profile, one),
      ...(future === null ? [] : ofThen(profile, one, future.until)),
    ]);
}

function ofNow(profile: Profile, one: Requirement): readonly Told[] {
  const { state, severity, untested, places } = one;
  const all = places.flatMap(({ evidence }) => evidence);
  switch (state) {
    case 'not-applicable':
      return [];
    case 'met':
      return [told(profile, one, { state: 'pass', severity, scope: {}, evidence: [...new Set(all)] })];
    case 'not-met':
      return [...atPlaces(profile, one, 'not-met', severity), ...restOf(profile, one)];
    case 'not-tested':
      return atPlaces(profile, one, 'not-tested', untested ?? severity);
  }
}

function atPlaces(
  profile: Profile,
  one: Requirement,
  wanted: 'not-met' | 'not-tested',
  severity: Requirement['severity'],
): readonly Told[] {
  const state = wanted === 'not-met' ? 'fail' : 'not-tested';
  return one.places
    .filter((place) => place.state === wanted)
    .map(({ scope, evidence }) => told(profile, one, { state, severity, scope, evidence }));
}

/** Of a requirement that is not met: what of it nobody could look at, which may be worse. */
function restOf(profile: Profile, one: Requirement): readonly Told[] {
  const { untested: severity } = one;
  if (severity === null) return [];
  const somewhere = atPlaces(profile, one, 'not-tested', severity);
  const evidence = ['what was seen is not all that there may be'];
  return somewhere.length > 0
    ? somewhere
    : [told(profile, one, { state: 'not-tested', severity, scope: {}, evidence })];
}

/** What is another at the moment of --fail-at. */
function ofThen(profile: Profile, one: Requirement, at: string): readonly Told[] {
  const { state, ahead, severity } = one;
  if (ahead === state || (ahead !== 'not-met' && ahead !== 'not-tested')) return [];
  const evidence = [
    isEnding(one) ? 'it holds now, and will not then' : `it is ${state} now, and will be ${ahead} then`,
  ];
  const found = told(profile, one, {
    state: ahead === 'not-met' ? 'fail' : 'not-tested',
    severity,
    scope: {},
    evidence,
  });
  return [{ ...found, at }];
}

interface Seen {
  readonly state: ReportedFinding['state'];
  readonly severity: Requirement['severity'];
  readonly scope: Scope;
  readonly evidence: readonly string[];
}

function told(profile: Profile, { id, title, clause }: Requirement, seen: Seen): Told {
  const finding: ReportedFinding = {
    ...seen,
    id: `profile.${profile.name}.${id}`,
    evidence: [...seen.evidence],
    why: `It is demanded by the profile ${profile.name}, ${profile.title}.`,
    fix: [],
    reference: clause,
    title,
    retryAt: null,
  };
  return { finding, at: null, isConcern: true };
}
