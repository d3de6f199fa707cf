import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSelection, sectionsOf } from '../../../../src/cli/check/selection.ts';

const known = ['mtasts.none', 'mtasts.policy.http-status', 'mtasts.policy.tls', 'cert.expired', 'certify.x'];

function chosen(text: string): readonly string[] | string {
  const parsed = parseSelection(text, known);
  return parsed.kind === 'ok' ? known.filter(parsed.value) : parsed.because;
}

describe('--only', () => {
  it('takes ids, and beginnings of ids up to a dot', () => {
    assert.deepEqual(chosen('cert.expired'), ['cert.expired']);
    assert.deepEqual(chosen('cert'), ['cert.expired']);
    assert.deepEqual(chosen('mtasts.policy'), known.slice(1, 3));
    assert.deepEqual(chosen('mtasts,cert.expired'), known.slice(0, 4));
  });

  it('refuses what is none, and says what may have been meant', () => {
    assert.equal(chosen('mta-sts'), '"mta-sts" is no check, and no beginning of one; did you mean mtasts?');
    assert.match(String(chosen('cert.expird')), /did you mean cert\.expired\?/);
    assert.match(String(chosen('nothing-like-it')), /there are mtasts, cert, certify$/);
    for (const text of ['', 'mtasts,', ',mtasts', 'mtasts, cert', 'mtasts.', 'mtast']) {
      assert.equal(typeof chosen(text), 'string', text);
    }
  });

  it('knows the sections', () => assert.deepEqual(sectionsOf(known), ['mtasts', 'cert', 'certify']));
});
