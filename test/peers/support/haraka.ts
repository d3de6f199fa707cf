/** Haraka: fetched by npm into `.peers/haraka`, run from a private folder. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fetched } from './fetch.ts';
import { withLock } from './lock.ts';
import { freePort, waitForPort } from './ports.ts';

export const harakaVersion = '3.3.4';
/** What it asks for by ranges, some of which lead to packages that cannot be had everywhere. */
const overrides = { 'encoding-japanese': '2.4.0', libqp: '2.1.2', libmime: '5.3.7' };

const home = join(import.meta.dirname, '../../../.peers');
const folder = join(home, 'haraka');
const program = join(folder, 'node_modules/haraka');
/** Milliseconds that npm may take. */
const NPM_MS = 90_000;

/** Installs it, once. */
export async function fetchHaraka(): Promise<Fetched> {
  try {
    if (!existsSync(join(program, 'haraka.js'))) {
      await mkdir(home, { recursive: true });
      await withLock(join(home, 'haraka.lock'), install);
    }
    return { kind: 'ready', root: program };
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    return { kind: 'unavailable', because };
  }
}

async function install(): Promise<void> {
  // Whoever held the lock before us may have done it.
  if (existsSync(join(program, 'haraka.js'))) return;
  // Set by run.ts, so that nobody waits for npm to fail again.
  const told = process.env['HARAKA_UNAVAILABLE'];
  if (told !== undefined) throw new Error(told);
  const unfinished = join(home, 'haraka-unfinished');
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished);
  const wanted = { name: 'haraka-here', private: true, dependencies: { haraka: harakaVersion }, overrides };
  await writeFile(join(unfinished, 'package.json'), JSON.stringify(wanted));
  const npm = spawn('npm', ['install', '--omit=optional', '--no-audit', '--no-fund'], {
    cwd: unfinished,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: NPM_MS,
  });
  let said = '';
  npm.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-2_000)));
  const [code]: unknown[] = await once(npm, 'close');
  if (code !== 0) throw new Error(`npm install ended with ${String(code)}: ${said}`);
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
}

export interface HarakaOptions {
  /** An address of 127.0.0.0/8. */
  readonly address?: string;
  /** `cpus`: one for each core; 0: all in one. By default 0. */
  readonly processes?: 'cpus' | 0;
  /** Text by path below its folder. */
  readonly files: Readonly<Record<string, string>>;
  /** Authorities that it trusts, PEM. */
  readonly trust: string;
}

export interface Haraka {
  readonly address: string;
  readonly port: number;
  readonly pid: number;
  readonly log: () => string;
  /** What a file below its folder holds by now; '' where it is not there. */
  readonly read: (name: string) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** Starts it and waits until it answers. @throws where it cannot be had. */
export async function startHaraka(options: HarakaOptions): Promise<Haraka> {
  const { address = '127.0.0.1', processes = 0, files, trust } = options;
  const had = await fetchHaraka();
  if (had.kind === 'unavailable') throw new Error(had.because);
  const port = await freePort(address);
  const place = await mkdtemp(join(tmpdir(), 'waxwing-haraka-'));
  // It counts on what its own installer would put there.
  await cp(join(program, 'config'), join(place, 'config'), { recursive: true });
  await mkdir(join(place, 'plugins'));
  await symlink(join(folder, 'node_modules'), join(place, 'node_modules'));
  const all: Readonly<Record<string, string>> = {
    'ca.pem': trust,
    'config/me': 'relay.test\n',
    'config/host_list': '\n',
    'config/loglevel': 'ERROR\n',
    'config/log.ini': '[main]\nlevel=error\n',
    'config/smtp.ini': `[main]\nlisten=${address}:${port}\nnodes=${processes}\n`,
    ...files,
  };
  for (const [name, text] of Object.entries(all)) await writeFile(join(place, name), text);
  const child = spawn(process.execPath, [join(program, 'bin/haraka'), '-c', place], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_EXTRA_CA_CERTS: join(place, 'ca.pem') },
  });
  const onExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onExit);
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (log = (log + text.toString()).slice(-200_000)));
  const ended = once(child, 'exit');
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    process.off('exit', onExit);
    await rm(place, { recursive: true, force: true });
  };
  try {
    await waitForPort(
      address,
      port,
      () => log,
      () => child.exitCode !== null,
    );
  } catch (error) {
    await close();
    throw error;
  }
  return {
    address,
    port,
    pid: child.pid ?? 0,
    log: () => log,
    read: (name) => readFile(join(place, name), 'utf8').catch(() => ''),
    close,
  };
}
