import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { z } from 'zod';
import { recordingSchema } from '../../../../src/cli/check/recording-schema.ts';
import { schemaWriter } from '../../../../src/cli/check/schema-writer.ts';
import type { Recording } from '../../../../src/findings/recording.ts';
import { randomCase } from '../../../support/random-observations.ts';
import { anyRecording, recordingOf } from './recordings.ts';

const asBase64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');
const write = schemaWriter(recordingSchema, 'chain');
/** Not of what no server can do, such as two certificates of SSL 2.0: zod does not write that. */
const isTheSame = (recording: Recording): void => {
  const encoded = z.safeEncode(recordingSchema, recording);
  fc.pre(encoded.success);
  assert.equal(JSON.stringify(write(recording, asBase64)), JSON.stringify(encoded.data));
};

describe('what a schema writes without looking at it', () => {
  it('is octet for octet what zod writes of any recording', () => {
    fc.assert(fc.property(anyRecording, isTheSame), { numRuns: 50 });
  });

  it('is so of whatever a server may do', () => {
    const seen = randomCase.map(({ hosts }) =>
      recordingOf({ observations: hosts.flatMap(({ observations }) => observations) }),
    );
    fc.assert(fc.property(seen, isTheSame), { numRuns: 60 });
  });

  it('has the keys in the order of the schema, and none that it does not know', () => {
    const schema = z.strictObject({ a: z.string(), b: z.int().nullable(), c: z.boolean().exactOptional() });
    const written = schemaWriter(schema, '')({ extra: 1, b: null, a: 'x' }, asBase64);
    assert.equal(JSON.stringify(written), '{"a":"x","b":null}');
  });

  it('has octets of the key that is named replaced, and no others', () => {
    const octets = z.codec(z.string(), z.instanceof(Uint8Array), {
      decode: (text) => new Uint8Array(Buffer.from(text, 'base64')),
      encode: asBase64,
    });
    const schema = z.strictObject({ chain: z.array(octets), body: z.array(octets) });
    const one = [Uint8Array.of(1)];
    const written = schemaWriter(schema, 'chain')({ chain: one, body: one }, () => 'here');
    assert.deepEqual(written, { chain: ['here'], body: ['AQ=='] });
  });

  it('is nothing at all where no kind of a union is meant', () => {
    const schema = z.strictObject({ one: z.union([z.strictObject({ kind: z.literal('a') })]) });
    assert.throws(() => schemaWriter(schema, '')({ one: { kind: 'b' } }, asBase64), /keys kind/);
  });

  it('is refused for a schema that it cannot follow', () => {
    assert.throws(() => schemaWriter(z.strictObject({ one: z.date() }), ''), /type date/);
    assert.throws(
      () => schemaWriter(z.strictObject({ one: z.union([z.string(), z.int()]) }), ''),
      /union of other things/,
    );
    assert.throws(() => schemaWriter(z.string(), ''), /only objects/);
  });
});
