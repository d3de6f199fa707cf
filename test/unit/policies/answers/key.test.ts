import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readKey } from '../../../../src/policies/answers/key.ts';

function shown(text: string): string {
  const key = readKey(text);
  switch (key.kind) {
    case 'domain':
      return `domain ${key.domain} ${key.port}`;
    case 'host':
      return `host ${key.host} ${key.port}`;
    case 'unclear':
    case 'nothing':
      return key.kind;
  }
}

const keys: readonly (readonly [text: string, read: string])[] = [
  ['example.com', 'domain example.com 25'],
  ['EXAMPLE.Com', 'domain example.com 25'],
  ['example.com.', 'domain example.com 25'],
  ['xn--bcher-kva.example', 'domain xn--bcher-kva.example 25'],
  ['bücher.example', 'domain xn--bcher-kva.example 25'],
  ['example.com:587', 'domain example.com 587'],
  ['example.com:smtp', 'domain example.com 25'],
  ['example.com:Submission', 'domain example.com 587'],
  ['[mail.example.com]:smtps', 'host mail.example.com 465'],
  ['example.com:constructor', 'unclear'],
  ['example.com:something', 'unclear'],
  ['[mail.example.com]', 'host mail.example.com 25'],
  ['[Mail.Example.com]:587', 'host mail.example.com 587'],
  ['[mail.example.com]:lmtp-of-ours', 'unclear'],
  ['.example.com', 'nothing'],
  ['.com', 'nothing'],
  ['.', 'nothing'],
  ['', 'nothing'],
  ['[192.0.2.1]', 'nothing'],
  ['[192.0.2.1]:25', 'nothing'],
  ['[IPv6:2001:db8::1]', 'nothing'],
  ['192.0.2.1', 'nothing'],
  ['[]', 'nothing'],
  ['[mail.example.com', 'nothing'],
  ['example.com:', 'nothing'],
  ['example.com:0', 'nothing'],
  ['example.com:65536', 'nothing'],
  ['example.com:25:25', 'nothing'],
  ['/var/run/lmtp.sock', 'nothing'],
  ['a b.example', 'nothing'],
  ['example..com', 'nothing'],
];

describe('the key of a look-up', () => {
  for (const [text, read] of keys)
    it(`${JSON.stringify(text)}: ${read}`, () => assert.equal(shown(text), read));

  it('RFC 8461 §3.4: whatever stands behind a leading dot is never looked up', () => {
    fc.assert(fc.property(fc.string(), (text) => assert.equal(shown(`.${text}`), 'nothing')));
  });

  it('is read whatever it is', () => {
    fc.assert(fc.property(fc.uint8Array(), (octets) => void shown(Buffer.from(octets).toString('utf8'))));
  });
});
