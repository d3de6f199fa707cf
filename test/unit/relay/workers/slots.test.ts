import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { PeerWord } from '../../../../src/relay/workers/peer-word.ts';
import { openSlots } from '../../../../src/relay/workers/slots.ts';

const destination = 'picky.test';

function setting(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let clock = 0;
  t.mock.method(performance, 'now', () => clock);
  const said: string[] = [];
  const hearers: ((word: PeerWord) => void)[] = [];
  const vacated = Promise.withResolvers<void>();
  const slots = openSlots({
    part: { index: 0, of: 3 },
    peers: { tell: ({ kind }) => said.push(kind), onTold: (hear) => hearers.push(hear) },
    onGiven: () => said.push('may go'),
    vacate() {
      said.push('vacate');
      return vacated.promise;
    },
  });
  t.after(() => slots.close());
  return {
    slots,
    said,
    vacated,
    hear: (kind: 'slot-given' | 'slot-wanted', withinMs = 0) =>
      hearers.forEach((one) =>
        one(kind === 'slot-given' ? { kind, destination } : { kind, destination, withinMs }),
      ),
    pass: (ms: number) => {
      clock += ms;
      t.mock.timers.tick(ms);
    },
    settled: () => new Promise<void>((resolve) => setImmediate(resolve)),
  };
}

describe('connections to a destination', () => {
  it('are divided where there is one for each process, and nobody is asked', (t) => {
    const { slots, said } = setting(t);
    assert.equal(slots.most(destination, 4), 2);
    assert.deepEqual(said, []);
  });

  it('are asked for once where there are fewer, and one is ours when it is given', (t) => {
    const { slots, said, hear } = setting(t);
    assert.equal(slots.most(destination, 2), 0);
    assert.equal(slots.most(destination, 2), 0);
    hear('slot-given');
    assert.equal(slots.most(destination, 2), 1);
    assert.deepEqual(said, ['slot-ask', 'may go']);
  });

  it('go back at once where they were lent to a process that is no more: another one knows nothing of them', (t) => {
    const { said, hear } = setting(t);
    hear('slot-given');
    hear('slot-wanted', 5_000);
    assert.deepEqual(said, ['slot-back', 'slot-back']);
  });

  it('go back only once nothing is open there any more', async (t) => {
    const { slots, said, hear, vacated, settled } = setting(t);
    slots.most(destination, 1);
    hear('slot-given');
    slots.begin(destination);
    hear('slot-wanted');
    assert.equal(slots.most(destination, 1), 0, 'nothing new begins');
    assert.deepEqual(said, ['slot-ask', 'may go']);
    slots.end(destination);
    await settled();
    assert.deepEqual(said.slice(2), ['vacate']);
    vacated.resolve();
    await settled();
    assert.deepEqual(said.slice(3), ['slot-back', 'may go']);
    slots.most(destination, 1);
    assert.deepEqual(said.slice(5), ['slot-ask']);
  });

  it('are used while others wait until the term ends, and go back as soon as they are not', async (t) => {
    const { slots, said, hear, pass, settled } = setting(t);
    slots.most(destination, 1);
    hear('slot-given');
    slots.begin(destination);
    hear('slot-wanted', 5_000);
    for (const left of [4_000, 999]) {
      pass(left);
      slots.end(destination);
      assert.equal(slots.most(destination, 1), 1);
      slots.begin(destination);
      await settled();
    }
    assert.deepEqual(said.slice(2), []);
    pass(1);
    assert.equal(slots.most(destination, 1), 0);
    slots.end(destination);
    await settled();
    assert.deepEqual(said.slice(2), ['vacate']);
  });

  it('go back at once where the mail that they were asked for is gone', async (t) => {
    const { slots, said, hear, settled } = setting(t);
    slots.most(destination, 1);
    hear('slot-given');
    slots.most(destination, 1);
    hear('slot-wanted');
    await settled();
    assert.deepEqual(said.slice(2), ['vacate']);
  });

  it('go back after ten seconds without mail, so that names can be made up without end', async (t) => {
    const { slots, said, hear, pass, settled } = setting(t);
    slots.most(destination, 1);
    hear('slot-given');
    pass(10_000);
    pass(10_000);
    await settled();
    assert.deepEqual(said.slice(2), ['vacate']);
  });
});
