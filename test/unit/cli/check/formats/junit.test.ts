import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { junitFormat } from '../../../../../src/cli/check/formats/junit.ts';
import { printable as shown } from '../../../../../src/cli/check/formats/told.ts';
import type { CheckReport } from '../../../../../src/events/check-report.ts';
import { allOf, readXml, textOf, type XmlElement } from '../../../../support/strict-xml.ts';
import { report, reported, samples } from '../samples.ts';
import { everyKind } from './demanded.ts';
import { findingsOf, hostileReport, terms, written } from './hostile.ts';

const suitesOf = (...reports: readonly CheckReport[]): readonly XmlElement[] =>
  allOf(readXml(written(junitFormat(terms), reports)), 'testsuite');
const outcomeOf = (one: XmlElement | undefined): string | undefined =>
  one?.children.map((child) => (typeof child === 'string' ? child : child.name)).join(' ');

describe('a report of tests', () => {
  it('has a suite for each target, which is numbered', () => {
    const suites = suitesOf(samples.clear, samples.good);
    assert.deepEqual(
      suites.map(({ attributes: { name, id, timestamp, time } }) => [name, id, timestamp, time]),
      [
        ['example.test', '0', '2026-11-28T18:00:00', '0.812'],
        ['example.test', '1', '2026-11-28T18:00:00', '0.812'],
      ],
    );
  });

  it('what counts fails, what could not be tested is skipped, and all else passes', () => {
    const states = (['fail', 'warn', 'absent', 'not-tested', 'pass'] as const).flatMap((state) =>
      (['critical', 'high', 'medium'] as const).map((severity) => ({ state, severity })),
    );
    for (const { state, severity } of states) {
      const [suite] = suitesOf(report({ findings: [reported({ state, severity })] }));
      assert.ok(suite);
      const isProblem = state === 'fail' || state === 'warn' || state === 'absent';
      const expected =
        state === 'not-tested' ? 'skipped' : isProblem && severity !== 'medium' ? 'failure' : '';
      assert.equal(outcomeOf(allOf(suite, 'testcase')[0]), expected, `${state} ${severity}`);
      const { failures, skipped, errors, tests } = suite.attributes;
      assert.deepEqual(
        { failures, skipped, errors, tests },
        {
          failures: String(Number(expected === 'failure')),
          skipped: String(Number(expected === 'skipped')),
          errors: '0',
          tests: '1',
        },
      );
      const output = textOf(allOf(suite, 'system-out')[0] ?? assert.fail());
      assert.equal(/starttls\.not-offered at /.test(output), isProblem && severity === 'medium');
    }
  });

  it('what a profile demands are cases; findings that it does not name do not count', () => {
    const [suite] = suitesOf(everyKind);
    assert.ok(suite);
    assert.deepEqual(
      allOf(suite, 'testcase').map((one) => [one.attributes['name'], outcomeOf(one)]),
      [
        ['cert.expired at mx1.example.test 192.0.2.1 port 25', ''],
        ['profile.mine.keys at mx1.example.test 192.0.2.1 port 25', 'failure'],
        ['profile.mine.keys at mx1.example.test 192.0.2.2 port 25', 'skipped'],
        ['profile.mine.suites at mx1.example.test 192.0.2.1 port 25', 'skipped'],
        ['profile.mine.starttls', ''],
      ],
    );
    assert.match(textOf(allOf(suite, 'system-out')[0] ?? assert.fail()), /^cert\.expired at /m);
  });

  it('cases have the same name as long as check and place are, and never two of one suite', () => {
    const twice = { findings: [reported(), reported(), reported({ scope: { domain: 'example.test' } })] };
    const names = suitesOf(report(twice)).flatMap((suite) =>
      allOf(suite, 'testcase').map(({ attributes }) => attributes['name']),
    );
    assert.deepEqual(names, [
      'starttls.not-offered at mx1.example.test 192.0.2.1 port 25',
      'starttls.not-offered at mx1.example.test 192.0.2.1 port 25 (2)',
      'starttls.not-offered at example.test',
    ]);
  });

  it('what is wrong on the day of --fail-at is a case of its own', () => {
    const [suite] = suitesOf(samples.future);
    assert.ok(suite);
    const last = allOf(suite, 'testcase').at(-1);
    assert.match(last?.attributes['name'] ?? '', /, on 2027-03-01$/);
    assert.equal(outcomeOf(last), 'failure');
  });

  it('targets that cannot be read are errors', () => {
    const text = written(junitFormat(terms), [], ['line 1 of stdin: "a@b" is no target']);
    const [suite] = allOf(readXml(text), 'testsuite');
    assert.equal(suite?.attributes['errors'], '1');
    assert.equal(
      allOf(readXml(text), 'error')[0]?.attributes['message'],
      'line 1 of stdin: "a@b" is no target',
    );
    assert.equal(allOf(readXml(written(junitFormat(terms), [])), 'testsuite').length, 0);
  });

  it('says what was said, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(hostileReport, { maxLength: 2 }), (reports: readonly CheckReport[]) => {
        const suites = suitesOf(...reports);
        assert.equal(suites.length, reports.length);
        for (const [index, suite] of suites.entries()) {
          const whole = reports[index] ?? assert.fail();
          assert.equal(suite.attributes['name'], shown(whole.target));
          const all = findingsOf(whole);
          const cases = allOf(suite, 'testcase');
          assert.equal(cases.length, all.length);
          for (const [number, one] of cases.entries()) {
            const { id, evidence, why } = all[number] ?? assert.fail();
            assert.ok(one.attributes['name']?.startsWith(shown(id)));
            const [failure] = allOf(one, 'failure');
            if (failure === undefined) continue;
            const lines = textOf(failure).split('\n');
            for (const said of evidence) assert.ok(lines.includes(`seen: ${shown(said)}`), said);
            assert.ok(lines.includes(`so: ${shown(why)}`));
          }
        }
      }),
    );
  });
});
