import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  counting,
  exitCodeOf,
  hiddenBy,
  nagiosCodeOf,
  nothingYet,
  runEndOf,
} from '../../../../src/cli/check/exit-code.ts';
import type { CheckReport } from '../../../../src/events/check-report.ts';
import { findingStates, severities } from '../../../../src/findings/check.ts';
import { reported, samples } from './samples.ts';

const problems = ['fail', 'warn', 'absent'];

describe('the exit code', () => {
  it('is the first that applies: 2 usage, 4 this network, 1 a finding, 3 not tested, 0', () => {
    const all = { wrongUsage: true, blocked: true, problem: true, critical: true, untested: true };
    assert.equal(exitCodeOf(all), 2);
    assert.equal(exitCodeOf({ ...all, wrongUsage: false }), 4);
    assert.equal(exitCodeOf({ ...all, wrongUsage: false, blocked: false }), 1);
    assert.equal(exitCodeOf({ ...nothingYet, untested: true }), 3);
    assert.equal(exitCodeOf(nothingYet), 0);
  });

  for (const state of findingStates) {
    for (const severity of severities) {
      it(`of ${state} at ${severity}, by what is to fail`, () => {
        const report: CheckReport = { ...samples.good, findings: [reported({ state, severity })] };
        for (const failOn of severities) {
          const counts = severities.indexOf(severity) <= severities.indexOf(failOn);
          const expected = !counts ? 0 : problems.includes(state) ? 1 : state === 'not-tested' ? 3 : 0;
          assert.equal(exitCodeOf(counting(nothingYet, report, failOn)), expected, failOn);
        }
      });
    }
  }

  it('of a plugin for Nagios: 3 where this host is to blame, 2 critical, 1 another finding, 3 not tested, 0', () => {
    const all = { wrongUsage: false, blocked: false, problem: true, critical: true, untested: true };
    assert.equal(nagiosCodeOf({ ...all, wrongUsage: true }), 3);
    assert.equal(nagiosCodeOf({ ...all, blocked: true }), 3);
    assert.equal(nagiosCodeOf(all), 2);
    assert.equal(nagiosCodeOf({ ...all, critical: false }), 1);
    assert.equal(nagiosCodeOf({ ...nothingYet, untested: true }), 3);
    assert.equal(nagiosCodeOf(nothingYet), 0);
  });

  for (const severity of severities) {
    it(`of a plugin, for a problem at ${severity}, by what is to fail`, () => {
      const report: CheckReport = { ...samples.good, findings: [reported({ severity })] };
      for (const failOn of severities) {
        const counts = severities.indexOf(severity) <= severities.indexOf(failOn);
        const expected = !counts ? 0 : severity === 'critical' ? 2 : 1;
        assert.equal(nagiosCodeOf(counting(nothingYet, report, failOn)), expected, failOn);
      }
    });
  }

  it('counts what --fail-at finds', () => {
    const findings = [reported({ state: 'fail', severity: 'critical' })];
    const report: CheckReport = {
      ...samples.good,
      findings: [],
      future: { until: '2027-01-01T00:00:00.000Z', events: [], findings },
    };
    assert.equal(exitCodeOf(counting(nothingYet, report, 'high')), 1);
  });

  it('of wrong usage hides nothing without a word', () => {
    const wrong = { ...nothingYet, wrongUsage: true };
    assert.equal(hiddenBy(wrong), undefined);
    assert.equal(hiddenBy({ ...nothingYet, problem: true }), undefined);
    assert.match(
      hiddenBy({ ...wrong, problem: true, untested: true }) ?? '',
      /exit code 1: something is wrong/,
    );
    assert.match(hiddenBy({ ...wrong, untested: true }) ?? '', /exit code 3: /);
    assert.match(hiddenBy({ ...wrong, blocked: true, problem: true }) ?? '', /exit code 4: /);
  });

  it('of a run that was interrupted says so, whatever was found until then', () => {
    const bad = { ...nothingYet, problem: true };
    assert.deepEqual(runEndOf(nothingYet, 'own', undefined), { exitCode: 0, meaning: '' });
    assert.deepEqual(
      (['SIGHUP', 'SIGINT', 'SIGTERM'] as const).map((signal) => runEndOf(bad, 'own', signal).exitCode),
      [129, 130, 143],
    );
    assert.match(runEndOf(bad, 'own', 'SIGINT').meaning, /interrupted/);
    // 2 would be CRITICAL, and 130 is none of theirs.
    assert.equal(runEndOf({ ...bad, critical: true }, 'nagios', 'SIGTERM').exitCode, 3);
    assert.equal(runEndOf({ ...bad, critical: true }, 'nagios', undefined).exitCode, 2);
  });

  it('one bad target among good ones is not forgotten', () => {
    const bad: CheckReport = { ...samples.good, findings: [reported({ state: 'fail', severity: 'high' })] };
    const tally = [bad, samples.good].reduce((sum, report) => counting(sum, report, 'high'), nothingYet);
    assert.equal(exitCodeOf(tally), 1);
  });
});
