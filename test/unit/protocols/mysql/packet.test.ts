import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  errors,
  errPacket,
  MAX_PAYLOAD_BYTES,
  nextPacket,
  packetLength,
  packetOf,
} from '../../../../src/protocols/mysql/packet.ts';

describe('packets of MySQL', () => {
  it('come back as they were written, whatever follows; cut anywhere, there is more to come', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(255), fc.string(), (payload, sequence, rest) => {
        const bytes = packetOf(sequence, payload);
        const next = nextPacket(Buffer.concat([bytes, Buffer.from(rest)]), sequence);
        assert.ok(next.kind === 'packet');
        assert.deepEqual([next.used, next.sequence], [bytes.length, sequence]);
        assert.deepEqual(next.payload, Buffer.from(payload));
        for (let length = 0; length < bytes.length; length++)
          assert.deepEqual(nextPacket(bytes.subarray(0, length), sequence), { kind: 'more' });
      }),
    );
  });

  it('numbers go on with 0 behind 255', () => assert.equal(packetOf(256, new Uint8Array())[3], 0));

  it('another number is malformed before the payload is there', () => {
    assert.equal(nextPacket(Buffer.from([5, 0, 0, 2]), 1).kind, 'malformed');
  });

  it('a payload of the longest kind is read, one octet more is told by the length', () => {
    const longest = packetOf(0, Buffer.alloc(MAX_PAYLOAD_BYTES));
    assert.equal(nextPacket(longest, 0).kind, 'packet');
    assert.equal(
      nextPacket(packetOf(0, Buffer.alloc(MAX_PAYLOAD_BYTES + 1)).subarray(0, 4), 0).kind,
      'malformed',
    );
  });

  it('the length is there with four octets, and not before', () => {
    assert.equal(packetLength(Buffer.from([1, 2, 3])), undefined);
    assert.equal(packetLength(Buffer.from([1, 2, 3, 0])), 4 + 0x03_02_01);
  });

  it('an ERR packet has its number, and SQLSTATE where the client knows it', () => {
    const known = errPacket(2, errors.insecure, 'no', true);
    assert.equal(known.toString('latin1'), '\x0b\0\0\x02\xff\x57\x0c#HY000no');
    const unknown = errPacket(0, errors.unreachable, 'no', false);
    assert.equal(unknown.toString('latin1'), '\x05\0\0\0\xff\x95\x05no');
  });
});
