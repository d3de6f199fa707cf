import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assert as forAll, integer, property } from 'fast-check';
import { civilDate, formatMoment } from '../../../src/names/calendar.ts';

describe('the calendar', () => {
  it('agrees with that of JavaScript, from year 1 to 9999', () => {
    const [first, last] = [Date.UTC(1970, 0, 1) / 1000 - 62_135_596_800, Date.UTC(9999, 11, 31) / 1000];
    forAll(
      property(integer({ min: first, max: last }), (seconds) => {
        assert.equal(formatMoment(seconds), new Date(seconds * 1000).toISOString().replace('.000Z', 'Z'));
      }),
      { numRuns: 5_000 },
    );
  });

  it('RFC 3339 §5.8: leap days and the ends of years', () => {
    assert.equal(formatMoment(951_782_400), '2000-02-29T00:00:00Z');
    assert.equal(formatMoment(1_709_251_199), '2024-02-29T23:59:59Z');
    assert.deepEqual(civilDate(-1), { year: 1969, month: 11, day: 31 });
  });
});
