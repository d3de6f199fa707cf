import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exposingOf, maskedIn, mechanismsOf, offers, offersUpgrade } from '../../../src/findings/offers.ts';

describe('what is offered', () => {
  it('is a keyword, in any case, with or without parameters', () => {
    assert.equal(offers(['SIZE 10240000', 'starttls'], 'STARTTLS'), true);
    assert.equal(offers(['"STARTTLS"'], 'STARTTLS'), true);
    assert.equal(offers(['XSTARTTLS', 'NO STARTTLS'], 'STARTTLS'), false);
    assert.equal(offers([], 'STARTTLS'), false);
  });

  it('TLS, in each protocol that forbids to offer it again', () => {
    for (const [protocol, line] of [
      ['smtp', 'STARTTLS'],
      ['pop3', 'STLS'],
      ['sieve', '"STARTTLS"'],
      ['xmpp', 'starttls urn:ietf:params:xml:ns:xmpp-tls required'],
    ] as const) {
      assert.equal(offersUpgrade(protocol, [line]), true, protocol);
      assert.equal(offersUpgrade(protocol, ['SIZE']), false, protocol);
    }
    for (const protocol of ['ldap', 'ftp', 'postgres', 'mysql'] as const)
      assert.equal(offersUpgrade(protocol, ['AUTH TLS']), undefined, protocol);
  });

  it('mechanisms, as each protocol lists them', () => {
    assert.deepEqual(mechanismsOf('smtp', ['AUTH PLAIN LOGIN', 'AUTH=PLAIN LOGIN']), ['PLAIN', 'LOGIN']);
    assert.deepEqual(mechanismsOf('imap', ['IMAP4rev1', 'AUTH=PLAIN', 'auth=scram-sha-256']), [
      'PLAIN',
      'SCRAM-SHA-256',
    ]);
    assert.deepEqual(mechanismsOf('pop3', ['SASL PLAIN', 'USER']), ['PLAIN']);
    assert.deepEqual(mechanismsOf('pop3', ['SASL']), []);
    assert.deepEqual(mechanismsOf('sieve', ['"SASL" "PLAIN LOGIN"']), ['PLAIN', 'LOGIN']);
    assert.deepEqual(mechanismsOf('sieve', ['"SASL" ""']), []);
    assert.deepEqual(mechanismsOf('ldap', ['AUTH PLAIN']), []);
  });

  it('those that give the credential itself away', () => {
    assert.deepEqual(exposingOf(['PLAIN', 'SCRAM-SHA-256', 'XOAUTH2', 'GSSAPI', 'LOGIN', 'CRAM-MD5']), [
      'PLAIN',
      'XOAUTH2',
      'LOGIN',
    ]);
  });

  it('lines that a firewall has overwritten', () => {
    assert.deepEqual(maskedIn(['XXXXXXXA', 'SIZE 1', 'XXXX XXXXXXX', '220 ******']), [
      'XXXXXXXA',
      'XXXX XXXXXXX',
      '220 ******',
    ]);
    assert.deepEqual(maskedIn(['XEXCH50', 'XXX', 'X-ANONYMOUSTLS', 'SAXXXXXXXX', '***']), []);
  });
});
