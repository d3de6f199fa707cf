import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toResolution } from '../../../src/cli/resolve-json.ts';
import { root } from '../../../src/dns/name.ts';
import { resolutionSchema } from '../../../src/events/resolution.ts';
import * as samples from './resolve-samples.ts';

const { resolved } = samples;

describe('a resolution', () => {
  for (const [name, value] of Object.entries(samples)) {
    if (typeof value !== 'object' || !('question' in value)) continue;
    it(`of an answer that is ${name} is as the schema says`, () => {
      const resolution = toResolution(resolved(value));
      assert.deepEqual(resolutionSchema.parse(JSON.parse(JSON.stringify(resolution))), resolution);
      assert.deepEqual([resolution.outcome, resolution.status], [value.kind, value.status]);
      assert.equal(resolution.chain.length, value.chain.length);
    });
  }

  it('has records as zone files write them, the data alone', () => {
    assert.deepEqual(toResolution(resolved(samples.secure)).records, [
      '10 mx1.mail.test.',
      '10 mx2.mail.test.',
    ]);
  });

  it('keeps apart what came without proof', () => {
    const { records, unproven } = toResolution(resolved(samples.bogus));
    assert.deepEqual([records, unproven], [[], ['10 mx.evil.test.']]);
  });

  it('says what is absent, and null unless something is', () => {
    assert.equal(toResolution(resolved(samples.absent)).what, 'no-such-record');
    assert.equal(toResolution(resolved(samples.secure)).what, null);
  });

  it('names aliases and where they lead', () => {
    const { name, owner, aliases } = toResolution(resolved(samples.insecure));
    assert.deepEqual([name, owner], ['mail.test', 'cloud.example']);
    assert.deepEqual(aliases, [{ from: 'mail.test', to: 'cloud.example', by: 'CNAME', status: 'secure' }]);
  });

  it('names the root and types without a name', () => {
    const question = { name: root, type: 65_280 };
    const { name, type } = toResolution(resolved({ ...samples.secure, question }));
    assert.deepEqual([name, type], ['.', 'TYPE65280']);
  });
});
