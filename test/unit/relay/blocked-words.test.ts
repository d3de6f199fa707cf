import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { demandText, mendingText, statusOfBlock } from '../../../src/relay/blocked-words.ts';

describe('blocked mail in words', () => {
  it('says who requires what', () => {
    assert.equal(
      demandText({ by: 'dane', required: 'authenticate' }),
      "The signed DNS records of the recipient's mail server (DANE) requires a TLS connection to a mail server that proves who it is.",
    );
    assert.equal(
      demandText({ by: 'override', required: 'encrypt' }),
      'A rule of the operator of this mail system requires a TLS connection.',
    );
  });

  it('says what has to be mended: a policy where it is published, too; of an unknown cause no more than that TLS has to work', () => {
    assert.equal(
      mendingText('certificate-expired', 'default'),
      'The mail server of the recipient has to renew its certificate.',
    );
    assert.match(
      mendingText('certificate-host-mismatch', 'sts'),
      /own name, or the policy of the domain has to name/,
    );
    assert.match(mendingText('validation-failure', 'list'), /, or the policy list has to name/);
    assert.match(
      mendingText('starttls-not-supported', 'memory'),
      /, or this mail system has to be told that it is meant so, or to have seen it for some days\.$/,
    );
    assert.match(
      mendingText('certificate-host-mismatch', 'memory'),
      /has to show a certificate for the domain of the recipient, or for the name of a host that was proven before, or this/,
    );
    assert.match(mendingText('validation-failure', 'dane'), /or the TLSA records of the server/);
    assert.equal(mendingText('no such cause', 'default'), mendingText('validation-failure', 'default'));
    assert.equal(mendingText('toString', 'default'), mendingText('validation-failure', 'default'));
  });

  it('has 5.7.5 where there was TLS that proved nothing', () => {
    const plain = { requireTls: false, wasAsked: true };
    assert.equal(statusOfBlock('certificate-expired', plain), '5.7.5');
    assert.equal(statusOfBlock('starttls-not-supported', plain), '5.7.10');
    assert.equal(statusOfBlock('validation-failure', { ...plain, wasAsked: false }), '5.7.1');
  });

  it('RFC 8689 §4.2.1: has 5.7.10 for all that goes wrong under REQUIRETLS, also where a policy forbids every host', () => {
    for (const wasAsked of [true, false])
      assert.equal(statusOfBlock('certificate-expired', { requireTls: true, wasAsked }), '5.7.10');
  });
});
