import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { flawOfModulus, rsaFlaw } from '../../../src/tls/rsa-flaws.ts';
import { party } from '../../support/chains.ts';
import { close, roca, sound } from './weak-moduli.ts';

describe('RSA keys that can be computed', () => {
  it('CVE-2017-15361: primes that are powers of 65537 modulo small primes', () => {
    assert.equal(flawOfModulus(roca), 'roca');
    // One step away from it nothing is left of the mark.
    assert.notEqual(flawOfModulus(roca + 2n), 'roca');
  });

  it('CVE-2022-26320: primes that lie close together', () => {
    assert.equal(flawOfModulus(close), 'close-primes');
    assert.equal(flawOfModulus(sound), undefined);
  });

  it('a small factor', () => {
    assert.equal(flawOfModulus(sound * 1999n), 'small-factor');
    assert.equal(flawOfModulus(sound * 2003n), undefined);
  });

  it('keys that were made well have none, keys of other kinds neither', () => {
    for (let count = 0; count < 20; count++)
      assert.equal(rsaFlaw(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey), undefined);
    assert.equal(rsaFlaw(party('x').publicKey), undefined);
  });

  it('a key of 8192 bits is looked at in a moment', () => {
    const modulus = roca ** 4n + 2n;
    const began = performance.now();
    flawOfModulus(modulus);
    assert.ok(performance.now() - began < 1000);
  });
});
