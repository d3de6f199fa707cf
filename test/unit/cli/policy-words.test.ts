import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseReason, parseUntil } from '../../../src/cli/policy-words.ts';

const NOW = Date.UTC(2026, 10, 28, 12);

describe('the end of an override', () => {
  for (const [text, value] of [
    ['12h', '2026-11-29T00:00:00.000Z'],
    ['7d', '2026-12-05T12:00:00.000Z'],
    ['365d', '2027-11-28T12:00:00.000Z'],
    ['2026-12-24T18:00:00Z', '2026-12-24T18:00:00Z'],
    ['2026-12-24T18:00:00+01:00', '2026-12-24T18:00:00+01:00'],
    ['forever', null],
  ] as const) {
    it(`${text} is ${value}`, () => assert.deepEqual(parseUntil(text, NOW), { kind: 'ok', value }));
  }

  for (const [text, because] of [
    ['', /is neither a duration/],
    ['366d', /is neither a duration .*1s to 365d/],
    ['tomorrow', /nor forever$/],
    ['2026-12-24', /nor a time as in RFC 3339/],
    ['2026-12-24T18:00:00', /nor a time as in RFC 3339/],
    ['2026-11-28T12:00:00Z', /is over$/],
    ['7 d', /is neither a duration/],
  ] as const) {
    it(`${JSON.stringify(text)} is none`, () => {
      const until = parseUntil(text, NOW);
      assert.ok(until.kind === 'invalid');
      assert.match(until.because, because);
    });
  }
});

describe('the reason of an override', () => {
  it('is one line of up to 500 characters, in any script', () => {
    for (const text of ['x', 'Müller, by phone', 'x'.repeat(500)])
      assert.deepEqual(parseReason(text), { kind: 'ok', value: text });
  });

  for (const [text, because] of [
    ['', /is empty/],
    ['  ', /is empty/],
    ['x'.repeat(501), /has 501 characters, the limit is 500/],
    ['a\nb', /one line/],
    ['a\x1b[2J', /one line/],
  ] as const) {
    it(`${JSON.stringify(text.slice(0, 10))} is none`, () => {
      const reason = parseReason(text);
      assert.ok(reason.kind === 'invalid');
      assert.match(reason.because, because);
    });
  }
});
