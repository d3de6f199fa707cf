import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { messageDemand, requireTlsLevels } from '../../../src/policies/message.ts';
import { tlsLevelOf } from '../../support/message-demands.ts';

describe('what a message asks for', () => {
  const rows = [
    ['enforce', 'authenticate must, over an override'],
    ['starttls', 'authenticate pass, over an override'],
    ['opportunistic', 'none pass'],
    ['off', 'nothing'],
  ] as const;
  for (const [level, expected] of rows) {
    it(`RFC 8689 §4.2.1: REQUIRETLS at level ${level}: ${expected}`, () => {
      assert.equal(tlsLevelOf(messageDemand('requiretls', level, false)), expected);
    });
  }

  it('RFC 8689 §5: a notification is not lost for want of REQUIRETLS: "SHOULD NOT cause a bounce message to be discarded"', () => {
    for (const level of ['enforce', 'starttls', 'opportunistic'] as const)
      assert.equal(tlsLevelOf(messageDemand('requiretls', level, true)), 'none pass');
    assert.equal(messageDemand('requiretls', 'off', true), null);
  });

  it('is the same at every level of REQUIRETLS where it says something else, or nothing', () => {
    for (const level of requireTlsLevels) {
      assert.equal(messageDemand(null, level, false), null);
      assert.equal(tlsLevelOf(messageDemand('encrypt', level, false)), 'encrypt no');
      assert.equal(tlsLevelOf(messageDemand('authenticate', level, false)), 'authenticate no');
      assert.equal(tlsLevelOf(messageDemand('optional', level, false)), 'none no, lifts');
    }
  });
});
