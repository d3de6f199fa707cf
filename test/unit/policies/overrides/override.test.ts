import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Override, overrideFor } from '../../../../src/policies/overrides/override.ts';
import { domain } from '../mta-sts/policy-host.ts';

const row = (parts: Partial<Override> = {}): Override => ({
  domain: domain('example.test'),
  level: 'may',
  until: 2000,
  reason: 'their certificate is renewed on Monday',
  setAt: 1000,
  ...parts,
});

describe('the override for a domain', () => {
  const example = domain('example.test');

  it('holds until its time, and not at it', () => {
    assert.deepEqual(overrideFor(example, [row()], 1999), row());
    assert.equal(overrideFor(example, [row()], 2000), undefined);
  });

  it('without a time it holds until it is taken back', () => {
    assert.ok(overrideFor(example, [row({ until: null })], Number.MAX_SAFE_INTEGER));
  });

  it('is for this domain, and none below or above it', () => {
    assert.equal(overrideFor(domain('mail.example.test'), [row()], 1500), undefined);
    assert.equal(overrideFor(domain('test'), [row()], 1500), undefined);
  });

  it('is the one that was set last, of those that hold', () => {
    const rows = [
      row({ setAt: 1100, level: 'encrypt' }),
      row({ setAt: 1300, level: 'authenticate', until: 1400 }),
      row({ setAt: 1200, level: 'off' }),
    ];
    assert.equal(overrideFor(example, rows, 1350)?.level, 'authenticate');
    assert.equal(overrideFor(example, rows, 1450)?.level, 'off');
  });

  it('the one for all domains holds where a domain has none of its own, however new it is', () => {
    const general = row({ domain: '*', setAt: 1900 });
    assert.equal(overrideFor(domain('other.test'), [general, row()], 1950), general);
    assert.equal(overrideFor(example, [general, row({ level: 'encrypt' })], 1950)?.level, 'encrypt');
    assert.equal(overrideFor(example, [general, row({ until: 1900 })], 1950), general, 'its own is over');
  });
});
