import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  array,
  asyncProperty,
  boolean,
  assert as check,
  integer,
  nat,
  record,
  stringMatching,
  tuple,
  uniqueArray,
} from 'fast-check';
import { noTerms } from '../../../../src/names/message-terms.ts';
import { type WorkerEnd, WorkersMissing } from '../../../../src/relay/workers/fan-out.ts';
import { mergedQueue } from '../../../../src/relay/workers/merged-queue.ts';
import type { ListedMessage, Nudge, NudgeStep, Pause } from '../../../../src/store/queue-store.ts';
import { StoreError } from '../../../../src/store/store-error.ts';
import { deafCalls } from '../../../support/worker-calls.ts';

const message = (id: string): ListedMessage => ({
  id,
  receivedAt: 0,
  sender: '',
  size: 1,
  terms: noTerms,
  recipients: [],
});

const nothing: NudgeStep = { changed: [], underWay: 0, bound: 0, next: null };

/** A worker with these messages; a step of a change looks at two of them. */
function worker(number: number, ids: Set<string>, state = { down: false }): WorkerEnd & { ids: Set<string> } {
  const pauses = new Map<string, Pause>();
  const answer = async <Value>(work: () => Value): Promise<Value> => {
    if (state.down) throw new Error('connect ECONNREFUSED');
    return work();
  };
  const sorted = (): string[] => [...ids].toSorted();
  return {
    number,
    takes: true,
    ids,
    calls: {
      ...deafCalls,
      list: ({ after = '', most }) =>
        answer(() =>
          sorted()
            .filter((id) => id > after)
            .slice(0, most)
            .map(message),
        ),
      show: (id) => answer(() => (ids.has(id) ? { ...message(id), events: [], transcripts: [] } : undefined)),
      receipt: ({ key }) => answer(() => (ids.has(key) ? { id: key, digest: 'd' } : undefined)),
      nudge: ({ of, after = '' }: Nudge) =>
        answer(() => {
          const meant = sorted().filter((id) => (of !== 'all' && 'id' in of ? of.id === id : id > after));
          const looked = meant.slice(0, 2);
          const changed = looked.map((id) => ({
            id,
            address: 'a',
            delivery: { kind: 'waiting', attempts: 0, notBefore: 0 } as const,
            event: null,
          }));
          return { ...nothing, changed, next: looked.length < 2 ? null : (looked.at(-1) ?? null) };
        }),
      pause: (pause) => answer(() => (pauses.set(pause.destination, pause), 1)),
      unpause: (destination) => answer(() => pauses.delete(destination)),
      pauses: () => answer(() => [...pauses.values()]),
      pulse: () => answer(() => undefined),
    },
  };
}

function settingOf(...ends: readonly WorkerEnd[]) {
  const missed: number[] = [];
  const queue = mergedQueue({ workers: () => ends, onMissing: (missing) => missed.push(...missing) });
  return { queue, missed };
}

const idsArbitrary = uniqueArray(
  stringMatching(/^[0-9A-Za-z_-]{1,4}$/).map((text) => text),
  { maxLength: 40 },
);

/** Whatever the split: which of `of` workers has the message. */
function split(ids: readonly string[], owners: readonly number[], of: number): Set<string>[] {
  const queues = Array.from({ length: of }, () => new Set<string>());
  for (const [index, id] of ids.entries()) queues[(owners[index % owners.length] ?? 0) % of]?.add(id);
  return queues;
}

const splitArbitrary = record({
  ids: idsArbitrary,
  owners: array(nat(7), { minLength: 1, maxLength: 40 }),
  of: integer({ min: 1, max: 6 }),
});

describe('the list of several queues', () => {
  it('has each message once, in the order of ids, however they are split and however long a page is', async () => {
    await check(
      asyncProperty(splitArbitrary, integer({ min: 1, max: 9 }), async ({ ids, owners, of }, most) => {
        const { queue } = settingOf(...split(ids, owners, of).map((queued, at) => worker(at + 1, queued)));
        const seen: string[] = [];
        for (let after: string | undefined; ; after = seen.at(-1)) {
          const page = await queue.list({ which: 'all', most, ...(after === undefined ? {} : { after }) });
          assert.ok(page.length <= most);
          seen.push(...page.map(({ id }) => id));
          if (page.length < most) break;
        }
        assert.deepEqual(seen, ids.toSorted());
      }),
    );
  });

  it('has those that were there all the time once, while others come and go', async () => {
    await check(
      asyncProperty(
        splitArbitrary,
        array(tuple(boolean(), stringMatching(/^[0-9A-Za-z_-]{1,4}$/)), { maxLength: 40 }),
        async ({ ids, owners, of }, traffic) => {
          const workers = split(ids, owners, of).map((queued, at) => worker(at + 1, queued));
          const { queue } = settingOf(...workers);
          const stay = new Set(ids);
          const moves = traffic.values();
          const seen: string[] = [];
          for (let after: string | undefined; ; after = seen.at(-1)) {
            const page = await queue.list({
              which: 'all',
              most: 3,
              ...(after === undefined ? {} : { after }),
            });
            seen.push(...page.map(({ id }) => id));
            if (page.length < 3) break;
            const [comes, id] = moves.next().value ?? [true, 'x'];
            const owner = workers.find(({ ids: own }) => own.has(id)) ?? workers[id.length % of];
            if (comes) owner?.ids.add(id);
            else {
              owner?.ids.delete(id);
              stay.delete(id);
            }
          }
          assert.equal(new Set(seen).size, seen.length);
          for (const id of stay) assert.ok(seen.includes(id), `${id} is missing`);
        },
      ),
    );
  });

  it('says whose part it lacks', async () => {
    const { queue, missed } = settingOf(worker(1, new Set(['a'])), worker(2, new Set(['b']), { down: true }));
    assert.deepEqual(
      (await queue.list({ which: 'open', most: 9 })).map(({ id }) => id),
      ['a'],
    );
    assert.deepEqual(missed, [2]);
  });
});

describe('one message of several queues', () => {
  it('is found wherever it is', async () => {
    const { queue } = settingOf(worker(1, new Set(['a'])), worker(4, new Set(['b'])));
    assert.equal((await queue.show('b'))?.id, 'b');
    assert.equal(await queue.show('c'), undefined);
    assert.deepEqual((await queue.nudge({ what: 'hold', now: 0, of: { id: 'b' } })).changed.length, 1);
  });

  it('is not said to be absent while a queue cannot be asked, nor is a receipt', async () => {
    const { queue } = settingOf(worker(1, new Set(['a'])), worker(2, new Set(['b']), { down: true }));
    assert.equal((await queue.show('a'))?.id, 'a');
    await assert.rejects(queue.show('b'), WorkersMissing);
    await assert.rejects(queue.nudge({ what: 'hold', now: 0, of: { id: 'b' } }), WorkersMissing);
    await assert.rejects(queue.receipt({ account: 'k', key: 'b', now: 0 }), /worker 2 gives no answer/);
  });
});

describe('a change of everything', () => {
  it('goes through all queues in steps, each message once, also past one that is gone', async () => {
    await check(
      asyncProperty(splitArbitrary, async ({ ids, owners, of }) => {
        const all = split(ids, owners, of).map((queued, at) => worker(at * 2 + 1, queued));
        const { queue } = settingOf(...all);
        const changed: string[] = [];
        for (let after: string | null | undefined; after !== null; ) {
          const step: NudgeStep = await queue.nudge({
            what: 'retry',
            now: 0,
            of: 'all',
            ...(after === undefined ? {} : { after }),
          });
          changed.push(...step.changed.map(({ id }) => id));
          after = step.next;
        }
        assert.deepEqual(changed.toSorted(), ids.toSorted());
        const behind = await queue.nudge({ what: 'retry', now: 0, of: 'all', after: `${of * 2}:` });
        assert.deepEqual(behind, nothing);
      }),
    );
  });
});

it('a change goes on at the beginning of the next queue where the one of the cursor is gone', async () => {
  const { queue } = settingOf(worker(1, new Set(['z'])), worker(3, new Set(['a', 'b'])));
  const step = await queue.nudge({ what: 'retry', now: 0, of: 'all', after: '2:m' });
  assert.deepEqual(
    step.changed.map(({ id }) => id),
    ['a', 'b'],
  );
});

describe('a pause', () => {
  it('holds in all queues or is refused before it holds in any', async () => {
    const state = { down: true };
    const { queue } = settingOf(worker(1, new Set()), worker(2, new Set(), state));
    await assert.rejects(queue.pause({ destination: 'x.test', until: null }), WorkersMissing);
    state.down = false;
    assert.deepEqual(await queue.pauses(0), []);
    assert.equal(await queue.pause({ destination: 'x.test', until: null }), 2);
    assert.deepEqual(await queue.pauses(0), [{ destination: 'x.test', until: null }]);
    assert.equal(await queue.unpause('x.test'), true);
    assert.equal(await queue.unpause('x.test'), false);
  });

  it('is the word of a queue where that says no', async () => {
    const no = worker(1, new Set());
    const { queue } = settingOf({
      ...no,
      calls: { ...no.calls, pause: () => Promise.reject(new StoreError('refused', 'not so')) },
    });
    await assert.rejects(queue.pause({ destination: 'x.test', until: null }), /not so/);
  });
});

describe('a backup', () => {
  it('is that of the first queue with the others below it, or none', async () => {
    const paths: string[] = [];
    const kept = { messages: 2, open: 1, files: 1, policies: false, webhooks: null };
    const state = { down: false };
    const ends = [1, 3].map((number) => {
      const end = worker(number, new Set(), state);
      const backup = async (path: string) => {
        paths.push(path);
        return { ...kept, policies: number === 1 };
      };
      return { ...end, calls: { ...end.calls, backup } };
    });
    const { queue } = settingOf(...ends);
    assert.deepEqual(await queue.backup('/backup'), {
      ...kept,
      messages: 4,
      open: 2,
      files: 2,
      policies: true,
    });
    assert.deepEqual(paths, ['/backup', '/backup/queue-3']);
    state.down = true;
    await assert.rejects(queue.backup('/other'), WorkersMissing);
    assert.equal(paths.length, 2);
  });
});
