import assert from 'node:assert/strict';
import { SocketAddress } from 'node:net';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { showIpv6 } from '../../../src/dns/ipv6.ts';

describe('showIpv6', () => {
  const shown: readonly [hex: string, text: string][] = [
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['00010000000000000000000000000000', '1::'],
    ['00000000000000000000ffffc0000201', '::ffff:192.0.2.1'],
    ['0000000000000000000000000abcdef0', '::10.188.222.240'],
    ['0064ff9b0000000000000000c0000201', '64:ff9b::c000:201'],
  ];
  for (const [hex, text] of shown) {
    it(`RFC 5952 §4: writes ${text}`, () =>
      assert.equal(showIpv6(new Uint8Array(Buffer.from(hex, 'hex'))), text));
  }

  it('writes every address as the system does', () => {
    const word = fc.oneof(
      { weight: 2, arbitrary: fc.constant(0) },
      fc.constant(0xffff),
      fc.nat({ max: 0xffff }),
    );
    fc.assert(
      fc.property(fc.array(word, { minLength: 8, maxLength: 8 }), (words) => {
        const address = words.map((one) => one.toString(16)).join(':');
        const octets = Uint8Array.from(words.flatMap((one) => [one >> 8, one & 0xff]));
        assert.equal(showIpv6(octets), new SocketAddress({ address, family: 'ipv6' }).address);
      }),
      { numRuns: 2000 },
    );
  });
});
