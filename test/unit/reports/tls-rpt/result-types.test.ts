import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { policyTypeOf, resultTypeOf, resultTypes } from '../../../../src/reports/tls-rpt/result-types.ts';

describe('result types', () => {
  it('have the codes of libtlsrpt: 201 to 205 for the connection, 301 to 306 for policies', () => {
    const codes = [201, 202, 203, 204, 205, 301, 302, 303, 304, 305, 306];
    assert.deepEqual(codes.map(resultTypeOf), [...resultTypes]);
    for (const code of [200, 206, 299, 300, 307, 0, -1, 201.5, Number.NaN])
      assert.equal(resultTypeOf(code), undefined, String(code));
  });

  it('policies are numbered 1, 2 and 9', () => {
    assert.deepEqual([0, 1, 2, 3, 9].map(policyTypeOf), [
      undefined,
      'tlsa',
      'sts',
      undefined,
      'no-policy-found',
    ]);
  });
});
