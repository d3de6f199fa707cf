import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { openMerging } from '../../../../src/cli/workers/merging.ts';
import { parseMailbox } from '../../../../src/names/mailbox.ts';
import { noRecipientWishes, noSenderWishes } from '../../../../src/names/wishes.ts';
import type { Envelope } from '../../../../src/protocols/smtp/server/state.ts';
import { atTheSocket } from '../../../../src/relay/arrival.ts';
import { noQuota } from '../../../../src/relay/quotas.ts';
import { addWorkerCalls } from '../../../../src/relay/workers/answer.ts';
import { WorkersMissing } from '../../../../src/relay/workers/fan-out.ts';
import { openClients } from '../../../../src/store/open-clients.ts';
import { domain } from '../../../store/policy-conformance.ts';
import { mergingSetting } from '../../../support/merging.ts';
import { deafCalls } from '../../../support/worker-calls.ts';

const mailbox = parseMailbox('bob@far.test');
const envelope: Envelope = {
  hello: 'relay.test',
  extended: true,
  tls: {
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    group: null,
    chain: [new Uint8Array([1, 2])],
    path: { kind: 'absent' },
    serverName: null,
    alpn: null,
  },
  account: 'key',
  sender: null,
  smtpUtf8: false,
  requireTls: false,
  wishes: noSenderWishes,
  recipients: [{ mailbox: mailbox.kind === 'ok' ? mailbox.value : assert.fail(), wishes: noRecipientWishes }],
};
const content = new TextEncoder().encode('Subject: hello\r\n\r\nthis\r\n');
const submitter = {
  ...atTheSocket,
  said: {
    terms: { tls: null, tellOutcome: false, trace: null },
    receipt: { account: 'key', key: 'once', digest: 'd' },
  },
};

describe('two workers as one relay', () => {
  it('take messages in turn, show all of them, and each wherever it is', async (t) => {
    const { merging, workers } = await mergingSetting(t);
    const ids: string[] = [];
    for (let n = 0; n < 4; n += 1) {
      const intake = await merging.control.relay.submit(envelope, content);
      assert.equal(intake.kind, 'kept');
      if (intake.kind === 'kept') ids.push(intake.id);
    }
    const counts = await Promise.all(
      workers.map(async ({ relay }) => (await relay.store.list({ which: 'all', most: 9 })).length),
    );
    assert.deepEqual(counts, [2, 2]);
    const listed = await merging.control.store.list({ which: 'open', most: 9 });
    assert.deepEqual(
      listed.map(({ id }) => id),
      ids.toSorted(),
    );
    for (const id of ids) assert.equal((await merging.control.store.show(id))?.events[0]?.id, id);
    const first = ids[0] ?? assert.fail();
    const held = await merging.control.store.nudge({ what: 'hold', now: Date.now(), of: { id: first } });
    assert.deepEqual(
      held.changed.map(({ id, event }) => [id, event?.event]),
      [[first, 'held']],
    );
  });

  it('pause a destination in both queues', async (t) => {
    const { merging, workers } = await mergingSetting(t);
    await merging.control.store.pause({ destination: 'far.test', until: null });
    for (const { relay } of workers)
      assert.deepEqual(await relay.store.pauses(0), [{ destination: 'far.test', until: null }]);
    assert.equal(await merging.control.store.unpause('far.test'), true);
    for (const { relay } of workers) assert.deepEqual(await relay.store.pauses(0), []);
  });

  it('keep a receipt with one of them, which is found whoever is asked, or not known while that one is gone', async (t) => {
    const { merging, workers } = await mergingSetting(t);
    const intake = await merging.api.relay.submit(envelope, content, submitter);
    const request = { account: 'key', key: 'once', now: Date.now() };
    const kept = await merging.api.store.receipt(request);
    assert.equal(kept?.id, intake.kind === 'kept' && intake.id);
    const holder = await Promise.all(
      workers.map(async ({ relay }) => (await relay.store.receipt(request)) !== undefined),
    );
    const gone = workers[holder[0] === true ? 0 : 1];
    await gone.leave();
    await assert.rejects(merging.api.store.receipt(request), WorkersMissing);
    // A program would take a list for all there is.
    await assert.rejects(merging.api.store.list({ which: 'all', most: 9 }), WorkersMissing);
    assert.equal((await merging.control.store.list({ which: 'all', most: 9 })).length, 0);
    await gone.comeBack();
    assert.equal((await merging.api.store.receipt(request))?.digest, 'd');
  });

  it('write down what they have counted before anybody reads it, and both forget', async (t) => {
    const { merging, workers } = await mergingSetting(t);
    await merging.control.recorder.flush();
    assert.equal(await merging.control.engine.forget(domain('far.test')), undefined);
    for (const { policies } of workers) assert.deepEqual(policies, ['flushes', 'forgets far.test']);
    assert.deepEqual(await merging.control.relay.quotas(), []);
  });

  it('show the quotas of those too whom only a directory knows, as whoever has let them in has learnt them', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'waxwing-net-'));
    t.after(() => rm(folder, { recursive: true }));
    const clients = openClients({ path: folder });
    t.after(() => clients.close());
    const now = Date.now();
    const cleo = { subject: 'account cleo', period: 'hour', messages: 2, recipients: 3 } as const;
    clients.quotas.add([{ ...cleo, since: now }], now);
    const quota = { ...noQuota, messagesPerHour: 5 };
    const app = new Hono();
    addWorkerCalls(app, {
      ...deafCalls,
      flush: () => Promise.resolve(),
      spenders: () => Promise.resolve([{ subject: 'account cleo', quota }]),
    });
    const socketPath = join(folder, 'control-1.sock');
    const server = createServer(getRequestListener(app.fetch));
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    t.after(() => server.close());
    const { control } = openMerging({
      workers: () => [{ number: 1, role: 'serve', socketPath }],
      clients,
      holders: () => ({ accounts: [], networkQuotas: [] }),
      now: () => now,
    });
    assert.deepEqual(
      (await control.relay.quotas()).map(({ subject, messages, mostMessages }) => [
        subject,
        messages,
        mostMessages,
      ]),
      [['account cleo', 2, 5]],
    );
  });
});
