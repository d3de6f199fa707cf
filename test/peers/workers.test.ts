/** Many messages of a foreign client through several processes of ours to a foreign server. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { queuesIn } from '../../src/store/queue-files.ts';
import { peerTest } from './support/peer.ts';
import { freePort, waitForPort } from './support/ports.ts';
import { openSandbox, runIn } from './support/sandbox.ts';
import { startWaxwing } from './support/waxwing.ts';

const MESSAGES = 300;

describe('two workers', () => {
  peerTest('take what smtp-source sends, and smtp-sink has all of it', ['postfix'], async (roots, t) => {
    const sink = await openSandbox(roots.postfix);
    t.after(() => sink.close());
    const sinkPort = await freePort('127.0.0.2');
    sink.spawn('smtp-sink', ['-u', 'nobody', '-c', `127.0.0.2:${sinkPort}`, '100']);
    await waitForPort('127.0.0.2', sinkPort, () => 'smtp-sink');
    const waxwing = await startWaxwing({
      top: { workers: 2 },
      routes: [{ match: '*', to: `smtp://127.0.0.2:${sinkPort}`, tls: 'may' }],
    });
    t.after(() => waxwing.close());
    const what = [
      '-s',
      '20',
      '-m',
      String(MESSAGES),
      '-l',
      '4000',
      '-f',
      'a@sender.test',
      '-t',
      'b@far.test',
    ];
    const sent = await runIn(roots.postfix, 'smtp-source', [...what, `127.0.0.1:${waxwing.port}`]);
    assert.equal(sent.code, 0, sent.stderr);
    const delivered = await waxwing.eventsOf('delivered', MESSAGES);
    assert.equal(new Set(delivered.map(({ id }) => id)).size, MESSAGES);
    assert.deepEqual(queuesIn(waxwing.data), [1, 2]);
    const { code } = await waxwing.stop();
    assert.equal(code, 0);
  });
});
