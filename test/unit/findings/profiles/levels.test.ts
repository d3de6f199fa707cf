import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { fits, isWorse, levelOf, worstLevel } from '../../../../src/findings/profiles/levels.ts';
import { levels } from '../../../../src/findings/profiles/profile.ts';

describe('a choice and a pattern', () => {
  const fitting: readonly (readonly [choice: string, pattern: string])[] = [
    ['TLSv1.3', 'TLSv1.3'],
    ['X25519', 'x25519'],
    ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_RSA_WITH_AES_*_GCM_*'],
    ['brainpoolP256r1', 'brainpoolP256r1*'],
    ['brainpoolP256r1tls13', 'brainpoolP256r1*'],
    ['anything', '*'],
    ['', '*'],
    ['aXbXc', 'a*b*c'],
    ['RSA 3072', 'RSA>=3072'],
    ['RSA 8192', 'rsa>=3072'],
  ];
  for (const [choice, pattern] of fitting)
    it(`${choice} is ${pattern}`, () => assert.equal(fits(choice, pattern), true));

  const others: readonly (readonly [choice: string, pattern: string])[] = [
    ['TLSv1', 'TLSv1.3'],
    ['TLSv1.2', 'TLSv1'],
    ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256'],
    ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM'],
    ['abc', 'a*d'],
    ['RSA 3071', 'RSA>=3072'],
    ['EC secp384r1', 'RSA>=256'],
    ['RSA', 'RSA>=1'],
    ['x.y', 'x?y'],
  ];
  for (const [choice, pattern] of others)
    it(`${choice} is not ${pattern}`, () => assert.equal(fits(choice, pattern), false));

  it('agree with what an expression would say', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    fc.assert(
      fc.property(text, pattern, (one, other) => {
        assert.equal(fits(one, other), new RegExp(`^${other.replaceAll('*', '.*')}$`).test(one));
      }),
    );
  });

  it('take no time that grows with the stars', () => {
    const start = performance.now();
    assert.equal(fits('a'.repeat(400), `${'*a'.repeat(100)}*b`), false);
    assert.ok(performance.now() - start < 200);
  });
});

describe('levels', () => {
  const table = { good: ['RSA>=3072'], 'phase-out': ['RSA>=2048'] };

  it('are the best at which a choice stands, and insufficient where it stands nowhere', () => {
    assert.equal(levelOf('RSA 4096', table), 'good');
    assert.equal(levelOf('RSA 2048', table), 'phase-out');
    assert.equal(levelOf('RSA 1024', table), 'insufficient');
    assert.equal(levelOf('RSA 4096', {}), 'insufficient');
  });

  it('have an order, of which the worst counts', () => {
    assert.equal(worstLevel(['good', 'phase-out', 'sufficient']), 'phase-out');
    assert.equal(worstLevel([]), undefined);
    assert.equal(isWorse('phase-out', 'sufficient'), true);
    assert.equal(isWorse('good', 'good'), false);
    assert.deepEqual(levels, ['good', 'sufficient', 'phase-out', 'insufficient']);
  });
});
