import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CheckProtocol, checkProtocols } from '../../../src/findings/endpoint.ts';
import { programOf, programsFor } from '../../../src/findings/program.ts';
import { observe } from '../../support/observations.ts';

const greeted = (line: string, protocol: CheckProtocol = 'smtp'): ReturnType<typeof programOf> =>
  programOf(observe({ endpoint: { protocol }, base: { greeting: { ms: 1, lines: [line], code: 220 } } }));

describe('which program runs there', () => {
  for (const [line, program] of [
    ['mx1.example.test ESMTP Postfix (Debian)', 'postfix'],
    ['mx1.example.test ESMTP Exim 4.96 Sat, 28 Nov 2026 10:00:00 +0000', 'exim'],
    ['mx1.example.test ESMTP OpenSMTPD', 'opensmtpd'],
    ['mx1.example.test ESMTP Sendmail 8.17.1.9/8.17.1.9; Sat, 28 Nov 2026', 'sendmail'],
    ['MX1.example.test Microsoft ESMTP MAIL Service ready at Sat, 28 Nov 2026', 'exchange'],
    ['mx1.example.test ESMTP', undefined],
    ['mx1.example.test ESMTP Eximious', undefined],
  ] as const) {
    it(`"${line}": ${program ?? 'it does not say'}`, () => assert.equal(greeted(line), program));
  }

  it('a mailbox server names itself in its greeting or its capabilities', () => {
    assert.equal(greeted('* OK Dovecot (Debian) ready.', 'imap'), 'dovecot');
    assert.equal(greeted('* OK mx1 Cyrus IMAP 3.6.1 server ready', 'imap'), 'cyrus');
    assert.equal(greeted('* OK ready', 'imap'), undefined);
    assert.equal(programOf(observe({ endpoint: { protocol: 'sieve' } })), 'dovecot');
  });

  it('where only one is likely, it is that', () => {
    for (const [protocol, program] of [
      ['ldap', 'slapd'],
      ['xmpp', 'prosody'],
      ['postgres', 'postgresql'],
      ['mysql', 'mariadb'],
    ] as const)
      assert.equal(programOf(observe({ endpoint: { protocol }, base: { greeting: null } })), program);
  });

  it('there is one for every protocol', () => {
    for (const protocol of ['smtp', 'xmpp-server', 'mysql'] as const) {
      assert.ok(protocol in checkProtocols);
      assert.ok(programsFor(protocol).length > 0);
    }
  });
});
