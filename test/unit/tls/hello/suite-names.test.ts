import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FALLBACK_SCSV, RENEGOTIATION_SCSV, suiteNames } from '../../../../src/tls/hello/suite-names.ts';

const names = Object.values(suiteNames);
const within = (first: number, last: number): number =>
  Object.keys(suiteNames).filter((code) => Number(code) >= first && Number(code) <= last).length;

describe('names of cipher suites', () => {
  it('there are 372, no two alike, each in the form of the registry', () => {
    assert.equal(names.length, 372);
    assert.equal(new Set(names).size, names.length);
    for (const name of names) assert.match(name, /^(?:TLS|SSL)_[A-Za-z0-9_]+$/);
  });

  /** Whole blocks of numbers, as the RFCs assign them. */
  const blocks: readonly [rfc: string, first: number, last: number, count: number][] = [
    ['RFC 5246 appendix A.5 and RFC 4346 appendix A.5', 0x0000, 0x001b, 28],
    ['RFC 2712', 0x001e, 0x002b, 14],
    ['RFC 4785', 0x002c, 0x002e, 3],
    ['RFC 5246 appendix A.5, AES', 0x002f, 0x0040, 18],
    ['RFC 4279', 0x008a, 0x0095, 12],
    ['RFC 5487', 0x00a8, 0x00b9, 18],
    ['RFC 5932, SHA-256', 0x00ba, 0x00c5, 12],
    ['RFC 8446 appendix B.4', 0x1301, 0x1305, 5],
    ['draft-irtf-cfrg-aegis-aead', 0x1306, 0x1307, 2],
    ['RFC 8422', 0xc001, 0xc019, 25],
    ['RFC 5054', 0xc01a, 0xc022, 9],
    ['RFC 5289', 0xc023, 0xc032, 16],
    ['RFC 6209', 0xc03c, 0xc071, 54],
    ['RFC 6367', 0xc072, 0xc09b, 42],
    ['RFC 6655 and RFC 7251', 0xc09c, 0xc0af, 20],
    ['RFC 7905', 0xcca8, 0xccae, 7],
    ['RFC 9189 and RFC 9367', 0xc100, 0xc106, 7],
  ];
  for (const [rfc, first, last, count] of blocks) {
    it(`${rfc}: ${count}`, () => assert.equal(within(first, last), count));
  }

  it('values that only signal something have no name', () => {
    assert.equal(suiteNames[RENEGOTIATION_SCSV], undefined);
    assert.equal(suiteNames[FALLBACK_SCSV], undefined);
    assert.deepEqual([RENEGOTIATION_SCSV, FALLBACK_SCSV], [0x00ff, 0x5600]);
  });
});
