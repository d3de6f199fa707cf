/** What every server in a sandbox has in common: its files, its start, its log, and its end where it fails. */
import { existsSync, readFileSync } from 'node:fs';
import { waitForPort } from './ports.ts';
import { openSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';

/** A server to start. */
export interface ServerOptions extends SandboxOptions {
  /** As it is called where it fails. */
  readonly name: string;
  /** Lines of a shell that end with the server in the foreground. */
  readonly launch: string;
  /** Where it accepts connections when it is ready. */
  readonly address: string;
  readonly port: number;
  /** Further ports that it accepts connections at when it is ready. */
  readonly morePorts?: readonly number[];
  /** Its log files, by absolute path inside. */
  readonly logs: readonly string[];
}

/** A server that accepts connections. */
export interface Server {
  readonly sandbox: Sandbox;
  /** All that its log files hold by now. */
  readonly log: () => string;
}

/** Opens a sandbox, starts a server in it and waits until it accepts connections. */
export async function startServer(root: string, options: ServerOptions): Promise<Server> {
  const { name, launch, address, port, morePorts = [], logs, hosts = {}, files = {} } = options;
  const sandbox = await openSandbox(root, { hosts, files });
  const log = (): string =>
    logs
      .map((inside) => sandbox.path(inside))
      .map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : ''))
      .join('');
  const running = sandbox.spawn('sh', ['-c', launch]);
  let ended = '';
  const hasEnded = (): boolean => ended !== '';
  void running.finished.then((how) => {
    ended = `${name} ended with ${how.code}: ${how.stderr}`;
  });
  try {
    for (const one of [port, ...morePorts])
      await waitForPort(address, one, () => `${log()}${ended}`, hasEnded);
  } catch (error) {
    await sandbox.close();
    throw error;
  }
  return { sandbox, log };
}
