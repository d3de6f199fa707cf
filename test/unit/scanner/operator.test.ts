import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { networkOf, operatorOf, rangeOf, serverOf } from '../../../src/scanner/operator.ts';

describe('the operator of a host', () => {
  const operators: readonly (readonly [host: string, operator: string | undefined])[] = [
    ['aspmx.l.google.com', 'google.com'],
    ['example-com.mail.protection.outlook.com', 'outlook.com'],
    ['MX00.Web.DE', 'web.de'],
    ['mx1.example.co.uk', 'example.co.uk'],
    ['mx2.other.co.uk', 'other.co.uk'],
    ['mail.example.com.br', 'example.com.br'],
    ['co.uk', 'co.uk'],
    ['mx.com.example', 'com.example'],
    ['localhost', undefined],
    ['192.0.2.1', undefined],
    ['2001:db8::1.2.3.4', undefined],
  ];
  for (const [host, operator] of operators) {
    it(`of ${host} is ${operator ?? 'not known'}`, () => assert.equal(operatorOf(host), operator));
  }
});

it('the server at an address, however it is written', () => {
  const spellings = ['192.0.2.1', '::ffff:192.0.2.1', '64:ff9b::192.0.2.1', '64:FF9B:0:0:0:0:c000:201'];
  for (const address of spellings) assert.equal(serverOf(address), '192.0.2.1');
  // RFC 8215's prefix is translated as its own network likes.
  assert.equal(serverOf('64:ff9b:1::c000:201'), '64:ff9b:1::c000:201');
});

it('the network of an address', () => {
  assert.deepEqual(['192.0.2.99', '2001:db8:1:2::9', '::1'].map(networkOf), [
    '192.0.2/24',
    '2001:db8:1/48',
    '0:0:0/48',
  ]);
});

it('the range of an address', () => {
  assert.deepEqual(['192.0.2.99', '2001:db8:1:2::9', '::1'].map(rangeOf), [
    '192.0/16',
    '2001:db8/32',
    '0:0/32',
  ]);
});
