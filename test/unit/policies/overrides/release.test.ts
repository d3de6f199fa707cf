import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isInForce, type Release, saidInRelease } from '../../../../src/policies/overrides/release.ts';

const release: Release = { level: 'encrypt', until: 2000, reason: 'told by phone', setAt: 1000 };

describe('the release of one message', () => {
  it('holds until its time, and not at it; without a time as long as there is the message', () => {
    assert.equal(isInForce(release, 1999), true);
    assert.equal(isInForce(release, 2000), false);
    assert.equal(isInForce({ until: null }, Number.MAX_SAFE_INTEGER), true);
  });

  it('says level, end and reason, for the verdict of what travels under it', () => {
    assert.equal(
      saidInRelease({ ...release, until: Date.UTC(2026, 11, 24, 18) }),
      'an operator released this message under the level encrypt until 2026-12-24T18:00:00Z: told by phone',
    );
    assert.equal(
      saidInRelease({ ...release, until: null }),
      'an operator released this message under the level encrypt: told by phone',
    );
  });
});
