import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { finding } from '../../../../src/findings/finding.ts';
import { severityOf, underProfile } from '../../../../src/findings/profiles/severity.ts';

const evidence = ['of the test'];

describe('severities under a profile', () => {
  const severities = { tls: 'low', 'tls.suite': 'high', 'tls.suite.cbc': 'info', cert: 'medium' } as const;

  it('are those of the longest entry that fits', () => {
    assert.equal(severityOf('tls.tls10', severities), 'low');
    assert.equal(severityOf('tls.suite.rsa-kx', severities), 'high');
    assert.equal(severityOf('tls.suite.cbc', severities), 'info');
    assert.equal(severityOf('starttls.injection', severities), undefined);
  });

  it('are of whole parts of an id only', () => {
    assert.equal(severityOf('certificate.x', severities), undefined);
    assert.equal(severityOf('tls.suites', severities), 'low');
  });

  it('change nothing else, and leave others as they are', () => {
    const found = [
      finding('tls.tls10', 'fail', { scope: {}, evidence }),
      finding('starttls.injection', 'pass', { scope: {}, evidence }),
    ];
    const [one, other] = underProfile(found, { severities });
    assert.deepEqual(one, { ...found[0], severity: 'low' });
    assert.equal(other, found[1]);
  });
});
