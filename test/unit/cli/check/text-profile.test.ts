import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withoutOptions } from '../../../../src/cli/check/again.ts';
import { formatReport } from '../../../../src/cli/check/text.ts';
import { profileLines } from '../../../../src/cli/check/text-profile.ts';
import type { CheckProfile } from '../../../../src/events/check-profile.ts';
import type { CheckReport } from '../../../../src/events/check-report.ts';
import { report } from './samples.ts';

type Requirement = CheckProfile['requirements'][number];

const look = { width: 100, colour: false, unicode: true };
const place = { host: 'mx1.example.test', address: '192.0.2.1', port: 25 };

function requirement(change: Partial<Requirement> = {}): Requirement {
  const { state = 'met' } = change;
  return {
    id: 'starttls',
    title: 'TLS comes about',
    clause: 'RFC 8461 §5',
    state,
    severity: 'critical',
    untested: null,
    level: null,
    outside: false,
    places: [{ scope: place, state, level: null, evidence: ['agreed on TLSv1.3'] }],
    ahead: null,
    ...change,
  };
}

function of(requirements: readonly Requirement[]): CheckReport {
  return report({
    profile: {
      name: 'mine',
      title: 'my demands',
      state: 'not-met',
      requirements: [...requirements],
      severities: {},
      others: 'ignore',
    },
  });
}

const shown = (requirements: readonly Requirement[], isWhole = false): string =>
  profileLines(of(requirements), isWhole, look).join('\n');

const notMet = requirement({
  id: 'keys',
  state: 'not-met',
  severity: 'high',
  title: 'keys are strong',
  places: [
    { scope: place, state: 'not-met', level: null, evidence: ['RSA 1024 is insufficient'] },
    {
      scope: { ...place, address: '192.0.2.2' },
      state: 'not-met',
      level: null,
      evidence: ['RSA 1024 is insufficient'],
    },
    { scope: { ...place, address: '192.0.2.3' }, state: 'met', level: null, evidence: ['RSA 4096 is good'] },
  ],
});
const notTested = requirement({ id: 'suites', state: 'not-tested', title: 'suites are strong' });

describe('a profile on the page', () => {
  it('is a head with figures, then what is not met, with places and clause', () => {
    assert.deepEqual(shown([notMet, notTested, requirement()]).split('\n'), [
      'profile mine, my demands: 1 of 3 requirements met, 1 not met, 1 not tested.',
      '  ✘ not met (high): keys are strong (keys)',
      '    mx1.example.test (192.0.2.1 and 192.0.2.2, port 25): RSA 1024 is insufficient',
      '    see: RFC 8461 §5',
      '  ? not tested (critical): suites are strong (suites)',
      '    mx1.example.test (192.0.2.1, port 25): agreed on TLSv1.3',
      '  met: starttls.',
    ]);
  });

  it('says what changes until --fail-at', () => {
    assert.match(
      shown([{ ...notTested, ahead: 'not-met' }]),
      /not tested, then not met \(critical\): suites/,
    );
    assert.doesNotMatch(shown([{ ...notTested, ahead: 'not-tested' }]), /then/);
  });

  it('tells a requirement that is met now and not then', () => {
    assert.match(
      shown([requirement({ ahead: 'not-met' })]),
      /✘ met, then not met \(critical\): TLS comes about/,
    );
  });

  it('has what is outside of the check apart, and never among the figures', () => {
    const text = shown([
      requirement(),
      requirement({ id: 'web', title: 'web sites', outside: true, state: 'not-tested' }),
    ]);
    assert.match(text, /1 of 1 requirement met\./);
    assert.match(text, /outside of this check: web sites \(RFC 8461 §5\): agreed on TLSv1\.3\./);
  });

  it('shows few places, and with --details all, and what is met, too', () => {
    const places = [1, 2, 3, 4, 5].map((number) => ({
      scope: { ...place, address: `192.0.2.${number}` },
      state: 'not-met' as const,
      level: null,
      evidence: [`RSA ${number}`],
    }));
    const many = { ...notMet, places };
    assert.match(shown([many]), /2 places more with --details/);
    assert.match(shown([many, requirement()], true), /RSA 5[\s\S]*✔ met \(critical\): TLS comes about/);
  });

  it('is brief about what was not tested, except with --details', () => {
    const places = [1, 2].map((number) => ({
      scope: { ...place, address: `192.0.2.${number}` },
      state: 'not-tested' as const,
      level: null,
      evidence: [`reason ${number}`, 'further'],
    }));
    const text = shown([{ ...notTested, places }]);
    assert.match(text, /reason 1/);
    assert.doesNotMatch(text, /reason 2|further|see:|more with/);
    assert.match(shown([{ ...notTested, places }], true), /reason 1\n.*further\n.*reason 2[\s\S]*see:/);
  });

  it('is not there without one, or without requirements', () => {
    assert.deepEqual(profileLines(report(), false, look), []);
    assert.equal(shown([]), '');
  });

  it('stands before what there is to fix', () => {
    const text = formatReport(of([notMet]), { look, called: withoutOptions, isPart: false });
    assert.match(text, /\nprofile mine, my demands: 0 of 1 requirement met/);
  });
});
