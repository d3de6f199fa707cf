import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { array, assert as assertThat, asyncProperty, integer, string } from 'fast-check';
import { eventPipe, eventsIn, inStep } from '../../../../src/cli/workers/event-pipe.ts';
import type { LoggedEvent } from '../../../../src/events/delivery-event.ts';
import type { QueueStore } from '../../../../src/store/queue-store.ts';

function eventOf(id: string): LoggedEvent {
  return {
    event: 'connection',
    gateway: 'g',
    id,
    at: '2026-11-29T00:00:00.000Z',
  } as unknown as LoggedEvent;
}

const idsOf = (events: readonly LoggedEvent[]): readonly unknown[] =>
  events.map((event) => Reflect.get(event, 'id'));

describe('events on their way to the primary', () => {
  it('go in batches, in their order, and are all that was written', async () => {
    const sent: string[] = [];
    const pipe = eventPipe((lines) => sent.push(lines));
    for (let n = 0; n < 50; n++) pipe.write([eventOf(`${n}`), eventOf(`${n}b`)]);
    assert.equal(sent.length, 0, 'each by itself would cost a message');
    const empty = pipe.empty();
    assert.equal(sent.length, 1);
    for (const lines of sent) pipe.taken(lines.length);
    await empty;
    const expected = Array.from({ length: 50 }, (_, n) => [`${n}`, `${n}b`]).flat();
    assert.deepEqual(idsOf(eventsIn(sent.join(''))), expected);
  });

  it('are all taken also where the process before this one is told so late: its end waits for no more than its own', async () => {
    const sent: string[] = [];
    const pipe = eventPipe((lines) => sent.push(lines));
    pipe.taken(500);
    pipe.write([eventOf('a')]);
    const empty = pipe.empty();
    for (const lines of sent) pipe.taken(lines.length);
    const isOver = await Promise.race([
      empty.then(() => true),
      new Promise((resolve) => setTimeout(resolve, 50)),
    ]);
    assert.equal(isOver, true);
  });

  it('leave by themselves soon after the first', async () => {
    const sent = Promise.withResolvers<string>();
    const pipe = eventPipe(sent.resolve);
    pipe.write([eventOf('a')]);
    assert.deepEqual(idsOf(eventsIn(await sent.promise)), ['a']);
  });

  it('are never left out where the primary is slow: whoever makes them waits, and goes on once there is room', async () => {
    await assertThat(
      asyncProperty(
        array(string(), { maxLength: 200 }),
        integer({ min: 1, max: 2_000 }),
        async (ids, most) => {
          const sent: string[] = [];
          let largest = 0;
          const pipe = eventPipe((lines) => sent.push(lines), most);
          let acknowledged = 0;
          const primary = (): void => {
            for (; acknowledged < sent.length; acknowledged++) pipe.taken(sent[acknowledged]?.length ?? 0);
          };
          for (const id of ids) {
            const room = pipe.room();
            if (room !== undefined) {
              const empty = pipe.empty();
              primary();
              await Promise.all([room, empty]);
              assert.equal(pipe.room(), undefined);
            }
            pipe.write([eventOf(id)]);
            largest = Math.max(largest, JSON.stringify(eventOf(id)).length + 1);
            const underWay = sent.slice(acknowledged).reduce((sum, lines) => sum + lines.length, 0);
            assert.ok(underWay <= most + largest, `${underWay} of ${most}`);
          }
          void pipe.empty();
          assert.deepEqual(idsOf(eventsIn(sent.join(''))), ids);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('hold nobody up once the primary is gone', async () => {
    const pipe = eventPipe(() => undefined, 10);
    pipe.write([eventOf('a')]);
    const [room, empty] = [pipe.room(), pipe.empty()];
    assert.ok(room !== undefined);
    pipe.broken();
    await Promise.all([room, empty]);
    pipe.write([eventOf('b')]);
    assert.equal(pipe.room(), undefined);
    await pipe.empty();
  });

  it('keep the queue in step: nothing is taken in and nothing claimed while there is no room', async () => {
    const pipe = eventPipe(() => undefined, 10);
    const done: string[] = [];
    const store = {
      accept: () => Promise.resolve(void done.push('accept')),
      claim: () => Promise.resolve((done.push('claim'), [])),
      settle: () => Promise.resolve(void done.push('settle')),
    } as unknown as QueueStore;
    const kept = inStep(store, () => pipe.room());
    pipe.write([eventOf('a')]);
    void pipe.empty();
    const request = {} as Parameters<QueueStore['claim']>[0];
    const both = Promise.all([kept.accept({} as Parameters<QueueStore['accept']>[0]), kept.claim(request)]);
    // What is under way is settled: it would be tried again else.
    await kept.settle({ settlements: [], messages: [], warned: [] });
    assert.deepEqual(done, ['settle']);
    pipe.taken(1_000);
    await both;
    assert.deepEqual(done.toSorted(), ['accept', 'claim', 'settle']);
  });
});
