import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readAddressList } from '../../../src/mail/address-list.ts';
import { completeAddresses } from '../../../src/mail/complete-addresses.ts';

function complete(text: string): { readonly text: string; readonly to: readonly string[] } | string {
  const list = completeAddresses(Buffer.from(text).toString('latin1'), 'host.test');
  if (list.kind === 'invalid') return list.because;
  return { text: list.value.text, to: list.value.mailboxes.map(({ text: address }) => address) };
}

describe('addresses that programs on the host write', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['root', 'root@host.test', ['root@host.test']],
    ['root (the boss), a@x.test', 'root@host.test (the boss), a@x.test', ['root@host.test', 'a@x.test']],
    ['Ann B <ann>', 'Ann B <ann@host.test>', ['ann@host.test']],
    ['"ann b" ', '"ann b"@host.test ', ['"ann b"@host.test']],
    ['jörg, ä <b@x.test>', 'jörg@host.test, ä <b@x.test>', ['jörg@host.test', 'b@x.test']],
    ['a@x.test,, b@x.test,', 'a@x.test,, b@x.test,', ['a@x.test', 'b@x.test']],
    ['nobody:;', 'nobody:;', []],
    ['team: a, b@x.test;', 'team: a@host.test, b@x.test;', ['a@host.test', 'b@x.test']],
    ['', '', []],
  ];
  for (const [written, text, to] of cases) {
    it(JSON.stringify(written), () => assert.deepEqual(complete(written), { text, to }));
  }

  for (const wrong of [
    'a b',
    '<>',
    'a@',
    '@x.test',
    'a b@x.test',
    'a:b:c;',
    'a;',
    'x: a',
    '(',
    'a\\b',
    'a@x.test <b@x.test>',
  ]) {
    it(`refuses ${JSON.stringify(wrong)}`, () => assert.equal(typeof complete(wrong), 'string'));
  }

  it('what the strict reader takes means the same here, and stays as it is', () => {
    const word = fc.constantFrom(
      'a@x.test',
      'B <b@x.test>',
      'g: c@x.test;',
      '"q, r" <d@x.test>',
      '(e)',
      ', ',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        const value = words.join('');
        const strict = readAddressList(value);
        if (strict.kind === 'invalid') return;
        assert.deepEqual(complete(value), { text: value, to: strict.value.map(({ text }) => text) });
      }),
    );
  });

  it('is bounded', () => {
    assert.equal(complete('a'.repeat(1_048_577)), 'it is longer than 1048576 octets');
  });
});
