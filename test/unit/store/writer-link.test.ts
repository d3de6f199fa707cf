import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { batchedStore } from '../../../src/store/batch.ts';
import { linkWriter } from '../../../src/store/writer-link.ts';
import { message } from '../../store/samples.ts';

/** A writer that does `onMessage` with each message once it has said that it is ready. */
function writer(onMessage: string): Worker {
  const script = `const { parentPort } = require('node:worker_threads');
    parentPort.on('message', (message) => { ${onMessage} });
    parentPort.postMessage({ kind: 'ready' });`;
  return new Worker(script, { eval: true });
}

describe('the link to the writer thread', () => {
  for (const { why, death, says } of [
    { why: 'throws', death: "throw new Error('bug')", says: /writer of the queue has stopped: bug/ },
    { why: 'ends', death: 'process.exit(3)', says: /stopped: its thread ended with code 3/ },
  ]) {
    it(`rejects the calls that are out, and all later ones, when the writer ${why}`, async () => {
      const store = batchedStore(await linkWriter(writer(death)));
      const calls = await Promise.allSettled([store.accept(message('a')), store.nextDue()]);
      for (const call of calls) {
        assert.ok(call.status === 'rejected');
        assert.equal(call.reason.code, 'stopped');
        assert.match(call.reason.message, says);
      }
      await assert.rejects(store.accept(message('b')), { code: 'stopped', message: says });
      await store.close();
    });
  }

  it('fails where the writer cannot start', async () => {
    const link = linkWriter(new Worker("throw new Error('no memory')", { eval: true }));
    await assert.rejects(link, { code: 'stopped', message: /no memory/ });
  });
});
