import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type Resolution, resolutionJsonSchema, resolutionSchema } from '../../../src/events/resolution.ts';

const found: Resolution = {
  schema: 'waxwing.resolve/1',
  name: 'example.test',
  type: 'MX',
  outcome: 'found',
  status: 'secure',
  records: ['10 mx1.example.test.'],
  ttl: 3600,
  chain: [{ kind: 'anchor', name: '.', type: 'DS', status: 'secure', because: 'trusted to begin with' }],
  because: 'signed',
  what: null,
  owner: 'example.test',
  aliases: [{ from: 'a.test', to: 'b.test', by: 'CNAME', status: 'secure' }],
  unproven: [],
  errors: [{ code: 7, text: '' }],
  dnssec: 'validate',
  resolvers: ['127.0.0.1:53'],
  notices: [{ says: 'it is silent', remedy: 'another one' }],
};

describe('the schema of a resolution', () => {
  it('is the one that is published in docs/schema', () => {
    const published: unknown = JSON.parse(readFileSync('docs/schema/resolve.schema.json', 'utf8'));
    assert.deepEqual(resolutionJsonSchema(), published);
  });

  it('begins with the keys that scripts were promised', () => {
    assert.deepEqual(Object.keys(resolutionSchema.shape).slice(0, 9), [
      'schema',
      'name',
      'type',
      'outcome',
      'status',
      'records',
      'ttl',
      'chain',
      'because',
    ]);
    assert.deepEqual(resolutionSchema.parse(found), found);
  });

  const broken: readonly (readonly [string, unknown])[] = [
    ['another version', { ...found, schema: 'waxwing.resolve/2' }],
    ['an outcome that is no word of ours', { ...found, outcome: 'bogus' }],
    ['a status that is no word of ours', { ...found, status: 'unsigned' }],
    ['a key nobody knows', { ...found, rcode: 0 }],
    ['a link of another kind', { ...found, chain: [{ ...found.chain[0], kind: 'zone' }] }],
    ['a missing reason', { ...found, because: undefined }],
    ['a time to live that is no number of seconds', { ...found, ttl: 0.5 }],
  ];
  for (const [why, value] of broken) {
    it(`refuses ${why}`, () => assert.equal(resolutionSchema.safeParse(value).success, false));
  }
});
