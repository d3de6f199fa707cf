/** A parent that holds listening sockets as a service manager does, by Debian's systemd-socket-activate. */
import { type ChildProcess, spawn } from 'node:child_process';
import { glob } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finish } from './command.ts';
import { until } from './until.ts';

export interface SocketHolder {
  /** Of the program that runs at the moment. */
  readonly pid: () => number;
  /** How often the program said that it is ready. */
  readonly starts: () => number;
  readonly log: () => string;
  /** Tells the program to stop; the holder starts it again with the same sockets. */
  stop(): void;
  close(): Promise<void>;
}

/** Runs a program again and again, with the sockets for it alone, as LISTEN_PID says. */
const AGAIN = `
trap : TERM
while sh -c 'echo "{\\"started\\":$$}" >&2; LISTEN_PID=$$ exec "$@"' program "$@"; do :; done
`;

/** @param listen `address:port` of each socket. */
export async function holdSockets(
  root: string,
  {
    listen,
    name,
    words,
  }: { readonly listen: readonly string[]; readonly name: string; readonly words: readonly string[] },
): Promise<SocketHolder> {
  const [loader] = await Array.fromAsync(glob(join(root, 'usr/lib*/ld-linux-*.so.*')));
  const libraries = await Array.fromAsync(glob(join(root, 'usr/lib/*-linux-gnu{,/systemd}')));
  if (loader === undefined) throw new Error(`${root} has no loader`);
  const sockets = listen.flatMap((one) => ['-l', one]);
  const names = `--fdname=${listen.map(() => name).join(':')}`;
  const holder = [join(root, 'usr/bin/systemd-socket-activate'), ...sockets, names];
  const child = spawn(
    loader,
    ['--library-path', libraries.join(':'), ...holder, '/bin/sh', '-c', AGAIN, 'holder', ...words],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    },
  );
  const log: string[] = [];
  let pid = 0;
  let starts = 0;
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.push(line);
    const said: { started?: number; msg?: string } = line.startsWith('{') ? JSON.parse(line) : {};
    pid = said.started ?? pid;
    if (said.msg === 'ready') starts += 1;
  });
  const onExit = (): void => killGroup(child);
  process.once('exit', onExit);
  const finished = finish(child);
  await until(
    () => log.some((line) => line.startsWith('Listening on ')),
    () => log.join('\n'),
  );
  // It starts the program with the first connection.
  const port = Number(listen[0]?.split(':').at(-1));
  connect(port, '127.0.0.1')
    .on('error', () => {})
    .end();
  return {
    pid: () => pid,
    starts: () => starts,
    log: () => log.join('\n'),
    stop: () => void process.kill(pid, 'SIGTERM'),
    async close() {
      killGroup(child);
      process.off('exit', onExit);
      await finished;
    },
  };
}

function killGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
}
