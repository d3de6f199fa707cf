import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assert as check, integer, nat, property } from 'fast-check';
import type { Part } from '../../../../src/relay/workers/peer-word.ts';
import { shareOf, workerOf } from '../../../../src/relay/workers/share.ts';

const partsOf = (of: number): Part[] => Array.from({ length: of }, (_, index) => ({ index, of }));

describe('the share of a limit', () => {
  it('of all processes together is the limit, whatever the limit and however many there are', () => {
    check(
      property(nat(1_000_000), integer({ min: 1, max: 64 }), (limit, of) => {
        const shares = partsOf(of).map((part) => shareOf(limit, part));
        assert.equal(
          shares.reduce((sum, share) => sum + share, 0),
          limit,
        );
        assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
      }),
    );
  });

  it('is none at all where there is no limit', () =>
    assert.equal(shareOf(Number.POSITIVE_INFINITY, { index: 1, of: 2 }), Number.POSITIVE_INFINITY));

  it('gives what is left over to the first', () =>
    assert.deepEqual(
      partsOf(4).map((part) => shareOf(6, part)),
      [2, 2, 1, 1],
    ));
});

describe('the worker of a client', () => {
  const four = [1, 2, 3, 4] as const;
  const secret = Buffer.from('of this start');
  const addresses = Array.from({ length: 2_000 }, (_, index) => `192.${index >> 8}.${index & 255}.7`);

  it('is the same for all addresses of a network, in every spelling', () => {
    assert.equal(workerOf('192.0.2.1', four, secret), workerOf('192.0.2.254', four, secret));
    assert.equal(workerOf('::ffff:192.0.2.1', four, secret), workerOf('192.0.2.254', four, secret));
    assert.equal(workerOf('2001:db8:1::1', four, secret), workerOf('2001:db8:1:ffff::2', four, secret));
  });

  it('is each worker for about as many networks', () => {
    const counts = new Map<number, number>();
    for (const address of addresses) {
      const number = workerOf(address, four, secret);
      counts.set(number, (counts.get(number) ?? 0) + 1);
    }
    for (const number of four) {
      const count = counts.get(number) ?? 0;
      assert.ok(count > 425 && count < 575, `worker ${number} has ${count} of 2,000`);
    }
  });

  it('cannot be told without the secret, so that nobody chooses his networks for one worker', () => {
    const others = Buffer.from('of another start');
    const same = addresses.filter(
      (address) => workerOf(address, four, secret) === workerOf(address, four, others),
    );
    assert.ok(same.length > 400 && same.length < 600, `${same.length} of 2,000 are the same`);
  });

  it('stays the same where another worker is gone', () => {
    for (const address of addresses) {
      const before = workerOf(address, four, secret);
      if (before !== 3) assert.equal(workerOf(address, [1, 2, 4], secret), before);
    }
  });
});
