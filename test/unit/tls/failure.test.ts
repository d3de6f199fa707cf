import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failureReasonOf } from '../../../src/tls/failure.ts';

describe('failureReasonOf, RFC 8460 §4.3', () => {
  const rows: readonly [code: string, reason: string][] = [
    ['CERT_HAS_EXPIRED', 'certificate-expired'],
    ['CERT_NOT_YET_VALID', 'certificate-not-trusted'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate-not-trusted'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate-not-trusted'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'certificate-not-trusted'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate-not-trusted'],
    ['CERT_REVOKED', 'certificate-not-trusted'],
    ['HOSTNAME_MISMATCH', 'certificate-host-mismatch'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate-host-mismatch'],
    ['UNSPECIFIED', 'validation-failure'],
    ['a code of the future', 'validation-failure'],
    ['constructor', 'validation-failure'],
    ['', 'validation-failure'],
  ];
  for (const [code, reason] of rows) {
    it(`${JSON.stringify(code)} is ${reason}`, () => assert.equal(failureReasonOf(code), reason));
  }
});
