import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  readSslv2,
  sslv2CipherKinds,
  sslv2Hello,
  sslv2RecordLength,
} from '../../../../src/tls/hello/sslv2-hello.ts';
import { octets } from './flights.ts';

const challenge = new Uint8Array(16).fill(0xcc);

describe('CLIENT-HELLO of SSL 2.0', () => {
  it('octet by octet, RFC 6101 appendix E', () => {
    const hello = sslv2Hello({ kind: 'sslv2', version: 2, cipherKinds: [0x010080, 0x0700c0], challenge });
    const expected = '801f 01 0002 0006 0000 0010 010080 0700c0';
    assert.deepEqual(Buffer.from(hello), Buffer.concat([octets(expected), challenge]));
  });

  it('can ask for a later version with its suites', () => {
    const hello = sslv2Hello({ kind: 'sslv2', version: 0x0300, cipherKinds: [0x000005], challenge });
    assert.deepEqual(Buffer.from(hello.subarray(0, 14)), octets('801c 01 0300 0003 0000 0010 000005'));
  });

  it('there are ten kinds of ciphers, the name of each beginning alike', () => {
    const names = Object.values(sslv2CipherKinds);
    assert.equal(new Set(names).size, 10);
    for (const name of names) assert.match(name, /^SSL_CK_\w+_WITH_(?:MD5|SHA)$/);
  });

  it('a record is as long as its first two octets say', () => {
    assert.equal(sslv2RecordLength(0x80, 3), 5);
    assert.equal(sslv2RecordLength(0xff, 0xff), 32_769);
    assert.equal(sslv2RecordLength(0x16, 3), undefined);
  });
});

describe('what comes back', () => {
  it('SERVER-HELLO: a certificate and the ciphers that both have', () => {
    const answer = readSslv2(octets('04 00 01 0002 0002 0006 0003 3000 010080 0700c0 aabbcc'));
    assert.deepEqual(answer, {
      kind: 'server-hello',
      hello: { version: 2, certificate: Uint8Array.of(0x30, 0), cipherKinds: [0x010080, 0x0700c0] },
    });
  });

  it('ERROR: with its code', () =>
    assert.deepEqual(readSslv2(octets('00 0001')), { kind: 'error', code: 1 }));

  const broken: readonly [body: string, because: RegExp][] = [
    ['', /three octets/],
    ['00 00', /three octets/],
    ['00 000100', /three octets/],
    ['02', /type 2 where SERVER-HELLO is due/],
    ['04 00 01 0002 0002 0003 0001 3000 010080', /do not add up/],
    ['04 00 01 0002 0002 0003 0000 3000 010080 00', /do not add up/],
    ['04 00 01 0002 0000 0004 0000 01008000', /do not add up/],
    ['04 01 01 0002 0000 0000 0000', /takes up a session/],
  ];
  for (const [body, because] of broken) {
    it(`breaks it: ${body}`, () => {
      const answer = readSslv2(octets(body));
      assert.match(answer.kind === 'broken' ? answer.because : '', because);
    });
  }
});
