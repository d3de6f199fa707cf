/** A relay that root starts: it has its low port, and is an ordinary user in all its threads when a peer is heard. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { createAuthority } from '../../support/certificates.ts';
import { type RawClient, rawClient } from '../../support/raw-client.ts';
import { eventually } from '../../support/relay.ts';
import { bin, waxwing } from '../../unit/cli/control-peer.ts';

const NOBODY = 65_534;
let places = 0;
/** Nobody else listens on port 25 there. */
function ownAddress(): string {
  return `127.${40 + (process.pid % 50)}.${1 + (Math.floor(process.pid / 50) % 250)}.${++places}`;
}

const cannot =
  process.getuid?.() !== 0
    ? 'only root can give up root'
    : spawnSync(process.execPath, ['-e', `fs.accessSync(${JSON.stringify(bin)})`], {
          uid: NOBODY,
          gid: NOBODY,
        }).status === 0
      ? false
      : 'nobody may not read this checkout';

interface Started {
  readonly process: ChildProcess;
  readonly folder: string;
  readonly file: string;
  readonly address: string;
  readonly lines: readonly string[];
  /** Its exit code, or `ready`. */
  readonly outcome: number | 'ready' | null;
}

async function start(
  t: TestContext,
  {
    lines = [],
    files = {},
    prepare = () => {},
    ids = {},
  }: {
    readonly lines?: readonly string[];
    readonly files?: Readonly<Record<string, string>>;
    readonly prepare?: (folder: string) => void;
    readonly ids?: { readonly uid?: number; readonly gid?: number };
  },
): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-root-'));
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  prepare(folder);
  const file = join(folder, 'waxwing.toml');
  const address = ownAddress();
  const common = ['hostname = "relay.test"', 'data = "data"'];
  const dns = ['[dns]', 'resolver = ["127.0.0.1:9"]'];
  const listener = [
    '[[listener]]',
    'role = "submission"',
    `address = "${address}:25"`,
    'networks = ["127.0.0.0/8"]',
  ];
  writeFileSync(file, [...common, ...lines, ...dns, ...listener].join('\n'));
  const child = spawn(process.execPath, [bin, 'serve', '--config', file], {
    env: {},
    stdio: ['ignore', 'ignore', 'pipe'],
    ...ids,
  });
  const closed = once(child, 'close').then(([code]): number | null => code);
  t.after(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  const seen: string[] = [];
  const ready = new Promise<'ready'>((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      seen.push(line);
      if (line.includes('"ready"')) resolve('ready');
    });
  });
  return { process: child, folder, file, address, lines: seen, outcome: await Promise.race([ready, closed]) };
}

async function connected(address: string): Promise<RawClient> {
  const client = await rawClient(25, address);
  await client.reply();
  await client.expect('EHLO client.test', '250');
  return client;
}

/** The lines of this name of all threads, each kind once. */
function ofThreads(pid: number, name: string): readonly string[] {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const lines = tasks.flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith(`${name}:`)),
  );
  return [...new Set(lines)].map((line) => line.replaceAll(/\s+/g, ' ').trim());
}

describe('serve with user', { skip: cannot, concurrency: 3 }, () => {
  it('binds port 25, becomes that user in every thread, and takes mail, also after a reload', async (t) => {
    const serving = await start(t, { lines: ['user = "nobody"'] });
    assert.equal(serving.outcome, 'ready', serving.lines.join('\n'));
    const pid = serving.process.pid ?? 0;
    assert.ok(readdirSync(`/proc/${pid}/task`).length > 1);
    assert.deepEqual(ofThreads(pid, 'Uid'), ['Uid: 65534 65534 65534 65534']);
    assert.deepEqual(ofThreads(pid, 'Gid'), ['Gid: 65534 65534 65534 65534']);
    assert.deepEqual(ofThreads(pid, 'Groups'), ['Groups: 65534']);
    assert.deepEqual(ofThreads(pid, 'CapPrm'), ['CapPrm: 0000000000000000']);
    const { uid, mode } = statSync(join(serving.folder, 'data'));
    assert.deepEqual([uid, mode & 0o777], [NOBODY, 0o700]);
    const client = await connected(serving.address);
    for (const [command, code] of [
      ['MAIL FROM:<anna@origin.test>', '250'],
      ['RCPT TO:<eve@far.test>', '250'],
      ['DATA', '354'],
      ['Subject: x\r\n\r\nx\r\n.', '250'],
    ] as const)
      await client.expect(command, code);
    client.close();
    const listed = await waxwing(['queue', 'list', '--config', serving.file]);
    assert.match(listed.stdout, /eve@far\.test/);
    serving.process.kill('SIGHUP');
    const reloaded = (): boolean =>
      serving.lines.some((line) => line.includes('the configuration was reloaded'));
    await eventually('a reload', () => (reloaded() ? true : undefined));
    assert.ok(!serving.lines.some((line) => line.includes('takes a restart')), serving.lines.join('\n'));
    (await connected(serving.address)).close();
  });

  it('says at once what the user cannot read anew', async (t) => {
    const { certPem, keyPem } = await (await createAuthority()).issue({ names: ['relay.test'] });
    const serving = await start(t, {
      lines: ['user = "nobody"', '[tls]', 'cert = "cert.pem"', 'key = "key.pem"'],
      files: { 'cert.pem': certPem, 'key.pem': keyPem },
    });
    assert.equal(serving.outcome, 'ready', serving.lines.join('\n'));
    const warned = serving.lines.filter((line) => line.includes('nobody could not read this anew'));
    assert.equal(warned.length, 2, serving.lines.join('\n'));
    assert.match(warned.join('\n'), /tls\.key: cannot be read: EACCES/);
  });

  it('starts workers as that user, which show what only root can read, also those that are started later', {
    timeout: 120_000,
  }, async (t) => {
    const { certPem, keyPem } = await (await createAuthority()).issue({ names: ['relay.test'] });
    const serving = await start(t, {
      lines: ['user = "nobody"', 'workers = 2', '[tls]', 'cert = "cert.pem"', 'key = "key.pem"'],
      files: { 'cert.pem': certPem, 'key.pem': keyPem },
    });
    const ready = async (text: RegExp, times: number): Promise<void> => {
      const until = performance.now() + 25_000;
      while (serving.lines.filter((line) => text.test(line)).length < times) {
        assert.ok(performance.now() < until, serving.lines.join('\n'));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await ready(/"workers":2/, 1);
    const pid = serving.process.pid ?? 0;
    const workers = (): readonly number[] =>
      readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    const before = workers();
    assert.equal(before.length, 2);
    for (const worker of before) assert.deepEqual(ofThreads(worker, 'Uid'), ['Uid: 65534 65534 65534 65534']);
    for (const worker of before) process.kill(worker, 'SIGKILL');
    await ready(/"worker":[12],"msg":"ready"/, 4);
    const client = await connected(serving.address);
    await client.expect('STARTTLS', '220');
    const { fingerprint256 } = (await client.secure({ rejectUnauthorized: false })).getPeerCertificate();
    assert.equal(fingerprint256, new X509Certificate(certPem).fingerprint256);
    assert.ok(workers().every((worker) => !before.includes(worker)));
    client.close();
    serving.process.kill('SIGTERM');
    await once(serving.process, 'exit');
  });

  it('refuses a data folder of somebody else, and says what to do', async (t) => {
    const serving = await start(t, {
      lines: ['user = "nobody"'],
      prepare: (folder) => mkdirSync(join(folder, 'data')),
    });
    assert.equal(serving.outcome, 1);
    const folder = join(serving.folder, 'data');
    assert.deepEqual(serving.lines, [
      `error: waxwing cannot serve: the data folder ${folder} does not belong to nobody: chown -R nobody: ${folder}`,
    ]);
  });

  it('refuses a user that the host does not have', async (t) => {
    const serving = await start(t, { lines: ['user = "nobody-at-all"'] });
    assert.equal(serving.outcome, 1);
    assert.match(
      serving.lines.join('\n'),
      /^error: .*waxwing\.toml:3: user: this host has no user nobody-at-all$/,
    );
  });

  it('refuses to be started by a third user', async (t) => {
    const serving = await start(t, { lines: ['user = "daemon"'], ids: { uid: NOBODY, gid: NOBODY } });
    assert.equal(serving.outcome, 1);
    assert.match(serving.lines.join('\n'), /only root can become daemon; this process is nobody$/);
  });

  it('warns where it stays root', async (t) => {
    const serving = await start(t, {});
    assert.equal(serving.outcome, 'ready', serving.lines.join('\n'));
    assert.match(serving.lines.join('\n'), /this process is root and stays it: set user/);
  });
});
