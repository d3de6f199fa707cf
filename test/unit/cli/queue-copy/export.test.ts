/** Export and import: what they do to queues, and once as the program does them. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { exportQueue } from '../../../../src/cli/queue-copy/export.ts';
import { type Imported, importQueue } from '../../../../src/cli/queue-copy/import.ts';
import { noTerms } from '../../../../src/names/message-terms.ts';
import { openDataFolder, openQueueFolder } from '../../../../src/store/data-folder.ts';
import { openQueue } from '../../../../src/store/open-queue.ts';
import type { NewMessage, QueueStore } from '../../../../src/store/queue-store.ts';
import { claimAt, message, settleAll, to } from '../../../store/samples.ts';
import { waxwing } from '../control-peer.ts';

async function inQueue<Result>(
  data: string,
  work: (store: QueueStore, incoming: string) => Promise<Result>,
): Promise<Result> {
  const folder = openDataFolder(data);
  const store = await openQueue(folder);
  try {
    return await work(store, folder.incoming);
  } finally {
    await store.close();
    folder.close();
  }
}

const LARGE = `Subject: large\r\n\r\n${'x'.repeat(200_000)}\r\n`;
const two = to('a@one.test', 'b@two.test').map((one) => ({
  ...one,
  wishes: { notify: ['delay'], originalRecipient: null } as const,
}));

/** With the size that its content really has. */
function sized(id: string, parts: Partial<NewMessage>): NewMessage {
  const plain = message(id, parts);
  const size = plain.body.kind === 'bytes' ? plain.body.bytes.length : plain.properties.size;
  return { ...plain, properties: { ...plain.properties, size } };
}

/** A queue with a message of every kind. */
async function fill(data: string): Promise<void> {
  await inQueue(data, async (store, incoming) => {
    await store.accept(message('done'));
    const claims = await store.claim(claimAt(1000));
    await settleAll(store, claims, { kind: 'delivered', at: 1001 });
    const terms = { ...noTerms, tls: 'encrypt', tellOutcome: true } as const;
    await store.accept(sized('half', { recipients: two, terms, wishes: { ret: 'full', envelopeId: 'e' } }));
    const [first] = await store.claim(claimAt(2000, { most: 1 }));
    assert.ok(first !== undefined && first.destination === 'one.test');
    await settleAll(store, [first], { kind: 'delivered', at: 2001 });
    await store.accept(sized('stopped', { sender: '' }));
    await store.nudge({ what: 'hold', now: 2002, of: { id: 'stopped' } });
    await store.pause({ destination: 'two.test', until: null });
    writeFileSync(join(incoming, 'large'), LARGE);
    const properties = {
      size: LARGE.length,
      eightBit: false,
      longestLine: 200_000,
      hops: 0,
      needsUtf8: false,
    };
    await store.accept(
      message('large', {
        body: { kind: 'file', path: join(incoming, 'large') },
        properties,
        recipients: two,
      }),
    );
  });
}

interface Place {
  readonly data: string;
  readonly other: string;
  readonly folder: string;
  exportAll(): ReturnType<typeof exportQueue>;
  importAll(): Promise<Imported>;
}

async function place(t: TestContext): Promise<Place> {
  const parent = mkdtempSync(join(tmpdir(), 'waxwing-export-'));
  t.after(() => rmSync(parent, { recursive: true }));
  const [folder, data, other] = ['export', 'data', 'other'].map((name) => join(parent, name));
  assert.ok(folder !== undefined && data !== undefined && other !== undefined);
  await fill(data);
  return {
    data,
    other,
    folder,
    async exportAll() {
      mkdirSync(folder);
      const copy = join(parent, 'copy');
      await inQueue(data, (store) => store.backup(copy));
      return inQueue(copy, (store) => exportQueue(store, folder));
    },
    importAll: () =>
      inQueue(other, (store, incoming) => importQueue(folder, store, { incoming }, () => 3000)),
  };
}

describe('queue export and import', () => {
  it('bring every open message, for those who still have to get it, to another queue, once', async (t) => {
    const at = await place(t);
    assert.deepEqual(await at.exportAll(), { messages: 3, recipients: 4 });
    const ids = ['half', 'large', 'stopped'];
    assert.deepEqual(
      readdirSync(at.folder).toSorted(),
      ids.flatMap((id) => [`${id}.eml`, `${id}.ndjson`]),
    );
    assert.equal(readFileSync(join(at.folder, 'large.eml'), 'utf8'), LARGE);
    assert.deepEqual(await at.importAll(), { taken: 3, before: 0, failures: [] });
    await inQueue(at.other, async (store) => {
      const listed = await store.list({ which: 'all', most: 9 });
      const states = listed.flatMap(({ id, recipients }) =>
        recipients.map(({ address, delivery }) => `${id} ${address} ${delivery.kind}`),
      );
      assert.deepEqual(states, [
        'half b@two.test waiting',
        'large a@one.test waiting',
        'large b@two.test waiting',
        'stopped a@one.test held',
      ]);
      const [half] = (await store.claim(claimAt(5000))).filter(({ message: { id } }) => id === 'half');
      const original = sized('half', {});
      assert.deepEqual(
        [
          half?.message.receivedAt,
          half?.message.wishes,
          half?.message.terms.tls,
          half?.message.terms.tellOutcome,
        ],
        [original.receivedAt, { ret: 'full', envelopeId: 'e' }, 'encrypt', true],
      );
      assert.deepEqual(half?.message.properties, original.properties);
      assert.deepEqual(half?.recipients[0]?.wishes.notify, ['delay']);
      const body = await store.body('large');
      assert.equal(body?.kind === 'file' && readFileSync(body.path, 'utf8'), LARGE);
    });
    assert.deepEqual(await at.importAll(), { taken: 0, before: 3, failures: [] });
    // The note is gone, as after a crash right before it: the queue knows.
    rmSync(join(at.folder, 'half.imported'));
    assert.deepEqual(await at.importAll(), { taken: 0, before: 3, failures: [] });
    assert.equal((await inQueue(at.other, (store) => store.list({ which: 'all', most: 9 }))).length, 3);
  });

  it('what is not whole stays out, by name; the rest is taken', async (t) => {
    const at = await place(t);
    await at.exportAll();
    writeFileSync(join(at.folder, 'half.eml'), 'short');
    writeFileSync(join(at.folder, 'stopped.ndjson'), '{}\n');
    const { taken, failures } = await at.importAll();
    assert.equal(taken, 1);
    assert.deepEqual(
      failures.toSorted((a, b) => a.file.localeCompare(b.file)),
      [
        { file: 'half.ndjson', because: 'its content has 5 octets, the envelope says 24' },
        { file: 'stopped.ndjson', because: 'line 1 is not that of a message' },
      ],
    );
  });

  it('as the program: the queue stays as it was, and no queue that is served is changed', async (t) => {
    const at = await place(t);
    const before = await inQueue(at.data, (store) => store.list({ which: 'all', most: 9 }));
    const exported = await waxwing(['queue', 'export', at.folder, '--data', at.data]);
    const text = `${at.folder} holds 3 messages for 4 recipients\n`;
    assert.deepEqual(exported, { code: 0, stdout: text, stderr: '' });
    assert.equal(readdirSync(join(at.folder, '..')).includes('export.copy'), false);
    assert.deepEqual(await inQueue(at.data, (store) => store.list({ which: 'all', most: 9 })), before);
    const folder = openDataFolder(at.other);
    const served = await waxwing(['queue', 'import', at.folder, '--data', at.other]);
    folder.close();
    assert.deepEqual([served.code, served.stdout], [1, '']);
    assert.match(served.stderr, /another waxwing serves the data folder/);
    const imported = await waxwing(['queue', 'import', at.folder, '--data', at.other]);
    assert.equal(imported.stdout, '3 messages were taken, 0 had been taken before\n');
  });

  it('as the program: of all queues that several workers have left, as are checks and backups', async (t) => {
    const at = await place(t);
    const second = openQueueFolder(at.data, 2);
    const store = await openQueue(second);
    await store.accept(sized('second', {}));
    await store.close();
    second.close();
    const checked = await waxwing(['queue', 'check', '--data', at.data]);
    assert.equal(checked.stdout, 'the queue is sound: 5 messages, 4 of them open\n');
    const exported = await waxwing(['queue', 'export', at.folder, '--data', at.data]);
    assert.equal(exported.stdout, `${at.folder} holds 4 messages for 5 recipients\n`);
    assert.ok(readdirSync(at.folder).includes('second.eml'));
    const backup = join(at.folder, '..', 'backup');
    const saved = await waxwing(['queue', 'backup', backup, '--data', at.data]);
    assert.match(saved.stdout, /holds 5 messages, 4 of them open, 1 with/);
    const restored = await waxwing(['queue', 'restore', backup, '--data', at.other]);
    assert.match(restored.stdout, /has 5 messages, 4 of them open/);
    const again = await waxwing(['queue', 'check', '--data', at.other]);
    assert.equal(again.stdout, checked.stdout);
    rmSync(join(at.other, 'queue-2.db'));
    writeFileSync(
      join(at.other, 'queue-2.db'),
      'no database at all, but rather some text of a length that shows',
    );
    const damaged = await waxwing(['queue', 'check', '--data', at.other]);
    assert.equal(damaged.code, 1);
    assert.match(damaged.stdout, /^damage: queue-2\.db: /);
  });

  it('from Postfix: asks its programs for the configuration that is named, and says what may go there', async (t) => {
    const at = await place(t);
    mkdirSync(at.folder);
    const envelope = [
      'message_arrival_time: Sat Nov 28 23:34:17 2026',
      'sender: a@x.test',
      'recipient: b@y.test',
    ].join('\n');
    const programs = {
      postfix: 'exit 1',
      postqueue: `echo '{"queue_name":"deferred","queue_id":"ABCDE1"}'; echo '{"queue_name":"deferred","queue_id":"ABCDE2"}'`,
      postcat: `case "$*" in *ABCDE2) exit 1 ;; *-e*) echo '${envelope}' ;; *) echo; echo "$TZ $*" ;; esac`,
    };
    for (const [name, script] of Object.entries(programs))
      writeFileSync(join(at.folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const words = ['queue', 'import', '--postfix', '/etc/postfix', '--data', at.other];
    const imported = await waxwing(words, '', { PATH: at.folder });
    assert.deepEqual([imported.code, imported.stdout], [1, 'ABCDE1\n']);
    assert.match(imported.stderr, /^1 message was taken, 0 had been taken before\nerror: ABCDE2: postcat: /);
    await inQueue(at.other, async (store) => {
      const [taken] = await store.list({ which: 'all', most: 9 });
      const body = await store.body(taken?.id ?? '');
      const content = body?.kind === 'bytes' ? Buffer.from(body.bytes).toString() : '';
      assert.equal(content, '\r\nUTC -c /etc/postfix -b -h -q ABCDE1\r\n');
    });
    // A note that cannot be read is not one that is not there: what it names would be taken twice.
    const second = join(at.other, '..', 'second');
    mkdirSync(join(second, 'imported-postfix.txt'), { recursive: true });
    const blind = await waxwing([...words.slice(0, -1), second], '', { PATH: at.folder });
    assert.deepEqual([blind.code, blind.stdout], [1, '']);
    assert.match(blind.stderr, /EISDIR/);
    assert.deepEqual(await inQueue(second, (store) => store.list({ which: 'all', most: 9 })), []);
    const neither = await waxwing(['queue', 'import', '--data', at.other]);
    assert.deepEqual([neither.code, /--postfix DIR/.test(neither.stderr)], [2, true]);
  });
});
