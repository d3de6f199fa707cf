import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  formatHostPort,
  groupsOf,
  isLoopback,
  oneSpelling,
  parseAddressLiteral,
  parseHost,
  parseHostPort,
} from '../../../src/names/address.ts';

describe('parseAddressLiteral, RFC 5321 §4.1.3', () => {
  const accepted: readonly [text: string, address: string][] = [
    ['[192.0.2.1]', '192.0.2.1'],
    ['[IPv6:2001:DB8::1]', '2001:db8::1'],
    ['[ipv6:::1]', '::1'],
  ];
  for (const [text, address] of accepted) {
    it(`reads ${text}`, () => assert.deepEqual(parseAddressLiteral(text), { kind: 'ok', value: address }));
  }
  for (const text of [
    '192.0.2.1',
    '[192.0.2.1',
    '[2001:db8::1]',
    '[IPv6:192.0.2.1]',
    '[IPv6:fe80::1%eth0]',
    '[IPv6:]',
    '[192.0.2.01]',
    '[192.0.2.256]',
    '[mx.example.test]',
    '[ 192.0.2.1]',
    '[192.0.2.1]\r\n',
    '[',
    '',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseAddressLiteral(text).kind, 'invalid'));
  }
});

describe('parseHost', () => {
  const accepted: readonly [text: string, host: object][] = [
    ['mx.example.test', { kind: 'name', name: 'mx.example.test' }],
    ['192.0.2.1', { kind: 'ip', address: '192.0.2.1' }],
    ['[192.0.2.1]', { kind: 'ip', address: '192.0.2.1' }],
    ['2001:DB8::1', { kind: 'ip', address: '2001:db8::1' }],
    ['[2001:db8::1]', { kind: 'ip', address: '2001:db8::1' }],
    ['[IPv6:2001:db8::1]', { kind: 'ip', address: '2001:db8::1' }],
  ];
  for (const [text, host] of accepted) {
    it(`reads ${text}`, () => assert.deepEqual(parseHost(text), { kind: 'ok', value: host }));
  }
  for (const text of ['', '[mx.example.test]', '[[::1]]', '[]', '127.1', 'IPv6:::1', 'a b']) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseHost(text).kind, 'invalid'));
  }
});

describe('parseHostPort', () => {
  const accepted: readonly [text: string, defaultPort: number | undefined, host: string, port: number][] = [
    ['mx.example.test:25', undefined, 'mx.example.test', 25],
    ['mx.example.test', 587, 'mx.example.test', 587],
    ['[2001:db8::1]:65535', undefined, '2001:db8::1', 65535],
    ['192.0.2.1:1', undefined, '192.0.2.1', 1],
    ['[::1]', 25, '::1', 25],
    ['localhost:0', 0, 'localhost', 0],
  ];
  for (const [text, defaultPort, host, port] of accepted) {
    it(`reads ${text} with ${defaultPort ?? 'no'} default port`, () => {
      const parsed = parseHostPort(text, defaultPort);
      assert.equal(parsed.kind, 'ok');
      if (parsed.kind !== 'ok') return;
      const read = parsed.value.host;
      assert.deepEqual([read.kind === 'ip' ? read.address : read.name, parsed.value.port], [host, port]);
    });
  }
  const refused: readonly [text: string, defaultPort: number | undefined, because: RegExp][] = [
    ['mx.example.test', undefined, /names no port/],
    ['mx.example.test:', 25, /not host:port/],
    ['mx.example.test:0', 25, /0 is not a port/],
    ['mx.example.test:65536', undefined, /65536 is not a port/],
    ['mx.example.test:+25', undefined, /not host:port/],
    ['2001:db8::1', 25, /not host:port/],
    ['[::1]25', undefined, /not host:port/],
    [':25', undefined, /empty/],
    ['a b:25', undefined, /label/],
  ];
  for (const [text, defaultPort, because] of refused) {
    it(`refuses ${text} with ${defaultPort ?? 'no'} default port`, () => {
      const parsed = parseHostPort(text, defaultPort);
      assert.match(parsed.kind === 'invalid' ? parsed.because : 'it was read', because);
    });
  }

  it('reads what formatHostPort writes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 1, max: 65535 }), (address, port) => {
        const parsed = parseHostPort(formatHostPort(address, port));
        const expected = {
          kind: 'ok',
          value: { host: { kind: 'ip', address: address.toLowerCase() }, port },
        };
        assert.deepEqual(parsed, expected);
      }),
    );
  });
});

describe('isLoopback', () => {
  for (const address of [
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:0:0:1',
  ]) {
    it(`${address} never leaves the host`, () => assert.ok(isLoopback(address)));
  }
  for (const address of [
    '128.0.0.1',
    '192.0.2.1',
    '::2',
    '::ffff:192.0.2.1',
    '127.0.0.1.example',
    '0.0.0.0',
  ]) {
    it(`${address} may leave the host`, () => assert.ok(!isLoopback(address)));
  }
});

describe('the groups of an IPv6 address', () => {
  for (const [text, groups] of [
    ['::', [0, 0, 0, 0, 0, 0, 0, 0]],
    ['::1', [0, 0, 0, 0, 0, 0, 0, 1]],
    ['1::', [1, 0, 0, 0, 0, 0, 0, 0]],
    ['2001:DB8::a:0:1', [0x2001, 0xdb8, 0, 0, 0, 0xa, 0, 1]],
    ['::ffff:192.0.2.1', [0, 0, 0, 0, 0, 0xffff, 0xc000, 0x201]],
    ['1:2:3:4:5:6:7:8', [1, 2, 3, 4, 5, 6, 7, 8]],
  ] as const) {
    it(text, () => assert.deepEqual(groupsOf(text), groups));
  }

  it('are the same however they are written', () => {
    const address = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(address, (groups) => {
        const full = groups.map((group) => group.toString(16).padStart(4, '0')).join(':');
        assert.deepEqual(groupsOf(full), groups);
        assert.deepEqual(groupsOf(new URL(`http://[${full}]`).hostname.slice(1, -1)), groups);
      }),
    );
  });
});

describe('oneSpelling', () => {
  const spellings: readonly [text: string, spelling: string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:7f00:1', '127.0.0.1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::1', '::1'],
    // Neither mapped, nor an address that means the same on every host.
    ['::fffe:192.0.2.1', '::fffe:c000:201'],
    ['64:ff9b::c000:201', '64:ff9b::c000:201'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['mx.example.test', 'mx.example.test'],
  ];
  for (const [text, spelling] of spellings) {
    it(`${text} is ${spelling}`, () => assert.equal(oneSpelling(text), spelling));
  }
});
