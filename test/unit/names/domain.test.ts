import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Domain, isAscii, isWithin, parseDomain, quote } from '../../../src/names/domain.ts';

function read(text: string): Domain {
  const parsed = parseDomain(text);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.value;
}

const label = 'a'.repeat(63);

describe('parseDomain', () => {
  const accepted: readonly [why: string, text: string, domain: string][] = [
    ['a plain name', 'example.test', 'example.test'],
    ['names compare without regard to case', 'EXAMPLE.Test', 'example.test'],
    ['one trailing dot is the DNS root', 'example.test.', 'example.test'],
    ['a single label', 'localhost', 'localhost'],
    ['an underscore, as looked up', '_mta-sts.example.test', '_mta-sts.example.test'],
    ['RFC 5890: U-labels become A-labels', 'bücher.test', 'xn--bcher-kva.test'],
    ['a full stop of another script separates labels', 'mx。bücher.test', 'mx.xn--bcher-kva.test'],
    ['RFC 1035 §2.3.4: a label has up to 63 octets', `${label}.test`, `${label}.test`],
    [
      'RFC 1035 §2.3.4: a name has up to 253 characters',
      `${label}.${label}.${label}.${'a'.repeat(61)}`,
      `${label}.${label}.${label}.${'a'.repeat(61)}`,
    ],
    ['digits in front', '1.2.3.example', '1.2.3.example'],
  ];
  for (const [why, text, domain] of accepted) {
    it(`reads ${why}`, () => assert.deepEqual(parseDomain(text), { kind: 'ok', value: domain }));
  }

  const refused: readonly [why: string, text: string, because: RegExp][] = [
    ['nothing', '', /empty/],
    ['the root alone', '.', /empty/],
    ['two trailing dots', 'example.test..', /label/],
    ['a leading dot', '.example.test', /label/],
    ['an empty label', 'example..test', /label/],
    ['a hyphen at an end of a label', '-a.test', /label/],
    ['a space', 'exam ple.test', /label/],
    ['a line break', 'example.test\r\n', /label/],
    ['a NUL', 'example.test\0.evil.test', /label/],
    ['a wildcard', '*.example.test', /label/],
    ['a port', 'example.test:25', /label/],
    ['a label of 64 octets', `${label}a.test`, /63 octets/],
    [
      'a name of 254 octets',
      `${label}.${label}.${label}.${'a'.repeat(62)}`,
      /254 octets long, the limit is 253/,
    ],
    ['an IPv4 address', '192.0.2.1', /last label is a number/],
    ['an IPv4 address in another spelling', '127.1', /last label is a number/],
    ['an IPv4 address in other digits', '１２７.０.０.１', /last label is a number/],
    ['an IPv6 address', '::1', /label/],
    ['an endless name, unread', 'ü'.repeat(2000), /longer than 253/],
    ['what a URL would end the host at', 'ä.com/x', /IDNA/],
    ['what a URL would drop', 'ä\t.com', /IDNA/],
    ['what a URL would decode', 'ä%41.com', /IDNA/],
    ['what IDNA refuses', 'a\u200f.ü', /IDNA/],
  ];
  for (const [why, text, because] of refused) {
    it(`refuses ${why}`, () => {
      const parsed = parseDomain(text);
      assert.equal(parsed.kind, 'invalid');
      assert.match(parsed.kind === 'invalid' ? parsed.because : '', because);
    });
  }

  it('gives for any text a name that reads as itself, or a reason', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.domain()), (text) => {
        const parsed = parseDomain(text);
        if (parsed.kind === 'ok') {
          assert.deepEqual(parseDomain(parsed.value), parsed);
          assert.match(parsed.value, /^[a-z0-9_.-]{1,253}$/);
        } else assert.ok(parsed.because.length > 0);
      }),
    );
  });
});

describe('isWithin', () => {
  const rows: readonly [name: string, domain: string, within: boolean][] = [
    ['example.test', 'example.test', true],
    ['mx.example.test', 'example.test', true],
    ['notexample.test', 'example.test', false],
    ['example.test', 'mx.example.test', false],
  ];
  for (const [name, domain, within] of rows) {
    it(`${name} is ${within ? '' : 'not '}within ${domain}`, () => {
      assert.equal(isWithin(read(name), read(domain)), within);
    });
  }
});

describe('isAscii and quote', () => {
  it('takes NUL and DEL for ASCII, and nothing above', () => {
    assert.ok(isAscii('\0\x7f'));
    assert.ok(!isAscii('a\x80'));
  });

  it('shows control characters escaped and long texts shortened', () => {
    assert.equal(quote('a\r\nb'), '"a\\r\\nb"');
    assert.equal(quote('x'.repeat(81)), `"${'x'.repeat(77)}..."`);
  });
});
