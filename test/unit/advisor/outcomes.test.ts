import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readOutcomes } from '../../../src/advisor/outcomes.ts';

const outcome = {
  domain: 'example.test',
  host: 'Mx.Example.TEST.',
  reached: 'encrypt',
  proof: null,
  spki: 'ab'.repeat(32),
};

describe('outcomes of others', () => {
  it('are read, with names in their one spelling', () => {
    const read = readOutcomes({ outcomes: [outcome, { ...outcome, host: null }] }, 5);
    if (read.kind !== 'ok') return assert.fail(read.because);
    assert.deepEqual(read.outcomes[0], { ...outcome, host: 'mx.example.test', at: 5, sessions: 1 });
    assert.equal(read.outcomes[1]?.host, null);
  });

  it('what is wrong is named', () => {
    const read = readOutcomes({ outcomes: [outcome, { ...outcome, reached: 'secure' }] }, 5);
    if (read.kind === 'ok') return assert.fail();
    assert.match(read.because, /^outcomes\.1\.reached: /);
  });

  it('what is left out is called missing, and what is no JSON that', () => {
    const { host: _, ...hostless } = outcome;
    assert.deepEqual(readOutcomes({ outcomes: [hostless] }, 5), {
      kind: 'invalid',
      because: 'outcomes.0.host: it is missing',
    });
    // As the body is read where it cannot be parsed.
    assert.deepEqual(readOutcomes(undefined, 5), { kind: 'invalid', because: 'the request: it is no JSON' });
  });

  it('a proof stands beside authenticate, and nowhere else', () => {
    const proofs: readonly (readonly [string, string | null, boolean])[] = [
      ['authenticate', 'name', true],
      ['authenticate', 'tlsa', true],
      ['authenticate', null, false],
      ['encrypt', 'name', false],
      ['clear', null, true],
      ['failed', null, true],
    ];
    for (const [reached, proof, isRight] of proofs)
      assert.equal(
        readOutcomes({ outcomes: [{ ...outcome, reached, proof }] }, 0).kind === 'ok',
        isRight,
        reached,
      );
  });

  it('whatever it is, it is read or refused', () => {
    fc.assert(fc.property(fc.anything(), (body) => void readOutcomes(body, 0)));
  });
});
