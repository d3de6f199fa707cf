import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { deserialize, serialize } from 'node:v8';
import { askWorker } from '../../../../src/relay/workers/ask.ts';
import type { WorkerCalls } from '../../../../src/relay/workers/calls.ts';
import { StoreError } from '../../../../src/store/store-error.ts';

async function workerThat(t: TestContext, answers: RequestListener, lookMs?: number): Promise<WorkerCalls> {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-ask-'));
  const path = join(folder, 'control-1.sock');
  const server = createServer(answers);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });
  return askWorker(path, undefined, lookMs);
}

describe('a call', () => {
  it('carries what JSON cannot: octets, what never ends, what is not there', async (t) => {
    const calls = await workerThat(t, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        assert.equal(request.url, '/calls/show');
        response.end(
          serialize({ asked: deserialize(Buffer.concat(chunks)), never: Infinity, nothing: undefined }),
        );
      });
    });
    assert.deepEqual(await calls.show('Grüße'), { asked: 'Grüße', never: Infinity, nothing: undefined });
  });

  it('fails as the queue of the worker does', async (t) => {
    const calls = await workerThat(t, (_, response) => {
      response.statusCode = 500;
      response.end(serialize({ message: 'the queue failed: full', code: 'full' }));
    });
    await assert.rejects(calls.pulse(), (error) => error instanceof StoreError && error.code === 'full');
  });

  it('fails where the worker says nothing, something else, or ends in the middle', async (t) => {
    const silent = await workerThat(t, () => undefined, 50);
    await assert.rejects(silent.pulse(), /no answer to pulse within 50 ms/);
    // Of what is changed nobody may think that it was not, only because a command cannot wait.
    const late = silent.flush().catch(() => 'failed');
    assert.equal(await Promise.race([late, sleep(150, 'waits')]), 'waits');
    const strange = await workerThat(t, (_, response) => response.end('hello'));
    await assert.rejects(strange.pulse(), /cannot be read/);
    const dying = await workerThat(t, (_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    });
    await assert.rejects(dying.pulse());
    await assert.rejects(askWorker('/nowhere/control-1.sock').pulse(), { code: 'ENOENT' });
  });
});
