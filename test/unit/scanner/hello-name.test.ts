import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { helloNameAt } from '../../../src/scanner/hello-name.ts';

describe('RFC 5321 §4.1.1.1: the name in EHLO', () => {
  it('is the own one where it is full, or an address already', () => {
    for (const name of ['scanner.example.test', '[192.0.2.9]'])
      assert.equal(helloNameAt(name, '192.0.2.1'), name);
  });

  it('is the address of the connection where the host has no full name', () => {
    assert.equal(helloNameAt('vm', '192.0.2.1'), '[192.0.2.1]');
    assert.equal(helloNameAt('vm', '2001:db8::1'), '[IPv6:2001:db8::1]');
    assert.equal(helloNameAt('vm', 'fe80::1%eth0'), '[IPv6:fe80::1]');
    assert.equal(helloNameAt('vm', undefined), 'vm');
  });
});
