/** The programs that are compared: each gives TLS to the clients of one IMAP server that has none. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startHaproxy } from '../../test/peers/support/haproxy.ts';
import { startNginx } from '../../test/peers/support/nginx.ts';
import { rootsOf } from '../../test/peers/support/peer.ts';
import { startStunnel } from '../../test/peers/support/stunnel.ts';
import type { Certificate } from '../../test/support/certificates.ts';
import type { Way } from './imap-client.ts';
import { children } from './processes.ts';

/** A running one. */
export interface Front {
  readonly ways: readonly Way[];
  /** The processes that it consists of, or their parents. */
  readonly roots: ReadonlySet<number>;
  close(): Promise<void>;
}

/** Starts one before a server on this port of 127.0.0.1. */
export type StartFront = (backend: number, certificate: Certificate) => Promise<Front>;

/** What HAProxy can have where 20,000 descriptors are all there are. */
const CONNECTIONS = 9_500;

/** @throws where a program cannot be had. */
export async function allFronts(): Promise<readonly (readonly [string, StartFront])[]> {
  const had = await rootsOf(['stunnel', 'nginx', 'haproxy']);
  if (had.kind === 'unavailable') throw new Error(had.because);
  const { stunnel, nginx, haproxy } = had.roots;
  return [
    ['Waxwing', (backend, certificate) => waxwingGateway(backend, certificate)],
    ['stunnel', stunnelFront(stunnel)],
    [
      'nginx',
      (backend, certificate) =>
        startedFront('STARTTLS', () =>
          // Four of its connections belong to one client for a moment, as it asks by HTTP whom to let in.
          startNginx(nginx, { protocol: 'imap', to: at(backend), certificate, connections: 16_000 }),
        ),
    ],
    [
      'HAProxy',
      (backend, certificate) =>
        startedFront('implicit TLS', () =>
          startHaproxy(haproxy, { to: at(backend), certificate, connections: CONNECTIONS }),
        ),
    ],
  ];
}

/** The command. @param flags of Node. */
export async function waxwingGateway(
  backend: number,
  { certPem, keyPem }: Certificate,
  flags: readonly string[] = [],
): Promise<Front> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-bench-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  await writeFile(cert, certPem);
  await writeFile(key, keyPem);
  const bin = join(import.meta.dirname, '../../src/cli/bin.ts');
  const listen = '--protocol imap --listen 127.0.0.1:0 --tls-listen 127.0.0.1:0'.split(' ');
  const limits = ['', '-per-address', '-per-minute'].flatMap((of) => [`--connections${of}`, '1000000']);
  const files = ['--cert', cert, '--key', key, '--config', '/dev/null'];
  const before = await children();
  const child = spawn(
    process.execPath,
    [...flags, bin, 'gateway', ...listen, '--backend', `127.0.0.1:${backend}`, ...files, ...limits],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ports: number[] = [];
  for await (const line of createInterface(child.stderr)) {
    const entry: unknown = JSON.parse(line);
    if (typeof entry !== 'object' || entry === null) continue;
    if ('port' in entry && typeof entry.port === 'number') ports.push(entry.port);
    if (ports.length === 2) break;
  }
  // What it says from now on is read, or it would wait for a reader.
  child.stderr.resume();
  const [plain, secure] = ports;
  if (plain === undefined || secure === undefined) throw new Error('the gateway did not start');
  return {
    ways: [
      { how: 'STARTTLS', port: plain },
      { how: 'implicit TLS', port: secure },
    ],
    roots: (await children()).difference(before),
    close: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}

/** Two of them: one speaks IMAP until TLS is up, the other begins with TLS. */
function stunnelFront(root: string): StartFront {
  return async (backend, certificate) => {
    const options = { to: at(backend), certificate };
    const [plain, secure] = await Promise.all([
      startedFront('STARTTLS', () => startStunnel(root, { ...options, protocol: 'imap' })),
      startedFront('implicit TLS', () => startStunnel(root, options)),
    ]);
    return {
      ways: [...plain.ways, ...secure.ways],
      roots: plain.roots.union(secure.roots),
      close: async () => {
        await Promise.all([plain.close(), secure.close()]);
      },
    };
  };
}

async function startedFront(
  how: Way['how'],
  start: () => Promise<{ readonly port: number; readonly close: () => Promise<void> }>,
): Promise<Front> {
  const before = await children();
  const { port, close } = await start();
  return { ways: [{ how, port }], roots: (await children()).difference(before), close };
}

function at(port: number): { readonly host: string; readonly port: number } {
  return { host: '127.0.0.1', port };
}
