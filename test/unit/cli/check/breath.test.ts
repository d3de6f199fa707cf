import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { breathOfThread, openBreath } from '../../../../src/cli/check/breath.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function bench() {
  let load = 0;
  let look: (() => void) | undefined;
  let begun = 0;
  const ends: (() => void)[] = [];
  const breath = openBreath({
    busy: () => load,
    every(_ms, call) {
      look = call;
      return () => {
        look = undefined;
      };
    },
  });
  return {
    ask: (count: number): void => {
      for (let index = 0; index < count; index += 1)
        void breath.through(() => {
          begun += 1;
          return new Promise<void>((resolve) => ends.push(resolve));
        });
    },
    /** Looks so often, with the thread that busy. */
    look: async (times: number, busy: number): Promise<void> => {
      load = busy;
      for (let time = 0; time < times; time += 1) {
        look?.();
        await settle();
      }
    },
    end: async (count: number): Promise<void> => {
      for (const end of ends.splice(0, count)) end();
      await settle();
    },
    begun: () => begun,
    isLooking: () => look !== undefined,
  };
}

describe('how much is begun', () => {
  it('is little at first, more as long as there is time, and all that there is in the end', async () => {
    const { ask, look, begun, isLooking } = bench();
    ask(1_000);
    await settle();
    assert.equal(begun(), 32);
    await look(1, 0.5);
    assert.equal(begun(), 40);
    await look(20, 0.5);
    assert.deepEqual([begun(), isLooking()], [1_000, false]);
  });

  it('is no more than is finished once the thread is busy, and less and less', async () => {
    const { ask, look, end, begun } = bench();
    ask(1_000);
    await look(8, 0.1);
    const before = begun();
    assert.ok(before > 100 && before < 300, String(before));
    await look(20, 0.99);
    assert.equal(begun(), before);
    await end(before - 32);
    assert.equal(begun(), before);
    await end(10);
    assert.equal(begun(), before + 10);
  });

  it('does not grow while nobody waits: many that come later are not begun at once', async () => {
    const { ask, look, end, begun } = bench();
    ask(40);
    await settle();
    await look(1, 0.1);
    await end(40);
    await look(50, 0.1);
    ask(1_000);
    await settle();
    assert.equal(begun(), 80);
  });

  it('what is lost makes room, and is told', async () => {
    const breath = breathOfThread();
    const lost = Array.from({ length: 100 }, () =>
      breath.through(() => Promise.reject(new Error('of the test'))),
    );
    assert.ok((await Promise.allSettled(lost)).every(({ status }) => status === 'rejected'));
    assert.equal(await breath.through(() => Promise.resolve(5)), 5);
  });
});
