import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { userShown } from '../../../../src/protocols/sasl/user-shown.ts';

const encoded = (text: string): string => Buffer.from(text).toString('base64');

describe('what the first message of a login shows', () => {
  const shown: [mechanism: string, message: string, user: string | null][] = [
    ['PLAIN', '\0anna\0secret', 'anna'],
    ['PLAIN', 'other\0anna\0secret', 'anna'],
    ['PLAIN', '\0anna', 'anna'],
    ['PLAIN', '\0\0secret', null],
    ['PLAIN', 'secret', null],
    ['PLAIN', `\0${'a'.repeat(1024)}\0b`, 'a'.repeat(1024)],
    ['PLAIN', `\0${'a'.repeat(1025)}\0b`, null],
    ['LOGIN', 'anna', 'anna'],
    ['LOGIN', '', null],
    ['XOAUTH2', 'user=anna@example.test\x01auth=Bearer token\x01\x01', 'anna@example.test'],
    ['XOAUTH2', 'auth=Bearer token\x01\x01', null],
    ['OAUTHBEARER', 'n,a=anna@example.test,\x01auth=Bearer token\x01\x01', 'anna@example.test'],
    ['OAUTHBEARER', 'n,,\x01auth=Bearer token\x01\x01', null],
    ['SCRAM-SHA-256', 'n,,n=anna,r=nonce', 'anna'],
    ['GSSAPI', '\x60\x01\x02', null],
  ];
  for (const [mechanism, message, user] of shown)
    it(`${mechanism} ${JSON.stringify(message.slice(0, 40))}: ${user?.slice(0, 20) ?? 'nobody'}`, () =>
      assert.equal(userShown(mechanism, encoded(message)), user));

  it('never the password, and nothing of what is no base64', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.constantFrom('PLAIN', 'XOAUTH2', 'OAUTHBEARER'),
        (text, mechanism) => {
          const user = userShown(mechanism, encoded(`\0anna\0secret${text}`));
          assert.ok(user === null || user === 'anna');
          assert.equal(userShown(mechanism, `*${text}`), null);
        },
      ),
    );
  });
});
