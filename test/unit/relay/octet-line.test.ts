import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as settled } from 'node:timers/promises';
import { octetLine } from '../../../src/relay/octet-line.ts';

/** A line for ten octets, and what runs in it. */
function setting() {
  const line = octetLine(10, 1_000);
  const running = new Map<string, () => void>();
  const ended: string[] = [];
  const start = (name: string, octets: number): void => {
    void line
      .run(octets, () => {
        const done = Promise.withResolvers<'ran'>();
        running.set(name, () => done.resolve('ran'));
        return done.promise;
      })
      .then((result) => {
        running.delete(name);
        ended.push(`${name} ${result ?? 'not'}`);
      });
  };
  const end = async (name: string): Promise<void> => {
    running.get(name)?.();
    await settled();
  };
  return { line, start, end, ended, names: () => [...running.keys()].join() };
}

describe('a line for octets', () => {
  it('runs as many at once as fit, the others in their order', async () => {
    const { start, end, names, ended } = setting();
    start('a', 4);
    start('b', 6);
    start('c', 5);
    start('d', 1);
    await settled();
    assert.equal(names(), 'a,b');
    await end('a');
    // `d` would fit, and goes behind `c`.
    assert.equal(names(), 'b');
    await end('b');
    assert.equal(names(), 'c,d');
    await end('c');
    await end('d');
    assert.deepEqual(ended, ['a ran', 'b ran', 'c ran', 'd ran']);
  });

  it('lets one in that is bigger than all of it, alone', async () => {
    const { start, end, names } = setting();
    start('a', 1);
    start('big', 99);
    start('b', 1);
    await settled();
    assert.equal(names(), 'a');
    await end('a');
    assert.equal(names(), 'big');
    await end('big');
    assert.equal(names(), 'b');
  });

  it('goes on where one of them fails', async () => {
    const { line } = setting();
    await assert.rejects(
      line.run(10, () => Promise.reject(new Error('the test'))),
      /the test/,
    );
    assert.equal(await line.run(10, () => Promise.resolve(1)), 1);
  });

  it('tells whoever waits too long, and whoever waits behind him goes', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { start, names, ended } = setting();
    start('a', 9);
    start('b', 5);
    await settled();
    t.mock.timers.tick(500);
    start('c', 1);
    await settled();
    assert.equal(names(), 'a');
    t.mock.timers.tick(500);
    await settled();
    assert.deepEqual(ended, ['b not']);
    assert.equal(names(), 'a,c');
  });
});
