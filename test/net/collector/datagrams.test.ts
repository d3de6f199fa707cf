import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Datagrams, MOST_OCTETS, receiveDatagrams } from '../../../src/collector/datagrams.ts';
import { eventually } from '../../support/relay.ts';

interface Setting {
  readonly path: string;
  readonly seen: Uint8Array[];
  readonly words: string[];
  readonly socket: Datagrams;
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-datagrams-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function listen(path: string, part: { mode?: string; group?: string; command?: string } = {}): Setting {
  const seen: Uint8Array[] = [];
  const words: string[] = [];
  const { mode = '0600', group = null, command } = part;
  const options = {
    path,
    mode,
    group,
    onDatagram: (octets: Uint8Array) => void seen.push(octets),
    onTooLong: () => void words.push('too long'),
    onReady: () => void words.push('ready'),
    onTrouble: (because: string) => void words.push(because),
  };
  return { path, seen, words, socket: receiveDatagrams(options, command) };
}

async function ready(t: TestContext, part: Parameters<typeof listen>[1] = {}): Promise<Setting> {
  const setting = listen(join(folderOf(t), 'tlsrpt.sock'), part);
  t.after(() => setting.socket.close());
  await said(setting, 'ready');
  return setting;
}

const said = ({ words }: Setting, what: string): Promise<true> =>
  eventually(what, () => (words.some((word) => word.includes(what)) ? true : undefined));

/** Sends as an MTA does, from a process of its own. @param program lines of Python; `s` is the socket, `to` its path. */
async function send(path: string, program: string): Promise<string> {
  const before = [
    'import socket, sys',
    'to = sys.argv[1]',
    's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)',
    's.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1000000)',
  ].join('\n');
  const python = spawn('python3', ['-c', `${before}\n${program}`, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  python.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(python, 'close');
  return output.trim();
}

describe('datagrams of a Unix socket', { concurrency: 4 }, () => {
  it('arrive whole, one by one, up to 262,144 octets; longer ones are only told of', async (t) => {
    const setting = await ready(t);
    await send(
      setting.path,
      `for n in [0, 1, 65536, 65537, 192174, ${MOST_OCTETS}, ${MOST_OCTETS + 1}, 3]: s.sendto(b'x' * n, to)`,
    );
    await eventually('all of them', () => (setting.seen.length === 7 ? true : undefined));
    assert.deepEqual(
      setting.seen.map(({ length }) => length),
      [0, 1, 65_536, 65_537, 192_174, MOST_OCTETS, 3],
    );
    assert.deepEqual(setting.words, ['ready', 'too long']);
  });

  it('a rush of 10,000 loses nothing that the kernel has taken', async (t) => {
    const setting = await ready(t);
    const rush = `
n = 0
for i in range(10000):
  try:
    s.sendto(b'x' * 250, socket.MSG_DONTWAIT, to)
    n += 1
  except BlockingIOError:
    pass
print(n)`;
    const taken = Number(await send(setting.path, rush));
    assert.ok(taken > 0);
    await eventually('what was taken', () => (setting.seen.length >= taken ? true : undefined));
    await sleep(20);
    assert.equal(setting.seen.length, taken);
  });

  it('a sender that waits its turn loses none of 2,000', async (t) => {
    const setting = await ready(t);
    await send(setting.path, `for i in range(2000): s.sendto(b'x' * 250, to)`);
    await eventually('all of them', () => (setting.seen.length === 2000 ? true : undefined));
  });

  it('the socket has the mode that was asked for, and is gone after the end', async (t) => {
    const setting = await ready(t, { mode: '0622' });
    assert.equal(statSync(setting.path).mode & 0o777, 0o622);
    await setting.socket.close();
    assert.equal(existsSync(setting.path), false);
  });

  it('a socket that a dead process has left is replaced; one that is in use is not', async (t) => {
    const folder = folderOf(t);
    const path = join(folder, 'tlsrpt.sock');
    await send(path, 's.bind(to)');
    assert.ok(existsSync(path));
    const setting = listen(path);
    t.after(() => setting.socket.close());
    await said(setting, 'ready');
    const second = listen(path);
    await said(second, `${path} is used by another process`);
    await second.socket.close();
    await send(path, `s.sendto(b'x', to)`);
    await eventually('the datagram', () => (setting.seen.length === 1 ? true : undefined));
  });

  it('what is no socket is left as it is, and said', async (t) => {
    const path = join(folderOf(t), 'tlsrpt.sock');
    writeFileSync(path, 'a file of somebody');
    const setting = listen(path);
    t.after(() => setting.socket.close());
    await said(setting, `${path} is there, and is no socket`);
    assert.equal(statSync(path).size, 'a file of somebody'.length);
  });

  it('a group that does not exist is said, and nobody can send meanwhile', async (t) => {
    const path = join(folderOf(t), 'tlsrpt.sock');
    const setting = listen(path, { group: 'no-such-group' });
    t.after(() => setting.socket.close());
    await said(setting, 'there is no group no-such-group');
    assert.equal(statSync(path).mode & 0o777, 0);
  });

  it('a helper that dies is started again', async (t) => {
    const folder = folderOf(t);
    const command = join(folder, 'perl-with-its-pid');
    writeFileSync(command, `#!/bin/sh\necho $$ > '${folder}/pid'\nexec perl "$@"\n`, { mode: 0o700 });
    const setting = await ready(t, { command });
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGKILL');
    await said(setting, 'the helper has ended with SIGKILL');
    await eventually('a second start', () =>
      setting.words.filter((word) => word === 'ready').length === 2 ? true : undefined,
    );
    await send(setting.path, `s.sendto(b'x', to)`);
    await eventually('the datagram', () => (setting.seen.length === 1 ? true : undefined));
  });

  it('the helper ends with whoever has started it, also where that is killed', async (t) => {
    const path = join(folderOf(t), 'tlsrpt.sock');
    const program = `
      import { receiveDatagrams } from '${new URL('../../../src/collector/datagrams.ts', import.meta.url).href}';
      const nothing = () => undefined;
      const onReady = () => console.log('ready');
      const words = { onDatagram: nothing, onTooLong: nothing, onTrouble: nothing, onReady };
      receiveDatagrams({ path: '${path}', mode: '0600', group: null, ...words });`;
    const starter = spawn(process.execPath, ['--input-type=module', '-e', program]);
    await once(starter.stdout, 'data');
    assert.ok(existsSync(path));
    starter.kill('SIGKILL');
    await eventually('its end', () => (existsSync(path) ? undefined : true));
  });

  it('without perl it says what is missing, and does not try again', async (t) => {
    const setting = listen(join(folderOf(t), 'tlsrpt.sock'), { command: 'no-such-perl' });
    await said(setting, 'perl-base');
    await sleep(50);
    assert.equal(setting.words.length, 1);
    await setting.socket.close();
  });
});
