import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { array, boolean, assert as check, integer, property, record } from 'fast-check';
import { type RememberedTls, startTlsMemory, type TlsMemory } from '../../../src/relay/tls-memory.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const host = { host: 'mx.far.test', address: '192.0.2.1', port: 25 };

function memory() {
  const clock = { now: Date.UTC(2026, 0, 1) };
  const told: RememberedTls[] = [];
  const tls = startTlsMemory(
    () => clock.now,
    (one) => told.push(one),
  );
  return { clock, told, tls };
}

/** Fails `times` times, `everyMs` apart. */
function breakIt({ clock, tls }: { clock: { now: number }; tls: TlsMemory }, times: number, everyMs: number) {
  for (let time = 0; time < times; time++) {
    if (time > 0) clock.now += everyMs;
    tls.fellBack(host, 'a reset');
  }
}

describe('the memory of broken TLS', () => {
  it('begins after five failures in a row that took a minute', () => {
    const one = memory();
    breakIt(one, 4, 20_000);
    assert.equal(one.tls.broken(host), undefined, 'four are too few');
    one.tls.fellBack(host, 'a reset');
    assert.match(one.tls.broken(host) ?? '', /^TLS failed 5 times in a row since 2026-01-01T00:00:00\.000Z/);
    assert.match(one.tls.broken(host) ?? '', /not tried again before 2026-01-01T00:02:00\.000Z: a reset$/);
  });

  it('attack: one reset, or a burst of resets at one moment, buys no time in clear', () => {
    const one = memory();
    breakIt(one, 1_000, 0);
    assert.equal(one.tls.broken(host), undefined);
    one.clock.now += MINUTE - 1;
    one.tls.fellBack(host, 'a reset');
    assert.equal(one.tls.broken(host), undefined);
    assert.deepEqual(one.told, []);
  });

  it('lasts as long as the failures have lasted, from the last one on', () => {
    const one = memory();
    breakIt(one, 6, 2 * MINUTE);
    one.clock.now += 10 * MINUTE - 1;
    assert.notEqual(one.tls.broken(host), undefined);
    one.clock.now += 1;
    assert.equal(one.tls.broken(host), undefined, 'TLS is tried again');
  });

  it('lasts an hour at most, however long the failures have lasted', () => {
    const one = memory();
    breakIt(one, 40, 9 * MINUTE);
    one.clock.now += HOUR - 1;
    assert.notEqual(one.tls.broken(host), undefined);
    one.clock.now += 1;
    assert.equal(one.tls.broken(host), undefined);
  });

  it('goes on with the next failure when its time is over, and is told only once', () => {
    const one = memory();
    breakIt(one, 6, 2 * MINUTE);
    one.clock.now += 11 * MINUTE;
    one.tls.fellBack(host, 'a reset');
    assert.match(one.tls.broken(host) ?? '', /failed 7 times/);
    assert.deepEqual(
      one.told.map(({ kind, failures }) => [kind, failures]),
      [['broken', 5]],
    );
  });

  it('ends with any handshake that works', () => {
    const one = memory();
    breakIt(one, 6, 2 * MINUTE);
    one.tls.worked(host);
    assert.equal(one.tls.broken(host), undefined);
    one.tls.fellBack(host, 'a reset');
    assert.equal(one.tls.broken(host), undefined, 'it begins anew');
  });

  it('a row ends where nobody has tried for ten minutes: what was between is not known', () => {
    const one = memory();
    breakIt(one, 4, 5 * MINUTE);
    one.clock.now += 10 * MINUTE;
    one.tls.fellBack(host, 'a reset');
    assert.equal(one.tls.broken(host), undefined);
  });

  it('ends where the clock goes back', () => {
    const one = memory();
    breakIt(one, 6, 2 * MINUTE);
    one.clock.now -= 1;
    assert.equal(one.tls.broken(host), undefined);
  });

  it('is that of one host at one address and port', () => {
    const one = memory();
    breakIt(one, 6, 2 * MINUTE);
    for (const other of [{ host: 'mx2.far.test' }, { address: '192.0.2.2' }, { port: 26 }])
      assert.equal(one.tls.broken({ ...host, ...other }), undefined);
  });

  it('never grants more time in clear than handshakes were broken before, whatever is broken when', () => {
    const moves = array(record({ wait: integer({ min: 0, max: 30 * MINUTE }), works: boolean() }), {
      maxLength: 60,
    });
    check(
      property(moves, (steps) => {
        const { clock, tls } = memory();
        let row: { since: number; last: number } | undefined;
        for (const { wait, works } of steps) {
          clock.now += wait;
          const because = tls.broken(host);
          if (because !== undefined) {
            // Mail goes in clear without a try: only within as much time as the row had lasted.
            assert.ok(row !== undefined && clock.now - row.last < Math.min(row.last - row.since, HOUR));
          } else if (works) {
            tls.worked(host);
            row = undefined;
          } else {
            tls.fellBack(host, 'x');
            row = { since: row?.since ?? clock.now, last: clock.now };
          }
        }
      }),
    );
  });

  it('is bounded in number: the oldest host is forgotten, so that its TLS is tried again', () => {
    const one = memory();
    breakIt(one, 6, 2 * MINUTE);
    for (let index = 0; index < 9_999; index++) one.tls.fellBack({ ...host, host: `h${index}.test` }, 'x');
    assert.notEqual(one.tls.broken(host), undefined);
    one.tls.fellBack({ ...host, host: 'one-more.test' }, 'x');
    assert.equal(one.tls.broken(host), undefined);
  });
});

describe('the memory of a small ClientHello', () => {
  it('begins with the first one that was answered, and lasts an hour', () => {
    const { tls, clock, told } = memory();
    assert.equal(tls.smallHello(host), undefined);
    tls.needsSmallHello(host, 'the usual one got no answer');
    assert.equal(tls.smallHello(host), 'the usual one got no answer (since 2026-01-01T00:00:00.000Z)');
    clock.now += HOUR - 1;
    tls.needsSmallHello(host, 'again');
    assert.match(tls.smallHello(host) ?? '', /^the usual one/, 'what is known is not made longer by use');
    clock.now += 1;
    assert.equal(tls.smallHello(host), undefined, 'the usual one is tried again');
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ['small-hello'],
    );
  });
});

describe('what an operator sees', () => {
  it('is all that is remembered now, with its end; he can have it forgotten', () => {
    const one = memory();
    breakIt(one, 5, MINUTE);
    one.tls.needsSmallHello({ ...host, host: 'other.test' }, 'no answer');
    one.tls.fellBack({ ...host, host: 'once.test' }, 'x');
    const began = Date.UTC(2026, 0, 1);
    assert.deepEqual(one.tls.list(), [
      {
        ...host,
        kind: 'broken',
        since: began,
        until: began + 8 * MINUTE,
        failures: 5,
        because: 'a reset',
      },
      {
        ...host,
        host: 'other.test',
        kind: 'small-hello',
        since: began + 4 * MINUTE,
        until: began + 4 * MINUTE + HOUR,
        failures: 1,
        because: 'no answer',
      },
    ]);
    one.tls.forget();
    assert.deepEqual(one.tls.list(), []);
    assert.equal(one.tls.broken(host), undefined);
  });
});
