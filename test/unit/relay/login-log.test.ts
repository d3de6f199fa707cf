import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FailedLogin, type LoginNote, openLoginLog } from '../../../src/relay/login-log.ts';

const MINUTE = 60_000;
const listener = '192.0.2.25:587';
const wrong: FailedLogin = {
  user: 'anna',
  mechanism: 'PLAIN',
  reason: 'password',
  because: 'the password is wrong',
};

function setting() {
  const state = { now: 1_800_000_000_000 };
  const lines: [string, Readonly<Record<string, unknown>>][] = [];
  const notes: LoginNote[] = [];
  const log = openLoginLog({
    now: () => state.now,
    onOddity: (what, about) => lines.push([what, about]),
    onNote: (note) => notes.push(note),
  });
  const fail = (client: string, lockedUntil?: number): void =>
    log.failed(wrong, lockedUntil, { client, listener });
  return { state, lines, notes, fail };
}

describe('logins that fail', () => {
  it('have a line each, with who, from where and why', () => {
    const { lines, notes, fail } = setting();
    fail('198.51.100.1');
    const about = { client: '198.51.100.1', listener, user: 'anna', mechanism: 'PLAIN' };
    assert.deepEqual(lines, [['a login failed: the password is wrong', about]]);
    assert.deepEqual(notes, [{ kind: 'failed', mechanism: 'PLAIN', reason: 'password' }]);
  });

  it('that lock the client out have one more, with the end', () => {
    const { lines, notes, fail } = setting();
    fail('198.51.100.1', Date.parse('2027-01-15T08:10:00Z'));
    assert.deepEqual(lines[1], [
      'too many logins failed: nobody may log in from this address for a while',
      { client: '198.51.100.1', listener, until: '2027-01-15T08:10:00.000Z' },
    ]);
    assert.deepEqual(notes[1], { kind: 'lockout' });
  });

  it('beyond five a minute from one client are counted, in one line later', () => {
    const { state, lines, notes, fail } = setting();
    for (let n = 0; n < 1_000; n++) fail(`2001:db8::${n.toString(16)}`);
    assert.equal(lines.length, 5, 'the addresses of a /64 are one client');
    assert.equal(notes.length, 1_000, 'each of them counts for the metrics');
    state.now += MINUTE;
    fail('198.51.100.1');
    assert.deepEqual(lines.slice(5), [
      ['logins failed that have no line of their own', { client: '2001:db8:0:0', logins: 995 }],
      [
        'a login failed: the password is wrong',
        { client: '198.51.100.1', listener, user: 'anna', mechanism: 'PLAIN' },
      ],
    ]);
  });

  it('from many clients fill no disk either: from a hundred on they share the lines of one', () => {
    const { state, lines, fail } = setting();
    for (let n = 0; n < 10_000; n++) fail(`198.51.${n >> 8}.${n & 255}`);
    assert.equal(lines.length, 105);
    state.now += MINUTE;
    fail('192.0.2.1');
    assert.deepEqual(lines[105], [
      'logins failed that have no line of their own',
      { client: 'other clients', logins: 9_895 },
    ]);
  });

  it('have lines again where the clock was put back', () => {
    const { state, lines, fail } = setting();
    for (let n = 0; n < 6; n++) fail('198.51.100.1');
    state.now -= 60 * MINUTE;
    fail('198.51.100.1');
    assert.equal(lines.length, 7);
  });
});
