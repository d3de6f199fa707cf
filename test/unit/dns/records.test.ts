import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  readAddress,
  readCaa,
  readDnskey,
  readDs,
  readMx,
  readName,
  readNsec,
  readNsec3,
  readNsec3Param,
  readRrsig,
  readSoa,
  readSrv,
  readTlsa,
  readTxt,
} from '../../../src/dns/records.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const base64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const name = '\x04mail\x07example\0';

describe('records with names', () => {
  it('one name, and nothing else', () => {
    assert.equal(readName(latin1(name)), name);
    for (const text of ['', `${name}x`, name.slice(0, -1), '\xc0\x0c'])
      assert.equal(readName(latin1(text)), undefined);
  });

  it('RFC 1035 §3.3.9: MX', () => {
    assert.deepEqual(readMx(latin1(`\x01\x0a${name}`)), { preference: 266, exchange: name });
    assert.deepEqual(readMx(hex('0000 00')), { preference: 0, exchange: '\0' });
    for (const text of ['', '\0', '\0\x0a', `\0\x0a${name}x`]) assert.equal(readMx(latin1(text)), undefined);
  });

  it('RFC 2782: SRV', () => {
    const read = readSrv(latin1(`\0\x01\x01\0\0\x19${name}`));
    assert.deepEqual(read, { priority: 1, weight: 256, port: 25, target: name });
    assert.equal(readSrv(latin1(`\0\x01\x01\0\0${name}`)), undefined);
    assert.equal(readSrv(latin1('\0\x01\x01\0\0\x19')), undefined);
  });

  it('RFC 1035 §3.3.13: SOA', () => {
    const numbers = '00000001 00000e10 00000384 ffffffff 0000012c';
    assert.deepEqual(readSoa(joined(latin1(`${name}\x01h\0`), hex(numbers))), {
      mname: name,
      rname: '\x01h\0',
      serial: 1,
      refresh: 3600,
      retry: 900,
      expire: 4_294_967_295,
      minimum: 300,
    });
    for (const odd of [numbers.slice(2), `${numbers}00`])
      assert.equal(readSoa(joined(latin1(`${name}\x01h\0`), hex(odd))), undefined);
    assert.equal(readSoa(joined(latin1(name), hex(numbers))), undefined);
    assert.equal(readSoa(hex('')), undefined);
  });
});

describe('readTxt', () => {
  it('RFC 1035 §3.3.14: reads one string or more, octet by octet', () => {
    assert.deepEqual(readTxt(latin1('\x05v=spf')), ['v=spf']);
    assert.deepEqual(readTxt(latin1('\0\x03a\0\xff\x01b')), ['', 'a\0\xff', 'b']);
    assert.deepEqual(readTxt(latin1(`\xff${'x'.repeat(255)}`)), ['x'.repeat(255)]);
    assert.deepEqual(readTxt(latin1('\0')), ['']);
  });

  it('refuses none, and strings that go beyond the record', () => {
    for (const text of ['', '\x01', '\x01a\x02b']) assert.equal(readTxt(latin1(text)), undefined);
  });
});

describe('readAddress', () => {
  it('RFC 1035 §3.4.1, RFC 3596 §2.2: reads 4 or 16 octets', () => {
    assert.equal(readAddress(hex('c0000201')), '192.0.2.1');
    assert.equal(readAddress(hex('20010db8000000000000000000000025')), '2001:db8::25');
    for (const length of [0, 3, 5, 15, 17]) assert.equal(readAddress(new Uint8Array(length)), undefined);
  });
});

describe('readTlsa', () => {
  it('RFC 6698 §2.1: reads three numbers and the data', () => {
    const read = readTlsa(hex('03 01 02 abcd'));
    assert.deepEqual(read, { usage: 3, selector: 1, matchingType: 2, data: hex('abcd') });
  });

  it('refuses a record without data', () => {
    assert.equal(readTlsa(hex('03 01 01')), undefined);
    assert.equal(readTlsa(hex('')), undefined);
  });
});

/** RFC 4034 §5.4. */
const rfcKey = joined(
  hex('0100 03 05'),
  base64(
    `AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBa
     MbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==`,
  ),
);

describe('readDnskey and readDs', () => {
  it('RFC 4034 §5.4: the example: key, tag and digest belong together', () => {
    const key = readDnskey(rfcKey);
    assert.deepEqual(
      { ...key, publicKey: [] },
      { flags: 256, protocol: 3, algorithm: 5, publicKey: [], keyTag: 60_485 },
    );
    assert.deepEqual(key?.publicKey, rfcKey.subarray(4));
    const ds = readDs(hex('ec45 05 01 2BB183AF5F22588179A53B0A98631FAD1A292118'));
    const owner = latin1('\x05dskey\x07example\x03com\0');
    assert.deepEqual(ds, {
      keyTag: 60_485,
      algorithm: 5,
      digestType: 1,
      digest: new Uint8Array(createHash('sha1').update(owner).update(rfcKey).digest()),
    });
  });

  it('RFC 4034 Appendix B: the tag of a key with an odd number of octets, and of the largest sums', () => {
    assert.equal(readDnskey(hex('0101 03 0d 01'))?.keyTag, 0x0101 + 0x030d + 0x0100);
    // 0xffff + 0xffff + 0xff00 = 0x2fefe, and 0xfefe + 2 = 0xff00.
    assert.equal(readDnskey(hex('ffff ffff ff'))?.keyTag, 0xff00);
    const most = new Uint8Array(65_535).fill(0xff);
    const sum = 32_767 * 0xffff + 0xff00;
    assert.equal(readDnskey(most)?.keyTag, (sum + Math.floor(sum / 0x1_0000)) % 0x1_0000);
  });

  it('RFC 4034 Appendix B.1: the tag of an RSA/MD5 key is "the most significant 16 bits of the least significant 24"', () => {
    assert.equal(readDnskey(hex('0100 03 01 0103 aabbccddee'))?.keyTag, 0xccdd);
    assert.equal(readDnskey(hex('0100 03 01 aabbcc'))?.keyTag, 0xaabb);
    assert.equal(readDnskey(hex('0100 03 01 aabb')), undefined);
  });

  it('refuses keys without a key', () => {
    assert.equal(readDnskey(hex('0100 03 0d')), undefined);
    assert.equal(readDnskey(hex('')), undefined);
  });

  const lengths: readonly [digestType: number, name: string, octets: number][] = [
    [1, 'SHA-1', 20],
    [2, 'SHA-256', 32],
    [3, 'GOST R 34.11-94', 32],
    [4, 'SHA-384', 48],
    [5, 'GOST R 34.11-2012', 32],
    [6, 'SM3', 32],
  ];
  for (const [digestType, title, octets] of lengths) {
    it(`a digest by ${title} has ${octets} octets`, () => {
      const ds = (length: number): unknown =>
        readDs(Uint8Array.of(0, 1, 13, digestType, ...new Uint8Array(length)));
      assert.notEqual(ds(octets), undefined);
      for (const other of [0, 1, octets - 1, octets + 1]) assert.equal(ds(other), undefined);
    });
  }

  it('a digest by another type has at least one octet', () => {
    assert.equal(readDs(hex('0000 00 00 00'))?.digest.length, 1);
    assert.equal(readDs(hex('0000 0d 09')), undefined);
    assert.equal(readDs(hex('00')), undefined);
  });
});

describe('readRrsig', () => {
  const head = joined(hex('000f 0d 02 00000e10 fffffffe 6553f100 1234'), latin1('\x07example\0'));
  it('RFC 4034 §3.1: reads the fields, and keeps what is signed', () => {
    assert.deepEqual(readRrsig(joined(head, hex('beef'))), {
      typeCovered: 15,
      algorithm: 13,
      labels: 2,
      originalTtl: 3600,
      expiration: 4_294_967_294,
      inception: 0x6553_f100,
      keyTag: 0x1234,
      signer: '\x07example\0',
      signature: hex('beef'),
      head,
    });
  });

  it('refuses one without signature or signer, or that is cut off', () => {
    for (let length = 0; length <= head.length; length += 1)
      assert.equal(readRrsig(head.subarray(0, length)), undefined);
    assert.equal(readRrsig(joined(head.subarray(0, 18), hex('c00c beef'))), undefined);
  });
});

describe('readNsec and readNsec3', () => {
  it('RFC 4034 §4.1: NSEC', () => {
    const read = readNsec(joined(latin1('\x04Next\0'), hex('00 01 40')));
    assert.equal(read?.next, '\x04next\0');
    assert.deepEqual(read?.types.all(), [1]);
  });

  it('refuses an NSEC without types, without a name, or with a malformed list', () => {
    assert.equal(readNsec(latin1('\x04next\0')), undefined);
    assert.equal(readNsec(hex('')), undefined);
    assert.equal(readNsec(joined(latin1('\x04next\0'), hex('00 01 00'))), undefined);
    assert.equal(readNsec(hex('c00c 00 01 40')), undefined);
  });

  const hash = 'ab'.repeat(20);
  it('RFC 5155 §3.2: NSEC3', () => {
    const { types, ...read } = readNsec3(hex(`01 01 0102 02 cafe 14 ${hash} 00 01 40`)) ?? {};
    assert.deepEqual(read, {
      algorithm: 1,
      flags: 1,
      iterations: 258,
      salt: hex('cafe'),
      nextHash: hex(hash),
    });
    assert.deepEqual(types?.all(), [1]);
    // An empty non-terminal has no types.
    const empty = readNsec3(hex(`01 00 0000 00 14 ${hash}`));
    assert.deepEqual(empty?.types.all(), []);
    assert.deepEqual(empty?.salt, hex(''));
  });

  it('SHA-1 has 20 octets, another hash at least one', () => {
    assert.equal(readNsec3(hex(`01 00 0000 00 13 ${hash}`)), undefined);
    assert.equal(readNsec3(hex(`01 00 0000 00 15 ${hash} ab`)), undefined);
    assert.equal(readNsec3(hex('02 00 0000 00 01 ab'))?.nextHash.length, 1);
    assert.equal(readNsec3(hex('02 00 0000 00 00')), undefined);
  });

  it('refuses what is cut off', () => {
    const whole = hex(`01 00 0000 02 cafe 14 ${hash}`);
    for (let length = 0; length < whole.length; length += 1)
      assert.equal(readNsec3(whole.subarray(0, length)), undefined);
    assert.notEqual(readNsec3(whole), undefined);
  });
});

describe('all of them', () => {
  it('read any octets or say undefined', () => {
    const readers = [
      readAddress,
      readDnskey,
      readDs,
      readMx,
      readName,
      readNsec,
      readNsec3,
      readRrsig,
      readSoa,
      readSrv,
      readTlsa,
      readTxt,
    ];
    const octet = fc.oneof(fc.constantFrom(0, 1, 2, 20, 0x40, 0xc0), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(octet, { maxLength: 60 }), (octets) => {
        for (const read of readers) assert.notEqual(read(Uint8Array.from(octets)), null);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('NSEC3PARAM', () => {
  it('RFC 5155 §4.2: algorithm, flags, iterations, salt', () => {
    const data = Uint8Array.of(1, 0, 0, 12, 4, 0xaa, 0xbb, 0xcc, 0xdd);
    assert.deepEqual(readNsec3Param(data), {
      algorithm: 1,
      iterations: 12,
      salt: Uint8Array.of(0xaa, 0xbb, 0xcc, 0xdd),
    });
    assert.deepEqual(readNsec3Param(Uint8Array.of(1, 0, 0, 0, 0))?.salt.length, 0);
  });

  it('with a salt that is not as long as it says, it is none', () => {
    for (const data of [[], [1, 0, 0, 0], [1, 0, 0, 0, 1], [1, 0, 0, 0, 0, 9]])
      assert.equal(readNsec3Param(Uint8Array.from(data)), undefined);
  });
});

describe('CAA', () => {
  const caa = (flags: number, tag: string, value: string): Uint8Array =>
    Buffer.concat([Uint8Array.of(flags, tag.length), Buffer.from(`${tag}${value}`, 'latin1')]);

  it('RFC 8659 §4.1: flags, tag, value', () => {
    assert.deepEqual(readCaa(caa(128, 'Issue', 'ca.example.net; x=1')), {
      flags: 128,
      tag: 'issue',
      value: 'ca.example.net; x=1',
    });
    assert.equal(readCaa(caa(0, 'issue', ''))?.value, '');
  });

  it('"The tag … MUST be at least 1 ASCII letter or digit", and no others', () => {
    for (const data of [[], [0], [0, 0], [0, 5, 0x69], [0, 1, 0x2e, 0x61]])
      assert.equal(readCaa(Uint8Array.from(data)), undefined);
  });
});
