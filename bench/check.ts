/**
 * What a check of many targets costs: each target an endpoint of its own, and domains that share mail hosts.
 *
 *     node bench/check.ts [targets] [shared hosts] [others]
 *
 * 1. `targets` (20,000) addresses of 127.0.0.0/8, nothing shared, without pauses, on one core: quick and standard. Before them
 *    the plainest program that says the same as a quick check (check-bare.ts); behind them quick on all cores.
 * 2. As many domains with 200 mail hosts, by a resolver without DNSSEC, on one core: each endpoint is visited once.
 * 3. On the same core posttls-finger at 200 of the endpoints, and sslscan at a tenth of these, one after the other.
 *
 * Servers and resolver are a toy in a process of its own (check-servers.ts) on the first core; it counts connections. What is
 * measured on one core runs on the last one. A target's result is a line of NDJSON with its recording, written to a file. The
 * certificate is the same everywhere, of ECDSA, and the key exchange X25519MLKEM768; CPU is of all threads of the program, its
 * start of about a second included.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootsOf } from '../test/peers/support/peer.ts';
import { openSandbox, type Sandbox } from '../test/peers/support/sandbox.ts';
import { createAuthority } from '../test/support/certificates.ts';
import { moveToFirstCore, takeLastCore } from './support/cores.ts';
import { startCounter } from './support/counter.ts';
import { table } from './support/figures.ts';
import { children } from './support/processes.ts';

const targets = Number(process.argv[2] ?? 20_000);
const hosts = Number(process.argv[3] ?? 200);
const others = Number(process.argv[4] ?? 200);
const bin = join(import.meta.dirname, '../src/cli/bin.ts');
const LOOK_EVERY_MS = 200;

interface Counts {
  readonly connections: number;
  readonly questions: number;
  readonly most: number;
}

interface Measured extends Counts {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly memoryMiB: number;
  readonly outputMiB: number;
}

const folder = await mkdtemp(join(tmpdir(), 'waxwing-bench-check-'));
const before = await children();
const authority = await createAuthority();
const { certPem, keyPem } = await authority.issue({ names: ['mx.bench.test'] });
const servers = await startCounter<Counts>(join(import.meta.dirname, 'check-servers.ts'), {
  CERT: certPem,
  KEY: keyPem,
  HOSTS: String(hosts),
});
await moveToFirstCore((await children()).difference(before));
const [smtp = '', dns = ''] = servers.first.split(' ');

try {
  const addresses = Array.from({ length: targets }, (_, index) => addressOf(index));
  const distinct = addresses.map((address) => `[${address}]:${smtp}`);
  const sharing = Array.from({ length: targets }, (_, index) => `d${index}.bench.test`);
  const endpoints = `${targets} endpoints`;
  const domains = `${targets} domains, ${hosts} hosts`;
  const bare = [process.execPath, join(import.meta.dirname, 'check-bare.ts'), smtp];
  console.log('## A list, without pauses\n');
  const rows = [
    [endpoints, 'the plainest program', 'one', ...cells(await measure(bare, addresses, 'one'))],
    [endpoints, 'quick', 'one', ...cells(await check(distinct, 'quick', 'one'))],
    [endpoints, 'standard', 'one', ...cells(await check(distinct, 'standard', 'one'))],
    [domains, 'quick', 'one', ...cells(await check(sharing, 'quick', 'one'))],
    [domains, 'standard', 'one', ...cells(await check(sharing, 'standard', 'one'))],
    ...(availableParallelism() === 1
      ? []
      : [[endpoints, 'quick', 'all', ...cells(await check(distinct, 'quick', 'all'))]]),
  ];
  table(
    [
      'targets',
      'depth',
      'cores',
      'targets/s',
      'CPU ms each',
      'memory MiB',
      'connections',
      'at once at an address',
      'questions',
      'output MiB',
    ],
    rows,
  );
  await tellOthers(addresses.slice(0, others));
} finally {
  servers.close();
  await rm(folder, { recursive: true });
}

function addressOf(index: number): string {
  return `127.${2 + (index >> 16)}.${(index >> 8) & 0xff}.${index & 0xff}`;
}

function cells({
  seconds,
  cpuSeconds,
  memoryMiB,
  connections,
  most,
  questions,
  outputMiB,
}: Measured): string[] {
  return [
    (targets / seconds).toFixed(0),
    ((1_000 * cpuSeconds) / targets).toFixed(2),
    memoryMiB.toFixed(0),
    String(connections),
    String(most),
    String(questions),
    outputMiB.toFixed(0),
  ];
}

type Cores = 'one' | 'all';

function check(list: readonly string[], depth: string, cores: Cores): Promise<Measured> {
  const words = ['check', '--input', '-', '--depth', depth, '--format', 'ndjson', '--gap', '0'];
  const asked = ['--resolver', `127.0.0.1:${dns}`, '--dnssec', 'off', '--smtp-port', smtp];
  return measure([process.execPath, bin, ...words, ...asked], list, cores);
}

async function measure(command: readonly string[], list: readonly string[], cores: Cores): Promise<Measured> {
  const [input, output] = [join(folder, 'list'), join(folder, 'output')];
  await writeFile(input, `${list.join('\n')}\n`);
  await servers.counts();
  // taskset becomes what it starts, so that its number is the program's.
  const pinned = cores === 'one' ? ['taskset', '-c', String(availableParallelism() - 1)] : [];
  const [program = '', ...args] = [...pinned, ...command];
  const [from, to] = [openSync(input, 'r'), openSync(output, 'w')];
  const began = performance.now();
  const child = spawn(program, args, { stdio: [from, to, 'inherit'] });
  closeSync(from);
  closeSync(to);
  let [cpuSeconds, memoryMiB] = [0, 0];
  const timer = setInterval(() => {
    void usageOf(child.pid ?? 0).then((usage) => {
      if (usage !== undefined) [cpuSeconds, memoryMiB] = [usage.cpuSeconds, usage.memoryMiB];
    });
  }, LOOK_EVERY_MS);
  await once(child, 'close');
  clearInterval(timer);
  const seconds = (performance.now() - began) / 1_000;
  return {
    ...(await servers.counts()),
    seconds,
    cpuSeconds,
    memoryMiB,
    outputMiB: statSync(output).size / 2 ** 20,
  };
}

/** Its threads included; the memory is the most that it ever had. undefined where it has ended. */
async function usageOf(
  pid: number,
): Promise<{ readonly cpuSeconds: number; readonly memoryMiB: number } | undefined> {
  const [stat, status] = await Promise.all(
    ['stat', 'status'].map((name) => readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => '')),
  );
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const most = /^VmHWM:\s+([0-9]+) kB$/m.exec(status ?? '')?.[1];
  if (fields.length < 13 || most === undefined) return undefined;
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, memoryMiB: Number(most) / 1_024 };
}

/** What others need for the same endpoints; each has a program started for every one. */
async function tellOthers(addresses: readonly string[]): Promise<void> {
  const had = await rootsOf(['postfix', 'scanners']);
  if (had.kind !== 'ready') return console.log(`\nposttls-finger, sslscan: ${had.because}`);
  await takeLastCore();
  const settings = `compatibility_level = 3.6\nmyhostname = scanner.bench.test\ninet_protocols = ipv4\n`;
  const finger = await openSandbox(had.roots.postfix, { files: { '/etc/postfix/main.cf': settings } });
  const scan = await openSandbox(had.roots.scanners);
  const few = addresses.slice(0, Math.ceil(addresses.length / 10));
  try {
    console.log('\n## Others, on one core\n');
    table(
      ['program', 'targets', 'targets/s', 'CPU ms each', 'connections each'],
      [
        await timed(
          finger,
          'posttls-finger',
          addresses,
          (at) => `posttls-finger -c -l may -L summary '[${at}]:${smtp}'`,
        ),
        await timed(scan, 'sslscan', few, (at) => `sslscan --starttls-smtp ${at}:${smtp}`),
      ],
    );
  } finally {
    await Promise.all([finger.close(), scan.close()]);
  }
}

async function timed(
  sandbox: Sandbox,
  name: string,
  addresses: readonly string[],
  command: (address: string) => string,
): Promise<readonly string[]> {
  const lines = addresses.map((address) => `${command(address)} >/dev/null 2>&1`);
  await servers.counts();
  const began = performance.now();
  const { stdout } = await sandbox.run('/bin/sh', [
    '-c',
    `PATH=/usr/sbin:/usr/bin\n${lines.join('\n')}\ntimes`,
  ]);
  const seconds = (performance.now() - began) / 1_000;
  const { connections } = await servers.counts();
  const count = addresses.length;
  return [
    name,
    String(count),
    (count / seconds).toFixed(1),
    ((1_000 * secondsIn(stdout)) / count).toFixed(1),
    (connections / count).toFixed(0),
  ];
}

/** What `times` of a shell says of those that it has started: user and system, in its second line. */
function secondsIn(times: string): number {
  const of = [...(times.trim().split('\n')[1] ?? '').matchAll(/([0-9]+)m([0-9.]+)s/g)];
  return of.reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0);
}
