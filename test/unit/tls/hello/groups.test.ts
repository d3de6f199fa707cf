import assert from 'node:assert/strict';
import { createECDH, generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  curveNumber,
  EXPLICIT_CHAR2,
  EXPLICIT_PRIME,
  groupName,
  groups,
} from '../../../../src/tls/hello/groups.ts';

describe('groups, RFC 8446 §4.2.7', () => {
  it('no two have one name', () => {
    assert.equal(new Set([...groups.values()].map(({ name }) => name)).size, groups.size);
  });

  it('are named, with a number or without', () => {
    assert.equal(groupName(0x11ec), 'X25519MLKEM768');
    assert.equal(groupName(0x0017), 'secp256r1');
    assert.equal(groupName(EXPLICIT_PRIME), 'arbitrary_explicit_prime_curves');
    assert.equal(groupName(EXPLICIT_CHAR2), 'arbitrary_explicit_char2_curves');
    assert.equal(groupName(0x4a4a), '0x4a4a');
  });

  it('curves have a number by the name that OpenSSL gives them in a key', () => {
    for (const [curve, code] of [
      ['prime256v1', 0x0017],
      ['secp384r1', 0x0018],
      ['secp521r1', 0x0019],
      ['brainpoolP256r1', 0x001a],
    ] as const) {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
      assert.equal(curveNumber(publicKey.asymmetricKeyDetails?.namedCurve ?? ''), code, curve);
    }
    assert.equal(curveNumber('ffdhe2048'), undefined);
    assert.equal(curveNumber('wap-wsg-idm-ecid-wtls4'), undefined);
  });

  /** The octets of a public key, as OpenSSL makes it. */
  const curves: readonly [code: number, octets: number][] = [
    [0x0017, createECDH('prime256v1').generateKeys().length],
    [0x0018, createECDH('secp384r1').generateKeys().length],
    [0x0019, createECDH('secp521r1').generateKeys().length],
    [
      0x001d,
      Buffer.from(generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
        .length,
    ],
    [
      0x001e,
      Buffer.from(generateKeyPairSync('x448').publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
        .length,
    ],
  ];
  for (const [code, octets] of curves) {
    it(`a share of ${groupName(code)} has ${octets} octets`, () =>
      assert.deepEqual(groups.get(code)?.share, { client: octets, server: octets }));
  }

  it('hybrids have the octets of both: ML-KEM-768 is 1184 and 1088, ML-KEM-1024 is 1568 and 1568 (FIPS 203)', () => {
    const both = (curve: number, client: number, server: number): object => ({
      client: curve + client,
      server: curve + server,
    });
    assert.deepEqual(groups.get(0x11eb)?.share, both(65, 1184, 1088));
    assert.deepEqual(groups.get(0x11ec)?.share, both(32, 1184, 1088));
    assert.deepEqual(groups.get(0x11ed)?.share, both(97, 1568, 1568));
    assert.deepEqual(groups.get(0x6399)?.share, both(32, 1184, 1088));
  });

  it('finite fields are as long as they are called, RFC 7919 appendix A', () => {
    const fields = [...groups.values()].filter(({ kind }) => kind === 'finite-field');
    for (const { name, share } of fields) assert.equal(`ffdhe${(share?.client ?? 0) * 8}`, name);
    assert.equal(fields.length, 5);
  });

  it('old curves cannot be had in TLS 1.3', () => assert.equal(groups.get(0x0001)?.share, null));
});
