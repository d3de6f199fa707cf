import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { idleSessions } from '../../../src/relay/idle-sessions.ts';

function session(name: string, key: string, destination = 'far.test', hostPlace: string | null = null) {
  return { name, key, destination, hostPlace, connection: { usable: true } };
}

const names = (sessions: readonly { readonly name: string }[]): string[] => sessions.map(({ name }) => name);

describe('sessions that wait for the next message', () => {
  it('are found by their key, the newest first, and are then in use', () => {
    const idle = idleSessions<ReturnType<typeof session>>();
    for (const name of ['a', 'b']) idle.put(session(name, 'way'), 10);
    assert.equal(idle.take('other'), undefined);
    assert.equal(idle.take('way')?.name, 'b');
    assert.equal(idle.take('way')?.name, 'a');
    assert.equal(idle.take('way'), undefined);
  });

  it('are passed over once the peer has closed them', () => {
    const idle = idleSessions<ReturnType<typeof session>>();
    const closed = session('closed', 'way');
    idle.put(session('open', 'way'), 10);
    idle.put(closed, 10);
    closed.connection.usable = false;
    assert.equal(idle.take('way')?.name, 'open');
    assert.deepEqual(names(idle.takeStale(0)), ['closed']);
    assert.deepEqual(names(idle.takeStale(99)), []);
  });

  it('make room at a host one by one, whatever they are good for', () => {
    const idle = idleSessions<ReturnType<typeof session>>();
    idle.put(session('a', 'one', 'a.test', '192.0.2.1 25'), 10);
    idle.put(session('b', 'two', 'b.test', '192.0.2.1 25'), 10);
    idle.put(session('c', 'three', 'c.test', '192.0.2.2 25'), 10);
    assert.equal(idle.takeAt('192.0.2.1 25')?.name, 'a');
    assert.equal(idle.takeAt('192.0.2.1 25')?.name, 'b');
    assert.equal(idle.takeAt('192.0.2.1 25'), undefined);
    assert.equal(idle.take('three')?.name, 'c');
  });

  it('end when their time is over', () => {
    const idle = idleSessions<ReturnType<typeof session>>();
    idle.put(session('a', 'one'), 10);
    idle.put(session('b', 'one'), 20);
    idle.put(session('c', 'two'), 10);
    assert.deepEqual(names(idle.takeStale(9)), []);
    assert.deepEqual(names(idle.takeStale(10)), ['a', 'c']);
    assert.equal(idle.take('one')?.name, 'b');
  });

  it('make room for another way to the same destination, and for none other', () => {
    const idle = idleSessions<ReturnType<typeof session>>();
    for (const name of ['a', 'b', 'c']) idle.put(session(name, name), 10);
    idle.put(session('d', 'd', 'other.test'), 10);
    assert.deepEqual(names(idle.takeOldest('far.test', 2)), ['a', 'b']);
    assert.deepEqual(names(idle.takeOldest('far.test', 2)), ['c']);
    assert.equal(idle.take('d')?.name, 'd');
  });
});
