/** What systemd makes of our units, and a relay whose sockets it holds: restarted under load, it refuses nobody. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../support/certificates.ts';
import { type RawClient, rawClient } from '../support/raw-client.ts';
import { runCommand } from './support/command.ts';
import { peerTest } from './support/peer.ts';
import { freePort } from './support/ports.ts';
import { openSandbox } from './support/sandbox.ts';
import { type Sink, startSink } from './support/sink.ts';
import { holdSockets, type SocketHolder } from './support/socket-holder.ts';
import { until } from './support/until.ts';

const RESTARTS = 2;
const CLIENTS = 8;
/** systemd-analyze counts from 0 to 10; below 2 is what it calls OK. */
const MOST_EXPOSURE = 1.5;

const repository = join(import.meta.dirname, '../..');
const program = join(repository, 'src/cli/bin.ts');

interface Held {
  readonly holder: SocketHolder;
  readonly port: number;
  readonly sink: Sink;
  readonly file: string;
}

async function startHeld(root: string, t: TestContext, more: readonly string[] = []): Promise<Held> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-systemd-'));
  const authority = await createAuthority();
  const sink = await startSink(await authority.issue({ names: ['sink.localhost'] }));
  t.after(() => sink.close());
  const port = await freePort('127.0.0.1');
  const file = join(folder, 'waxwing.toml');
  const lines = [
    'hostname = "waxwing.test"',
    'data = "data"',
    '[tls]',
    'ca = "ca.pem"',
    '[dns]',
    'resolver = ["127.0.0.1:9"]',
    '[[listener]]',
    'role = "submission"',
    `address = "127.0.0.1:${port}"`,
    '[[route]]',
    'match = "*"',
    `to = "smtp://sink.localhost:${sink.port}"`,
    'tls = "authenticate"',
  ];
  await writeFile(join(folder, 'ca.pem'), authority.certPem);
  await writeFile(file, lines.join('\n'));
  const listen = [`127.0.0.1:${port}`, ...more];
  const words = [process.execPath, program, 'serve', '--config', file];
  const holder = await holdSockets(root, { listen, name: 'waxwing.socket', words });
  t.after(async () => {
    await holder.close();
    await rm(folder, { recursive: true });
  });
  return { holder, port, sink, file };
}

async function isReady(holder: SocketHolder, starts: number): Promise<void> {
  await until(() => holder.starts() >= starts, holder.log);
}

/** As long as the connection is open: between two processes a client may wait longer than other tests let it. */
async function reply(client: RawClient): Promise<string> {
  for (;;) {
    try {
      return await client.reply();
    } catch (error) {
      if (client.socket.destroyed || client.socket.readableEnded) throw error;
    }
  }
}

type Fate = 'accepted' | 'sent away' | 'refused' | 'closed without a word' | 'broken in DATA';

/** One message on a connection of its own. */
async function handIn(port: number, subject: string): Promise<Fate> {
  let client: RawClient;
  try {
    client = await rawClient(port);
  } catch {
    return 'refused';
  }
  let inContent = false;
  try {
    for (const line of [
      '',
      'EHLO client.test',
      'MAIL FROM:<a@sender.test>',
      'RCPT TO:<b@far.test>',
      'DATA',
    ]) {
      if (line !== '') client.write(`${line}\r\n`);
      const said = await reply(client);
      if (said.startsWith('421')) return 'sent away';
      assert.match(said, /^[23]/);
    }
    inContent = true;
    client.write(`Subject: ${subject}\r\n\r\n`);
    await sleep(5);
    client.write('text\r\n.\r\n');
    assert.match(await reply(client), /^250 /);
    return 'accepted';
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    return inContent ? 'broken in DATA' : 'closed without a word';
  } finally {
    client.close();
  }
}

describe('systemd', () => {
  peerTest(
    'reads our units without a complaint, and finds the service little exposed',
    ['systemd'],
    async (roots, t) => {
      const folder = '/etc/systemd/system/';
      const [service, socket, conf] = await Promise.all(
        ['waxwing.service', 'waxwing.socket', 'bind-ports.conf'].map((name) =>
          readFile(join(repository, 'packaging', name), 'utf8'),
        ),
      );
      assert.ok(service !== undefined && socket !== undefined && conf !== undefined);
      // The program is not in that root.
      const there = service.replace('ExecStart=/usr/bin/waxwing', 'ExecStart=/usr/bin/true');
      const sandbox = await openSandbox(roots.systemd, {
        files: {
          [`${folder}waxwing.service`]: there,
          [`${folder}waxwing.socket`]: socket,
          [`${folder}bound.service`]: there,
          [`${folder}bound.service.d/bind-ports.conf`]: conf,
        },
      });
      t.after(() => sandbox.close());
      const units = ['waxwing.service', 'waxwing.socket', 'bound.service'].map((name) => folder + name);
      const verified = await sandbox.run('/usr/bin/systemd-analyze', ['verify', '--man=no', ...units]);
      assert.deepEqual([verified.code, verified.stderr], [0, '']);
      const words = ['security', '--offline=true', '--no-pager', `${folder}waxwing.service`];
      const { stdout } = await sandbox.run('/usr/bin/systemd-analyze', words);
      const exposure = Number(/Overall exposure level for waxwing\.service: ([0-9.]+)/.exec(stdout)?.[1]);
      t.diagnostic(`exposure ${exposure} of 10`);
      assert.ok(exposure <= MOST_EXPOSURE, stdout);
    },
  );

  peerTest(
    `refuses nobody while the relay is restarted ${RESTARTS} times under load`,
    ['systemd'],
    async (roots, t) => {
      const { holder, port, sink, file } = await startHeld(roots.systemd, t);
      await isReady(holder, 1);
      const fates = new Map<Fate, number>();
      const accepted = new Set<string>();
      let offered = 0;
      let going = true;
      const clients = Array.from({ length: CLIENTS }, async () => {
        while (going) {
          const subject = `number ${++offered}`;
          const fate = await handIn(port, subject);
          fates.set(fate, (fates.get(fate) ?? 0) + 1);
          if (fate === 'accepted') accepted.add(subject);
        }
      });
      for (let restart = 1; restart <= RESTARTS; restart += 1) {
        await sleep(300);
        holder.stop();
        await isReady(holder, restart + 1);
      }
      await sleep(300);
      going = false;
      await Promise.all(clients);
      const list = [process.execPath, program, 'queue', 'list', '--config', file] as const;
      await until(
        async () => (await runCommand(list[0], list.slice(1))).stdout === 'the queue is empty\n',
        holder.log,
        () => sink.taken.length,
      );
      const delivered = new Set(sink.taken.map(({ subject }) => subject));
      t.diagnostic(JSON.stringify({ ...Object.fromEntries(fates), delivered: delivered.size }));
      assert.equal(fates.get('refused') ?? 0, 0);
      assert.equal(fates.get('closed without a word') ?? 0, 0);
      assert.equal(fates.get('broken in DATA') ?? 0, 0);
      assert.ok(accepted.size > 0);
      assert.deepEqual(
        [...accepted].filter((subject) => !delivered.has(subject)),
        [],
      );
      assert.equal(sink.taken.length, delivered.size, 'nothing is delivered twice by a restart in order');
    },
  );

  peerTest(
    'lets a message under way end, and who comes meanwhile is greeted by the next process',
    ['systemd'],
    async (roots, t) => {
      const { holder, port } = await startHeld(roots.systemd, t);
      await isReady(holder, 1);
      const first = await rawClient(port);
      t.after(() => first.close());
      await first.reply();
      for (const [line, code] of [
        ['EHLO client.test', '250'],
        ['MAIL FROM:<a@sender.test>', '250'],
        ['RCPT TO:<b@far.test>', '250'],
        ['DATA', '354'],
      ] as const)
        await first.expect(line, code);
      first.write('Subject: long\r\n\r\n');
      const before = holder.pid();
      holder.stop();
      await until(() => holder.log().includes('"stopping"'), holder.log);
      const second = await rawClient(port);
      t.after(() => second.close());
      await sleep(200);
      assert.equal(holder.pid(), before, 'it waits for the message');
      await first.expect('text\r\n.', '250');
      assert.match(await first.reply(), /^421 4\.3\.2 /);
      first.close();
      assert.match(await reply(second), /^220 /);
      assert.notEqual(holder.pid(), before);
    },
  );

  peerTest('is told which of its sockets nobody has a listener for', ['systemd'], async (roots, t) => {
    const port = await freePort('127.0.0.1');
    const { holder } = await startHeld(roots.systemd, t, [`127.0.0.1:${port}`]);
    const said = await until(
      () =>
        holder
          .log()
          .split('\n')
          .find((line) => line.startsWith('error: ')),
      holder.log,
    );
    assert.equal(
      said,
      `error: waxwing cannot serve: no [[listener]] and no [[gateway]] has the address of a socket that is handed over: 127.0.0.1:${port} (waxwing.socket)`,
    );
  });
});
