import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isPublicAddress } from '../../../src/names/public-address.ts';

describe('S20: addresses that are not public (IANA, special-purpose addresses)', () => {
  // The first and the last of each network, and what lies beside it.
  const notPublic = `
    0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.0 127.255.255.255
    169.254.0.0 169.254.169.254 169.254.255.255 172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.255 192.0.2.1
    192.88.99.1 192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.1 203.0.113.1
    224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
    :: ::1 ::127.0.0.1 fe80::1 febf::1 fc00::1 fdff::1 ff02::1 100::1 2001::1 2001:db8::1 2001:1ff::1 2002:7f00:1::1
    3fff::1 64:ff9b:1::1 4000::1 1fff:ffff::1 e000::1`;
  const isPublic = `
    1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0
    172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.1 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255
    198.20.0.0 223.255.255.255
    2001:200::1 2001:4860:4860::8888 2001:db7::1 2003::1 2606:4700::1111 3ffe::1 2000::1`;

  for (const address of notPublic.trim().split(/\s+/)) {
    it(`${address} is not`, () => assert.equal(isPublicAddress(address), false));
  }
  for (const address of isPublic.trim().split(/\s+/)) {
    it(`${address} is`, () => assert.equal(isPublicAddress(address), true));
  }

  it('one IPv4 address is the same in all spellings', () => {
    for (const address of [
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '::FFFF:7F00:0001',
      '0:0:0:0:0:ffff:127.0.0.1',
      '64:ff9b::7f00:1',
      '64:ff9b::10.0.0.1',
    ])
      assert.equal(isPublicAddress(address), false, address);
    for (const address of ['::ffff:1.1.1.1', '::ffff:101:101', '64:ff9b::1.1.1.1'])
      assert.equal(isPublicAddress(address), true, address);
  });

  it('what is no address of the Internet is none', () => {
    for (const text of [
      '',
      'example.test',
      '1.1.1',
      '1.1.1.1.1',
      '01.1.1.1',
      'fe80::1%eth0',
      '2606:4700::1111%eth0',
      '[::1]',
    ])
      assert.equal(isPublicAddress(text), false, text);
  });
});
