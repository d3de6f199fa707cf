import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { fromClient, fromServer, type Login, obstacle } from '../../../../src/protocols/mysql/login.ts';
import { packetOf } from '../../../../src/protocols/mysql/packet.ts';

const login: Login = { plugin: 'caching_sha2_password', next: 2, served: true };

describe('a login between a client with TLS and a server without, or the other way', () => {
  for (const shift of [1, -1] as const) {
    const sides = { shift, passwordPasses: false };
    it(`numbers are shifted by ${shift}, and go on with 0 behind 255`, () => {
      for (const next of [254, 255, 0, 1, 2]) {
        const there = (next + shift + 256) & 0xff;
        const answer = Buffer.from([1, 9]);
        const served = fromServer({ ...login, next }, packetOf(next, answer), sides);
        assert.ok(served.kind === 'pass');
        assert.deepEqual(served.bytes, packetOf(there, answer));
        assert.equal(served.login.next, (next + 1) & 0xff);
        const asked = fromClient({ ...login, next, served: false }, packetOf(there, answer), sides);
        assert.ok(asked.kind === 'pass');
        assert.deepEqual(asked.bytes, packetOf(next, answer));
      }
    });
  }

  it('a password passes to a server by a unix socket, and by no other way', () => {
    const full = packetOf(2, Buffer.from([1, 4]));
    assert.equal(fromServer(login, full, { shift: 1, passwordPasses: false }).kind, 'impossible');
    assert.equal(fromServer(login, full, { shift: 1, passwordPasses: true }).kind, 'pass');
    assert.equal(typeof obstacle('sha256_password', { shift: 1, passwordPasses: false }), 'string');
    assert.equal(obstacle('sha256_password', { shift: 1, passwordPasses: true }), undefined);
  });

  it('any packet of the server: never a throw; what passes is the same but for its number', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(0, 1, 2, 0xfe, 0xff, 7), (rest, kind) => {
        const payload = Buffer.from([kind, ...rest]);
        const step = fromServer(login, packetOf(2, payload), { shift: 1, passwordPasses: false });
        if ('bytes' in step) assert.deepEqual(step.bytes, packetOf(3, payload));
        assert.equal(step.kind === 'good', kind === 0);
        assert.equal(step.kind === 'refused', kind === 0xff);
        assert.notEqual(step.kind, 'malformed');
      }),
    );
  });
});
