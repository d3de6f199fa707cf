import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startRun } from '../../../src/net/run.ts';
import { receive, type Talk } from '../../../src/wire/bytes.ts';
import { LostError } from '../../../src/wire/dialogue.ts';

/** Starts a dialogue, and notes how it ended for the connection. */
function started<Outcome>(talk: Talk<Outcome>): ReturnType<typeof startRun<Outcome>> & { ends: string[] } {
  const ends: string[] = [];
  const run = startRun(talk, { onDone: () => ends.push('done'), onBroken: () => ends.push('broken') });
  return { ...run, ends };
}

function* twoReplies(saves: boolean): Talk<number> {
  let came = 0;
  try {
    for (; came < 2; came++) yield* receive('reply', true);
  } catch (error) {
    if (!saves) throw error;
  }
  return came;
}

const lost = new LostError('reset');
const bytes = Buffer.from('x');

describe('a run', () => {
  it('ends with the outcome, and the connection can be used again', async () => {
    const { run, outcome, ends } = started(twoReplies(false));
    assert.equal(run.next({ kind: 'done' })?.kind, 'receive');
    assert.equal(run.next({ kind: 'received', bytes })?.kind, 'receive');
    assert.equal(run.next({ kind: 'received', bytes }), undefined);
    assert.equal(await outcome, 2);
    assert.deepEqual(ends, ['done']);
  });

  it('that throws rejects, and the connection is broken', async () => {
    const { run, outcome, ends } = started(twoReplies(false));
    run.next({ kind: 'done' });
    assert.equal(run.next({ kind: 'done' }), undefined);
    await assert.rejects(outcome, /the driver answered receive with done/);
    assert.deepEqual(ends, ['broken']);
  });

  it('whose connection is lost may end with what it knows', async () => {
    const { run, outcome, ends } = started(twoReplies(true));
    run.next({ kind: 'done' });
    run.next({ kind: 'received', bytes });
    run.lose(lost);
    assert.equal(await outcome, 1);
    assert.deepEqual(ends, ['broken']);
  });

  it('that knows nothing worth saving rejects with the loss', async () => {
    for (const begun of [true, false]) {
      const { run, outcome } = started(twoReplies(false));
      if (begun) run.next({ kind: 'done' });
      run.lose(lost);
      await assert.rejects(outcome, lost);
    }
  });

  it('that asks for more although its connection is lost is over', async () => {
    function* stubborn(): Talk<void> {
      for (;;) {
        try {
          yield* receive('reply', true);
        } catch {
          // goes on asking
        }
      }
    }
    const { run, outcome } = started(stubborn());
    run.next({ kind: 'done' });
    run.lose(lost);
    await assert.rejects(outcome, lost);
  });
});
