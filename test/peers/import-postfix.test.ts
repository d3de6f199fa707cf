/** The queue of a real Postfix is taken over, with its own postcat. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'node:test';
import { importFromPostfix, type RunPostfix } from '../../src/cli/queue-copy/postfix.ts';
import { openDataFolder } from '../../src/store/data-folder.ts';
import { openQueue } from '../../src/store/open-queue.ts';
import { peerTest } from './support/peer.ts';
import { type Postfix, startPostfix } from './support/postfix.ts';
import { until } from './support/until.ts';

const LONG = 'long'.repeat(900);
const LATIN1 = Buffer.from('Subject: two\n\ngr\xfc\xdfe\n', 'latin1');

/** From outside: what runs in its sandbox later has other process ids, so that `postfix stop` finds nobody. */
async function stopMaster(postfix: Postfix): Promise<void> {
  const pidFile = 'var/spool/postfix/pid/master.pid';
  const { ino } = statSync(postfix.path(`/${pidFile}`));
  const masters = readdirSync('/proc').filter((pid) => {
    try {
      const isMaster = readFileSync(`/proc/${pid}/comm`, 'utf8') === 'master\n';
      return isMaster && statSync(`/proc/${pid}/root/${pidFile}`).ino === ino;
    } catch {
      return false;
    }
  });
  assert.equal(masters.length, 1);
  process.kill(Number(masters[0]), 'SIGTERM');
  await until(
    async () => (await postfix.run('postfix', ['status'])).code !== 0,
    () => 'Postfix goes on',
  );
}

describe('queue import --postfix', () => {
  peerTest('takes what waits, with all that Postfix knows of it, once', ['postfix'], async (roots, t) => {
    const postfix = await startPostfix(roots.postfix, {
      settings: {
        transport_maps: 'inline:{{done.test=discard:}}',
        default_transport: 'smtp',
        defer_transports: 'smtp',
        smtputf8_enable: 'yes',
      },
    });
    t.after(() => postfix.close());
    const parent = mkdtempSync(join(tmpdir(), 'waxwing-import-'));
    t.after(() => rmSync(parent, { recursive: true }));
    const say = async (words: readonly string[], input: string | Buffer): Promise<void> => {
      const said = await postfix.run('sendmail', ['-i', ...words], { input });
      assert.equal(said.code, 0, said.stderr);
    };
    await say(
      [
        '-f',
        'me@x.test',
        '-N',
        'never',
        '-V',
        'e=1',
        '-R',
        'full',
        '--',
        'a@far.test',
        'b@done.test',
        'c@other.test',
      ],
      `Subject: one\n\n${LONG}\n.\nFrom x\nend`,
    );
    await say(['-f', '', '--', 'jörg@far.test'], 'Subject: null sender\n\nä\n');
    await say(['-f', 'me@x.test', '--', 'a@far.test'], LATIN1);
    await say(['-f', 'me@x.test', '--', 'held@far.test'], 'Subject: held\n\n');
    const queued = await until(
      async () => {
        const lines = (await postfix.queue()).trim().split('\n');
        const all = lines.map(
          (line): { queue_id: string; queue_name: string; recipients: { address: string }[] } =>
            JSON.parse(line),
        );
        const settled = all.every(({ queue_name: name }) => name === 'deferred');
        return all.length === 4 && settled && all.every(({ recipients }) => recipients.length < 3) && all;
      },
      () => postfix.log(),
    );
    const held = queued.find(({ recipients }) => recipients[0]?.address === 'held@far.test');
    await postfix.run('postsuper', ['-h', held?.queue_id ?? '']);

    /** Within the sandbox; its output in base64, as it is not all UTF-8. */
    const run: RunPostfix = async (command, args) => {
      const script = 'out=/tmp/out.$$; "$@" >"$out"; code=$?; base64 <"$out"; rm "$out"; exit $code';
      const ended = await postfix.run('sh', ['-c', script, 'sh', command, '-c', '/etc/postfix', ...args], {
        env: { TZ: 'UTC' },
      });
      return { code: ended.code, stdout: Buffer.from(ended.stdout, 'base64'), stderr: ended.stderr };
    };
    const folder = openDataFolder(join(parent, 'data'));
    const store = await openQueue(folder);
    t.after(async () => {
      await store.close();
      folder.close();
    });
    await t.test('not while it runs', async () => {
      await assert.rejects(importFromPostfix(run, store, folder, Date.now), /Postfix runs/);
      assert.deepEqual(await store.list({ which: 'all', most: 9 }), []);
    });
    await stopMaster(postfix);
    await t.test('all of it, recipients that are done left out', async () => {
      const imported = await importFromPostfix(run, store, folder, Date.now);
      assert.deepEqual([imported.taken, imported.before, imported.failures], [4, 0, []]);
      assert.deepEqual(imported.ids.toSorted(), queued.map(({ queue_id: id }) => id).toSorted());
      const claims = await store.claim({
        now: Date.now() + 1_000,
        leaseEnds: Date.now() + 60_000,
        most: 9,
        perDestination: 9,
        recipientsPerClaim: 9,
      });
      const read = await Promise.all(
        claims.map(async ({ message, recipients }) => {
          const body = await store.body(message.id);
          assert.equal(body?.kind, 'bytes');
          const content = Buffer.from(body.bytes).toString('latin1');
          return { ...message, content, recipients };
        }),
      );
      const about = (address: string, subject: string): (typeof read)[number] | undefined =>
        read.find(
          ({ recipients, content }) =>
            recipients[0]?.address === address && content.includes(`\r\nSubject: ${subject}\r\n`),
        );
      assert.equal(read.flatMap(({ recipients }) => recipients).length, 4);
      const one = about('c@other.test', 'one');
      assert.deepEqual([one?.sender, one?.wishes], ['me@x.test', { ret: 'full', envelopeId: 'e+3D1' }]);
      assert.deepEqual(one?.recipients[0]?.wishes, { notify: [], originalRecipient: 'rfc822;c@other.test' });
      assert.ok(one?.content.endsWith(`\r\n\r\n${LONG}\r\n.\r\nFrom x\r\nend\r\n`));
      assert.equal(one.properties.longestLine, LONG.length);
      assert.ok(Math.abs(one.receivedAt - Date.now()) < 60_000);
      const utf8 = about('jörg@far.test', 'null sender');
      assert.deepEqual(
        [utf8?.sender, utf8?.properties.needsUtf8, utf8?.properties.eightBit],
        ['', true, true],
      );
      assert.ok(about('a@far.test', 'two')?.content.endsWith('\r\n\r\ngr\xfc\xdfe\r\n'));
      const states = (await store.list({ which: 'open', most: 9 })).flatMap(({ recipients }) => recipients);
      assert.deepEqual(
        states.filter(({ delivery }) => delivery.kind === 'held').map(({ address }) => address),
        ['held@far.test'],
      );
    });
    await t.test('a second time nothing, and Postfix still has all of it', async () => {
      const imported = await importFromPostfix(run, store, folder, Date.now);
      assert.deepEqual([imported.taken, imported.before, imported.ids.length], [0, 4, 4]);
      assert.equal((await store.list({ which: 'all', most: 9 })).length, 4);
    });
  });
});
