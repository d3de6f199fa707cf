import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { entryOf } from '../../../src/findings/catalogue.ts';
import { findingStates } from '../../../src/findings/check.ts';
import { finding, isProblem } from '../../../src/findings/finding.ts';

const details = { scope: { host: 'mx1.example.test' }, evidence: ['S: 250 mx1.example.test'] };

describe('a finding', () => {
  it('has from the catalogue what it does not say itself', () => {
    const { severity, why, fix, reference } = entryOf('starttls.not-offered');
    assert.deepEqual(finding('starttls.not-offered', 'fail', details), {
      id: 'starttls.not-offered',
      state: 'fail',
      severity,
      why,
      fix,
      reference,
      retryAt: null,
      ...details,
    });
  });

  it('says what is more exact', () => {
    const fix = [{ who: 'dns-owner', do: 'Do this.' }] as const;
    const one = finding('starttls.not-offered', 'warn', {
      ...details,
      severity: 'low',
      why: 'Because.',
      fix,
      retryAt: 7,
    });
    assert.deepEqual([one.severity, one.why, one.fix, one.retryAt], ['low', 'Because.', fix, 7]);
  });

  it('that passes has nothing to repair', () => {
    assert.deepEqual(finding('starttls.not-offered', 'pass', details).fix, []);
  });

  it('is a problem where something is to be done, which could not test is not', () => {
    const problems = findingStates.filter((state) =>
      isProblem(finding('starttls.not-offered', state, details)),
    );
    assert.deepEqual(problems, ['warn', 'fail', 'absent']);
  });
});
