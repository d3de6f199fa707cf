import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { formatDateTime } from '../../../src/mail/date-time.ts';

describe('formatDateTime, RFC 5322 §3.3', () => {
  const rows: readonly [at: number, text: string][] = [
    [0, 'Thu, 1 Jan 1970 00:00:00 +0000'],
    [Date.UTC(2026, 10, 22, 2, 54, 8, 999), 'Sun, 22 Nov 2026 02:54:08 +0000'],
    [Date.UTC(2000, 1, 29), 'Tue, 29 Feb 2000 00:00:00 +0000'],
    [Date.UTC(2100, 2, 1) - 1, 'Sun, 28 Feb 2100 23:59:59 +0000'],
    [Date.UTC(9999, 11, 31, 23, 59, 59), 'Fri, 31 Dec 9999 23:59:59 +0000'],
  ];
  for (const [at, text] of rows) it(`writes ${text}`, () => assert.equal(formatDateTime(at), text));

  it('agrees with the platform at every moment', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), (at) => {
        const platform = new Date(at).toUTCString().replace('GMT', '+0000');
        assert.equal(formatDateTime(at).replace(/, ([0-9]) /, ', 0$1 '), platform);
      }),
      { numRuns: 1000 },
    );
  });
});
