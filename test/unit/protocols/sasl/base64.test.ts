import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { decodeBase64, decodeBase64Text, encodeBase64 } from '../../../../src/protocols/sasl/base64.ts';

describe('base64, RFC 4648 §4', () => {
  it('octets become themselves', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (octets) => {
        assert.deepEqual(decodeBase64(encodeBase64(octets)), Buffer.from(octets));
      }),
    );
  });

  it('every value has one spelling: what is read is written the same', () => {
    const text = fc
      .array(fc.constantFrom('A', 'Q', 'g', '=', '+', '/', '-', '_', ' ', '\n'))
      .map((all) => all.join(''));
    fc.assert(
      fc.property(text, (given) => {
        const octets = decodeBase64(given);
        if (octets !== undefined) assert.equal(encodeBase64(octets), given);
      }),
      { numRuns: 2000 },
    );
  });

  for (const text of [
    'A',
    'AA',
    'AAA',
    'AA=',
    'AA=A',
    'AAA==',
    'AB==',
    'AAB=',
    '====',
    'AA==AA==',
    'AA-_',
    'AAAA\n',
  ])
    it(`${JSON.stringify(text)} is not base64`, () => assert.equal(decodeBase64(text), undefined));

  it('text is UTF-8', () => {
    assert.equal(decodeBase64Text('w7Y='), 'ö');
    assert.equal(decodeBase64Text('9g=='), undefined);
  });
});
