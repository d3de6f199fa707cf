import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { fatal, firstMessage, sslRequest } from '../../../../src/protocols/postgres/messages.ts';

describe('messages of PostgreSQL', () => {
  it('an SSLRequest is 8 octets long and says 80877103', () => {
    const bytes = Buffer.from(sslRequest);
    assert.deepEqual([bytes.length, bytes.readUInt32BE(0), bytes.readUInt32BE(4)], [8, 8, 80_877_103]);
    assert.deepEqual(firstMessage(bytes), { kind: 'sslRequest', length: 8 });
  });

  it('an ErrorResponse has severity (S and V), SQLSTATE and message, each ended by NUL, and one more NUL', () => {
    const bytes = Buffer.from(fatal('28000', 'no'));
    assert.equal(bytes.toString('latin1', 5), 'SFATAL\0VFATAL\0C28000\0Mno\0\0');
    assert.equal(bytes.toString('latin1', 0, 1), 'E');
    assert.equal(bytes.readUInt32BE(1), bytes.length - 1);
  });

  it('a startup message of any names and values is one, and with an octet more or less it is not', () => {
    const word = fc.stringMatching(/^[a-z_]{1,12}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(word, fc.oneof(word, fc.constant(''))), { maxLength: 5 }), (pairs) => {
        const body = Buffer.from(pairs.map(([name, value]) => `${name}\0${value}\0`).join(''), 'latin1');
        const message = (end: Buffer): Buffer => {
          const head = Buffer.from([0, 0, 0, 0, 0, 3, 0, 0]);
          head.writeUInt32BE(8 + body.length + end.length);
          return Buffer.concat([head, body, end]);
        };
        const whole = message(Buffer.from([0]));
        assert.deepEqual(firstMessage(whole), { kind: 'startup', length: whole.length });
        assert.deepEqual(firstMessage(whole.subarray(0, -1)), { kind: 'more' });
        assert.equal(firstMessage(message(Buffer.alloc(0))).kind, 'malformed');
        assert.equal(firstMessage(message(Buffer.from([0, 0]))).kind, 'malformed');
      }),
    );
  });
});
