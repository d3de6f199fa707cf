import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { checkReportJsonSchema, checkReportSchema } from '../../../src/events/check-report.ts';
import { findingStates, severities } from '../../../src/findings/check.ts';
import { checkProtocols, depths } from '../../../src/findings/endpoint.ts';
import { senders } from '../../../src/findings/senders.ts';
import { report, reported, samples } from '../cli/check/samples.ts';

const { shape } = checkReportSchema;
const finding = shape.findings.element.shape;

describe('the schema of a check', () => {
  it('is the one that is published; docs/schema/check.schema.json is made from it', () => {
    const published: unknown = JSON.parse(readFileSync('docs/schema/check.schema.json', 'utf8'));
    assert.deepEqual(checkReportJsonSchema(), published);
  });

  it('begins with the keys that scripts rely on, in their order', () => {
    const first = [
      'schema',
      'target',
      'protocol',
      'startedAt',
      'durationMs',
      'outcomes',
      'hosts',
      'findings',
    ];
    assert.deepEqual(Object.keys(shape).slice(0, first.length), first);
    assert.deepEqual(Object.keys(shape.hosts.element.shape).slice(0, 4), [
      'name',
      'preference',
      'layer',
      'endpoints',
    ]);
    assert.deepEqual(Object.keys(shape.hosts.element.shape.endpoints.element.shape).slice(0, 6), [
      'address',
      'port',
      'reachable',
      'starttls',
      'tls',
      'outcomes',
    ]);
    assert.deepEqual(Object.keys(finding).slice(0, 8), [
      'id',
      'state',
      'severity',
      'scope',
      'evidence',
      'why',
      'fix',
      'reference',
    ]);
  });

  it('has the words of the findings, each of them and no other', () => {
    assert.deepEqual(finding.state.options, [...findingStates]);
    assert.deepEqual(finding.severity.options, [...severities]);
    assert.deepEqual(shape.protocol.options, Object.keys(checkProtocols));
    assert.deepEqual(shape.depth.options, [...depths]);
    assert.deepEqual(shape.outcomes.keyType.options, [...senders]);
  });

  for (const [name, one] of Object.entries(samples)) {
    it(`takes ${name} as it is`, () => assert.deepEqual(checkReportSchema.parse(one), one));
  }

  const broken: readonly (readonly [string, unknown])[] = [
    ['another version', { ...samples.good, schema: 'waxwing.check/2' }],
    ['a sender nobody knows', report({ outcomes: { gmail: 'encrypted' } as never })],
    ['an outcome that is none', report({ outcomes: { 'mta-sts': 'fine' } as never })],
    ['a state that is none', report({ findings: [{ ...reported(), state: 'unknown' as never }] })],
    ['a key nobody knows', { ...samples.good, extra: 0 }],
    ['a time that is no moment', { ...samples.good, startedAt: 'today' }],
  ];
  for (const [why, value] of broken) {
    it(`refuses ${why}`, () => assert.equal(checkReportSchema.safeParse(value).success, false));
  }
});
