/** `waxwing sendmail` as a program, with a relay beside it that runs, does not run, or is killed. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dropMessage } from '../../../src/cli/sendmail/drop.ts';
import { parseMailbox } from '../../../src/names/mailbox.ts';
import { noRecipientWishes, noSenderWishes } from '../../../src/names/wishes.ts';
import { formatSpoolFile } from '../../../src/relay/spool-file.ts';
import { openSpoolFolder } from '../../../src/relay/spool-folder.ts';
import { openDataFolder } from '../../../src/store/data-folder.ts';
import { openQueue } from '../../../src/store/open-queue.ts';
import { bin, type Run } from '../../unit/cli/control-peer.ts';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

interface Host {
  readonly folder: string;
  readonly config: string;
  readonly drop: string;
  /** @returns once it is ready. */
  start(): Promise<ChildProcess>;
  /** What waits in its queue; the relay must not run. */
  kept(): Promise<
    readonly { readonly id: string; readonly sender: string; readonly to: string; readonly content: string }[]
  >;
  /** Runs the command as a user of this host. */
  sendmail(words: readonly string[], input?: string, uid?: number): Promise<Run>;
}

async function host(t: TestContext): Promise<Host> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-sendmail-'));
  // As /var/spool is: others may go through it.
  await chmod(folder, 0o755);
  const config = join(folder, 'waxwing.toml');
  const data = join(folder, 'data');
  const listener = '[[listener]]\nrole = "submission"\naddress = "127.0.0.1:0"\n';
  await writeFile(
    config,
    `hostname = "relay.test"\ndata = "data"\n[sendmail]\nspool = "spool"\n[relay]\nmax_message_size = "64KiB"\n[dns]\nresolver = ["127.0.0.1:9"]\n${listener}`,
  );
  const running = new Set<ChildProcess>();
  t.after(async () => {
    for (const child of running) await end(child, 'SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  return {
    folder,
    config,
    drop: join(folder, 'spool', 'drop'),
    async start() {
      const child = spawn(process.execPath, [bin, 'serve', '--config', config], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      running.add(child);
      child.once('exit', () => running.delete(child));
      for await (const line of createInterface(child.stderr)) if (line.includes('"ready"')) break;
      child.stderr.resume();
      return child;
    },
    async kept() {
      const paths = openDataFolder(data);
      const store = await openQueue(paths);
      try {
        const messages = await store.list({ which: 'all', most: 1_000 });
        return await Promise.all(
          messages.map(async ({ id, sender, recipients }) => {
            const body = await store.body(id);
            const bytes =
              body?.kind === 'file' ? await readFile(body.path) : (body?.bytes ?? Buffer.alloc(0));
            const to = recipients.map(({ address }) => address).join(' ');
            return { id, sender, to, content: Buffer.from(bytes).toString() };
          }),
        );
      } finally {
        await store.close();
        paths.close();
      }
    },
    sendmail: (words, input = '', uid = isRoot ? NOBODY : process.getuid?.()) =>
      run([bin, 'sendmail', ...words], { WAXWING_CONFIG: config }, input, uid),
  };
}

async function run(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  input: string | undefined,
  uid?: number,
  program = process.execPath,
): Promise<Run> {
  const child = spawn(program, words, {
    env: { PATH: process.env['PATH'], ...env },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  if (input !== undefined) child.stdin.end(input);
  child.stdin.on('error', () => undefined);
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code: typeof code === 'number' ? code : null, stdout, stderr };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

async function emptied(drop: string): Promise<void> {
  for (let tries = 0; (await readdir(drop)).some((name) => name.startsWith('m-')); tries++) {
    assert.ok(tries < 800, 'the spool is not taken in');
    await sleep(10);
  }
}

const about = { hostname: 'relay.test', maxMessageBytes: 65_536, maxRecipients: 100 };

function spoolFileTo(to: string): Buffer {
  const mailbox = parseMailbox(to);
  assert.equal(mailbox.kind, 'ok');
  return formatSpoolFile(
    {
      sender: null,
      wishes: noSenderWishes,
      recipients: [{ mailbox: mailbox.value, wishes: noRecipientWishes }],
    },
    Buffer.from('Subject: x\r\n\r\n'),
  );
}

describe('waxwing sendmail', { concurrency: 2 }, () => {
  it('any user hands mail in while the relay runs; it is the system that says who', async (t) => {
    const at = await host(t);
    const relay = await at.start();
    const sent = await at.sendmail(
      ['-t', '-i', '-f', 'www@example.test', '-N', 'never', '-R', 'hdrs', '-V', 'no 5'],
      'To: Anna <anna@far.test>, root\nBcc: hidden@far.test\nSubject: hi\n\n.\nend\n',
    );
    assert.deepEqual(sent, { code: 0, stdout: '', stderr: '' });
    await emptied(at.drop);
    await end(relay, 'SIGTERM');
    const [message, ...more] = await at.kept();
    assert.equal(more.length, 0);
    assert.equal(message?.sender, 'www@example.test');
    assert.equal(message?.to, 'anna@far.test root@relay.test hidden@far.test');
    const uid = isRoot ? NOBODY : process.getuid?.();
    assert.match(
      message?.content ?? '',
      new RegExp(`^Received: by relay\\.test \\(from user id ${uid}\\) id \\w+; [^\\r]+\\r\\n`),
    );
    assert.match(
      message?.content ?? '',
      /\r\nDate: [\s\S]*\r\nMessage-ID: [\s\S]*\r\nFrom: www@example\.test\r\n/,
    );
    assert.match(
      message?.content ?? '',
      /To: Anna <anna@far\.test>, root@relay\.test\r\nSubject: hi\r\n\r\n\.\r\nend\r\n$/,
    );
    assert.doesNotMatch(message?.content ?? '', /hidden/);

    await t.test('nobody else can list, read or remove what was left while no relay ran', async () => {
      assert.equal((await at.sendmail(['a@far.test'], 'Subject: late\n\nx\n')).code, 0);
      const [name = ''] = await readdir(at.drop);
      const { mode, uid: owner } = await stat(join(at.drop, name));
      assert.deepEqual([mode & 0o777, owner], [0o640, uid]);
      if (!isRoot) return;
      for (const script of [`ls ${at.drop}`, `cat ${join(at.drop, name)}`, `rm -f ${join(at.drop, name)}`]) {
        const tried = await run(['-c', script], {}, '', NOBODY - 1, '/bin/sh');
        assert.notEqual(tried.code, 0, script);
      }
      assert.deepEqual(await readdir(at.drop), [name]);
    });
    await t.test('it is taken in at the next start', async () => {
      const next = await at.start();
      await emptied(at.drop);
      await end(next, 'SIGTERM');
      assert.equal((await at.kept()).length, 2);
    });
  });

  it('kill -9 of the relay, again and again: each message is there once', async (t) => {
    const at = await host(t);
    let relay = await at.start();
    let left = 0;
    for (let round = 0; round < 3; round++) {
      // Killed somewhere among them, by the time that it takes to write them.
      const leaving = (async () => {
        for (let index = 0; index < 30; index++) {
          const dropped = await dropMessage(join(at.folder, 'spool'), spoolFileTo(`n${left}@far.test`));
          assert.equal(dropped.kind, 'ok');
          left += 1;
        }
      })();
      await sleep(20 + round * 30);
      await end(relay, 'SIGKILL');
      await leaving;
      relay = await at.start();
    }
    await emptied(at.drop);
    await end(relay, 'SIGTERM');
    const to = (await at.kept()).map(({ to: address }) => address);
    assert.equal(to.length, 90);
    assert.equal(new Set(to).size, 90);
  });

  it('a line with only a dot ends the message, although the program keeps its pipe open', async (t) => {
    const at = await host(t);
    // What the relay would have made.
    await (await openSpoolFolder(join(at.folder, 'spool'), process.getuid?.() ?? 0)).tell(about);
    const child = spawn(process.execPath, [bin, 'sendmail', 'a@far.test'], {
      env: { WAXWING_CONFIG: at.config },
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    child.stdin.write('Subject: x\n\nbody\n.\n');
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
    assert.equal((await readdir(at.drop)).length, 1);
  });

  it('is called by the names that programs know; mailq shows the queue to its operator', async (t) => {
    const at = await host(t);
    const relay = await at.start();
    const names = ['sendmail', 'mailq', 'newaliases'] as const;
    for (const name of names) await symlink(bin, join(at.folder, name));
    const env = { WAXWING_CONFIG: at.config };
    const call = (name: (typeof names)[number], words: readonly string[], input = ''): Promise<Run> =>
      run([join(at.folder, name), ...words], env, input);
    assert.equal((await call('sendmail', ['-i', 'a@far.test'], 'x\n')).code, 0);
    await emptied(at.drop);
    const shown = await call('mailq', []);
    assert.match(shown.stdout, /^ID +AGE +FROM +TO +STATE +WHY\n\w+ .* a@far\.test /);
    await end(relay, 'SIGTERM');
    const nobodyThere = await call('mailq', []);
    assert.equal(nobodyThere.code, 69);
    assert.match(nobodyThere.stderr, /^mailq: no waxwing serves /);
    assert.equal((await call('newaliases', [])).code, 0);
  });

  it('in a checkout, links to ./waxwing do the same', async (t) => {
    const at = await host(t);
    await symlink(join(import.meta.dirname, '../../../waxwing'), join(at.folder, 'sendmail'));
    const tried = await run(
      ['-Z'],
      { WAXWING_CONFIG: at.config },
      '',
      undefined,
      join(at.folder, 'sendmail'),
    );
    assert.deepEqual(tried, { code: 64, stdout: '', stderr: 'sendmail: the option -Z is not known\n' });
  });
});
