import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Agenda, createAgenda } from '../../../src/queue/agenda.ts';

/** What an agenda must do, in the plainest way: every question walks everything. */
interface Model {
  readonly due: Map<string, number>;
  readonly claims: Map<string, number>;
  readonly pauses: Map<string, number | null>;
}

type Step = (agenda: Agenda, model: Model) => void;

const NAMES = ['a.test', 'b.test', 'c.test', 'd.test'];
const name = fc.constantFrom(...NAMES);
const message = fc.integer({ min: 1, max: 5 });
const time = fc.integer({ min: 0, max: 20 });

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(name, message, time).map(
    ([destination, number, at]): Step =>
      (agenda, { due }) => {
        agenda.expect(destination, number, at);
        const key = `${destination} ${number}`;
        due.set(key, Math.min(due.get(key) ?? at, at));
      },
  ),
  fc.tuple(name, message, fc.option(time, { nil: undefined })).map(
    ([destination, number, at]): Step =>
      (agenda, { due }) => {
        agenda.set(destination, number, at);
        if (at === undefined) due.delete(`${destination} ${number}`);
        else due.set(`${destination} ${number}`, at);
      },
  ),
  fc.tuple(name, fc.boolean()).map(
    ([destination, more]): Step =>
      (agenda, { claims }) => {
        const out = claims.get(destination) ?? 0;
        if (!more && out === 0) return;
        agenda.claimed(destination, more ? 1 : -1);
        claims.set(destination, out + (more ? 1 : -1));
      },
  ),
  fc.tuple(name, fc.option(fc.option(time, { nil: null }), { nil: undefined })).map(
    ([destination, until]): Step =>
      (agenda, { pauses }) => {
        agenda.pause(destination, until);
        if (until === undefined) pauses.delete(destination);
        else pauses.set(destination, until);
      },
  ),
);

/** Messages of destinations with room, each with the time from which it may be claimed. */
function candidates({ due, claims, pauses }: Model, perDestination: number) {
  return [...due].flatMap(([key, at]) => {
    const [destination = '', number] = key.split(' ');
    const until = pauses.get(destination);
    if ((claims.get(destination) ?? 0) >= perDestination || until === null) return [];
    return [{ destination, message: Number(number), at, from: Math.max(at, until ?? 0) }];
  });
}

function checkAgainst(agenda: Agenda, model: Model): void {
  for (const perDestination of [1, 2, 9]) {
    const all = candidates(model, perDestination);
    const first = all.length === 0 ? undefined : Math.min(...all.map(({ from }) => from));
    assert.equal(agenda.nextDue(perDestination), first);
    for (const now of [0, 7, 20]) {
      const chosen = agenda.oldestDue(now, perDestination);
      if (first === undefined || first > now) {
        assert.equal(chosen, undefined);
        continue;
      }
      const found = all.find(
        (one) => one.destination === chosen?.destination && one.message === chosen.message,
      );
      assert.ok(found, 'what is chosen waits, where there is room');
      const ofDestination = all.filter(({ destination }) => destination === found.destination);
      assert.equal(found.at, Math.min(...ofDestination.map(({ at }) => at)), 'the oldest of its destination');
      assert.equal(
        Math.min(...ofDestination.map(({ from }) => from)),
        first,
        'of the destination longest due',
      );
    }
  }
  assert.deepEqual(
    new Map(agenda.pauses().map(({ destination, until }) => [destination, until])),
    model.pauses,
  );
}

const emptyModel = (): Model => ({ due: new Map(), claims: new Map(), pauses: new Map() });

describe('the agenda', () => {
  it('chooses as one that walks everything would', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const model = emptyModel();
        const agenda = createAgenda(() => undefined);
        for (const each of steps) {
          each(agenda, model);
          checkAgainst(agenda, model);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is as it was once the changes of a transaction are taken back', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.array(step, { maxLength: 30 }), (kept, lost) => {
        const model = emptyModel();
        let undo: (() => void)[] = [];
        const agenda = createAgenda((one) => void undo.push(one));
        for (const each of kept) each(agenda, model);
        undo = [];
        const scratch: Model = {
          due: new Map(model.due),
          claims: new Map(model.claims),
          pauses: new Map(model.pauses),
        };
        for (const each of lost) each(agenda, scratch);
        for (const one of undo.toReversed()) one();
        checkAgainst(agenda, model);
      }),
      { numRuns: 300 },
    );
  });

  it('steps over a full or paused destination, however much waits there', () => {
    const agenda = createAgenda(() => undefined);
    for (let number = 1; number <= 200_000; number++) agenda.expect('dead.test', number, 1);
    for (let index = 0; index < 500; index++) agenda.expect(`live${index}.test`, 1, 2);
    agenda.claimed('dead.test', 1);
    const began = performance.now();
    for (let index = 0; index < 500; index++) {
      const chosen = agenda.oldestDue(2, 1);
      assert.ok(chosen !== undefined && chosen.destination !== 'dead.test');
      agenda.set(chosen.destination, chosen.message, undefined);
    }
    assert.equal(agenda.oldestDue(2, 1), undefined);
    // A walk of the 200,000 each time takes seconds.
    assert.ok(performance.now() - began < 300);
  });
});
