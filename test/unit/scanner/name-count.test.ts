import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countNames } from '../../../src/scanner/name-count.ts';
import { openPace } from '../../../src/scanner/pace.ts';
import type { Seeing } from '../../../src/scanner/shared.ts';
import { openVisits } from '../../../src/scanner/visits.ts';
import { endpointOf, observe, type Seen } from '../../support/observations.ts';

describe('names of one door', () => {
  it('are looked at whole, then by one connection, then not at all; within an hour', () => {
    let now = 0;
    const names = countNames(
      () => false,
      () => now,
    );
    const many: boolean[] = [];
    let count = 0;
    const door = (): Parameters<typeof names.isMany>[0] => {
      count += 1;
      // One server, in whatever spelling.
      const address = count % 2 === 0 ? '9.9.9.9' : '::ffff:9.9.9.9';
      return endpointOf({ address, serverName: `mx${count}.test` });
    };
    while (names.tooMany(door()) === undefined && count < 5_000) many.push(names.isMany(door()));
    assert.deepEqual([many.length, many.indexOf(true), many.lastIndexOf(false)], [500, 20, 19]);
    now = 60_000;
    const left = names.tooMany(door());
    assert.deepEqual([left?.kind, left?.ms], ['too-many', 59 * 60_000]);
    assert.equal(names.tooMany(endpointOf({ address: '9.9.9.9', port: 465, tls: 'implicit' })), undefined);
    now = 60 * 60_000;
    assert.deepEqual([names.tooMany(door()), names.isMany(door())], [undefined, false]);
  });

  it('of this host, or of a lab, are as many as there are', () => {
    const names = countNames(
      (address) => address.startsWith('127.'),
      () => 0,
    );
    for (let count = 0; count < 1_000; count += 1) {
      const endpoint = endpointOf({ address: '127.0.0.1', serverName: `mx${count}.test` });
      assert.deepEqual([names.tooMany(endpoint), names.isMany(endpoint)], [undefined, false]);
    }
  });
});

describe('a door under a thousand names at once', () => {
  /** @returns what came of each, and how deeply the door was looked at each time that it was. */
  async function visit(
    seen: Seen,
  ): Promise<{ readonly kinds: readonly string[]; readonly looks: readonly string[] }> {
    let time = 0;
    const pace = openPace({
      gapMs: 1_000,
      concurrency: 128,
      isOurs: () => false,
      clock: () => time,
      sleep: (ms) => {
        time += ms;
        return Promise.resolve();
      },
    });
    const visits = openVisits(pace, () => time);
    const looks: string[] = [];
    const way = (index: number): Promise<Seeing> => {
      const endpoint = endpointOf({ address: '9.9.9.9', serverName: `parked${index}.test` });
      return visits.seeing(
        { endpoint, how: { depth: 'standard', intrusive: false }, operator: `parked${index}.test` },
        (_, depth) => {
          looks.push(depth);
          return Promise.resolve(observe({ ...seen, endpoint, at: time }));
        },
      );
    };
    const all = await Promise.all(Array.from({ length: 1_000 }, (_, index) => way(index)));
    return { kinds: all.map(({ kind }) => kind), looks };
  }

  it('is called once where it takes no connection', async () => {
    const { kinds, looks } = await visit({
      base: {
        connect: { kind: 'failed', how: 'timeout', because: 'of the test', ms: 20_000 },
        tls: null,
        end: { kind: 'not-connected' },
      },
    });
    assert.deepEqual([kinds.filter((kind) => kind === 'seen').length, looks], [1_000, ['standard']]);
  });

  it('is visited under five hundred, most of them by one connection', async () => {
    const { kinds, looks } = await visit({});
    assert.deepEqual(
      [kinds.filter((kind) => kind === 'seen').length, kinds.filter((kind) => kind === 'too-many').length],
      [500, 500],
    );
    assert.deepEqual(
      looks,
      Array.from({ length: 500 }, (_, index) => (index < 20 ? 'standard' : 'quick')),
    );
  });
});
