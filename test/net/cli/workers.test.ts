/** Several processes as one relay: what they lose when one of them dies, and what they leave behind. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { awaitQueueFolder } from '../../../src/store/data-folder.ts';
import { openQueue } from '../../../src/store/open-queue.ts';
import { freePort } from '../../peers/support/ports.ts';
import { message, to as recipients } from '../../store/samples.ts';
import { type MailSink, startMailSink } from '../../support/mail-sink.ts';
import { rawClient } from '../../support/raw-client.ts';
import { bin } from '../../unit/cli/control-peer.ts';

/** A start takes seconds on a busy machine. */
const WAIT_MS = 60_000;
const PATIENCE_MS = 180_000;

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
  /**
   * Writes the configuration.
   *
   * @param relay keys of that table. @param tables further ones. @param to the port where mail goes; else that of the sink.
   */
  configure(workers: number, relay?: string, tables?: string, to?: number): Promise<void>;
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
    configure: (workers, relay = '', tables = '', to = sink.port) =>
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
to = "smtp://127.0.0.1:${to}"
tls = "may"
[relay]
grace = "5s"
${relay}
${tables}
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
      await eventually(
        () => log.slice(from).some(({ msg }) => text.test(msg)),
        WAIT_MS,
        () => log.map((line) => JSON.stringify(line)).join('\n'),
      );
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
  await eventually(() => log.some(({ msg, worker }) => msg === 'ready' && worker === undefined), WAIT_MS);
  return program;
}

async function eventually(holds: () => boolean, withinMs: number, about?: () => string): Promise<void> {
  const until = performance.now() + withinMs;
  while (!holds()) {
    assert.ok(
      performance.now() < until,
      `it never comes to that${about === undefined ? '' : `: ${about()}`}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

type Outcome = 'kept' | 'refused' | 'broken off';

const CLIENTS = 4;
/** Mail that failed is tried again soon, and is shown no longer than that. */
const QUICK = 'retry = ["1s"]\nkeep_final = "1s"';

/** @returns whether it was accepted: its sender may forget it then. */
async function handIn(port: number, subject: string): Promise<Outcome> {
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

/** What so many sessions, one after the other, are told of the largest message. */
async function sizesAt(port: number, sessions: number): Promise<readonly string[]> {
  const sizes = new Set<string>();
  for (let n = 0; n < sessions; n++) {
    const client = await rawClient(port);
    await client.reply();
    client.write('EHLO client.test\r\n');
    const [size = ''] = /^250-SIZE \d+/m.exec(await client.reply()) ?? [];
    sizes.add(size);
    client.close();
  }
  return [...sizes];
}

/** The processes of the workers, by the one that has started them. */
function workersOf({ child }: Program): readonly number[] {
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

function hasOpen(pid: number, path: string): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === path);
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends mail by so many clients until it is told to stop. */
function load(port: number, clients: number): { stop(): Promise<ReadonlyMap<string, Outcome>> } {
  const outcomes = new Map<string, Outcome>();
  let running = true;
  let count = 0;
  const all = Array.from({ length: clients }, async () => {
    while (running) {
      count += 1;
      const subject = `load ${count}`;
      outcomes.set(subject, await handIn(port, subject));
      await sleep(20);
    }
  });
  return {
    async stop() {
      running = false;
      await Promise.all(all);
      return outcomes;
    },
  };
}

/** Those subjects whose mail had this end. */
function ended(outcomes: ReadonlyMap<string, Outcome>, as: Outcome): readonly string[] {
  return [...outcomes].filter(([, outcome]) => outcome === as).map(([subject]) => subject);
}

describe('several workers', { concurrency: false }, () => {
  it('work as one relay, whoever of them is killed, told to stop or given another configuration meanwhile', {
    timeout: PATIENCE_MS,
  }, async (t) => {
    const at = await place(t);
    await at.configure(2);
    const program = await serve(t, at);

    const subjects = Array.from({ length: 8 }, (_, n) => `mail ${n}`);
    const first = await Promise.all(subjects.map((subject) => handIn(at.port, subject)));
    assert.deepEqual(new Set(first), new Set(['kept']));

    const underKill = load(at.port, CLIENTS);
    await sleep(200);
    let from = program.log.length;
    const [victim] = workersOf(program);
    assert.ok(victim !== undefined);
    process.kill(victim, 'SIGKILL');
    await program.said(/^worker [12] has died; its queue rests until another one is started in 1 s$/, from);
    await program.said(/^ready$/, from);
    await sleep(100);
    const killed = await underKill.stop();
    assert.deepEqual(ended(killed, 'refused'), [], 'the primary listens all the while');
    // Those whose connection was with the one that was killed.
    assert.ok(ended(killed, 'broken off').length <= CLIENTS);
    assert.ok(ended(killed, 'kept').length > CLIENTS);

    const underStop = load(at.port, CLIENTS);
    from = program.log.length;
    const before = workersOf(program);
    const [leaving] = before;
    assert.ok(leaving !== undefined);
    process.kill(leaving, 'SIGTERM');
    await program.said(/^a worker was told to stop; another one follows$/, from);
    // The one that follows begins by the configuration of before, and has to take this one all the same.
    await eventually(() => workersOf(program).some((pid) => !before.includes(pid)), WAIT_MS);
    await at.configure(2, 'max_message_size = "1MB"');
    program.child.kill('SIGHUP');
    await program.said(/^the configuration was reloaded$/, from);
    await program.said(/^ready$/, from);
    const stopped = await underStop.stop();
    assert.deepEqual(await sizesAt(at.port, 2 * CLIENTS), ['250-SIZE 1000000']);
    assert.deepEqual(ended(stopped, 'refused'), []);
    // 421 while a transaction is not under way is all that a session may hear.
    assert.ok(ended(stopped, 'broken off').length <= CLIENTS);

    const other = await freePort('127.0.0.1');
    const underReload = load(at.port, CLIENTS);
    from = program.log.length;
    await at.configure(
      3,
      '',
      `[[listener]]\nrole = "submission"\naddress = "127.0.0.1:${other}"\nnetworks = ["127.0.0.0/8"]`,
    );
    program.child.kill('SIGHUP');
    await program.said(/^workers was changed; that takes a restart, until then the old value holds$/, from);
    await program.said(/^the configuration was reloaded$/, from);
    const reloaded = await underReload.stop();
    assert.deepEqual([...ended(reloaded, 'refused'), ...ended(reloaded, 'broken off')], []);
    for (let n = 0; n < 4; n++) assert.equal(await handIn(other, `other ${n}`), 'kept');

    from = program.log.length;
    const taken = createServer();
    const busy = await new Promise<number>((resolve) => {
      taken.listen(0, '127.0.0.1', () => resolve((taken.address() as AddressInfo).port));
    });
    t.after(() => taken.close());
    await at.configure(2, '', `[[listener]]\nrole = "submission"\naddress = "127.0.0.1:${busy}"`);
    program.child.kill('SIGHUP');
    await program.said(/^the new configuration cannot be put in force: listen EADDRINUSE/, from);
    assert.equal(await handIn(other, 'still there'), 'kept');
    // Whoever is there decides, also where the first one is not.
    from = program.log.length;
    const worker1 = workersOf(program).find((pid) => hasOpen(pid, join(at.data, 'queue.db')));
    assert.ok(worker1 !== undefined);
    process.kill(worker1, 'SIGKILL');
    await program.said(/^worker 1 has died/, from);
    program.child.kill('SIGHUP');
    await program.said(/^the new configuration cannot be put in force: listen EADDRINUSE/, from);
    await program.said(/^ready$/, from);

    const kept = [...subjects, ...[killed, stopped, reloaded].flatMap((one) => ended(one, 'kept'))];
    await eventually(() => kept.every((subject) => at.sink.subjects.includes(subject)), WAIT_MS);

    const session = await rawClient(at.port);
    await session.reply();
    await session.expect('EHLO client.test', '250');
    const end = program.stop();
    assert.match(await session.rest(), /^421 /);
    session.close();
    assert.equal(await end, 0);
    const events = (await readFile(join(at.data, 'events.ndjson'), 'utf8')).trim().split('\n');
    const received = events.filter((line) => JSON.parse(line).event === 'received').length;
    // Of the one that was killed a batch of events may be missing.
    assert.ok(received >= kept.length - CLIENTS, `${received} of ${kept.length}`);
    const files = await readdir(at.data);
    for (const name of ['queue.db', 'queue-2.db', 'bodies-2']) assert.ok(files.includes(name), name);
    for (const name of ['queue.db-wal', 'queue-2.db-wal'])
      assert.ok(!files.includes(name), `${name} is left`);
  });

  it('end with the one that started them, which nobody forestalls, and are fewer after a change', {
    timeout: PATIENCE_MS,
  }, async (t) => {
    const at = await place(t);
    await at.configure(2, QUICK, '', await freePort('127.0.0.1'));
    const program = await serve(t, at);
    for (let n = 0; n < 6; n++) assert.equal(await handIn(at.port, `mail ${n}`), 'kept');
    const session = await rawClient(at.port);
    await session.reply();
    await session.expect('EHLO client.test', '250');
    const workers = workersOf(program);
    assert.equal(workers.length, 2);
    await at.configure(1, QUICK);
    await program.stop('SIGKILL');
    // As if there had been a third one.
    const third = await awaitQueueFolder(at.data, 3, { waitMs: 0, onWait: () => undefined });
    const store = await openQueue(third);
    await store.accept(message('third', { recipients: recipients('b@far.test') }));
    await store.close();
    third.close();
    const second = await serve(t, at);
    assert.match(await session.rest(), /^421 /);
    session.close();
    // The queue of the second one is no queue of the new process, which does not wait for it: who empties it does.
    await eventually(() => workers.every((pid) => !existsSync(`/proc/${pid}`)), WAIT_MS);
    await second.said(/^queue 2, which no worker has any more, is empty: it was removed$/);
    await second.said(/^queue 3, which no worker has any more, is empty: it was removed$/);
    await eventually(() => at.sink.subjects.length === 7, WAIT_MS);
    assert.equal(await handIn(at.port, 'one more'), 'kept');
    assert.equal(await second.stop(), 0);
    const files = await readdir(at.data);
    assert.deepEqual(
      files.filter((name) => /^(?:queue|bodies|incoming)-/.test(name)),
      [],
    );
  });
});
