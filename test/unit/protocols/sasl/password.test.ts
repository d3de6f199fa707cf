import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { formatPlain, parseLoginAnswer, parsePlain } from '../../../../src/protocols/sasl/password.ts';

const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64');

function plain(text: string | Uint8Array): string {
  const parsed = parsePlain(base64(text));
  return parsed.kind === 'ok' ? `${parsed.value.user} ${parsed.value.password}` : 'invalid';
}

describe('PLAIN, RFC 4616 §2', () => {
  const rows: [why: string, text: string | Uint8Array, reading: string][] = [
    ['user and password', '\0tim\0tanstaaftanstaaf', 'tim tanstaaftanstaaf'],
    ['the user as the one to act for', 'tim\0tim\0x', 'tim x'],
    ['beyond ASCII, as it was sent', '\0jörg\0 päss', 'jörg  päss'],
    ['a byte order mark is part of the password', '\0tim\0\ufeffx', 'tim \ufeffx'],
    ['somebody else to act for', 'Ursel\0Kurt\0xipj3plmq', 'invalid'],
    ['no user', '\0\0x', 'invalid'],
    ['no password', '\0tim\0', 'invalid'],
    ['one part too few', '\0tim', 'invalid'],
    ['one part too many', '\0tim\0x\0', 'invalid'],
    ['what is not UTF-8', Buffer.from('\0tim\0\xff', 'latin1'), 'invalid'],
    ['a user that is too long', `\0${'a'.repeat(1025)}\0x`, 'invalid'],
    ['a password that is too long', `\0a\0${'ö'.repeat(513)}`, 'invalid'],
  ];
  for (const [why, text, reading] of rows) it(`${why}: ${reading}`, () => assert.equal(plain(text), reading));

  it('what is written reads as itself', () => {
    const part = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
      .filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(part, part, (user, password) => {
        assert.deepEqual(parsePlain(formatPlain({ user, password })), {
          kind: 'ok',
          value: { user, password },
        });
      }),
    );
  });

  it('what it cannot say is not written', () => {
    for (const login of [
      { user: '', password: 'x' },
      { user: 'x', password: '' },
      { user: 'a\0b', password: 'x' },
      { user: 'x', password: 'a\0b' },
    ])
      assert.throws(() => formatPlain(login), /NUL/);
  });
});

describe('LOGIN', () => {
  const rows: [text: string, reading: string | undefined][] = [
    [base64('user'), 'user'],
    [base64('päss word'), 'päss word'],
    ['', undefined],
    [base64('a\0b'), undefined],
    ['!', undefined],
    [base64('a'.repeat(1025)), undefined],
  ];
  for (const [text, reading] of rows) {
    it(`${JSON.stringify(text.slice(0, 20))}: ${reading ?? 'invalid'}`, () => {
      const parsed = parseLoginAnswer(text);
      assert.equal(parsed.kind === 'ok' ? parsed.value : undefined, reading);
    });
  }
});
