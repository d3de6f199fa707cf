import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as fc from 'fast-check';
import { showName } from '../../../src/dns/name.ts';
import { reverseName } from '../../../src/dns/reverse.ts';

it('RFC 1035 §3.5: "data for Internet address 10.2.0.52 is located at domain name 52.0.2.10.IN-ADDR.ARPA"', () => {
  assert.equal(showName(reverseName('10.2.0.52')), '52.0.2.10.in-addr.arpa');
});

it('RFC 3596 §2.5: the reverse lookup domain name of 4321:0:1:2:3:4:567:89ab', () => {
  assert.equal(
    showName(reverseName('4321:0:1:2:3:4:567:89ab')),
    'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa',
  );
  assert.equal(showName(reverseName('::1')), `1.${'0.'.repeat(31)}ip6.arpa`);
});

it('every IPv4 address is back where it was when it is turned again', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const [a, b, c, d, ...rest] = showName(reverseName(address)).split('.');
      assert.equal([d, c, b, a].join('.'), address);
      assert.deepEqual(rest, ['in-addr', 'arpa']);
    }),
  );
});
