import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { canonicalRdata } from '../../../src/dns/rdata.ts';

const header = 'h'.repeat(12);
/** A name at 12, and a label of it at 20, for pointers. */
const names = '\x07Example\x04TEST\0';
const start = header.length + names.length;

/** The canonical form of RDATA that stands behind {@link names} in a message, with more behind it. */
function canonical(type: number, data: string): string | undefined {
  const message = new Uint8Array(Buffer.from(`${header}${names}${data}\x01x\0`, 'latin1'));
  const read = canonicalRdata(message, type, start, start + data.length);
  return read === undefined ? undefined : Buffer.from(read).toString('latin1');
}

const pointer = '\xc0\x0c';
const whole = '\x07example\x04test\0';
const fixed = (octets: number): string => 'F'.repeat(octets);

describe('canonicalRdata', () => {
  const compressed: readonly [type: string, number: number, before: string, after: string][] = [
    ['NS', 2, '', ''],
    ['MD', 3, '', ''],
    ['MF', 4, '', ''],
    ['CNAME', 5, '', ''],
    ['SOA', 6, '\x01M\xc0\x0c', fixed(20)],
    ['MB', 7, '', ''],
    ['MG', 8, '', ''],
    ['MR', 9, '', ''],
    ['PTR', 12, '', ''],
    ['MINFO', 14, '\x01M\xc0\x0c', ''],
    ['MX', 15, fixed(2), ''],
    ['RP', 17, '\x01M\xc0\x0c', ''],
    ['AFSDB', 18, fixed(2), ''],
    ['RT', 21, fixed(2), ''],
    ['SIG', 24, fixed(18), 'Signature'],
    ['PX', 26, `${fixed(2)}\x01M\xc0\x0c`, ''],
    ['NXT', 30, '', 'Bits'],
    ['SRV', 33, fixed(6), ''],
    ['NAPTR', 35, `${fixed(4)}\x01S\0\x02RE`, ''],
  ];
  for (const [type, number, before, after] of compressed) {
    it(`RFC 3597 §4: writes out the names of ${type}, RFC 4034 §6.2: in lower case`, () => {
      const written = before.replace('\x01M\xc0\x0c', `\x01m${whole}`);
      assert.equal(canonical(number, `${before}${pointer}${after}`), `${written}${whole}${after}`);
      const other = canonical(number, `${before}\x01A\xc0\x14${after}`);
      assert.equal(other, `${written}\x01a\x04test\0${after}`);
    });
  }

  const uncompressed: readonly [type: string, number: number, before: string, after: string][] = [
    ['KX', 36, fixed(2), ''],
    ['DNAME', 39, '', ''],
    ['RRSIG', 46, fixed(18), 'Signature'],
  ];
  for (const [type, number, before, after] of uncompressed) {
    it(`RFC 4034 §6.2: the name of ${type} is put in lower case, and must not be compressed`, () => {
      assert.equal(canonical(number, `${before}${names}${after}`), `${before}${whole}${after}`);
      assert.equal(canonical(number, `${before}${pointer}${after}`), undefined);
    });
  }

  it('RFC 6840 §5.1: the name of NSEC keeps its case', () => {
    assert.equal(canonical(47, `${names}\0\x01\x40`), `${names}\0\x01\x40`);
  });

  it('RFC 3597 §4: what is not known may hold anything', () => {
    for (const data of ['', pointer, `\x05Ab${pointer}`]) {
      assert.equal(canonical(65_280, data), data);
      assert.equal(canonical(64, data), data);
    }
  });

  const malformed: readonly [why: string, type: number, data: string][] = [
    ['an A of 3 octets', 1, 'abc'],
    ['an A of 5 octets', 1, 'abcde'],
    ['an A of none', 1, ''],
    ['an AAAA of 4 octets', 28, 'abcd'],
    ['an AAAA of 17 octets', 28, 'a'.repeat(17)],
    ['an MX without a name', 15, '\0\x0a'],
    ['an MX that ends in its preference', 15, '\0'],
    ['an MX with more behind its name', 15, `\0\x0a${pointer}\0`],
    ['an MX whose name goes beyond the record', 15, '\0\x0a\x01a'],
    ['an MX that is half a pointer', 15, '\0\x0a\xc0'],
    ['a CNAME of none', 5, ''],
    ['a CNAME with a pointer forwards', 5, '\xc0\xff'],
    ['a SOA with one number too few', 6, `${pointer}${pointer}${fixed(16)}`],
    ['a SOA with one number too many', 6, `${pointer}${pointer}${fixed(24)}`],
    ['a SOA of one name', 6, `${pointer}${fixed(18)}`],
    ['an SRV that is cut off', 33, '\0\0\0\0\0'],
    ['a NAPTR whose string goes beyond the record', 35, `${fixed(4)}\x01S\x01T\xffR${pointer}`],
    ['an RRSIG without a signer', 46, fixed(18)],
    ['an RRSIG that is cut off', 46, fixed(17)],
    ['a DNAME with more behind its name', 39, '\0\0'],
  ];
  for (const [why, type, data] of malformed) {
    it(`refuses ${why}`, () => assert.equal(canonical(type, data), undefined));
  }

  it('a record that is canonical as it stands is a view, not a copy', () => {
    const message = new Uint8Array(Buffer.from(`${header}\0\x0a${whole}`, 'latin1'));
    assert.equal(canonicalRdata(message, 15, 12, message.length)?.buffer, message.buffer);
  });
});
