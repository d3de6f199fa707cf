/**
 * Runs a peer's programs: its root as `/`, its processes by themselves, the network the host's loopback.
 *
 * A sandbox has a folder of its own, removed at close. It appears to the programs as `/etc`, `/var`, `/run`,
 * `/tmp` and `/peer`; all else is the unpacked root, read-only. The programs die with the sandbox, and with
 * the test that opened it, however that ends: their first process reads a pipe that only the test holds.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, realpath, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { type Finished, finish, runCommand } from './command.ts';

/** What a sandbox holds before the first program starts. */
export interface SandboxOptions {
  /** Text or bytes by absolute path; the path lies below /etc, /var, /run, /tmp or /peer. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
  /** Names that resolve, to addresses of the loopback network; no other name does, except localhost. */
  readonly hosts?: Readonly<Record<string, string>>;
}

/** A program running in a sandbox. */
export interface Running {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Its end; everything it started has ended too by then. */
  readonly finished: Promise<Finished>;
  /** Ends it at once with everything it started. */
  stop(): Promise<void>;
}

/** A place to run programs in. */
export interface Sandbox {
  /** Where the host sees the sandbox's files: `path('/peer/mail')`. */
  readonly path: (inside: string) => string;
  readonly spawn: (
    command: string,
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ) => Running;
  readonly run: (command: string, args: readonly string[], options?: RunOptions) => Promise<Finished>;
  /** Ends all its programs and removes its files. */
  readonly close: () => Promise<void>;
}

/** What a program is given when it is run to its end. */
export interface RunOptions {
  readonly input?: Buffer | string;
  readonly env?: Readonly<Record<string, string>>;
}

const own = ['etc', 'var', 'run', 'tmp', 'peer'];
const prefix = 'waxwing-peer-';
const anHour = 3600 * 1000;
let swept: Promise<void> | null = null;

/** The first process: mounts, waits for the program, and kills all where the test lets go of descriptor 3. */
const init = `
root=$1 place=$2; shift 2
set -e
mount -n --bind "$root" "$root"
for part in ${own.join(' ')}; do mount -n --bind "$place/$part" "$root/$part"; done
mount -n -t tmpfs dev "$root/dev"
for node in null zero full random urandom tty; do
  : >"$root/dev/$node"
  mount -n --bind "/dev/$node" "$root/dev/$node"
done
ln -s /proc/self/fd "$root/dev/fd"
mount -n -t proc proc "$root/proc"
mount -n -o remount,bind,ro "$root"
set +e
{ read -r _; kill -KILL -1; } <&3 &
chroot "$root" "$@" 3<&-
exit $?
`;

/** Opens a sandbox on an unpacked root. */
export async function openSandbox(root: string, options: SandboxOptions = {}): Promise<Sandbox> {
  swept ??= sweep();
  await swept;
  const place = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`));
  const parts = own.map((part) => join(root, part));
  const copied = await runCommand('cp', ['-a', ...parts, place]);
  if (copied.code !== 0) throw new Error(`cp: ${copied.stderr.trim()}`);
  const hosts = Object.entries(options.hosts ?? {}).map(([name, address]) => `${address} ${name}\n`);
  await put(place, '/etc/hosts', `127.0.0.1 localhost\n${hosts.join('')}`);
  for (const [inside, content] of Object.entries(options.files ?? {})) await put(place, inside, content);
  return sandboxAt(root, place);
}

/** Runs one program in a sandbox of its own. */
export async function runIn(
  root: string,
  command: string,
  args: readonly string[],
  options: SandboxOptions & RunOptions = {},
): Promise<Finished> {
  const sandbox = await openSandbox(root, options);
  try {
    return await sandbox.run(command, args, options);
  } finally {
    await sandbox.close();
  }
}

function sandboxAt(root: string, place: string): Sandbox {
  const running = new Set<Running>();
  const start: Sandbox['spawn'] = (command, args, env = {}) => {
    const one = begin(root, place, [command, ...args], env);
    running.add(one);
    void one.finished.then(() => running.delete(one));
    return one;
  };
  return {
    path: (inside) => join(place, inside),
    spawn: start,
    run(command, args, { input = '', env = {} } = {}) {
      const one = start(command, args, env);
      one.stdin.end(input);
      return one.finished;
    },
    async close() {
      await Promise.all([...running].map((one) => one.stop()));
      await rm(place, { recursive: true, force: true });
    },
  };
}

function begin(
  root: string,
  place: string,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Running {
  const child = spawn(
    'unshare',
    // Of IPC too: a database that is killed leaves its shared memory behind.
    ['--mount', '--ipc', '--pid', '--fork', '--kill-child', 'sh', '-c', init, 'sh', root, place, ...words],
    {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/tmp', LC_ALL: 'C', TZ: 'UTC', ...env },
    },
  );
  const { stdin, stdout, stderr } = child;
  const life = child.stdio[3];
  if (!(life instanceof Duplex)) throw new Error('the sandbox has no pipe to live by');
  // A program may end before it has read all that it was given.
  for (const pipe of [stdin, life]) pipe.on('error', () => {});
  const finished = finish(child);
  return {
    stdin,
    stdout,
    stderr,
    finished,
    async stop() {
      life.end();
      await finished;
    },
  };
}

async function put(place: string, inside: string, content: string | Buffer): Promise<void> {
  // Anywhere else the programs would see the root's, and nobody would notice.
  if (!own.includes(inside.split('/')[1] ?? '')) throw new Error(`${inside} is not the sandbox's own`);
  const file = join(place, inside);
  await mkdir(dirname(file), { recursive: true });
  // A link in the root may point to a path that means something else out here.
  const folder = await realpath(dirname(file));
  if (!folder.startsWith(`${await realpath(place)}/`)) throw new Error(`${inside} is not the sandbox's own`);
  await rm(file, { force: true });
  await writeFile(file, content, { flag: 'wx' });
  // Postfix waits until its settings are a second old: someone may still be writing them.
  const earlier = new Date(Date.now() - 60_000);
  await utimes(file, earlier, earlier);
}

/** Removes the folders of runs that were killed before they could. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : 0;
    if (!(pid > 0) || isAlive(pid)) continue;
    const folder = join(tmpdir(), name);
    // The age, because a process in another container may own it.
    const age = Date.now() - ((await stat(folder).catch(() => null))?.mtimeMs ?? Date.now());
    if (age > anHour) await rm(folder, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
