import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Opt, optRecord, readOpt } from '../../../src/dns/edns.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
/** Reads options as those of an OPT record of 1232 octets and DO. */
function read(options: Uint8Array): Opt | undefined {
  return readOpt(options, 1232, 0x8000, 0, options.length);
}
const option = (code: number, octets: Uint8Array | readonly number[]): Uint8Array =>
  Uint8Array.of(code >> 8, code & 0xff, octets.length >> 8, octets.length & 0xff, ...octets);
const ede = (code: number, text: string): Uint8Array =>
  option(15, [code >> 8, code & 0xff, ...Buffer.from(text, 'utf8')]);
const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** Objects as literals make them. */
const plain = { noNullPrototype: true };

describe('readOpt', () => {
  it('RFC 6891 §6.1.3: the field of the TTL holds the upper rcode, the version and DO', () => {
    const opt = readOpt(hex(''), 4096, 0x1700_8000, 0, 0);
    assert.deepEqual(opt, {
      edns: { udpSize: 4096, dnssecOk: true, cookie: undefined, errors: [] },
      upperRcode: 0x17,
    });
    assert.equal(readOpt(hex(''), 512, 0xff00_7fff, 0, 0)?.edns.dnssecOk, false);
    // An answer in a later version is still in the format of ours.
    assert.equal(readOpt(hex(''), 512, 0x0001_0000, 0, 0)?.upperRcode, 0);
  });

  it('RFC 6891 §6.1.2: passes over options that it does not know', () => {
    const opt = read(joined(option(12, [0, 0]), option(65_001, []), ede(7, 'old')));
    assert.deepEqual(opt?.edns.errors, [{ code: 7, text: 'old' }]);
  });

  it('RFC 7873 §4: reads a cookie of 8, or of 16 to 40 octets, as a copy', () => {
    for (const length of [8, 16, 17, 24, 40]) {
      const options = option(10, new Uint8Array(length).fill(7));
      const cookie = read(options)?.edns.cookie;
      assert.deepEqual(cookie, new Uint8Array(length).fill(7));
      assert.notEqual(cookie?.buffer, options.buffer);
    }
  });

  for (const length of [0, 1, 7, 9, 15, 41, 300]) {
    it(`RFC 7873 §5.3: an answer with a cookie of ${length} octets is malformed`, () => {
      assert.equal(read(option(10, new Uint8Array(length))), undefined);
    });
  }

  it('takes the first of several cookies', () => {
    assert.deepEqual(
      read(joined(option(10, hex('01'.repeat(8))), option(10, hex('02'.repeat(8)))))?.edns.cookie,
      hex('01'.repeat(8)),
    );
  });

  it('RFC 8914 §2: reads extended errors, with text or without', () => {
    const opt = read(joined(ede(6, ''), ede(22, 'no answer from 192.0.2.1')));
    assert.deepEqual(opt?.edns.errors, [
      { code: 6, text: '' },
      { code: 22, text: 'no answer from 192.0.2.1' },
    ]);
  });

  it('RFC 8914 §2: of the text only printable ASCII is kept, and no zero octet at its end', () => {
    assert.equal(read(ede(6, 'a\r\n\u001b[31mb\u00fcc\0'))?.edns.errors[0]?.text, 'a???[31mb??c');
  });

  it('keeps 200 characters of a text, and 16 errors', () => {
    assert.equal(read(ede(6, 'x'.repeat(60_000)))?.edns.errors[0]?.text, 'x'.repeat(200));
    assert.equal(read(ede(6, 'x'.repeat(200)))?.edns.errors[0]?.text, 'x'.repeat(200));
    const many = Array.from({ length: 10_000 }, (_, index) => ede(index, ''));
    assert.deepEqual(
      read(joined(...many))?.edns.errors.map(({ code }) => code),
      Array.from({ length: 16 }, (_, index) => index),
    );
  });

  const malformed: readonly [why: string, options: string][] = [
    ['an option that is cut off in its head', '000a00'],
    ['an option that is longer than the record', '000c 0002 00'],
    ['an extended error without a code', '000f 0001 00'],
    ['an extended error of nothing', '000f 0000'],
    ['octets behind the last option', '000c 0000 00'],
  ];
  for (const [why, options] of malformed) {
    it(`refuses ${why}`, () => assert.equal(read(hex(options)), undefined));
  }

  it('reads any octets as options, or refuses them', () => {
    const octet = fc.oneof(fc.constantFrom(0, 8, 10, 15, 2), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(octet, { maxLength: 40 }), (octets) => {
        const opt = read(Uint8Array.from(octets));
        assert.ok(opt === undefined || opt.edns.udpSize === 1232);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('optRecord', () => {
  it('writes a record of the root of type 41', () => {
    const edns = {
      udpSize: 1232,
      dnssecOk: true,
      cookie: hex('0102030405060708'),
      errors: [{ code: 7, text: 'old' }],
    };
    assert.deepEqual(
      optRecord(edns, 1),
      hex('00 0029 04d0 01 00 8000 0015  000a 0008 0102030405060708  000f 0005 0007 6f6c64'),
    );
  });

  it('writes what readOpt reads as the same', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      maxLength: 200,
    });
    const cookie = fc.oneof(
      fc.constant(undefined),
      fc.uint8Array({ minLength: 8, maxLength: 8 }),
      fc.uint8Array({ minLength: 16, maxLength: 40 }),
    );
    const edns = fc.record(
      {
        udpSize: fc.nat({ max: 65_535 }),
        dnssecOk: fc.boolean(),
        cookie,
        errors: fc.array(fc.record({ code: fc.nat({ max: 65_535 }), text }, plain), { maxLength: 16 }),
      },
      plain,
    );
    fc.assert(
      fc.property(edns, fc.nat({ max: 255 }), (one, upperRcode) => {
        const record = optRecord(one, upperRcode);
        const view = new DataView(record.buffer);
        assert.equal(view.getUint16(9), record.length - 11);
        const opt = readOpt(record, view.getUint16(3), view.getUint32(5), 11, record.length);
        assert.deepEqual(opt, { edns: one, upperRcode });
      }),
    );
  });
});
