/** The advisor in the program as it runs: its listeners, an operator's words, a new configuration. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { netstring } from '../../../src/advisor/netstrings.ts';
import { eventually } from '../../support/relay.ts';
import { bin } from '../../unit/cli/control-peer.ts';

interface LogLine {
  readonly msg: string;
  readonly protocol?: string;
  readonly socket?: string;
  readonly port?: number;
}

interface Program {
  readonly folder: string;
  readonly log: readonly LogLine[];
  readonly configure: (...lines: readonly string[]) => Promise<void>;
  readonly cli: (...words: readonly string[]) => Promise<number | null>;
  readonly child: ChildProcess;
}

const BEGINNING = [
  'hostname = "relay.test"',
  'data = "data"',
  'listener = []',
  '[dns]',
  'resolver = ["127.0.0.1:9"]',
  'dnssec = "off"',
];
const SOCKETMAP = [
  '[[advisor.listener]]',
  'protocol = "socketmap"',
  'socket = "sm.sock"',
  'socket_mode = "0600"',
];

async function start(t: TestContext, ...lines: readonly string[]): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-advisor-'));
  t.after(() => rm(folder, { recursive: true }));
  const config = join(folder, 'waxwing.toml');
  const configure = (...more: readonly string[]): Promise<void> =>
    writeFile(config, [...more, ''].join('\n'));
  await configure(...lines);
  const run = (...words: readonly string[]): ChildProcess =>
    spawn(process.execPath, [bin, ...words, '--config', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  const child = run('serve');
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  const log: LogLine[] = [];
  if (child.stderr === null) throw new Error('there is no stderr');
  createInterface(child.stderr).on('line', (line) => {
    const read: LogLine = JSON.parse(line);
    log.push(read);
  });
  await eventually('ready', () => log.find(({ msg }) => msg === 'ready'));
  const cli = async (...words: readonly string[]): Promise<number | null> => {
    const command = run(...words);
    const [code] = await once(command, 'exit');
    return typeof code === 'number' ? code : null;
  };
  return { folder, log, configure, cli, child };
}

function ask(socket: Socket, key: string): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    const lost = (): void => reject(new Error('it was closed'));
    socket.once('close', lost);
    socket.once('data', () => socket.off('close', lost));
    socket.write(netstring(`postfix ${key}`));
  });
}

describe('[advisor] in a running relay', () => {
  it('answers by what an operator says, a second later at most, and keeps connections over a reload', async (t) => {
    const program = await start(t, ...BEGINNING, ...SOCKETMAP);
    const path = join(program.folder, 'sm.sock');
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.ok(program.log.some(({ protocol, socket }) => protocol === 'socketmap' && socket === path));
    const socket = connect(path);
    t.after(() => socket.destroy());
    assert.match(
      await ask(socket, 'example.test'),
      /^[0-9]+:TEMP the MX records of example\.test cannot be learnt/,
    );
    const said = await program.cli(
      'policy',
      'override',
      'example.test',
      'encrypt',
      '--reason',
      'of the test',
      '--until',
      '2d',
    );
    assert.equal(said, 0);
    await eventually('the override', async () =>
      (await ask(socket, 'example.test')) === '10:OK encrypt,' ? true : undefined,
    );
    await program.configure(
      ...BEGINNING,
      '[[rule]]',
      'to = "other.test"',
      'tls = "off"',
      ...SOCKETMAP,
      '[[advisor.listener]]',
      'protocol = "line"',
      'address = "127.0.0.1:0"',
    );
    program.child.kill('SIGHUP');
    await eventually('the reload', () =>
      program.log.find(({ msg }) => msg === 'the configuration was reloaded'),
    );
    assert.equal(await ask(socket, 'other.test'), '7:OK none,');
    assert.ok(program.log.some(({ protocol, port }) => protocol === 'line' && (port ?? 0) > 0));
  });

  it('begins with a reload, too, and with several processes', async (t) => {
    const program = await start(t, 'workers = 2', ...BEGINNING);
    assert.ok(!program.log.some(({ msg }) => msg === 'the advisor listens'));
    await program.configure('workers = 2', ...BEGINNING, ...SOCKETMAP);
    program.child.kill('SIGHUP');
    await eventually('the reload', () =>
      program.log.find(({ msg }) => msg === 'the configuration was reloaded'),
    );
    const socket = connect(join(program.folder, 'sm.sock'));
    t.after(() => socket.destroy());
    assert.equal(await ask(socket, '.example.test'), '9:NOTFOUND ,');
    assert.equal(program.log.filter(({ msg }) => msg === 'the advisor listens').length, 1);
  });
});
