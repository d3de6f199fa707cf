import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { disablesLogin, withoutUpgrade } from '../../../../src/protocols/imap/capabilities.ts';

// What a session does with them is shown by test/transcripts/gateway/imap/front; here is what holds for any list.
describe('capabilities as a client sees them', () => {
  const word = fc.constantFrom(
    'IMAP4rev1',
    'STARTTLS',
    'LoginDisabled',
    'AUTH=PLAIN',
    'STARTTLSX',
    'starttls',
  );
  const hidden = /^(?:STARTTLS|LOGINDISABLED)$/i;

  it('all but STARTTLS and LOGINDISABLED, in their order', () => {
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const seen = words.filter((one) => !hidden.test(one));
        const list = (some: readonly string[]): string => some.map((one) => ` ${one}`).join('');
        assert.equal(withoutUpgrade(`* CAPABILITY${list(words)}`), `* CAPABILITY${list(seen)}`);
        const code = (some: readonly string[]): string => `a OK [CAPABILITY${list(some)}] has STARTTLS`;
        assert.equal(withoutUpgrade(code(words)), code(seen));
        assert.equal(
          disablesLogin(code(words)),
          words.some((one) => /^LOGINDISABLED$/i.test(one)),
        );
      }),
    );
  });

  it('nothing else is changed', () => {
    for (const line of [
      '* OK STARTTLS',
      '* LIST () "/" " STARTTLS"',
      '+ STARTTLS',
      'a OK [ALERT] STARTTLS',
      '* CAPABILITYX STARTTLS',
    ])
      assert.equal(withoutUpgrade(line), line);
  });

  it('in linear time, whatever the line is made of', () => {
    const started = performance.now();
    for (const part of [' ', '\t', ' STARTTLS', ' STARTTL', '[', ']', ' ['])
      withoutUpgrade(`* OK [CAPABILITY${part.repeat(200_000 / part.length)}`);
    assert.ok(performance.now() - started < 1_000);
  });
});
