import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { secondsTo, showMoment } from '../../../../src/dns/dnssec/time.ts';

const WRAP = 2 ** 32;

describe('moments of signatures', () => {
  it('are in the past or to come in serial arithmetic (RFC 1982 §3.2)', () => {
    assert.equal(secondsTo(100, 40), 60);
    assert.equal(secondsTo(40, 100), -60);
    assert.equal(secondsTo(100, 100), 0);
    // February 2106: the number begins again at 0.
    assert.equal(secondsTo(5, WRAP - 5), 10);
    assert.equal(secondsTo(WRAP - 5, WRAP + 5), -10);
  });

  it('any moment less than 2^31 seconds away is on the right side of now', () => {
    const distance = fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), distance, (now, away) => {
        assert.equal(secondsTo((((now + away) % WRAP) + WRAP) % WRAP, now), away);
      }),
    );
  });

  it('are shown as RFC 3339 has them, as Date shows them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: WRAP - 1 }), (moment) => {
        assert.equal(showMoment(moment, moment), new Date(moment * 1000).toISOString().replace('.000', ''));
      }),
    );
    assert.equal(showMoment(951_782_399, 951_782_399), '2000-02-28T23:59:59Z');
    assert.equal(showMoment(951_782_400, 951_782_400), '2000-02-29T00:00:00Z');
    assert.equal(showMoment(5, WRAP), '2106-02-07T06:28:21Z');
  });
});
