/** A report with a profile: one requirement of each kind. */
import type { CheckProfile } from '../../../../../src/events/check-profile.ts';
import type { CheckReport } from '../../../../../src/events/check-report.ts';
import { report, reported } from '../samples.ts';

export type Requirement = CheckProfile['requirements'][number];

const [one, two] = ['192.0.2.1', '192.0.2.2'].map((address) => ({
  host: 'mx1.example.test',
  address,
  port: 25,
}));

export function requirement(change: Partial<Requirement> = {}): Requirement {
  const { state = 'met' } = change;
  return {
    id: 'starttls',
    title: 'TLS comes about',
    clause: 'RFC 8461 §5',
    state,
    severity: 'critical',
    untested: state === 'not-tested' ? 'critical' : null,
    level: null,
    outside: false,
    places: [{ scope: { ...one }, state, level: null, evidence: [`${state}, as was seen`] }],
    ahead: null,
    ...change,
  };
}

export function demanded(
  requirements: readonly Requirement[],
  change: Partial<CheckReport> = {},
): CheckReport {
  return report({ ...change, profile: profileWith(requirements, 'my demands') });
}

export function profileWith(requirements: readonly Requirement[], title: string): CheckProfile {
  return {
    name: 'mine',
    title,
    state: 'not-met',
    requirements: [...requirements],
    severities: { 'dane.none': 'high' },
    others: 'ignore',
  };
}

const keys = requirement({
  id: 'keys',
  title: 'keys are strong',
  clause: 'Mail policy 4.2',
  state: 'not-met',
  severity: 'high',
  untested: 'high',
  places: [
    { scope: { ...one }, state: 'not-met', level: 'insufficient', evidence: ['RSA 1024 is insufficient'] },
    { scope: { ...two }, state: 'not-tested', level: null, evidence: ['nobody could look'] },
  ],
});

/** Of a finding that the profile does not name, nothing depends. */
export const everyKind = demanded(
  [
    keys,
    requirement({ id: 'suites', state: 'not-tested', untested: 'medium', severity: 'medium' }),
    requirement(),
    requirement({ id: 'mta-sts', state: 'not-applicable' }),
    requirement({ id: 'web', state: 'not-tested', outside: true }),
  ],
  { findings: [reported({ id: 'cert.expired', severity: 'critical' })] },
);
