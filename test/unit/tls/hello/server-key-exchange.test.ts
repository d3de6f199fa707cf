import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EXPLICIT_CHAR2, EXPLICIT_PRIME } from '../../../../src/tls/hello/groups.ts';
import type { Reading } from '../../../../src/tls/hello/octets.ts';
import {
  readServerKeyExchange,
  type ServerKeyExchange,
} from '../../../../src/tls/hello/server-key-exchange.ts';
import { suites } from '../../../../src/tls/hello/suites.ts';
import { asked } from './asked.ts';
import { octets } from './flights.ts';

const offer = asked.get('weak')?.offer;

function exchange(name: string, body: string, version = 0x0303): Reading<ServerKeyExchange> {
  const suite = [...suites.values()].find((one) => one.name === name) ?? assert.fail(name);
  assert.ok(offer?.kind === 'tls');
  return readServerKeyExchange(octets(body), suite, version, offer);
}

const ECDHE = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256';
const DHE = 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA';
const key = Uint8Array.of(7, 8);

describe('ServerKeyExchange', () => {
  it('over a named curve, signed (RFC 8422 §5.4)', () => {
    const value = { kind: 'ecdhe', group: 0x001d, key, signatureScheme: 0x0401, isSigned: true };
    assert.deepEqual(exchange(ECDHE, '03 001d 02 0708 0401 0001 ff'), { value, breach: null });
  });

  it('before TLS 1.2 the signature has no scheme (RFC 4346 §7.4.3)', () => {
    const value = { kind: 'ecdhe', group: 0x001d, key, signatureScheme: null, isSigned: true };
    assert.deepEqual(exchange(ECDHE, '03 001d 02 0708 0001 ff', 0x0302), { value, breach: null });
    assert.equal(exchange(ECDHE, '03 001d 02 0708 0401 0001 ff', 0x0302).value, null);
  });

  it('over a prime of its own (RFC 5246 §7.4.3)', () => {
    const numbers = { prime: Uint8Array.of(0, 23), generator: Uint8Array.of(2), key };
    const value = { kind: 'dhe', ...numbers, signatureScheme: 0x0201, isSigned: true };
    assert.deepEqual(exchange(DHE, '0002 0017 0001 02 0002 0708 0201 0001 ff'), { value, breach: null });
  });

  it('anonymous: nothing is signed', () => {
    const found = exchange('TLS_ECDH_anon_WITH_AES_128_CBC_SHA', '03 0017 02 0708').value;
    assert.deepEqual(found, { kind: 'ecdhe', group: 0x0017, key, signatureScheme: null, isSigned: false });
    assert.equal(exchange('TLS_DH_anon_WITH_RC4_128_MD5', '0001 17 0001 02 0001 07').value?.isSigned, false);
  });

  it('a short RSA key for export (RFC 2246 §7.4.3)', () => {
    const value = {
      kind: 'rsa-export',
      modulus: key,
      exponent: Uint8Array.of(3),
      signatureScheme: null,
      isSigned: true,
    };
    assert.deepEqual(exchange('TLS_RSA_EXPORT_WITH_RC4_40_MD5', '0002 0708 0001 03 0001 ff', 0x0301), {
      value,
      breach: null,
    });
  });

  it('with a hint at the shared secret, with and without a key (RFC 4279 §2 and §3, RFC 5489 §2)', () => {
    const none = { signatureScheme: null, isSigned: false };
    assert.deepEqual(exchange('TLS_PSK_WITH_AES_128_CBC_SHA', '0001 61').value, { kind: 'other', ...none });
    const found = exchange('TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA', '0000 03 001d 02 0708').value;
    assert.deepEqual(found, { kind: 'ecdhe', group: 0x001d, key, ...none });
    assert.equal(exchange('TLS_PSK_WITH_AES_128_CBC_SHA', '0001 61 00').value, null);
  });

  it('of suites that nobody reads here, whatever it is', () => {
    const found = exchange('TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA', '0102030405').value;
    assert.deepEqual(found, { kind: 'other', signatureScheme: null, isSigned: false });
  });

  it('over a curve that it writes out (RFC 4492 §5.4), which was never offered', () => {
    const curve = '01aa 01bb 02cccc 01dd 01ee';
    const prime = exchange(ECDHE, `01 01ff ${curve} 02 0708 0401 0001 ff`);
    assert.equal(prime.value?.kind === 'ecdhe' && prime.value.group, EXPLICIT_PRIME);
    assert.match(prime.breach ?? '', /arbitrary_explicit_prime_curves, which was not offered/);
    for (const basis of ['01 0103', '02 0101 0102 0103']) {
      const binary = exchange(ECDHE, `02 00a3 ${basis} ${curve} 02 0708 0401 0001 ff`);
      assert.equal(binary.value?.kind === 'ecdhe' && binary.value.group, EXPLICIT_CHAR2);
    }
  });

  const breaches: readonly [why: string, name: string, body: string][] = [
    ['with x25519kyber, which is for TLS 1.3', ECDHE, '03 11ec 02 0708 0401 0001 ff'],
    ['signed with what was not offered', ECDHE, '03 001d 02 0708 0a0a 0001 ff'],
  ];
  for (const [why, name, body] of breaches) {
    it(`is a breach, and read: ${why}`, () => {
      const { value, breach } = exchange(name, body);
      assert.equal(value?.kind, 'ecdhe');
      assert.match(breach ?? '', /which was not offered/);
    });
  }

  const unreadable: readonly [why: string, name: string, body: string][] = [
    ['nothing', ECDHE, ''],
    ['a kind of curve that there is not', ECDHE, '04 001d 02 0708 0401 0001 ff'],
    ['an empty key', ECDHE, '03 001d 00 0401 0001 ff'],
    ['an empty signature', ECDHE, '03 001d 02 0708 0401 0000'],
    ['no signature', ECDHE, '03 001d 02 0708'],
    ['octets behind the signature', ECDHE, '03 001d 02 0708 0401 0001 ff 00'],
    [
      'a signature where nothing is signed',
      'TLS_ECDH_anon_WITH_AES_128_CBC_SHA',
      '03 0017 02 0708 0401 0001 ff',
    ],
    ['an empty prime', DHE, '0000 0001 02 0001 07 0201 0001 ff'],
    ['a public value that breaks off', DHE, '0001 17 0001 02 0002 07'],
  ];
  for (const [why, name, body] of unreadable) {
    it(`cannot be read: ${why}`, () => {
      const { value, breach } = exchange(name, body);
      assert.equal(value, null);
      assert.match(breach ?? '', /^a ServerKeyExchange /);
    });
  }
});
