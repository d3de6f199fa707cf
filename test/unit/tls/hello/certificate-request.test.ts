import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCertificateRequest } from '../../../../src/tls/hello/certificate-request.ts';
import { octets } from './flights.ts';

describe('CertificateRequest', () => {
  it('of TLS 1.2 says which signatures there may be (RFC 5246 §7.4.4)', () => {
    assert.deepEqual(readCertificateRequest(octets('02 0140 0004 04010403 0004 0002 3000'), 0x0303), {
      value: { types: [1, 64], signatureSchemes: [0x0401, 0x0403], authorities: [Uint8Array.of(0x30, 0)] },
      breach: null,
    });
  });

  it('of older versions does not (RFC 4346 §7.4.4), and may name no authority', () => {
    const value = { types: [1], signatureSchemes: null, authorities: [] };
    assert.deepEqual(readCertificateRequest(octets('01 01 0000'), 0x0302), { value, breach: null });
  });

  const broken: readonly [body: string, version: number][] = [
    ['', 0x0303],
    ['00 0002 0401 0000', 0x0303],
    ['01 01 0000 0000', 0x0303],
    ['01 01 0003 040104 0000', 0x0303],
    ['01 01 0002 0401', 0x0303],
    ['01 01 0002 0000', 0x0302],
    ['01 01 0003 0002 30', 0x0302],
    ['01 01 0000 00', 0x0302],
  ];
  for (const [body, version] of broken) {
    it(`cannot be read: ${body}`, () => {
      const breach = 'a CertificateRequest whose lengths do not add up';
      assert.deepEqual(readCertificateRequest(octets(body), version), { value: null, breach });
    });
  }
});
