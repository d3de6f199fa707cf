import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openExchange } from '../../../../src/relay/workers/exchange.ts';
import type { PeerWord } from '../../../../src/relay/workers/peer-word.ts';

describe('what a worker tells', () => {
  const setting = () => {
    const told: [number, PeerWord][] = [];
    const exchange = openExchange({
      workers: () => [1, 2, 3],
      tell: (worker, word) => told.push([worker, word]),
    });
    return { told, exchange };
  };

  it('of a look at held mail goes to all others', () => {
    const { told, exchange } = setting();
    const word = {
      kind: 'held-word',
      destination: 'far.test',
      found: { kind: 'blocked', at: 1, because: 'no STARTTLS' },
    } as const;
    exchange.hear(word, 2);
    assert.deepEqual(told, [
      [1, word],
      [3, word],
    ]);
  });

  it('of connections is answered to it alone, and what it had is free when it dies', () => {
    const { told, exchange } = setting();
    const ask = { kind: 'slot-ask', destination: 'picky.test', limit: 1 } as const;
    exchange.hear(ask, 1);
    exchange.hear(ask, 3);
    exchange.gone(1);
    assert.deepEqual(
      told.map(([worker, { kind }]) => [worker, kind]),
      [
        [1, 'slot-given'],
        [1, 'slot-wanted'],
        [3, 'slot-given'],
      ],
    );
  });
});
