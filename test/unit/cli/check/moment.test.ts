import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { parseMoment } from '../../../../src/cli/check/moment.ts';

const iso = (text: string): string => {
  const parsed = parseMoment(text);
  return parsed.kind === 'ok' ? new Date(parsed.value).toISOString() : parsed.because;
};

describe('a date of RFC 3339 §5.6', () => {
  const rows = [
    ['2027-01-31', '2027-01-31T00:00:00.000Z'],
    ['2028-02-29', '2028-02-29T00:00:00.000Z'],
    ['1985-04-12T23:20:50.52Z', '1985-04-12T23:20:50.000Z'],
    ['1996-12-19T16:39:57-08:00', '1996-12-20T00:39:57.000Z'],
    ['1937-01-01T12:00:27+00:20', '1937-01-01T11:40:27.000Z'],
    ['2027-01-31t12:00:00z', '2027-01-31T12:00:00.000Z'],
    ['2027-01-31 12:00:00Z', '2027-01-31T12:00:00.000Z'],
  ] as const;
  for (const [text, expected] of rows) it(text, () => assert.equal(iso(text), expected));

  for (const text of [
    '',
    'tomorrow',
    '2027-1-31',
    '2027-02-29',
    '2027-13-01',
    '2027-01-32',
    '2027-01-31T12:00Z',
    '2027-01-31T12:00:00',
    '2027-01-31T24:00:00Z',
    '2027-01-31T12:00:60Z',
    '2027-01-31T12:00:00+24:00',
    '20270131',
    '1800000000',
    ' 2027-01-31',
    '+002027-01-31',
  ]) {
    it(`refuses "${text}"`, () => assert.equal(parseMoment(text).kind, 'invalid'));
  }

  it('every moment that a Date says is read as that moment, to the second', () => {
    const dates = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(dates, (date) => {
        const seconds = Math.floor(date.getTime() / 1000) * 1000;
        assert.equal(iso(date.toISOString()), new Date(seconds).toISOString());
      }),
    );
  });
});
