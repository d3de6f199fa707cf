import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { catalogue, checkIds } from '../../../src/findings/catalogue.ts';
import { type CheckEntry, isAtLeast, severities, software } from '../../../src/findings/check.ts';

describe('severities', () => {
  it('each is at least itself and all that are milder', () => {
    for (const [at, one] of severities.entries()) {
      for (const [limit, other] of severities.entries()) assert.equal(isAtLeast(one, other), at <= limit);
    }
  });
});

describe('the catalogue', () => {
  const entries: readonly (readonly [string, CheckEntry])[] = Object.entries(catalogue);

  it('has as many checks as the page says', () => assert.equal(entries.length, checkIds.length));

  for (const [id, { title, why, fix, reference }] of entries) {
    it(`${id} says what it is, why it matters, who repairs it and what says so`, () => {
      assert.match(id, /^[a-z0-9-]+(?:\.[a-z0-9-]+){1,3}$/);
      assert.ok(title.length > 5 && title.length < 90 && !title.endsWith('.'), title);
      assert.match(why, /^\S.*\.$/s);
      assert.ok(reference.length > 3);
      for (const { do: order, lines = [], verify } of fix) {
        assert.match(order, /^[A-Z].*\.$/s);
        for (const line of lines) assert.ok(line.text !== '' && software.includes(line.for));
        assert.notEqual(verify, '');
      }
    });
  }
});
