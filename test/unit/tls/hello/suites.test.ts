import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type CipherSuite,
  type SuiteClass,
  suiteClasses,
  suiteName,
  suites,
  suitesOfClass,
} from '../../../../src/tls/hello/suites.ts';
import { SSL_3, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 } from '../../../../src/tls/hello/versions.ts';

type Row = readonly [
  code: number,
  keyExchange: string,
  authentication: string,
  cipher: string,
  bits: number,
  mode: string,
  mac: string,
  since: number,
  until: number,
  classes: readonly SuiteClass[],
];

/** One of each kind, as the RFC says that defines it. */
const rows: readonly Row[] = [
  [0x0000, 'none', 'anon', 'NULL', 0, 'none', 'NULL', SSL_3, TLS_1_2, ['null', 'anon', 'no-fs']],
  [0x0001, 'RSA', 'RSA', 'NULL', 0, 'none', 'MD5', SSL_3, TLS_1_2, ['null', 'rsa-kx', 'no-fs']],
  [
    0x0003,
    'RSA_EXPORT',
    'RSA',
    'RC4',
    40,
    'stream',
    'MD5',
    SSL_3,
    TLS_1_0,
    ['rc4', 'export', 'rsa-kx', 'no-fs'],
  ],
  [0x0004, 'RSA', 'RSA', 'RC4', 128, 'stream', 'MD5', SSL_3, TLS_1_2, ['rc4', 'rsa-kx', 'no-fs']],
  [
    0x0006,
    'RSA_EXPORT',
    'RSA',
    'RC2',
    40,
    'CBC',
    'MD5',
    SSL_3,
    TLS_1_0,
    ['rc2', 'export', 'cbc', 'rsa-kx', 'no-fs'],
  ],
  [0x0007, 'RSA', 'RSA', 'IDEA', 128, 'CBC', 'SHA', SSL_3, TLS_1_1, ['idea', 'cbc', 'rsa-kx', 'no-fs']],
  [0x0009, 'RSA', 'RSA', 'DES', 56, 'CBC', 'SHA', SSL_3, TLS_1_1, ['des', 'cbc', 'rsa-kx', 'no-fs']],
  [0x000a, 'RSA', 'RSA', '3DES_EDE', 168, 'CBC', 'SHA', SSL_3, TLS_1_2, ['3des', 'cbc', 'rsa-kx', 'no-fs']],
  [0x0014, 'DHE', 'RSA', 'DES40', 40, 'CBC', 'SHA', SSL_3, TLS_1_0, ['des', 'export', 'cbc']],
  [0x0018, 'DHE', 'anon', 'RC4', 128, 'stream', 'MD5', SSL_3, TLS_1_2, ['rc4', 'anon']],
  [0x001d, 'KEA', 'KEA', 'FORTEZZA', 80, 'CBC', 'SHA', SSL_3, SSL_3, ['cbc', 'no-fs']],
  [
    0x0026,
    'KRB5',
    'secret',
    'DES',
    40,
    'CBC',
    'SHA',
    TLS_1_0,
    TLS_1_0,
    ['des', 'export', 'cbc', 'no-fs', 'secret'],
  ],
  [0x002c, 'PSK', 'secret', 'NULL', 0, 'none', 'SHA', TLS_1_0, TLS_1_2, ['null', 'no-fs', 'secret']],
  [0x002f, 'RSA', 'RSA', 'AES', 128, 'CBC', 'SHA', SSL_3, TLS_1_2, ['cbc', 'rsa-kx', 'no-fs']],
  [0x0030, 'DH', 'DSS', 'AES', 128, 'CBC', 'SHA', SSL_3, TLS_1_2, ['cbc', 'no-fs']],
  [
    0x0062,
    'RSA_EXPORT',
    'RSA',
    'DES',
    56,
    'CBC',
    'SHA',
    SSL_3,
    TLS_1_0,
    ['des', 'export', 'cbc', 'rsa-kx', 'no-fs'],
  ],
  [
    0x0064,
    'RSA_EXPORT',
    'RSA',
    'RC4',
    56,
    'stream',
    'SHA',
    SSL_3,
    TLS_1_0,
    ['rc4', 'export', 'rsa-kx', 'no-fs'],
  ],
  [0x0067, 'DHE', 'RSA', 'AES', 128, 'CBC', 'SHA256', TLS_1_2, TLS_1_2, ['cbc']],
  [0x0081, 'GOST', 'GOST', '28147', 256, 'CTR', 'IMIT', TLS_1_0, TLS_1_2, ['gost', 'no-fs']],
  [0x0096, 'RSA', 'RSA', 'SEED', 128, 'CBC', 'SHA', SSL_3, TLS_1_2, ['seed', 'cbc', 'rsa-kx', 'no-fs']],
  [0x00ae, 'PSK', 'secret', 'AES', 128, 'CBC', 'SHA256', TLS_1_0, TLS_1_2, ['cbc', 'no-fs', 'secret']],
  [0x00ad, 'RSA_PSK', 'RSA', 'AES', 256, 'GCM', 'AEAD', TLS_1_2, TLS_1_2, ['aead', 'no-fs', 'secret']],
  [0x00c6, 'any', 'any', 'SM4', 128, 'GCM', 'AEAD', TLS_1_3, TLS_1_3, ['aead']],
  [0x1301, 'any', 'any', 'AES', 128, 'GCM', 'AEAD', TLS_1_3, TLS_1_3, ['aead']],
  [0x1303, 'any', 'any', 'CHACHA20', 256, 'POLY1305', 'AEAD', TLS_1_3, TLS_1_3, ['aead']],
  [0x1306, 'any', 'any', 'AEGIS', 256, 'AEGIS', 'AEAD', TLS_1_3, TLS_1_3, ['aead']],
  [0x1307, 'any', 'any', 'AEGIS', 128, 'AEGIS', 'AEAD', TLS_1_3, TLS_1_3, ['aead']],
  [0x1305, 'any', 'any', 'AES', 128, 'CCM_8', 'AEAD', TLS_1_3, TLS_1_3, ['aead', 'ccm8']],
  [0xc003, 'ECDH', 'ECDSA', '3DES_EDE', 168, 'CBC', 'SHA', TLS_1_0, TLS_1_2, ['3des', 'cbc', 'no-fs']],
  [0xc015, 'ECDHE', 'anon', 'NULL', 0, 'none', 'SHA', TLS_1_0, TLS_1_2, ['null', 'anon']],
  [0xc01e, 'SRP', 'RSA', 'AES', 128, 'CBC', 'SHA', TLS_1_0, TLS_1_2, ['cbc', 'secret']],
  [0xc02f, 'ECDHE', 'RSA', 'AES', 128, 'GCM', 'AEAD', TLS_1_2, TLS_1_2, ['aead']],
  [0xc06d, 'DHE_PSK', 'secret', 'ARIA', 256, 'GCM', 'AEAD', TLS_1_2, TLS_1_2, ['aead', 'secret']],
  [0xc076, 'ECDHE', 'RSA', 'CAMELLIA', 128, 'CBC', 'SHA256', TLS_1_2, TLS_1_2, ['cbc']],
  [0xc0a0, 'RSA', 'RSA', 'AES', 128, 'CCM_8', 'AEAD', TLS_1_2, TLS_1_2, ['aead', 'ccm8', 'rsa-kx', 'no-fs']],
  [0xc0ab, 'DHE_PSK', 'secret', 'AES', 256, 'CCM_8', 'AEAD', TLS_1_2, TLS_1_2, ['aead', 'ccm8', 'secret']],
  [0xc0b2, 'ECCPWD', 'secret', 'AES', 128, 'CCM', 'AEAD', TLS_1_2, TLS_1_2, ['aead', 'secret']],
  [0xc0b4, 'any', 'any', 'NULL', 0, 'none', 'SHA256', TLS_1_3, TLS_1_3, ['null']],
  [0xc100, 'GOST', 'GOST', 'KUZNYECHIK', 256, 'CTR', 'OMAC', TLS_1_2, TLS_1_2, ['gost', 'no-fs']],
  [0xc103, 'any', 'any', 'KUZNYECHIK', 256, 'MGM', 'AEAD', TLS_1_3, TLS_1_3, ['gost', 'aead']],
  [0xcc13, 'ECDHE', 'RSA', 'CHACHA20', 256, 'POLY1305', 'AEAD', TLS_1_2, TLS_1_2, ['aead']],
  [0xd003, 'ECDHE_PSK', 'secret', 'AES', 128, 'CCM_8', 'AEAD', TLS_1_2, TLS_1_2, ['aead', 'ccm8', 'secret']],
  [0xfeff, 'RSA', 'RSA', '3DES_EDE', 168, 'CBC', 'SHA', SSL_3, SSL_3, ['3des', 'cbc', 'rsa-kx', 'no-fs']],
  [0xff85, 'GOST', 'GOST', '28147', 256, 'CTR', 'IMIT', TLS_1_0, TLS_1_2, ['gost', 'no-fs']],
];

describe('suites', () => {
  for (const [code, ...expected] of rows) {
    it(suiteName(code), () => {
      const suite = suites.get(code);
      assert.ok(suite);
      const { keyExchange, authentication, cipher, bits, mode, mac, since, until, classes } = suite;
      const found = [keyExchange, authentication, cipher, bits, mode, mac, since, until];
      assert.deepEqual(
        [...found, [...classes].toSorted()],
        [...expected.slice(0, -1), expected[8].toSorted()],
      );
    });
  }

  it('every name is read to its end', () => {
    for (const suite of suites.values()) {
      assert.ok(suite.bits > 0 || suite.classes.has('null'), suite.name);
      assert.ok(suite.keyExchange !== 'none' || suite.code === 0, suite.name);
      assert.match(suite.mac, /^(?:NULL|MD5|SHA|SHA256|SHA384|AEAD|IMIT|OMAC|GOSTR3411)$/, suite.name);
      assert.ok(suite.since <= suite.until, suite.name);
    }
  });

  it('a number without a name is shown as one', () => {
    assert.equal(suiteName(0x1a2b), '0x1a2b');
    assert.equal(suiteName(0x00fe), '0x00fe');
  });

  it('each class has its suites, and each suite of it says so', () => {
    for (const name of suiteClasses) {
      const members = suitesOfClass(name);
      assert.ok(members.length > 0, name);
      const others = [...suites.values()].filter((suite: CipherSuite) => !members.includes(suite.code));
      assert.ok(others.every(({ classes }) => !classes.has(name)));
    }
  });
});
