/** The relays that are compared, each ready to take mail in clear or by STARTTLS and to hand it to one host. */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startPostfix } from '../../test/peers/support/postfix.ts';
import type { Authority } from '../../test/support/certificates.ts';
import { children } from './processes.ts';

export interface Relay {
  readonly port: number;
  /** The processes it consists of, or their parents. */
  readonly roots: ReadonlySet<number>;
  log(): string;
  close(): Promise<void>;
}

/** What a relay is to do with mail for sink.test. */
export interface Task {
  readonly sink: number;
  readonly tls: 'verified' | 'may' | 'none';
  /** `keep`: take it and deliver nothing. */
  readonly deliver: 'at once' | 'keep';
  readonly authority: Authority;
}

export type StartRelay = (task: Task) => Promise<Relay>;

/** Postfix as Debian ships it, its settings for this task aside. */
export function shippedPostfix(root: string): StartRelay {
  return (task) => postfixWith(root, task, {});
}

/** Postfix at its best: high concurrency and reuse of TLS connections, which is off as shipped. */
export function tunedPostfix(root: string): StartRelay {
  return (task) =>
    postfixWith(root, task, {
      smtp_destination_concurrency_limit: '100',
      default_destination_concurrency_limit: '100',
      initial_destination_concurrency: '100',
      default_process_limit: '300',
      smtp_tls_connection_reuse: 'yes',
      smtp_connection_cache_on_demand: 'yes',
      smtp_connection_cache_destinations: '127.0.0.1',
      qmgr_message_active_limit: '20000',
    });
}

async function postfixWith(
  root: string,
  { sink, tls, deliver, authority }: Task,
  settings: Readonly<Record<string, string>>,
): Promise<Relay> {
  const level = { verified: 'secure', may: 'may', none: 'none' } as const;
  const before = await children();
  const postfix = await startPostfix(root, {
    certificate: await authority.issue({ names: ['127.0.0.1', 'postfix.test'] }),
    relay: {
      host: '127.0.0.1',
      port: sink,
      tls: level[tls],
      trust: authority.certPem,
      names: ['sink.test'],
    },
    settings: { ...settings, ...(deliver === 'keep' ? { defer_transports: 'smtp' } : {}) },
  });
  return {
    port: postfix.port,
    roots: (await children()).difference(before),
    log: () => postfix.log(),
    close: () => postfix.close(),
  };
}

/** With a key that signs each message, and counters for Prometheus. */
export function signingWaxwing(kind: 'rsa-2048' | 'ed25519'): StartRelay {
  const { privateKey } =
    kind === 'rsa-2048'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ed25519');
  const dkim = `[metrics]
listen = "127.0.0.1:0"
[[dkim]]
domain = "source.test"
selector = "bench"
key = "dkim.pem"
`;
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' });
  return (task) => startWaxwing(task, dkim, { 'dkim.pem': pem });
}

export function waxwing(task: Task): Promise<Relay> {
  return startWaxwing(task, '', {});
}

/** @param more tables of the configuration, and the files that they name. */
async function startWaxwing(
  { sink, tls, deliver, authority }: Task,
  more: string,
  files: Readonly<Record<string, string>>,
): Promise<Relay> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-bench-'));
  const level = { verified: 'authenticate', may: 'may', none: 'off' } as const;
  const config = join(folder, 'waxwing.toml');
  await writeFile(join(folder, 'ca.pem'), authority.certPem);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await writeFile(
    config,
    `hostname = "relay.test"
data = "${folder}/data"
[dns]
resolver = ["127.0.0.1:9"]
[tls]
ca = "ca.pem"
[[listener]]
role = "submission"
address = "127.0.0.1:0"
tls = "starttls"
[[route]]
match = "sink.test"
to = "smtp://127.0.0.1:${sink}"
tls = "${level[tls]}"
${more}`,
  );
  const bin = join(import.meta.dirname, '../../src/cli/bin.ts');
  const before = await children();
  const child = spawn(process.execPath, [bin, 'serve', '--config', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const port = await listeningPort(child);
  const roots = (await children()).difference(before);
  if (deliver === 'keep') await pause(bin, config, 'sink.test');
  return {
    port,
    roots,
    log: () => '',
    close: async () => {
      child.kill();
      await once(child, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}

async function pause(bin: string, config: string, domain: string): Promise<void> {
  const pausing = spawn(process.execPath, [bin, 'queue', 'pause', domain, '--config', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(pausing, 'exit')) as [number];
  if (code !== 0) throw new Error(`queue pause ended with ${code}`);
}

async function listeningPort(child: ChildProcess): Promise<number> {
  if (child.stderr === null) throw new Error('no log');
  let port = 0;
  for await (const line of createInterface(child.stderr)) {
    const entry = JSON.parse(line) as { msg: string; port?: number };
    if (entry.msg === 'listening') port = entry.port ?? 0;
    if (entry.msg !== 'ready') continue;
    // What it says from now on is read, or it would wait for a reader.
    child.stderr.resume();
    return port;
  }
  throw new Error('waxwing did not start');
}
