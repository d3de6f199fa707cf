import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assert as forAll, integer, property } from 'fast-check';
import { civilDate, formatMoment, parseMoment } from '../../../src/names/calendar.ts';

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

describe('RFC 3339 §5.6: a moment that is read', () => {
  it('is what it was before it was spelt', () => {
    const [first, last] = [-62_135_596_800_000, Date.UTC(9999, 11, 31)];
    forAll(
      property(integer({ min: first, max: last }), integer({ min: -1439, max: 1439 }), (ms, offset) => {
        const local = new Date(ms + offset * 60_000).toISOString().slice(0, -1);
        if (!/^\d{4}-/.test(local)) return;
        const away = Math.abs(offset);
        const zone = [Math.floor(away / 60), away % 60]
          .map((part) => String(part).padStart(2, '0'))
          .join(':');
        assert.equal(parseMoment(`${local}${offset < 0 ? '-' : '+'}${zone}`), ms);
        assert.equal(parseMoment(new Date(ms).toISOString()), ms);
      }),
      { numRuns: 2_000 },
    );
  });

  it('may have a finer fraction, of which milliseconds are kept', () => {
    assert.equal(parseMoment('2020-05-20T10:25:12.710999-07:00'), Date.UTC(2020, 4, 20, 17, 25, 12, 710));
    assert.equal(parseMoment('2020-05-20T10:25:12.7Z'), Date.UTC(2020, 4, 20, 10, 25, 12, 700));
  });

  for (const text of [
    '2026-11-28',
    '2026-11-28T12:00Z',
    '2026-11-28T12:00:00',
    '2026-11-28 12:00:00Z',
    '2026-02-29T12:00:00Z',
    '2026-00-10T12:00:00Z',
    '2026-13-10T12:00:00Z',
    '2026-11-00T12:00:00Z',
    '2026-11-28T24:00:00Z',
    '2026-11-28T12:60:00Z',
    '2026-12-31T23:59:60Z',
    '2026-11-28T12:00:00+24:00',
    '2026-11-28T12:00:00.Z',
    '2026-11-28T12:00:00Z ',
    '+002026-11-28T12:00:00Z',
  ])
    it(`is none: ${text}`, () => assert.equal(parseMoment(text), undefined));
});
