/** Several processes as one relay: what they lose when one of them dies, and what they leave behind. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { freePort } from '../../peers/support/ports.ts';
import { type MailSink, startMailSink } from '../../support/mail-sink.ts';
import { rawClient } from '../../support/raw-client.ts';
import { bin } from '../../unit/cli/control-peer.ts';

interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly worker?: number;
}

interface Place {
  readonly folder: string;
  readonly data: string;
  readonly port: number;
  readonly sink: MailSink;
  /** Writes the configuration. */
  configure(workers: number, more?: string): Promise<void>;
}

async function place(t: TestContext): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-workers-'));
  t.after(() => rm(folder, { recursive: true, maxRetries: 10 }));
  const port = await freePort('127.0.0.1');
  const sink = await startMailSink(t);
  return {
    folder,
    data: join(folder, 'data'),
    port,
    sink,
    configure: (workers, more = '') =>
      writeFile(
        join(folder, 'waxwing.toml'),
        `hostname = "relay.test"
data = "data"
workers = ${workers}
[dns]
resolver = ["127.0.0.1:9"]
dnssec = "off"
[[listener]]
role = "submission"
address = "127.0.0.1:${port}"
networks = ["127.0.0.0/8"]
[[route]]
match = "*"
to = "smtp://127.0.0.1:${sink.port}"
tls = "may"
[relay]
grace = "5s"
${more}
`,
      ),
  };
}

interface Program {
  readonly child: ChildProcess;
  readonly log: readonly LogLine[];
  /** The first line from here on that says this. */
  said(text: RegExp, from?: number): Promise<LogLine>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

async function serve(t: TestContext, { folder }: Place): Promise<Program> {
  const child = spawn(process.execPath, [bin, 'serve', '--config', join(folder, 'waxwing.toml')], {
    env: {},
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  const log: LogLine[] = [];
  createInterface(child.stderr).on('line', (line) => log.push(JSON.parse(line)));
  const program: Program = {
    child,
    log,
    async said(text, from = 0) {
      await eventually(() => log.slice(from).some(({ msg }) => text.test(msg)), 20_000);
      const line = log.slice(from).find(({ msg }) => text.test(msg));
      assert.ok(line !== undefined);
      return line;
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const [code] = await exited;
      return code;
    },
  };
  t.after(() => (child.exitCode === null && child.signalCode === null ? program.stop() : undefined));
  await program.said(/^ready$/, 0);
  await eventually(() => log.some(({ msg, worker }) => msg === 'ready' && worker === undefined), 20_000);
  return program;
}

async function eventually(holds: () => boolean, withinMs: number): Promise<void> {
  const until = performance.now() + withinMs;
  while (!holds()) {
    assert.ok(performance.now() < until, 'it never comes to that');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** @returns whether it was accepted: its sender may forget it then. */
async function handIn(port: number, subject: string): Promise<'kept' | 'refused' | 'broken off'> {
  let client: Awaited<ReturnType<typeof rawClient>> | undefined;
  try {
    client = await rawClient(port);
  } catch {
    return 'refused';
  }
  try {
    await client.reply();
    await client.expect('EHLO client.test', '250');
    await client.expect('MAIL FROM:<a@sender.test>', '250');
    await client.expect('RCPT TO:<b@far.test>', '250');
    await client.expect('DATA', '354');
    await client.expect(`Subject: ${subject}\r\n\r\ntext\r\n.`, '250');
    client.write('QUIT\r\n');
    return 'kept';
  } catch {
    return 'broken off';
  } finally {
    client.close();
  }
}

/** The processes of the workers, by the one that has started them. */
function workersOf({ child }: Program): readonly number[] {
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

describe('several workers', { concurrency: false }, () => {
  it('take mail and deliver it, each by a queue of its own, and one log has all events', async (t) => {
    const at = await place(t);
    await at.configure(2);
    const program = await serve(t, at);
    const subjects = Array.from({ length: 12 }, (_, n) => `mail ${n}`);
    assert.deepEqual(
      await Promise.all(subjects.map((subject) => handIn(at.port, subject))),
      Array(12).fill('kept'),
    );
    await eventually(() => at.sink.subjects.length === 12, 10_000);
    assert.deepEqual(at.sink.subjects.toSorted(), subjects.toSorted());
    assert.equal(await program.stop(), 0);
    const events = (await readFile(join(at.data, 'events.ndjson'), 'utf8')).trim().split('\n');
    const names = events.map((line) => JSON.parse(line).event);
    assert.equal(names.filter((name) => name === 'received').length, 12);
    assert.equal(names.filter((name) => name === 'delivered').length, 12);
    const files = await readdir(at.data);
    for (const name of ['queue.db', 'queue-2.db', 'bodies-2']) assert.ok(files.includes(name), name);
    for (const name of ['queue.db-wal', 'queue-2.db-wal'])
      assert.ok(!files.includes(name), `${name} is left`);
  });

  it('lose no accepted mail when one of them is killed, refuse no connection meanwhile, and another one follows', async (t) => {
    const at = await place(t);
    await at.configure(2);
    const program = await serve(t, at);
    const outcomes = new Map<string, string>();
    let running = true;
    let count = 0;
    const senders = Array.from({ length: 8 }, async () => {
      while (running) {
        count += 1;
        const subject = `mail ${count}`;
        outcomes.set(subject, await handIn(at.port, subject));
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const [first] = workersOf(program);
    assert.ok(first !== undefined);
    const from = program.log.length;
    process.kill(first, 'SIGKILL');
    await program.said(/^worker [12] has died; its queue rests until another one is started in 1 s$/, from);
    await program.said(/^ready$/, from);
    await new Promise((resolve) => setTimeout(resolve, 200));
    running = false;
    await Promise.all(senders);
    const all = [...outcomes.values()];
    assert.deepEqual(
      all.filter((outcome) => outcome === 'refused'),
      [],
    );
    // Those whose connection was with the one that was killed.
    assert.ok(all.filter((outcome) => outcome === 'broken off').length <= 8);
    const kept = [...outcomes].filter(([, outcome]) => outcome === 'kept').map(([subject]) => subject);
    assert.ok(kept.length > 20, `only ${kept.length} were taken`);
    await eventually(() => kept.every((subject) => at.sink.subjects.includes(subject)), 15_000);
    assert.equal(await program.stop(), 0);
  });

  it('end with the one that started them, and the next one waits for them before it touches a queue', async (t) => {
    const at = await place(t);
    await at.configure(2);
    const program = await serve(t, at);
    const session = await rawClient(at.port);
    await session.reply();
    await session.expect('EHLO client.test', '250');
    const workers = workersOf(program);
    assert.equal(workers.length, 2);
    await program.stop('SIGKILL');
    // An open session is told to go; meanwhile somebody starts the relay again.
    const next = await serve(t, at);
    assert.match(await session.rest(), /^421 /);
    await eventually(() => workers.every((pid) => !existsSync(`/proc/${pid}`)), 10_000);
    assert.equal(await handIn(at.port, 'after'), 'kept');
    await eventually(() => at.sink.subjects.includes('after'), 10_000);
    assert.equal(await next.stop(), 0);
  });

  it('that are too many after a change empty their queues, which are removed then', async (t) => {
    const at = await place(t);
    // What waits for a paused route lies in all three queues.
    await at.configure(3, 'keep_final = "1s"');
    const nowhere = await freePort('127.0.0.1');
    const text = await readFile(join(at.folder, 'waxwing.toml'), 'utf8');
    await writeFile(join(at.folder, 'waxwing.toml'), text.replace(`:${at.sink.port}"`, `:${nowhere}"`));
    const first = await serve(t, at);
    for (let n = 0; n < 6; n++) assert.equal(await handIn(at.port, `mail ${n}`), 'kept');
    assert.equal(await first.stop(), 0);
    assert.deepEqual(at.sink.subjects, []);
    await at.configure(1, 'keep_final = "1s"');
    const second = await serve(t, at);
    await second.said(/^queue 2, which no worker has any more, is empty: it was removed$/);
    await second.said(/^queue 3, which no worker has any more, is empty: it was removed$/);
    await eventually(() => at.sink.subjects.length === 6, 10_000);
    assert.equal(await handIn(at.port, 'one more'), 'kept');
    assert.equal(await second.stop(), 0);
    const files = await readdir(at.data);
    assert.deepEqual(
      files.filter((name) => /^(?:queue|bodies|incoming)-/.test(name)),
      [],
    );
  });
});
