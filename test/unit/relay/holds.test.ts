import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { EventTls } from '../../../src/events/delivery-event.ts';
import { type Holds, type HoldsParts, startHolds } from '../../../src/relay/holds.ts';
import type { Probed } from '../../../src/relay/probe.ts';
import { tlsUntried } from '../../../src/relay/tls-verdict.ts';
import type { PeerWord } from '../../../src/relay/workers/peer-word.ts';
import type { FreedStep, Look } from '../../../src/store/queue-store.ts';

const MINUTE = 60_000;
const tls: EventTls = tlsUntried({ requires: 'authenticate', by: 'dane' }, 'found');
const blocked: Probed = { kind: 'blocked', because: 'no STARTTLS' };

/** Everything around, with a clock and timers that the test moves. */
interface Around {
  readonly holds: Holds;
  /** Looks so far, with their minute. */
  readonly looks: string[];
  readonly freed: string[];
  /** What the store was told to keep, in order. */
  readonly kept: Look[];
  readonly errors: string[];
  answer: (destination: string) => Promise<Probed>;
  /** Moves the clock on, second by second. */
  readonly pass: (minutes: number) => Promise<void>;
}

function around(names: readonly (string | Look)[] = [], parts: Partial<HoldsParts> = {}): Around {
  const held = names.map((one) =>
    typeof one === 'string' ? { destination: one, look: null } : { destination: one.destination, look: one },
  );
  const kept: Look[] = [];
  const looked: string[] = [];
  const freed: string[] = [];
  const errors: string[] = [];
  const told: Omit<Around, 'holds'> = {
    kept,
    looks: looked,
    freed,
    errors,
    answer: () => Promise.resolve(blocked),
    async pass(minutes) {
      for (let second = 0; second < minutes * 60; second++) {
        mock.timers.tick(1_000);
        await turnOfTheLoop();
      }
    },
  };
  const steps: FreedStep[] = [
    { changed: [], more: true },
    { changed: [], more: false },
  ];
  const holds = startHolds({
    store: {
      heldDestinations: ({ after, most }) =>
        Promise.resolve(held.filter((one) => one.destination > after).slice(0, most)),
      noteLooks(looks) {
        kept.push(...looks);
        return Promise.resolve();
      },
      free({ destination }) {
        freed.push(destination);
        return Promise.resolve(steps.shift() ?? { changed: [], more: false });
      },
    },
    world: { now: Date.now, random: () => 0 },
    settings: () => ({
      onBlocked: 'hold',
      noticeAfterMs: MINUTE,
      probeAfterMs: [1, 2, 4].map((minutes) => minutes * MINUTE),
    }),
    probe(destination) {
      looked.push(`${destination} ${Math.round(Date.now() / MINUTE)}`);
      return told.answer(destination);
    },
    onFreed: () => undefined,
    onError: (what) => errors.push(what),
    ...parts,
  });
  return Object.assign(told, { holds });
}

/** Two processes, each with mail for far.test that is held, and what one tells the other. */
function twoProcesses() {
  const hearers: ((word: PeerWord) => void)[] = [];
  const peersOf = (index: number): HoldsParts['peers'] => ({
    tell: (word) => hearers.forEach((hear, other) => other !== index && hear(word)),
    onTold: (hear) => (hearers[index] = hear),
  });
  const [one, other] = [around([], { peers: peersOf(0) }), around([], { peers: peersOf(1) })];
  one.holds.held('far.test');
  return { one, other };
}

describe('destinations with held mail of several processes', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'] }));
  afterEach(() => mock.timers.reset());

  it('are looked at by one of them for all, as often as by a single one', async () => {
    const { one, other } = twoProcesses();
    await one.pass(0.5);
    other.holds.held('far.test');
    await one.pass(15.5);
    assert.equal(one.looks.length + other.looks.length, 5);
    assert.match(other.holds.wordOf('far.test')?.found?.because ?? '', /no STARTTLS/);
  });

  it('are let go by all of them once one has found them open', async () => {
    const { one, other } = twoProcesses();
    await one.pass(0.5);
    other.holds.held('far.test');
    one.answer = () => Promise.resolve({ kind: 'open', tls });
    await one.pass(1);
    assert.deepEqual([one.looks, other.looks], [['far.test 1'], []]);
    assert.ok(one.freed.includes('far.test') && other.freed.includes('far.test'));
  });
});

describe('destinations with held mail', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'] }));
  afterEach(() => mock.timers.reset());

  it('are looked at after 1, 2, 4, 4 ... minutes, each once, however much is held there', async () => {
    const at = around();
    for (let message = 0; message < 100; message++) at.holds.held('far.test');
    await at.pass(16);
    assert.deepEqual(at.looks, ['far.test 1', 'far.test 3', 'far.test 7', 'far.test 11', 'far.test 15']);
    const word = at.holds.wordOf('far.test');
    assert.equal(word?.found?.because, 'no STARTTLS');
    assert.equal(Math.round((word.nextAt - word.found.at) / MINUTE), 4);
    assert.equal(at.holds.wordOf('other.test'), undefined);
  });

  it('are let go, all of it, as soon as what is required can be had; then nothing is looked at once nothing is held', async () => {
    const at = around();
    at.holds.held('far.test');
    const first = at.holds.wordOf('far.test');
    assert.equal(first?.found, null, 'nobody has looked yet, and it is known when somebody does');
    assert.equal(Math.round((first.nextAt - Date.now()) / MINUTE), 1);
    at.answer = () => Promise.resolve({ kind: 'open', tls });
    await at.pass(1.1);
    assert.deepEqual(at.freed, ['far.test', 'far.test'], 'step by step');
    assert.equal(at.holds.wordOf('far.test')?.found, null);
    at.answer = () => Promise.resolve({ kind: 'nothing-held' });
    await at.pass(30);
    assert.equal(at.holds.wordOf('far.test'), undefined);
    assert.equal(at.looks.length, 2);
  });

  it('that are blocked again after they were let go do not begin anew with a minute', async () => {
    const at = around();
    at.holds.held('far.test');
    at.answer = () => Promise.resolve({ kind: 'open', tls });
    await at.pass(2);
    at.holds.held('far.test');
    await at.pass(6);
    assert.deepEqual(at.looks, ['far.test 1', 'far.test 3', 'far.test 7']);
  });

  it('of a time before the start are found, a page at a time', async () => {
    const names = Array.from({ length: 1_500 }, (_, index) => `d${String(index).padStart(4, '0')}`);
    const at = around(names);
    await at.pass(2);
    assert.equal(new Set(at.looks.map((look) => look.split(' ')[0])).size, 1_500);
  });

  it('are looked at at once when an operator asks, those that nobody told of, too', async () => {
    const at = around();
    at.holds.held('far.test');
    at.holds.hurry(['far.test', 'other.test']);
    await at.pass(0.1);
    assert.deepEqual(at.looks, ['far.test 0', 'other.test 0']);
    at.holds.hurry('all');
    await at.pass(0.1);
    assert.equal(at.looks.length, 4);
  });

  it('are at most ten at once', async () => {
    const at = around();
    at.answer = () => new Promise(() => undefined);
    at.holds.hurry(Array.from({ length: 50 }, (_, index) => `d${index}`));
    await at.pass(5);
    assert.equal(at.looks.length, 10);
  });

  it('are looked at again after an error of ours, which is told', async () => {
    const at = around();
    at.answer = () => Promise.reject(new Error('no memory'));
    at.holds.held('far.test');
    await at.pass(2.5);
    assert.equal(at.looks.length, 2);
    assert.deepEqual(
      at.errors,
      Array.from({ length: 2 }, () => 'looking at far.test, where mail is held'),
    );
  });

  it('are looked at also where the clock was set back meanwhile', async () => {
    let ahead = 24 * 60 * MINUTE;
    const at = around([], { world: { now: () => Date.now() + ahead, random: () => 0 } });
    at.holds.held('far.test');
    ahead = 0;
    await at.pass(3);
    assert.equal(at.looks.length, 1);
  });

  it('are left alone once all is closed', async () => {
    const at = around();
    at.holds.held('far.test');
    await at.holds.close();
    at.holds.hurry('all');
    await at.pass(5);
    assert.deepEqual(at.looks, []);
  });
});

describe('what was seen of destinations with held mail', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'] }));
  afterEach(() => mock.timers.reset());

  it('is kept within seconds, one call for many, and not where nothing is seen', async () => {
    const { holds, kept, pass } = around();
    for (const name of ['a.test', 'b.test']) holds.held(name);
    await pass(1 / 6);
    assert.deepEqual(kept.splice(0), [
      { destination: 'a.test', looks: 0, dueAt: MINUTE, found: null },
      { destination: 'b.test', looks: 0, dueAt: MINUTE, found: null },
    ]);
    await pass(0.5);
    assert.deepEqual(kept, []);
    await pass(0.6);
    const found = { at: MINUTE, because: 'no STARTTLS' };
    assert.deepEqual(kept[0], { destination: 'a.test', looks: 1, dueAt: 3 * MINUTE, found });
    await holds.close();
  });

  it('is kept at the end, too', async () => {
    const { holds, kept } = around();
    holds.held('a.test');
    await holds.close();
    assert.equal(kept.length, 1);
  });

  it('goes on after a restart: who was looked at just now waits as long as he would have, and is known', async () => {
    const found = { at: -30_000, because: 'no STARTTLS' };
    const { holds, looks, pass } = around([{ destination: 'far.test', looks: 2, dueAt: 3 * MINUTE, found }]);
    await pass(0.1);
    assert.deepEqual(holds.wordOf('far.test'), { found, nextAt: 3 * MINUTE });
    await pass(3);
    await pass(5);
    assert.deepEqual(looks, ['far.test 3', 'far.test 7'], 'with the wait that it had earned');
    await holds.close();
  });

  it('what came due while nobody ran is not all looked at at once', async () => {
    const world = { now: Date.now, random: () => Math.random() };
    const due = Array.from({ length: 50 }, (_, index) => ({
      destination: `d${index}.test`,
      looks: 4,
      dueAt: -MINUTE,
      found: null,
    }));
    const { holds, looks, pass } = around(due, { world });
    await pass(0.2);
    assert.ok(looks.length < 40, `${looks.length} within 12 seconds`);
    await pass(1);
    assert.equal(looks.length, 50);
    await holds.close();
  });

  it('a time that a clock has put far ahead is not waited for', async () => {
    const far = { destination: 'far.test', looks: 0, dueAt: 1e9 * MINUTE, found: null };
    const { holds, looks, pass } = around([far]);
    await pass(1.2);
    assert.equal(looks.length, 1);
    await holds.close();
  });
});
