import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { saslPrep } from '../../../../src/protocols/sasl/prepare.ts';

describe('SASLprep', () => {
  // The examples of RFC 4013 §3, and some more.
  const rows: [why: string, text: string, prepared: string | undefined][] = [
    ['a soft hyphen is mapped to nothing', 'I\u00adX', 'IX'],
    ['no change', 'user', 'user'],
    ['case is kept', 'USER', 'USER'],
    ['output is NFKC', '\u00aa', 'a'],
    ['output is NFKC', '\u2168', 'IX'],
    ['a prohibited character', '\u0007', undefined],
    ['a space that is none in ASCII', 'a\u00a0b', 'a b'],
    ['nothing is left', '\u00ad', undefined],
    ['nothing', '', undefined],
    ['half of a surrogate pair', 'a\ud800', undefined],
    ['a private character', '\ue000', undefined],
    ['a mark that changes the direction', 'a\u200eb', undefined],
  ];
  for (const [why, text, prepared] of rows) {
    it(`${why}: ${JSON.stringify(text)} becomes ${JSON.stringify(prepared)}`, () => {
      const result = saslPrep(text);
      assert.equal(result.kind === 'ok' ? result.value : undefined, prepared);
    });
  }

  it('what is printable ASCII stays as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), (text) => {
        assert.deepEqual(saslPrep(text), { kind: 'ok', value: text });
      }),
    );
  });
});
