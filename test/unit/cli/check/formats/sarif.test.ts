import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { z } from 'zod';
import { sarifFormat } from '../../../../../src/cli/check/formats/sarif.ts';
import { printable as shown } from '../../../../../src/cli/check/formats/told.ts';
import type { ListPlace } from '../../../../../src/cli/check/targets.ts';
import type { CheckReport } from '../../../../../src/events/check-report.ts';
import { report, reported, samples } from '../samples.ts';
import { everyKind } from './demanded.ts';
import { findingsOf, hostileReport, terms, written } from './hostile.ts';

/** As much of SARIF as is looked at here; the whole is judged by the schema of OASIS in test/peers/check-forms.test.ts. */
const location = z.object({
  physicalLocation: z
    .object({
      artifactLocation: z.object({ uri: z.string() }),
      region: z.object({ startLine: z.int().min(1) }),
    })
    .optional(),
  logicalLocations: z.array(z.object({ name: z.string(), fullyQualifiedName: z.string() })),
});
const result = z.object({
  ruleId: z.string(),
  ruleIndex: z.int(),
  kind: z.string(),
  level: z.string(),
  message: z.object({ text: z.string() }),
  locations: z.array(location).min(1),
  partialFingerprints: z.record(z.string(), z.string()),
  properties: z.object({ target: z.string(), state: z.string(), evidence: z.array(z.string()) }),
});
const rule = z.object({
  id: z.string(),
  shortDescription: z.object({ text: z.string() }),
  helpUri: z.string().optional(),
});
const log = z.object({
  version: z.literal('2.1.0'),
  runs: z.tuple([
    z.object({
      results: z.array(result),
      tool: z.object({ driver: z.object({ rules: z.array(rule) }) }),
      invocations: z.tuple([
        z.object({
          exitCode: z.int(),
          executionSuccessful: z.boolean(),
          toolExecutionNotifications: z.array(z.object({ message: z.object({ text: z.string() }) })),
        }),
      ]),
    }),
  ]),
});

function runOf(
  reports: readonly CheckReport[],
  { details = false, place = null as ListPlace | null, complaints = [] as readonly string[] } = {},
): z.output<typeof log>['runs'][0] {
  const text = written(sarifFormat({ ...terms, details }), reports, complaints, place);
  return log.parse(JSON.parse(text)).runs[0];
}

const kindsOf = (one: CheckReport, details: boolean): readonly string[] =>
  runOf([one], { details }).results.map(({ kind, level }) => `${kind} ${level}`);

describe('a log of SARIF', () => {
  it('has what is to be done, and what counts and was not tested; what GitHub would take for alerts only with details', () => {
    const findings = [
      reported({ state: 'fail', severity: 'critical' }),
      reported({ state: 'warn', severity: 'medium' }),
      reported({ state: 'absent', severity: 'low' }),
      reported({ state: 'absent', severity: 'info' }),
      reported({ state: 'not-tested', severity: 'high' }),
      reported({ state: 'not-tested', severity: 'low' }),
      reported({ state: 'pass', severity: 'critical' }),
    ];
    const all = report({ findings });
    assert.deepEqual(kindsOf(all, false), ['fail error', 'fail warning', 'fail note', 'open none']);
    assert.deepEqual(kindsOf(all, true), [
      'fail error',
      'fail warning',
      'fail note',
      'informational none',
      'open none',
      'open none',
      'pass none',
    ]);
  });

  it('tells what a profile demands, each with a rule of its own', () => {
    const { results, tool } = runOf([everyKind]);
    assert.deepEqual(
      results.map(({ ruleId, kind }) => [ruleId, kind]),
      [
        ['cert.expired', 'fail'],
        ['profile.mine.keys', 'fail'],
        ['profile.mine.keys', 'open'],
      ],
    );
    const rules = tool.driver.rules.map(({ id, shortDescription }) => [id, shortDescription.text]);
    assert.deepEqual(rules[1], ['profile.mine.keys', 'keys are strong']);
  });

  it('names a line of the list where there is one, and always the place in words', () => {
    const [first] = runOf([samples.clear], { place: { file: 'lists/my domains.txt', line: 7 } }).results;
    assert.deepEqual(first?.locations[0]?.physicalLocation, {
      artifactLocation: { uri: 'lists/my%20domains.txt' },
      region: { startLine: 7 },
    });
    assert.equal(
      first.locations[0]?.logicalLocations[0]?.fullyQualifiedName,
      'example.test/mx1.example.test 192.0.2.1 port 25',
    );
    assert.equal(runOf([samples.clear]).results[0]?.locations[0]?.physicalLocation, undefined);
    const uris = ['/srv/a:b.txt', './domains.txt', '../a.txt'].map((file) => {
      const [one] = runOf([samples.clear], { place: { file, line: 1 } }).results;
      return one?.locations[0]?.physicalLocation?.artifactLocation.uri;
    });
    assert.deepEqual(uris, ['file:///srv/a%3Ab.txt', 'domains.txt', '../a.txt']);
  });

  it('fingerprints last while check and place do, wherever in the list, however bad, and whatever was seen', () => {
    const prints = (one: Parameters<typeof reported>[0], line: number): unknown =>
      runOf([report({ findings: [reported(one)] })], { place: { file: 'a', line } }).results[0]
        ?.partialFingerprints;
    const known = prints({}, 1);
    assert.deepEqual(prints({ severity: 'high', state: 'warn', evidence: ['other'] }, 9), known);
    assert.notDeepEqual(prints({ id: 'cert.expired' }, 1), known);
    assert.notDeepEqual(prints({ scope: { host: 'mx2.example.test' } }, 1), known);
    const [now, then] = [
      samples.clear,
      { ...samples.clear, findings: [], future: laterOf(samples.clear) },
    ].map((one) => runOf([one]).results[0]?.partialFingerprints);
    assert.notDeepEqual(now, then);
  });

  it('rules are those of its results, each at its index, with the section that they come from', () => {
    const { results, tool } = runOf([samples.mismatch, samples.clear]);
    for (const { ruleId, ruleIndex } of results) assert.equal(tool.driver.rules[ruleIndex]?.id, ruleId);
    assert.equal(new Set(tool.driver.rules.map(({ id }) => id)).size, tool.driver.rules.length);
    const mismatch = tool.driver.rules.find(({ id }) => id === 'dane.mismatch');
    assert.equal(mismatch?.helpUri, 'https://www.rfc-editor.org/rfc/rfc7672#section-3.2');
  });

  it('tells how the run ended, and what could not be read', () => {
    const [invocation] = runOf([], { complaints: ['line 2 of stdin: no'] }).invocations;
    assert.equal(invocation.exitCode, 1);
    assert.equal(invocation.executionSuccessful, true);
    assert.deepEqual(
      invocation.toolExecutionNotifications.map(({ message }) => message.text),
      ['line 2 of stdin: no'],
    );
  });

  it('says what was said, whatever it is, and makes no links of it', () => {
    fc.assert(
      fc.property(fc.array(hostileReport, { maxLength: 2 }), (reports: readonly CheckReport[]) => {
        const { results } = runOf(reports, { details: true });
        const all = reports.flatMap((one) =>
          findingsOf(one).map((finding) => ({ target: one.target, ...finding })),
        );
        assert.deepEqual(
          results.map(({ properties }) => [properties.target, properties.evidence]),
          all.map(({ target, evidence }) => [shown(target), evidence.map(shown)]),
        );
        for (const { message } of results) {
          assert.ok(!message.text.includes(']('));
          assert.ok(message.text.isWellFormed());
        }
      }),
    );
  });
});

function laterOf({ findings }: CheckReport): CheckReport['future'] {
  return { until: '2027-03-01T00:00:00.000Z', events: [], findings };
}
