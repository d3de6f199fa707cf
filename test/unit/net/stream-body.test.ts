import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { streamBody } from '../../../src/net/stream-body.ts';
import type { BodySource } from '../../../src/wire/bytes.ts';
import { framerOf } from '../../../src/wire/framing.ts';

const piece = Buffer.from('xxxxxxxx\r\n');

function streamOf(pieces: number): BodySource {
  return {
    kind: 'stream',
    async *open() {
      for (let n = 0; n < pieces; n++) yield piece;
    },
  };
}

/** Takes `atOnce` octets and then has to be waited for; the peer speaks once `patience` octets were taken. */
function outlet(atOnce: number, patience = Number.POSITIVE_INFINITY) {
  const taken: Uint8Array[] = [];
  let octets = 0;
  let waits = 0;
  return {
    octets: () => octets,
    text: () => Buffer.concat(taken).toString(),
    waits: () => waits,
    interrupted: () => octets >= patience,
    write(bytes: Uint8Array) {
      taken.push(bytes);
      octets += bytes.length;
      return octets < atOnce;
    },
    async drained() {
      waits += 1;
    },
  };
}

describe('streamBody', () => {
  it('sends all of it to its end, waiting wherever the peer is slow', async () => {
    const out = outlet(30);
    assert.equal(await streamBody(streamOf(5), framerOf('dots'), out), false);
    assert.equal(out.text(), `${piece.toString().repeat(5)}.\r\n`);
    assert.equal(out.waits(), 3);
  });

  it('cuts content in memory that is too long for one write', async () => {
    const bytes = Buffer.alloc(200_000, 'x');
    const out = outlet(1);
    assert.equal(await streamBody({ kind: 'bytes', bytes }, framerOf({ octets: 200_000 }), out), false);
    assert.equal(out.octets(), 200_000);
    assert.equal(out.waits(), 3);
  });

  it('stops where the peer answers, and never marks the end', async () => {
    const out = outlet(1_000, 30);
    assert.equal(await streamBody(streamOf(100), framerOf('dots'), out), true);
    assert.equal(out.text(), piece.toString().repeat(3));
  });

  it('an answer behind the last piece is early as well: the end had not been sent', async () => {
    const out = outlet(1_000, 50);
    assert.equal(await streamBody(streamOf(5), framerOf('dots'), out), true);
  });

  it('content that is longer than announced ends the sending before the announced end', async () => {
    const out = outlet(1_000);
    await assert.rejects(streamBody(streamOf(6), framerOf({ octets: 50 }), out), /has more$/);
    assert.equal(out.octets(), 40);
  });

  it('content that is shorter than announced never ends', async () => {
    const out = outlet(1_000);
    await assert.rejects(streamBody(streamOf(4), framerOf({ octets: 50 }), out), /has fewer$/);
    assert.equal(out.octets(), 30);
  });
});
