import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type OptOut, readOptOut } from '../../../src/scanner/opt-out.ts';
import { nameOf } from '../../support/destinations.ts';

function listOf(text: string): OptOut {
  const read = readOptOut(text);
  return read.kind === 'ok' ? read.value : assert.fail(read.because);
}

describe('who asked not to be tested', () => {
  const list = listOf(
    [
      '# asked on the phone',
      'example.net',
      '.example.org   # and all below it',
      '192.0.2.0/24',
      '2001:db8::/32',
      '198.51.100.7',
      '::ffff:203.0.113.0/120',
      '64:ff9b::c612:1',
      '/^mx[0-9]+\\.big\\.test$/',
      '',
    ].join('\r\n'),
  );

  const names: [name: string, line: string | undefined][] = [
    ['example.net', 'example.net'],
    ['mx.example.net', 'example.net'],
    ['notexample.net', undefined],
    ['a.example.org', 'example.org'],
    ['mx12.big.test', '/^mx[0-9]+\\.big\\.test$/'],
    ['mx.big.test', undefined],
  ];
  for (const [name, line] of names) {
    it(`${name}: ${line ?? 'did not ask'}`, () => assert.equal(list.ofName(nameOf(name)), line));
  }

  const addresses: [address: string, asked: boolean][] = [
    ['192.0.2.200', true],
    ['192.0.3.1', false],
    ['198.51.100.7', true],
    ['198.51.100.8', false],
    ['2001:db8:1::25', true],
    ['2001:db9::25', false],
    // In whatever spelling, on the list or where it is met.
    ['::ffff:198.51.100.7', true],
    ['64:ff9b::c633:6407', true],
    ['64:ff9b::c633:6408', false],
    ['203.0.113.200', true],
    ['198.18.0.1', true],
    ['198.18.0.2', false],
  ];
  for (const [address, asked] of addresses) {
    it(`${address}: ${asked ? 'asked' : 'did not ask'}`, () =>
      assert.equal(list.ofAddress(address) !== undefined, asked));
  }
});

describe('a list that cannot be read is refused, with the line', () => {
  const wrong: [text: string, because: RegExp][] = [
    ['example.net\n-bad-.test', /^line 2: .*label/],
    ['192.0.2.0/33', /^line 1: .*network/],
    ['192.0.2.0/x', /^line 1: .*network/],
    ['192.0.2.0/24/1', /^line 1: .*network/],
    ['/(/', /^line 1: .*regular expression/],
    ['a'.repeat(501), /^line 1: .*longer than 500/],
  ];
  for (const [text, because] of wrong) {
    it(text.slice(0, 40), () => {
      const read = readOptOut(text);
      assert.match(read.kind === 'invalid' ? read.because : '', because);
    });
  }
});
