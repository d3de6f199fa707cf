import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pooled, type Worked } from '../../../../src/cli/check/pool.ts';
import { permitsOf } from '../../../../src/scanner/permits.ts';

/** Work that is finished by hand. */
function workbench() {
  const waiting = new Map<number, (worked: Worked<string>) => void>();
  const work = (item: number): Promise<Worked<string>> => {
    const { promise, resolve } = Promise.withResolvers<Worked<string>>();
    waiting.set(item, resolve);
    return promise;
  };
  return {
    work,
    begun: () => [...waiting.keys()],
    finish: (item: number) => waiting.get(item)?.(done(item)),
    drop: (item: number) => waiting.get(item)?.({ kind: 'dropped' }),
  };
}

const done = (item: number): Worked<string> => ({ kind: 'done', result: `result ${item}` });

async function* numbers(count: number): AsyncGenerator<number> {
  for (let number = 1; number <= count; number += 1) yield number;
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('several things at the same time', () => {
  it('are no more than is said, and the next begins when one is taken', async () => {
    const { work, begun, finish } = workbench();
    const results = pooled(numbers(4), { most: 2, order: 'done' }, work);
    const first = results.next();
    await settle();
    assert.deepEqual(begun(), [1, 2]);
    finish(2);
    assert.deepEqual(await first, { done: false, value: 'result 2' });
    const second = results.next();
    await settle();
    assert.deepEqual(begun(), [1, 2, 3]);
    finish(1);
    finish(3);
    assert.equal((await second).done, false);
    await settle();
    const third = results.next();
    const fourth = results.next();
    await settle();
    finish(4);
    assert.deepEqual([(await third).done, (await fourth).done], [false, false]);
    assert.equal((await results.next()).done, true);
  });

  it('are no more while large results wait for somebody to take them, in either order', async () => {
    for (const order of ['done', 'input'] as const) {
      const { work, begun, finish } = workbench();
      const waiting = { mostOctets: 16, octetsOf: ({ length }: string) => length };
      const results = pooled(numbers(30), { most: 4, order, waiting }, work);
      const first = results.next();
      await settle();
      for (let item = 1; item <= 3; item += 1) finish(item);
      assert.equal((await first).value, 'result 1');
      const before = begun().length;
      const second = results.next();
      await settle();
      assert.equal(begun().length, before);
      assert.equal((await second).value, 'result 2');
      const third = results.next();
      await settle();
      assert.ok(begun().length > before, `${begun().length} after ${before}`);
      assert.equal((await third).value, 'result 3');
    }
  });

  it('come in the order of their items where that is asked for', async () => {
    const { work, finish } = workbench();
    const results = pooled(numbers(3), { most: 3, order: 'input' }, work);
    const all = Array.fromAsync(results);
    await settle();
    for (const item of [3, 2, 1]) finish(item);
    assert.deepEqual(await all, ['result 1', 'result 2', 'result 3']);
  });

  for (const order of ['input', 'done'] as const) {
    it(`a result is there before the next item is (${order})`, async () => {
      async function* slow(): AsyncGenerator<number> {
        yield 1;
        await new Promise(() => undefined);
      }
      const results = pooled(slow(), { most: 4, order }, (item) => Promise.resolve(done(item)));
      assert.deepEqual(await results.next(), { done: false, value: 'result 1' });
    });
  }

  for (const order of ['input', 'done'] as const) {
    it(`where nobody takes results, nothing is begun, and little is read (${order})`, async () => {
      let read = 0;
      let begun = 0;
      async function* endless(): AsyncGenerator<number> {
        for (;;) {
          read += 1;
          yield read;
        }
      }
      const results = pooled(endless(), { most: 4, order }, (item) => {
        begun += 1;
        return Promise.resolve(done(item));
      });
      for (let taken = 1; taken <= 20; taken += 1) {
        assert.equal((await results.next()).value, `result ${taken}`);
        for (let turns = 0; turns < 20; turns += 1) await settle();
        assert.ok(begun <= taken + 4 && read <= begun + 1, `${begun} begun, ${read} read, ${taken} taken`);
      }
      await results.return(undefined);
    });
  }

  it('what is lost is told, and nothing where there is nothing', async () => {
    const failing = pooled(numbers(2), { most: 2, order: 'done' }, () => Promise.reject(new Error('lost')));
    await assert.rejects(failing.next(), /lost/);
    assert.deepEqual(
      await Array.fromAsync(pooled(numbers(0), { most: 2, order: 'input' }, () => Promise.resolve(done(0)))),
      [],
    );
  });
});

describe('many that wait for the same', () => {
  /** Items that are a multiple of `slow` wait for one line, until the test lets them go. */
  function provider(slow: number) {
    const gate = Promise.withResolvers<void>();
    let inside = 0;
    let mostInside = 0;
    const attempts: number[] = [];
    const work = async (
      item: number,
      join: (lines: readonly string[]) => readonly string[],
    ): Promise<Worked<string>> => {
      attempts.push(item);
      await settle();
      if (item % slow !== 0) return done(item);
      const lines = join(['slow.test']);
      if (lines.length > 0) return { kind: 'crowded', lines };
      inside += 1;
      mostInside = Math.max(mostInside, inside);
      await gate.promise;
      inside -= 1;
      return done(item);
    };
    return { work, open: gate.resolve, mostInside: () => mostInside, attempts };
  }

  it('do not keep the rest from going on, and each is done once', async () => {
    const { work, open, mostInside, attempts } = provider(2);
    const results = pooled(numbers(2_000), { most: 16, order: 'done' }, work);
    const first: string[] = [];
    for (let count = 0; count < 1_000; count += 1) first.push(String((await results.next()).value));
    assert.ok(first.every((result) => Number(result.slice('result '.length)) % 2 === 1));
    assert.equal(mostInside(), 4);
    // Nobody looked again and again whether there is room now.
    assert.ok(attempts.length <= 2_000, String(attempts.length));
    open();
    const rest = await Array.fromAsync(results);
    assert.deepEqual(
      [...first, ...rest].toSorted(),
      Array.from({ length: 2_000 }, (_, index) => `result ${index + 1}`).toSorted(),
    );
    assert.equal(mostInside(), 4);
    assert.ok(attempts.length <= 3_000, String(attempts.length));
  });

  /** Targets with several doors each, at which one after the other is served. @returns how often they were begun. */
  async function begunFor(targets: readonly (readonly string[])[], most: number): Promise<number> {
    const doors = new Map(targets.flat().map((line) => [line, permitsOf(1)]));
    let begun = 0;
    const visit = async (line: string): Promise<void> => {
      await doors.get(line)?.take();
      await settle();
      doors.get(line)?.give();
    };
    async function* listed(): AsyncGenerator<readonly string[]> {
      yield* targets;
    }
    const results = pooled(listed(), { most, order: 'done' }, async (lines, join) => {
      begun += 1;
      assert.ok(begun <= 3 * targets.length, 'they step aside again and again');
      await settle();
      const long = join(lines);
      if (long.length > 0) return { kind: 'crowded', lines: long };
      await Promise.all(lines.map(visit));
      return { kind: 'done', result: lines.join() };
    });
    assert.deepEqual((await Array.fromAsync(results)).toSorted(), targets.map(String).toSorted());
    return begun;
  }

  it('and for something else, in whatever order, are begun twice at most', async () => {
    const pairs = Array.from({ length: 300 }, (_, index) => (index % 2 === 0 ? ['a', 'b'] : ['b', 'a']));
    assert.ok((await begunFor(pairs, 2_048)) <= 600);
    const lines = Array.from({ length: 10 }, (_, index) => `network ${index}`);
    const mixed = Array.from({ length: 100 }, (_, index) => [
      ...lines.map((line) => [line]),
      lines.slice(index % 3),
      lines.toReversed(),
    ]).flat();
    assert.ok((await begunFor(mixed, 512)) <= 2 * mixed.length);
  });

  it('keep their order where that is asked for, and nobody is put aside', async () => {
    const { work, open, attempts } = provider(2);
    const all = Array.fromAsync(pooled(numbers(50), { most: 16, order: 'input' }, work));
    await settle();
    open();
    assert.deepEqual(
      await all,
      Array.from({ length: 50 }, (_, index) => `result ${index + 1}`),
    );
    assert.equal(attempts.length, 50);
  });
});

describe('at the end of all', () => {
  for (const order of ['input', 'done'] as const) {
    it(`what is under way is finished or dropped, and nothing is begun (${order})`, async () => {
      const { work, begun, finish, drop } = workbench();
      const end = new AbortController();
      const all = Array.fromAsync(pooled(numbers(100), { most: 3, order, stop: end.signal }, work));
      await settle();
      end.abort();
      drop(1);
      finish(2);
      finish(3);
      assert.deepEqual(await all, ['result 2', 'result 3']);
      assert.deepEqual(begun(), [1, 2, 3]);
    });
  }

  it('a source that says nothing is not waited for', async () => {
    async function* silent(): AsyncGenerator<number> {
      yield 1;
      await new Promise(() => undefined);
    }
    const end = new AbortController();
    const results = pooled(silent(), { most: 3, order: 'done', stop: end.signal }, (item) =>
      Promise.resolve(done(item)),
    );
    assert.equal((await results.next()).value, 'result 1');
    const next = results.next();
    await settle();
    end.abort();
    assert.equal((await next).done, true);
  });
});
