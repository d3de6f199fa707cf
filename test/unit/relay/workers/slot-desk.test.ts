import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { array, assert as check, constantFrom, integer, property, record } from 'fast-check';
import { slotDesk } from '../../../../src/relay/workers/slot-desk.ts';

const there = 'picky.test';

function setting(t: TestContext) {
  let clock = 0;
  t.mock.method(performance, 'now', () => clock);
  const said: string[] = [];
  const desk = slotDesk({
    tell: (worker, word) =>
      said.push(`${worker} ${word.kind}${word.kind === 'slot-wanted' ? ` ${word.withinMs}` : ''}`),
    termMs: 5_000,
  });
  return {
    desk,
    said,
    ask: (worker: number, limit = 1) => desk.hear({ kind: 'slot-ask', destination: there, limit }, worker),
    back: (worker: number) => desk.hear({ kind: 'slot-back', destination: there }, worker),
    pass: (ms: number) => {
      clock += ms;
    },
  };
}

describe('a connection that is lent out', () => {
  it('is given to the first, and to the next once it is given back', (t) => {
    const { said, ask, back, desk } = setting(t);
    ask(1);
    ask(2);
    assert.deepEqual(said, ['1 slot-given', '1 slot-wanted 5000']);
    back(1);
    assert.deepEqual(said.slice(2), ['2 slot-given']);
    back(2);
    assert.equal(desk.size, 0);
  });

  it('is given again to one that asks although it has it: its process is another one, which knows nothing of it', (t) => {
    const { said, ask, back } = setting(t);
    // The last word of a process may come after its end.
    ask(1);
    ask(2);
    ask(1);
    assert.deepEqual(said, ['1 slot-given', '1 slot-wanted 5000', '1 slot-given', '1 slot-wanted 5000']);
    back(1);
    assert.deepEqual(said.slice(4), ['2 slot-given']);
  });

  it('is asked back once where others wait, for the end of the term at the latest', (t) => {
    const { said, ask, pass } = setting(t);
    ask(1);
    pass(3_000);
    ask(2);
    ask(3);
    assert.deepEqual(said, ['1 slot-given', '1 slot-wanted 2000']);
  });

  it('has no more of its term where it was kept for longer', (t) => {
    const { said, ask, pass } = setting(t);
    ask(1);
    pass(60_000);
    ask(2);
    assert.deepEqual(said, ['1 slot-given', '1 slot-wanted 0']);
  });

  it('is left with its holder for as long as nobody waits', (t) => {
    const { said, ask, pass } = setting(t);
    ask(1);
    pass(60_000);
    assert.deepEqual(said, ['1 slot-given']);
  });

  it('is free again when its holder dies, who waits no more either', (t) => {
    const { said, ask, desk } = setting(t);
    ask(1);
    ask(2);
    ask(3);
    desk.gone(2);
    desk.gone(1);
    assert.deepEqual(said, ['1 slot-given', '1 slot-wanted 5000', '3 slot-given']);
    desk.gone(3);
    assert.equal(desk.size, 0);
  });

  it('is never with more workers than the limit, whatever they ask, give back or die of', () => {
    const steps = array(
      record({ what: constantFrom('ask', 'back', 'gone'), worker: integer({ min: 1, max: 6 }) }),
      { maxLength: 200 },
    );
    check(
      property(steps, integer({ min: 1, max: 4 }), (happens, limit) => {
        const having = new Set<number>();
        const waiting = new Set<number>();
        const desk = slotDesk({
          tell(worker, { kind }) {
            if (kind !== 'slot-given') return;
            assert.ok(waiting.delete(worker) && !having.has(worker));
            having.add(worker);
            assert.ok(having.size <= limit);
          },
        });
        for (const { what, worker } of happens) {
          if (what === 'ask') {
            if (having.has(worker)) continue;
            waiting.add(worker);
            desk.hear({ kind: 'slot-ask', destination: there, limit }, worker);
          } else {
            having.delete(worker);
            if (what === 'gone') waiting.delete(worker);
            if (what === 'gone') desk.gone(worker);
            else desk.hear({ kind: 'slot-back', destination: there }, worker);
          }
          // Nobody waits where there is one to be had.
          assert.ok(having.size === limit || waiting.size === 0);
        }
      }),
    );
  });
});
