import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openPace, type Pace } from '../../../src/scanner/pace.ts';

/** A clock that goes on when everybody sleeps. */
class ManualTime {
  now = 0;
  readonly #sleepers: { at: number; wake: () => void }[] = [];

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((wake, fail) => {
      this.#sleepers.push({ at: this.now + ms, wake });
      signal?.addEventListener('abort', () => fail(new Error('of the test')));
    });

  /** Goes on to the moment, waking each sleeper at its time. */
  async until(at: number): Promise<void> {
    for (;;) {
      for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
      const next = this.#sleepers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > at) break;
      this.#sleepers.splice(this.#sleepers.indexOf(next), 1);
      this.now = next.at;
      next.wake();
    }
    this.now = at;
  }
}

function paceOf(time: ManualTime, gapMs = 1_000, concurrency = 10): Pace {
  return openPace({
    gapMs,
    concurrency,
    isOurs: (address) => address.startsWith('127.'),
    clock: () => time.now,
    sleep: time.sleep,
  });
}

/** Calls an address so often, each connection taking so long. @returns when each began, as it comes to be. */
function call(
  pace: Pace,
  time: ManualTime,
  address: string,
  lasts: number,
  times = 1,
  operator?: string,
): number[] {
  const begun: number[] = [];
  const visit = async (): Promise<void> => {
    const turn = await pace.turn(address, operator);
    if (turn === 'stopped' || turn === 'not-needed') return;
    for (let count = 0; count < times; count += 1) {
      if (count > 0) await turn.again();
      begun.push(time.now);
      await time.sleep(lasts);
    }
    turn.release();
  };
  visit().catch((error: unknown) => assert.fail(String(error)));
  return begun;
}

/** A visit that takes no time. */
async function pass(pace: Pace, address: string): Promise<void> {
  const turn = await pace.turn(address);
  if (typeof turn === 'object') turn.release();
}

describe('pauses', () => {
  it('one connection at a time to an address, and a pause before the next', async () => {
    const time = new ManualTime();
    const pace = paceOf(time);
    const first = call(pace, time, '192.0.2.1', 5_000);
    const second = call(pace, time, '192.0.2.1', 5_000);
    await time.until(60_000);
    assert.deepEqual([first, second], [[0], [6_000]]);
  });

  it('a longer pause within a network, none between networks', async () => {
    const time = new ManualTime();
    const pace = paceOf(time);
    const begun = ['192.0.2.1', '192.0.2.2', '198.51.100.1', '2001:db8::1', '2001:db8::2'].map((address) =>
      call(pace, time, address, 10),
    );
    await time.until(60_000);
    assert.deepEqual(begun, [[0], [3_000], [0], [0], [3_000]]);
  });

  it('the connections of one visit keep them too', async () => {
    const time = new ManualTime();
    const begun = call(paceOf(time), time, '192.0.2.1', 0, 3);
    await time.until(60_000);
    assert.deepEqual(begun, [0, 3_000, 6_000]);
  });

  it('begin when a connection ends, however long it took', async () => {
    const time = new ManualTime();
    const begun = call(paceOf(time), time, '192.0.2.1', 10_000, 3);
    await time.until(60_000);
    assert.deepEqual(begun, [0, 11_000, 22_000]);
  });

  it('an address in another spelling, or mapped into IPv6, is the same server', async () => {
    const time = new ManualTime();
    const pace = paceOf(time);
    const begun = ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:C000:201', '2001:db8::1', '2001:DB8:0:0::1'].map(
      (address) => call(pace, time, address, 5_000),
    );
    await time.until(60_000);
    assert.deepEqual(begun, [[0], [6_000], [12_000], [0], [6_000]]);
    pace.sentAway('::ffff:192.0.2.1');
    assert.ok(pace.restOf('192.0.2.1') > 0);
  });

  it('are forgotten when they are over, and not before', async () => {
    const time = new ManualTime();
    const pace = paceOf(time);
    const last = '198.51.100.1';
    for (let count = 0; count < 12_000; count += 1) {
      await pass(pace, `10.${count >> 8}.${count & 0xff}.1`);
      if (count === 11_000) await pass(pace, last);
    }
    const begun = call(pace, time, last, 0);
    await time.until(60_000);
    assert.deepEqual(begun, [3_000]);
  });

  it('addresses of ours need none', async () => {
    const time = new ManualTime();
    const pace = paceOf(time);
    const begun = call(pace, time, '127.0.0.1', 0, 3);
    const other = call(pace, time, '127.0.0.1', 0);
    await time.until(0);
    assert.deepEqual([begun, other], [[0, 0, 0], [0]]);
  });

  it('no more doors at once than were allowed, each in its turn', async () => {
    const time = new ManualTime();
    const pace = paceOf(time, 0, 2);
    const begun = ['192.0.2.1', '198.51.100.1', '203.0.113.1', '192.0.2.9'].map((address) =>
      call(pace, time, address, 100),
    );
    await time.until(60_000);
    assert.deepEqual(begun, [[0], [0], [100], [100]]);
  });
});

describe('places', () => {
  it('nobody who waits for a pause has one: others are visited meanwhile', async () => {
    const time = new ManualTime();
    const pace = paceOf(time, 1_000, 1);
    const slow = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address) => call(pace, time, address, 100));
    const others = ['198.51.100.1', '203.0.113.1'].map((address) => call(pace, time, address, 100));
    await time.until(60_000);
    assert.deepEqual(
      [slow, others],
      [
        [[0], [3_000], [6_000]],
        [[100], [200]],
      ],
    );
  });

  it('nobody has one between the connections of a visit; whoever goes on comes before who begins', async () => {
    const time = new ManualTime();
    const pace = paceOf(time, 1_000, 1);
    const first = call(pace, time, '192.0.2.1', 100, 2);
    const others = Array.from({ length: 40 }, (_, index) => call(pace, time, `10.0.${index}.1`, 100));
    await time.until(60_000);
    assert.deepEqual(first, [0, 3_000]);
    assert.deepEqual(
      others.flat(),
      Array.from({ length: 40 }, (_, index) => 100 * (index + (index < 29 ? 1 : 2))),
    );
  });

  it('a pause counts from the call, however long there was no place', async () => {
    const time = new ManualTime();
    const pace = paceOf(time, 1_000, 1);
    call(pace, time, '198.51.100.1', 10_000);
    const begun = ['192.0.2.1', '192.0.2.2'].map((address) => call(pace, time, address, 0));
    await time.until(60_000);
    assert.deepEqual(begun, [[10_000], [13_000]]);
  });

  it('of one operator eight visits at most, in whatever networks; those of others go on', async () => {
    const time = new ManualTime();
    const pace = paceOf(time, 0, 20);
    const at = (index: number, operator?: string): number[] =>
      call(pace, time, `9.${index}.9.1`, 100, 2, operator);
    const many = Array.from({ length: 10 }, (_, index) => at(index, 'mail.test'));
    const others = [at(100, 'other.test'), at(101), at(102)];
    await time.until(60_000);
    assert.deepEqual(
      many.map(([first]) => first),
      [...Array.from({ length: 8 }, () => 0), 200, 200],
    );
    assert.deepEqual(others.flat(), [0, 100, 0, 100, 0, 100]);
  });

  it('into one range sixteen connections at most, whatever the names are that lead there', async () => {
    const time = new ManualTime();
    const pace = paceOf(time, 1_000, 100);
    const into = (range: string, index: number): number[] =>
      call(pace, time, `${range}.${index}.7`, 10_000, 1, `evil${index}.test`);
    const many = Array.from({ length: 40 }, (_, index) => into('52.96', index));
    const other = into('52.97', 0);
    const six = Array.from({ length: 20 }, (_, index) =>
      call(pace, time, `2620:fe:${index}::1`, 10_000, 1, `evil${index}.test`),
    );
    await time.until(9_999);
    assert.deepEqual([many.flat().length, other, six.flat().length], [16, [0], 16]);
    await time.until(60_000);
    assert.equal(many.flat().length, 40);
  });

  it('who waits for his own slow servers holds no address and no network of others', async () => {
    const time = new ManualTime();
    const pace = paceOf(time, 1_000, 100);
    const day = 24 * 60 * 60_000;
    const tarpits = Array.from({ length: 8 }, (_, index) =>
      call(pace, time, `45.${index}.0.1`, day, 1, 'attacker.test'),
    );
    // A further host of his leads to somebody else's server.
    const led = call(pace, time, '142.250.1.26', 10, 1, 'attacker.test');
    await time.until(1_000);
    const theirs = ['142.250.1.26', '142.250.1.99'].map((address) =>
      call(pace, time, address, 10, 1, 'victim.test'),
    );
    await time.until(60_000);
    assert.deepEqual([tarpits.flat().length, led, theirs], [8, [], [[1_000], [4_000]]]);
    await time.until(day + 1_000);
    assert.deepEqual(led, [day]);
  });

  it('a thousand targets of one slow network leave the others as they are', async () => {
    const time = new ManualTime();
    const pace = paceOf(time, 1_000, 4);
    const slow = Array.from({ length: 1_000 }, (_, index) => `192.0.2.${index % 250}`);
    for (const address of slow) call(pace, time, address, 100);
    const others = Array.from({ length: 200 }, (_, index) => call(pace, time, `10.0.${index}.1`, 100));
    await time.until(10_000);
    assert.ok(Math.max(...others.flat()) <= 5_200, String(Math.max(...others.flat())));
    assert.equal(others.flat().length, 200);
  });
});

describe('a turn that nobody needs any more', () => {
  it('costs no pause, and is given to the next', async () => {
    const time = new ManualTime();
    const pace = paceOf(time, 1_000, 10);
    call(pace, time, '192.0.2.1', 5_000, 1, 'mail.test');
    const turns = Array.from({ length: 4 }, () => pace.turn('192.0.2.1', 'mail.test', () => false));
    const begun = call(pace, time, '192.0.2.1', 0, 1, 'mail.test');
    await time.until(60_000);
    assert.deepEqual(new Set(await Promise.all(turns)), new Set(['not-needed']));
    assert.deepEqual(begun, [6_000]);
  });
});

describe('at the end', () => {
  it('who has a turn finishes it with its pauses, and nobody else gets one', async () => {
    const time = new ManualTime();
    const pace = paceOf(time, 1_000, 10);
    const first = call(pace, time, '192.0.2.1', 100, 3);
    const same = pace.turn('192.0.2.1');
    const network = pace.turn('192.0.2.2');
    await time.until(50);
    pace.stop();
    assert.equal(await pace.turn('198.51.100.1'), 'stopped');
    await time.until(60_000);
    assert.deepEqual(await Promise.all([same, network]), ['stopped', 'stopped']);
    assert.deepEqual(first, [0, 3_000, 6_000]);
  });
});

describe('whoever sends us away', () => {
  it('is left alone, twice as long each time, and never longer than a day', async () => {
    const time = new ManualTime();
    const pace = paceOf(time);
    const turn = await pace.turn('192.0.2.1');
    assert.ok(typeof turn === 'object');
    assert.equal(pace.restOf('192.0.2.1'), 0);
    const rests = Array.from({ length: 9 }, () => pace.sentAway('192.0.2.1') / 60_000);
    assert.deepEqual(rests, [15, 30, 60, 120, 240, 480, 960, 1440, 1440]);
    turn.release();
    turn.release();
    await time.until(60 * 60_000);
    assert.equal(pace.restOf('192.0.2.1'), 23 * 60 * 60_000);
    assert.equal(pace.restOf('192.0.2.2'), 0);
  });
});
