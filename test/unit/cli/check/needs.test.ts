import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { needsOf } from '../../../../src/cli/check/needs.ts';
import { report, reported } from './samples.ts';

const found = report({
  findings: [
    reported({ id: 'mtasts.record.id', severity: 'high' }),
    reported({ id: 'cert.name-mismatch', severity: 'low' }),
    reported({ id: 'dane.none', state: 'absent', severity: 'info' }),
    reported({ id: 'dnssec.unsigned', state: 'absent', severity: 'info' }),
    reported({ id: 'dane.insecure', state: 'not-tested' }),
    reported({ id: 'mtasts.none', state: 'pass' }),
  ],
});

describe('what keeps a sender from proving to whom it talks', () => {
  it('is what was found wrong or missing, in the order in which it is dealt with', () => {
    assert.deepEqual(needsOf(found, 'postfix-dane'), [
      { id: 'dnssec.unsigned', repair: undefined },
      { id: 'dane.none', repair: undefined },
    ]);
  });

  it('has the number of its repair', () => {
    assert.deepEqual(needsOf(found, 'mta-sts'), [{ id: 'mtasts.record.id', repair: 2 }]);
  });

  it('has the number of the fault from which it comes', () => {
    const one = report({
      findings: [reported({ id: 'mtasts.mx-cert-invalid' }), reported({ id: 'cert.expired' })],
    });
    assert.deepEqual(needsOf(one, 'mta-sts'), [{ id: 'mtasts.mx-cert-invalid', repair: 1 }]);
  });

  it('is nothing for senders that look at nothing', () => {
    assert.deepEqual(needsOf(found, 'postfix-may'), []);
  });
});
