import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { counting, exitCodeOf, nothingYet } from '../../../../../src/cli/check/exit-code.ts';
import { demandsOf } from '../../../../../src/cli/check/formats/demands.ts';
import { nameOf, toldOf, weightOf } from '../../../../../src/cli/check/formats/told.ts';
import type { CheckReport } from '../../../../../src/events/check-report.ts';
import { severities } from '../../../../../src/findings/check.ts';
import { report, reported } from '../samples.ts';
import { demanded, everyKind, requirement } from './demanded.ts';

const brief = (one: CheckReport): readonly string[] =>
  demandsOf(one).map((told) => `${told.finding.state} ${told.finding.severity} ${nameOf(told)}`);
const future = { until: '2027-03-01T00:00:00.000Z', events: [], findings: [] };

describe('what a profile demands, as findings', () => {
  it('is told at each place where it is not met, or could not be looked at, and once where it is met', () => {
    assert.deepEqual(brief(everyKind), [
      'fail high profile.mine.keys at mx1.example.test 192.0.2.1 port 25',
      'not-tested high profile.mine.keys at mx1.example.test 192.0.2.2 port 25',
      'not-tested medium profile.mine.suites at mx1.example.test 192.0.2.1 port 25',
      'pass critical profile.mine.starttls',
    ]);
    const [first] = demandsOf(everyKind);
    assert.deepEqual(first?.finding, {
      id: 'profile.mine.keys',
      state: 'fail',
      severity: 'high',
      scope: { host: 'mx1.example.test', address: '192.0.2.1', port: 25 },
      evidence: ['RSA 1024 is insufficient'],
      why: 'It is demanded by the profile mine, my demands.',
      fix: [],
      reference: 'Mail policy 4.2',
      title: 'keys are strong',
      retryAt: null,
    });
  });

  it('is nothing without a profile, and nothing of what nobody sees from here', () => {
    assert.deepEqual(brief(report()), []);
    assert.deepEqual(brief(demanded([requirement({ outside: true, state: 'not-tested' })])), []);
  });

  it('says what could not be seen beside what is on its way out, which may be worse', () => {
    const one = requirement({ id: 'suites', state: 'not-met', severity: 'low', untested: 'high' });
    assert.deepEqual(brief(demanded([one])), [
      'fail low profile.mine.suites at mx1.example.test 192.0.2.1 port 25',
      'not-tested high profile.mine.suites',
    ]);
  });

  it('tells what is another on the day of --fail-at', () => {
    const requirements = [
      requirement({ ahead: 'not-met' }),
      requirement({ id: 'keys', ahead: 'met' }),
      requirement({ id: 'hosts', ahead: 'not-tested' }),
      requirement({ id: 'suites', state: 'not-tested', ahead: 'not-met' }),
    ];
    assert.deepEqual(
      brief(demanded(requirements, { future })).filter((line) => line.includes(', on ')),
      [
        'fail critical profile.mine.starttls, on 2027-03-01',
        'not-tested critical profile.mine.hosts, on 2027-03-01',
        'fail critical profile.mine.suites, on 2027-03-01',
      ],
    );
  });

  it('counts as it does for the exit code, and so do findings that the profile names, and no others', () => {
    const states = ['met', 'not-met', 'not-tested', 'not-applicable'] as const;
    const cases = states.flatMap((state) =>
      [null, ...states].flatMap((ahead) =>
        severities.flatMap((severity) =>
          ['dane.none', 'cert.expired'].map((id) =>
            demanded(
              [
                requirement({ state, ahead, severity, untested: state === 'not-tested' ? severity : null }),
                requirement({ id: 'low', state: 'not-met', severity: 'low', untested: 'medium' }),
              ],
              {
                findings: [reported({ id, severity: 'medium', state: 'fail' })],
                future: ahead === null ? null : future,
              },
            ),
          ),
        ),
      ),
    );
    for (const one of cases)
      for (const failOn of severities) {
        const weights = new Set(toldOf(one).map((told) => weightOf(told, failOn)));
        const expected = weights.has('counts') ? 1 : weights.has('open') ? 3 : 0;
        const requirements = JSON.stringify(one.profile?.requirements);
        assert.equal(exitCodeOf(counting(nothingYet, one, failOn)), expected, `${failOn} ${requirements}`);
      }
  });
});
