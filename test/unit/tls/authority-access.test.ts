import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { issuerAddress } from '../../../src/tls/authority-access.ts';
import type { RawExtension } from '../../../src/tls/raw-certificate.ts';
import { der } from './forge.ts';

const id = '2b06010505070101';
const issuers = der(0x06, Buffer.from('2b06010505073002', 'hex'));
const ocsp = der(0x06, Buffer.from('2b06010505073001', 'hex'));
const uri = (text: string): Buffer => der(0x86, Buffer.from(text));
const of = (...descriptions: readonly Buffer[]): RawExtension => ({
  id,
  critical: false,
  value: der(0x30, ...descriptions),
});

describe('RFC 5280 §4.2.2.1: where the certificate of the issuer lies', () => {
  it('the first address of the method caIssuers', () => {
    const descriptions = [
      der(0x30, ocsp, uri('http://ocsp.test')),
      der(0x30, issuers, uri('http://ca.test/ca.der')),
    ];
    assert.equal(issuerAddress([of(...descriptions)]), 'http://ca.test/ca.der');
  });

  it('nothing where there is none, or none that may be shown', () => {
    assert.equal(issuerAddress([]), undefined);
    assert.equal(issuerAddress([of(der(0x30, ocsp, uri('http://ocsp.test')))]), undefined);
    assert.equal(issuerAddress([of(der(0x30, issuers, der(0x82, Buffer.from('ca.test'))))]), undefined);
    assert.equal(issuerAddress([of(der(0x30, issuers, uri('http://ca.test/\u001b[2J')))]), undefined);
    assert.equal(
      issuerAddress([of(der(0x30, issuers, uri(`http://ca.test/${'x'.repeat(300)}`)))]),
      undefined,
    );
    assert.equal(issuerAddress([{ id, critical: false, value: Buffer.from('nonsense') }]), undefined);
  });
});
