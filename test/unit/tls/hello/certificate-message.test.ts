import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCertificateStatus, readCertificates } from '../../../../src/tls/hello/certificate-message.ts';
import { octets, vector24 } from './flights.ts';

const chain = (count: number): Buffer =>
  vector24(Buffer.concat(Array.from({ length: count }, (_, at) => vector24(Buffer.of(0x30, at)))));

describe('Certificate, RFC 5246 §7.4.2', () => {
  it('is a chain in the order in which it was sent', () => {
    const found = { value: [Uint8Array.of(0x30, 0), Uint8Array.of(0x30, 1)], breach: null };
    assert.deepEqual(readCertificates(chain(2)), found);
  });

  it('of 20 certificates, and of no more', () => {
    assert.equal(readCertificates(chain(20)).breach, null);
    const { value, breach } = readCertificates(chain(21));
    assert.deepEqual([value?.length, breach], [20, 'more than 20 certificates']);
  });

  it('a server has one at least', () => {
    assert.deepEqual(readCertificates(octets('000000')), {
      value: [],
      breach: 'a Certificate message without a certificate',
    });
  });

  for (const body of [
    '',
    '0000',
    '000001',
    '000003000000',
    '0000040000023000',
    '00000500000230',
    '00000500000230 00 00',
  ]) {
    it(`cannot be read: ${body}`, () => {
      const { value, breach } = readCertificates(octets(body));
      assert.deepEqual([value, breach], [null, 'a Certificate message whose lengths do not add up']);
    });
  }
});

describe('CertificateStatus, RFC 6066 §8', () => {
  it('is an answer of OCSP', () => {
    assert.deepEqual(readCertificateStatus(octets('01 000002 3003')), {
      value: Uint8Array.of(0x30, 3),
      breach: null,
    });
  });

  for (const body of ['', '02 000002 3003', '01 000000', '01 000003 3003', '01 000002 300300']) {
    it(`is none: ${body}`, () => {
      const breach = 'a CertificateStatus that is no answer of OCSP';
      assert.deepEqual(readCertificateStatus(octets(body)), { value: null, breach });
    });
  }
});
