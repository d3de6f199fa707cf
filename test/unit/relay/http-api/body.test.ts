import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDeadlines } from '../../../../src/net/deadlines.ts';
import { type BodyPatience, bodyReader } from '../../../../src/relay/http-api/body.ts';

const calm: BodyPatience = { graceMs: 5_000, minimumRate: 1 };

function reader(room = 1_000, patience = calm) {
  return bodyReader(startDeadlines(5), () => room, patience);
}

/** A body in pieces of the given sizes, with a pause before each. */
function request(sizes: readonly number[], pauseMs = 0): Request & { readonly stopped: () => boolean } {
  let stopped = false;
  const waiting = [...sizes];
  const body = new ReadableStream<Uint8Array>({
    async pull(stream) {
      await sleep(pauseMs);
      const size = waiting.shift();
      if (size === undefined) stream.close();
      else stream.enqueue(new Uint8Array(size));
    },
    cancel() {
      stopped = true;
    },
  });
  const made = new Request('http://x/', { method: 'POST', body, duplex: 'half' });
  return Object.assign(made, { stopped: () => stopped });
}

describe('the body of a request', () => {
  it('is read up to the limit, and stopped behind it', async () => {
    const exact = await reader().read(request([60, 40]), 100, 'a');
    assert.ok(exact.kind === 'ok');
    assert.equal(exact.bytes.length, 100);
    const more = request([60, 41, 1_000]);
    const refused = await reader().read(more, 100, 'a');
    assert.ok(refused.kind === 'refused');
    assert.deepEqual([refused.status, refused.limit], [413, 100]);
    assert.ok(more.stopped());
  });

  it('is refused by its length alone where that says too much', async () => {
    const body = new Request('http://x/', {
      method: 'POST',
      body: 'x',
      headers: { 'content-length': '101' },
    });
    const refused = await reader().read(body, 100, 'a');
    assert.ok(refused.kind === 'refused' && refused.status === 413);
  });

  it('finds no room where others have it, until they release it', async () => {
    const bodies = reader(150);
    const first = await bodies.read(request([100]), 100, 'a');
    const second = await bodies.read(request([60]), 100, 'b');
    assert.ok(first.kind === 'ok' && second.kind === 'refused');
    assert.deepEqual([second.status, second.retryAfter], [503, 10]);
    first.release();
    first.release();
    const third = await bodies.read(request([100]), 100, 'c');
    const fourth = await bodies.read(request([51]), 100, 'd');
    assert.deepEqual([third.kind, fourth.kind], ['ok', 'refused'], 'releasing twice frees once');
  });

  it('leaves a quarter of the room to others, whoever sends and however many', async () => {
    const bodies = reader(400);
    const own = await Promise.all(Array.from({ length: 4 }, () => bodies.read(request([80]), 100, 'greedy')));
    assert.deepEqual(own.map(({ kind }) => kind).toSorted(), ['ok', 'ok', 'ok', 'refused']);
    assert.equal((await bodies.read(request([100]), 100, 'other')).kind, 'ok');
    for (const one of own) if (one.kind === 'ok') one.release();
    assert.equal((await bodies.read(request([100]), 100, 'greedy')).kind, 'ok');
  });

  it('has to come at its pace, from the beginning to the end', async () => {
    const patience = { graceMs: 100, minimumRate: 1_000 };
    const slow = request(
      Array.from({ length: 99 }, () => 1),
      20,
    );
    const began = performance.now();
    const refused = await reader(1_000, patience).read(slow, 1_000, 'a');
    assert.ok(refused.kind === 'refused' && refused.status === 408);
    assert.ok(performance.now() - began < 4_000);
    assert.ok(slow.stopped());
    const steady = await reader(2_000, patience).read(
      request(
        Array.from({ length: 10 }, () => 100),
        20,
      ),
      1_000,
      'a',
    );
    assert.equal(steady.kind, 'ok');
  });

  it('that breaks off is refused', async () => {
    const body = new ReadableStream<Uint8Array>({ pull: (stream) => stream.error(new Error('reset')) });
    const refused = await reader().read(
      new Request('http://x/', { method: 'POST', body, duplex: 'half' }),
      9,
      'a',
    );
    assert.ok(refused.kind === 'refused' && refused.status === 400);
  });
});
