import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { showsSecret } from '../../../../src/protocols/sasl/shows-secret.ts';

describe('showsSecret', () => {
  it('passwords and tokens are shown by these', () => {
    for (const mechanism of ['PLAIN', 'LOGIN', 'OAUTHBEARER', 'XOAUTH2'])
      assert.ok(showsSecret(mechanism), mechanism);
  });

  it('and not by those that prove them without saying them', () => {
    for (const mechanism of [
      'SCRAM-SHA-1',
      'SCRAM-SHA-256-PLUS',
      'GSSAPI',
      'GSS-SPNEGO',
      'EXTERNAL',
      'CRAM-MD5',
    ])
      assert.ok(!showsSecret(mechanism), mechanism);
  });
});
