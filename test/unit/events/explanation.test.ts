import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  type Explanation,
  explanationJsonSchema,
  explanationSchema,
} from '../../../src/events/explanation.ts';

const host: Explanation['mx'][number] = {
  host: 'mx1.example.test',
  preference: 10,
  requires: 'authenticate',
  by: 'dane',
  match: [],
  tlsa: ['3 1 1 ab'],
  dnssec: 'secure',
  usable: true,
  forbidden: false,
  because: 'it has TLSA records',
  tries: true,
  provesName: false,
  half: false,
  addresses: ['192.0.2.1'],
  port: 25,
  serverName: 'mx1.example.test',
};

const one: Explanation = {
  schema: 'waxwing.explain/1',
  domain: 'example.test',
  mx: [host],
  layers: [{ layer: 'dane', state: 'found', says: 'TLS', because: 'records', evidence: ['seen'] }],
  decision: 'deliver',
  because: 'it has TLSA records',
  by: 'dane',
  forbidden: false,
  status: null,
  way: { kind: 'mx', dnssec: 'secure', because: 'MX records', further: 0 },
  route: null,
  firstContact: true,
  problems: [{ says: 'weak', fix: [{ who: 'sender', do: 'wait', command: null }] }],
  at: '2026-11-28T12:00:00.000Z',
  dnssec: 'validate',
  resolvers: ['127.0.0.1:53'],
};

describe('the schema of an explanation', () => {
  it('is the one that is published in docs/schema', () => {
    const published: unknown = JSON.parse(readFileSync('docs/schema/explain.schema.json', 'utf8'));
    assert.deepEqual(explanationJsonSchema(), published);
  });

  it('begins with the keys that scripts were promised', () => {
    const promised = ['schema', 'domain', 'mx', 'layers', 'decision', 'because'];
    assert.deepEqual(Object.keys(explanationSchema.shape).slice(0, 6), promised);
    const ofHost = ['host', 'preference', 'requires', 'by', 'match', 'tlsa', 'dnssec'];
    assert.deepEqual(Object.keys(explanationSchema.shape.mx.element.shape).slice(0, 7), ofHost);
    const ofLayer = ['layer', 'state', 'says', 'because', 'evidence'];
    assert.deepEqual(Object.keys(explanationSchema.shape.layers.element.shape), ofLayer);
    assert.deepEqual(explanationSchema.parse(one), one);
  });

  const broken: readonly (readonly [string, unknown])[] = [
    ['another version', { ...one, schema: 'waxwing.explain/2' }],
    ['a decision that is no word of ours', { ...one, decision: 'bounce' }],
    ['a requirement that is a level', { ...one, mx: [{ ...host, requires: 'may' }] }],
    ['a layer nobody knows', { ...one, mx: [{ ...host, by: 'mta-sts' }] }],
    ['a state that is no word of ours', { ...one, layers: [{ ...one.layers[0], state: 'bogus' }] }],
    ['a key nobody knows', { ...one, extra: 0 }],
    ['a missing reason', { ...one, because: undefined }],
    ['a preference that no MX record has', { ...one, mx: [{ ...host, preference: 65_536 }] }],
  ];
  for (const [why, value] of broken) {
    it(`refuses ${why}`, () => assert.equal(explanationSchema.safeParse(value).success, false));
  }
});
