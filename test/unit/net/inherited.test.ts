import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inheritedSockets } from '../../../src/net/inherited.ts';

const pid = 4711;
const read = (env: Readonly<Record<string, string>>) => inheritedSockets({ LISTEN_PID: '4711', ...env }, pid);

describe('sockets of a service manager', () => {
  it('are the descriptors from 3 on, with their names', () => {
    assert.deepEqual(read({ LISTEN_FDS: '2', LISTEN_FDNAMES: 'smtp:waxwing.socket' }), {
      kind: 'ok',
      value: [
        { descriptor: 3, name: 'smtp' },
        { descriptor: 4, name: 'waxwing.socket' },
      ],
    });
  });

  it('are called unknown where the manager has no names', () => {
    const value = [{ descriptor: 3, name: 'unknown' }];
    assert.deepEqual(read({ LISTEN_FDS: '1' }), { kind: 'ok', value });
  });

  const none: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['there are none', { LISTEN_FDS: '0', LISTEN_FDNAMES: '' }],
    ['nothing is said', {}],
    ['they are for another process', { LISTEN_PID: '4712', LISTEN_FDS: '1' }],
    ['they are for a process whose number begins alike', { LISTEN_PID: '4711 ', LISTEN_FDS: '1' }],
  ];
  for (const [what, env] of none) {
    it(`are none where ${what}`, () => assert.deepEqual(read(env), { kind: 'ok', value: [] }));
  }

  const wrong: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['a number that is none', { LISTEN_FDS: '1x' }],
    ['a negative number', { LISTEN_FDS: '-1' }],
    ['fewer names than descriptors', { LISTEN_FDS: '2', LISTEN_FDNAMES: 'smtp' }],
    ['more names than descriptors', { LISTEN_FDS: '1', LISTEN_FDNAMES: 'smtp:x' }],
  ];
  for (const [what, env] of wrong) {
    it(`are refused with ${what}`, () => assert.equal(read(env).kind, 'invalid'));
  }
});
