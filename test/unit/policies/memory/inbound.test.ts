import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Domain, parseDomain } from '../../../../src/names/domain.ts';
import {
  afterClear,
  afterTls,
  expectationOf,
  FORGET_AFTER_MS,
  type InboundRow,
  mergedRow,
} from '../../../../src/policies/memory/inbound.ts';

const DAY = 24 * 60 * 60_000;
const parsed = parseDomain('partner.test');
const domain: Domain = parsed.kind === 'ok' ? parsed.value : assert.fail();
const key = { client: '192.0.2.1', domain };

/** A row after messages over TLS on these days. */
function after(...days: readonly number[]): InboundRow {
  let row: InboundRow | undefined;
  for (const day of days) row = afterTls(row, key, day * DAY);
  return row ?? assert.fail('no message');
}

describe('TLS is expected', () => {
  const cases: readonly [why: string, row: InboundRow | undefined, now: number, expected: boolean][] = [
    ['not of whoever was never here', undefined, 0, false],
    ['not after one message', after(0), 20, false],
    ['not after two in seven days', after(0, 7), 20, false],
    ['after three in seven days', after(0, 3, 7), 20, true],
    ['not after three in less than seven days', after(0, 3, 6.99), 20, false],
    ['not after many on one day', after(0, 0.1, 0.2, 0.3, 0.4), 20, false],
    ['still after 89 unused days', after(0, 3, 7), 7 + 89, true],
    ['not after 90 unused days', after(0, 3, 7), 7 + 90, false],
  ];
  for (const [why, row, day, expected] of cases)
    it(why, () => assert.equal(expectationOf(row, day * DAY), expected ? 'expected' : 'young'));
});

describe('a message over TLS', () => {
  it('is written down at most once an hour where enough is known', () => {
    const row = after(0, 3, 7);
    assert.equal(afterTls(row, key, 7 * DAY + 3_599_999), row);
    assert.equal(afterTls(row, key, 7 * DAY + 3_600_000).sessions, 4);
  });
  it('begins anew after 90 unused days', () => {
    const row = afterTls(after(0, 3, 7), key, 7 * DAY + FORGET_AFTER_MS);
    assert.deepEqual([row.sessions, row.since], [1, 7 * DAY + FORGET_AFTER_MS]);
  });
  it('does not set the last time back where the clock was', () =>
    assert.equal(afterTls(after(5), key, DAY).lastAt, 5 * DAY));
});

describe('a message in clear', () => {
  it('leaves nothing of whoever has no history', () => {
    assert.equal(afterClear(undefined, 0, true), undefined);
    assert.equal(afterClear(after(0, 3), 4 * DAY, true), undefined);
  });
  it('that was let in ends what is expected: it has not always come over TLS now', () => {
    const row = afterClear(after(0, 3, 7), 8 * DAY, true) ?? assert.fail();
    assert.deepEqual([row.sessions, row.since, row.clear, row.clearAt], [0, 8 * DAY, 1, 8 * DAY]);
    assert.equal(expectationOf(row, 8 * DAY), 'young');
  });
  it('that was sent away changes nothing of it, and is counted', () => {
    const row = afterClear(after(0, 3, 7), 8 * DAY, false) ?? assert.fail();
    assert.equal(expectationOf(row, 8 * DAY), 'expected');
    assert.equal(row.clear, 1);
  });
  it('that was sent away does not keep what is unused', () => {
    const row = afterClear(after(0, 3, 7), 90 * DAY, false) ?? assert.fail();
    assert.equal(expectationOf(row, 97 * DAY), 'young');
  });
});

describe('what two processes know of one client', () => {
  it('is put together: the oldest beginning, the most messages, the latest of them', () => {
    const [one, other] = [after(0, 3, 7), after(1, 2)];
    const merged = { ...one, since: 0, sessions: 3, lastAt: 7 * DAY };
    assert.deepEqual(mergedRow(one, other), merged);
    assert.deepEqual(mergedRow(other, one), merged);
  });
  it('begins anew with a message in clear that either has let in', () => {
    const known = after(0, 3, 7);
    const anew = afterClear(known, 8 * DAY, true) ?? assert.fail();
    assert.deepEqual(mergedRow(known, anew), anew);
    assert.deepEqual(mergedRow(anew, known), anew);
    const later = afterTls(anew, key, 9 * DAY);
    assert.deepEqual(mergedRow(later, anew), later);
  });
  it('goes on where a message in clear was refused', () => {
    const known = after(0, 3, 7);
    const noted = afterClear(known, 8 * DAY, false) ?? assert.fail();
    assert.deepEqual(mergedRow(known, noted), noted);
    assert.equal(expectationOf(mergedRow(noted, known), 9 * DAY), 'expected');
  });
  it('is only what is new where the old is forgotten', () => {
    const fresh = after(200);
    assert.deepEqual(mergedRow(after(0, 3, 7), fresh), fresh);
  });
});
