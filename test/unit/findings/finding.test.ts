import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { entryOf } from '../../../src/findings/catalogue.ts';
import { findingStates } from '../../../src/findings/check.ts';
import { finding, isProblem } from '../../../src/findings/finding.ts';

const details = { scope: { host: 'mx1.example.test' }, evidence: ['S: 250 mx1.example.test'] };

describe('a finding', () => {
  it('has from the catalogue what it does not say itself', () => {
    const { severity, why, fix, reference } = entryOf('starttls.reoffered');
    assert.deepEqual(finding('starttls.reoffered', 'fail', details), {
      id: 'starttls.reoffered',
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

  it('names its own host and domain where the catalogue has an example', () => {
    const scope = { host: 'mx1.of-mine.test', domain: 'of-mine.test' };
    for (const id of [
      'mtasts.record.cname',
      'mtasts.none',
      'dane.none',
      'mx.single',
      'mx.duplicate',
    ] as const) {
      const said = JSON.stringify(finding(id, 'warn', { ...details, scope }).fix);
      assert.doesNotMatch(said, /example\.(?:com|test)/);
    }
    const [published] = finding('dane.none', 'absent', { ...details, scope }).fix;
    assert.match(published?.lines?.[0]?.text ?? '', /^_25\._tcp\.mx1\.of-mine\.test\. /);
    assert.equal(published?.verify, 'waxwing check of-mine.test --only dane');
  });

  it('of what could not be looked at there is nothing to repair but to look again', () => {
    const scope = { domain: 'of-mine.test' };
    const { fix } = finding('mtasts.none', 'not-tested', { ...details, scope });
    assert.deepEqual(
      fix.map(({ who, verify }) => [who, verify]),
      [['tester', 'waxwing check of-mine.test --only mtasts.none']],
    );
    assert.deepEqual(
      finding('conn.ratelimited', 'not-tested', { ...details, scope }).fix,
      entryOf('conn.ratelimited').fix,
      'what the tester can do better is said',
    );
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
