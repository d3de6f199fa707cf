import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  chosen as chosenOf,
  parseSelection,
  type Selection,
  sectionsOf,
} from '../../../../src/cli/check/selection.ts';

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

describe('what was asked for, and what is in its way', () => {
  const findings = [
    { id: 'starttls.injection', state: 'pass' },
    { id: 'conn.ratelimited', state: 'not-tested' },
    { id: 'conn.refused', state: 'fail' },
    { id: 'conn.slow', state: 'warn' },
    { id: 'conn.no-ipv6', state: 'absent' },
    { id: 'dns.servfail', state: 'not-tested' },
    { id: 'mx.no-address', state: 'fail' },
    { id: 'spf.missing', state: 'absent' },
  ] as const;
  const only =
    (section: string): Selection =>
    (id) =>
      id.startsWith(`${section}.`);
  const ids = (selection: Selection, visited: boolean): readonly string[] =>
    chosenOf(findings, selection, visited).map(({ id }) => id);

  it('a server that could not be seen is never told as nothing wrong', () => {
    assert.deepEqual(ids(only('starttls'), true), ['starttls.injection', 'conn.ratelimited', 'conn.refused']);
    assert.deepEqual(ids(only('cert'), true), ['conn.ratelimited', 'conn.refused']);
  });

  it('nor is a domain none of whose servers could be found', () => {
    assert.deepEqual(ids(only('cert'), false), [
      'conn.ratelimited',
      'conn.refused',
      'dns.servfail',
      'mx.no-address',
    ]);
  });

  it('what looks at no server stands by itself', () => {
    assert.deepEqual(ids(only('spf'), true), ['spf.missing']);
    assert.deepEqual(ids(only('mtasts'), false), []);
  });
});
