import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { formatMailDomain, parseMailbox, parseMailDomain } from '../../../src/names/mailbox.ts';

describe('parseMailbox, RFC 5321 §4.1.2', () => {
  const accepted: readonly [why: string, text: string, normal: string][] = [
    ['a dot-string', 'bob.smith@example.test', 'bob.smith@example.test'],
    ['the domain in its one spelling, the local part as written', 'Bob@EXAMPLE.Test', 'Bob@example.test'],
    ['a quoted string with an @ in it', '"a@b"@example.test', '"a@b"@example.test'],
    ['a quoted pair', String.raw`"a\"b\\"@example.test`, String.raw`"a\"b\\"@example.test`],
    ['an empty quoted string', '""@example.test', '""@example.test'],
    ['every atom character', "!#$%&'*+-/=?^_`{|}~@example.test", "!#$%&'*+-/=?^_`{|}~@example.test"],
    ['an address literal', 'bob@[192.0.2.1]', 'bob@[192.0.2.1]'],
    ['an IPv6 literal', 'bob@[IPv6:2001:DB8::1]', 'bob@[IPv6:2001:db8::1]'],
    [
      '§4.5.3.1.1: 64 octets of local part',
      `${'a'.repeat(64)}@example.test`,
      `${'a'.repeat(64)}@example.test`,
    ],
  ];
  for (const [why, text, normal] of accepted) {
    it(`reads ${why}`, () => {
      const parsed = parseMailbox(text);
      assert.equal(parsed.kind === 'ok' ? parsed.value.text : parsed.because, normal);
      assert.equal(parsed.kind === 'ok' && parsed.value.local, text.slice(0, text.lastIndexOf('@')));
    });
  }

  const refused: readonly [why: string, text: string, because: RegExp][] = [
    ['no @', 'bob', /local@domain/],
    ['no local part', '@example.test', /local@domain/],
    ['no domain', 'bob@', /empty/],
    ['a line break', 'bob\r\nRCPT TO:<eve@example.test>@example.test', /local part/],
    ['a line break in quotes', '"bob\r\n"@example.test', /local part/],
    ['angle brackets', '<bob@example.test>', /local part/],
    ['a space', 'bob smith@example.test', /local part/],
    ['two dots', 'bob..smith@example.test', /local part/],
    ['a dot at an end', '.bob@example.test', /local part/],
    ['an open quote', '"bob@example.test', /local part/],
    ['a quote inside', '"a"b"@example.test', /local part/],
    ['65 octets of local part', `${'a'.repeat(65)}@example.test`, /65 octets long, the limit is 64/],
    ['a path over 256 octets', `a@${'b.'.repeat(126)}test`, /the limit is 254/],
    ['non-ASCII without SMTPUTF8', 'bób@example.test', /SMTPUTF8/],
    ['a non-ASCII domain without SMTPUTF8', 'bob@bücher.test', /SMTPUTF8/],
    ['§2.3.5: a trailing dot', 'bob@example.test.', /ends in a dot/],
    ['a bare IPv4 address', 'bob@192.0.2.1', /last label is a number/],
    ['an IPv6 literal without its tag', 'bob@[2001:db8::1]', /literal/],
  ];
  for (const [why, text, because] of refused) {
    it(`refuses ${why}`, () => {
      const parsed = parseMailbox(text);
      assert.match(parsed.kind === 'invalid' ? parsed.because : 'it was read', because);
    });
  }

  it('gives for any text a mailbox that reads as itself, free of control characters, or a reason', () => {
    const hostile = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(
        fc.oneof(
          hostile,
          fc.emailAddress(),
          hostile.map((text) => `${text}@a.test`),
        ),
        (text) => {
          const parsed = parseMailbox(text);
          if (parsed.kind !== 'ok') return;
          assert.match(parsed.value.text, /^[\x20-\x7e]{1,254}$/);
          assert.deepEqual(parseMailbox(parsed.value.text), parsed);
        },
      ),
    );
  });

  it('takes linear time for a local part that matches almost to its end', () => {
    const started = performance.now();
    parseMailbox(`${'a.'.repeat(100)}@${'b.'.repeat(10)}c`);
    parseMailbox(`"${String.raw`\"`.repeat(120)}@example.test`);
    assert.ok(performance.now() - started < 100);
  });
});

describe('parseMailbox with SMTPUTF8, RFC 6531 §3.3', () => {
  const read = (text: string): string => {
    const parsed = parseMailbox(text, { utf8: true });
    return parsed.kind === 'ok' ? parsed.value.text : parsed.because;
  };

  const accepted: readonly [why: string, text: string, normal: string][] = [
    ['a dot-string', 'jörg.müller@example.test', 'jörg.müller@example.test'],
    ['a quoted string', '"女 子"@example.test', '"女 子"@example.test'],
    ['beyond the first plane', '😀@example.test', '😀@example.test'],
    ['a domain of U-labels, which becomes A-labels', 'bob@Bücher.test', 'bob@xn--bcher-kva.test'],
    ['an ASCII address as before', 'Bob@EXAMPLE.test', 'Bob@example.test'],
    ['64 octets', `${'ö'.repeat(32)}@example.test`, `${'ö'.repeat(32)}@example.test`],
  ];
  for (const [why, text, normal] of accepted) it(`reads ${why}`, () => assert.equal(read(text), normal));

  const refused: readonly [why: string, text: string, because: RegExp][] = [
    ['66 octets', `${'ö'.repeat(33)}@example.test`, /66 octets long, the limit is 64/],
    ['a control character of C1', 'a\u0085b@example.test', /local part/],
    ['one in quotes', '"a\u0085b"@example.test', /local part/],
    ['one of C0 in quotes', '"ö\u0007"@example.test', /local part/],
    ['one in the domain', 'a@b\u0085c.test', /not a valid international name|not a domain label/],
    ['half of a surrogate pair', 'a\ud800@example.test', /local part/],
    ['half of one in quotes', '"\udc00"@example.test', /local part/],
    ['a quoted pair beyond ASCII', String.raw`"\ö"@example.test`, /local part/],
    ['two dots', 'ö..ö@example.test', /local part/],
    ['more than 254 octets', `a@${'ö.'.repeat(84)}test`, /octets long, the limit is 254/],
    ['more than 254 octets in A-labels', `a@${'ö.'.repeat(40)}test`, /the limit is 25[34]/],
  ];
  for (const [why, text, because] of refused) it(`refuses ${why}`, () => assert.match(read(text), because));

  it('gives for any text a mailbox that reads as itself within the limits, or a reason', () => {
    const hostile = fc.string({ unit: 'binary', maxLength: 40 });
    fc.assert(
      fc.property(
        fc.oneof(
          hostile,
          hostile.map((text) => `${text}@a.test`),
        ),
        (text) => {
          const parsed = parseMailbox(text, { utf8: true });
          if (parsed.kind !== 'ok') return;
          assert.match(parsed.value.text, /^[\x20-\x7e\u{a0}-\u{d7ff}\u{e000}-\u{10ffff}]+@[\x21-\x7e]+$/u);
          assert.ok(Buffer.byteLength(parsed.value.text) <= 254);
          assert.deepEqual(parseMailbox(parsed.value.text, { utf8: true }), parsed);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('formatMailDomain', () => {
  for (const text of ['example.test', '[192.0.2.1]', '[IPv6:2001:db8::1]']) {
    it(`writes ${text} as it was read`, () => {
      const parsed = parseMailDomain(text);
      assert.equal(parsed.kind === 'ok' && formatMailDomain(parsed.value), text);
    });
  }
});
