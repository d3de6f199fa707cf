import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { Framing } from '../../../src/wire/bytes.ts';
import { framerOf } from '../../../src/wire/framing.ts';

/** What has left after each piece, and at the end. */
function framed(framing: Framing, pieces: readonly Uint8Array[]): { before: Buffer; whole: Buffer } {
  const framer = framerOf(framing);
  const before = Buffer.concat(pieces.flatMap((piece) => framer.push(piece)));
  return { before, whole: Buffer.concat([before, framer.end()]) };
}

const pieces = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 });
const lengthOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0);

describe('framing by a number of octets', () => {
  it('passes the content on as it is, whatever the pieces', () => {
    fc.assert(
      fc.property(pieces, (parts) => {
        const { whole } = framed({ octets: lengthOf(parts) }, parts);
        assert.deepEqual(whole, Buffer.concat(parts));
      }),
    );
  });

  it('content of another length never gets to the announced end: what follows would run as commands', () => {
    const off = fc.integer({ min: -20, max: 20 }).filter((by) => by !== 0);
    fc.assert(
      fc.property(pieces, off, (parts, by) => {
        const octets = Math.max(0, lengthOf(parts) + by);
        fc.pre(octets !== lengthOf(parts));
        const framer = framerOf({ octets });
        let sent = 0;
        const send = (): void => {
          for (const part of parts) sent += lengthOf(framer.push(part));
          sent += framer.end().length;
        };
        assert.throws(send, { name: 'Error', message: /announced with \d+ octets has (more|fewer)$/ });
        assert.ok(sent < octets || octets === 0, `${sent} of ${octets}`);
        if (octets === 0) assert.equal(sent, 0);
      }),
    );
  });
});

describe('framing by dots', () => {
  it('RFC 5321 §4.5.2: a dot more at the start of a line, and the mark of the end', () => {
    const { before, whole } = framed('dots', [Buffer.from('a\r\n'), Buffer.from('.b\r\n')]);
    assert.equal(before.toString(), 'a\r\n..b\r\n');
    assert.equal(whole.toString(), 'a\r\n..b\r\n.\r\n');
  });
});
