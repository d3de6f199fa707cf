/**
 * What a check of many targets costs: each target an endpoint of its own, and domains that share mail hosts.
 *
 *     node bench/check.ts [targets] [shared hosts] [others]
 *
 * 1. `targets` (20,000) addresses of 127.0.0.0/8, nothing shared, without pauses: quick and standard, on one core and on all.
 * 2. As many domains with 200 mail hosts, by a resolver without DNSSEC: each endpoint is visited once.
 * 3. posttls-finger at 200 of the same endpoints, one after the other, a connection each.
 *
 * Servers and resolver are a toy in a process of its own (check-servers.ts) on the first core; it counts connections. Where
 * the program runs on one core that is the last one. A target's result is a line of NDJSON with its recording, written to a
 * file. The certificate is the same everywhere, of ECDSA; CPU is of all threads of the program, its start of about a second
 * included.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootsOf } from '../test/peers/support/peer.ts';
import { openSandbox } from '../test/peers/support/sandbox.ts';
import { createAuthority } from '../test/support/certificates.ts';
import { moveToFirstCore } from './support/cores.ts';
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
  const distinct = Array.from({ length: targets }, (_, index) => `[${addressOf(index)}]:${smtp}`);
  const sharing = Array.from({ length: targets }, (_, index) => `d${index}.bench.test`);
  const rows: (readonly string[])[] = [];
  for (const [what, list] of [
    [`${targets} endpoints`, distinct],
    [`${targets} domains, ${hosts} hosts`, sharing],
  ] as const) {
    for (const depth of ['quick', 'standard'])
      for (const cores of ['one', 'all'] as const)
        rows.push([what, depth, cores, ...cells(await measure(list, depth, cores))]);
  }
  console.log('## A list, without pauses\n');
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
  await tellOthers(distinct.slice(0, others));
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

async function measure(list: readonly string[], depth: string, cores: 'one' | 'all'): Promise<Measured> {
  const [input, output] = [join(folder, 'list'), join(folder, 'output')];
  await writeFile(input, `${list.join('\n')}\n`);
  await servers.counts();
  const words = ['check', '--input', input, '--depth', depth, '--format', 'ndjson', '--gap', '0'];
  const asked = ['--resolver', `127.0.0.1:${dns}`, '--dnssec', 'off', '--smtp-port', smtp];
  // taskset becomes what it starts, so that its number is the program's.
  const pinned = cores === 'one' ? ['taskset', '-c', String(availableParallelism() - 1)] : [];
  const [program = '', ...args] = [...pinned, process.execPath, bin, ...words, ...asked];
  const fd = openSync(output, 'w');
  const began = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', fd, 'inherit'] });
  closeSync(fd);
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

/** What others do with a connection at the same endpoints. */
async function tellOthers(places: readonly string[]): Promise<void> {
  const had = await rootsOf(['postfix']);
  if (had.kind !== 'ready') return console.log(`\nposttls-finger: ${had.because}`);
  const settings = `compatibility_level = 3.6\nmyhostname = scanner.bench.test\ninet_protocols = ipv4\n`;
  const sandbox = await openSandbox(had.roots.postfix, { files: { '/etc/postfix/main.cf': settings } });
  try {
    const each = places.map(
      (place) => `/usr/sbin/posttls-finger -c -l may -L summary '${place}' >/dev/null 2>&1`,
    );
    await servers.counts();
    const began = performance.now();
    const { stdout } = await sandbox.run('/bin/sh', ['-c', `${each.join('\n')}\ntimes`]);
    const seconds = (performance.now() - began) / 1_000;
    const { connections } = await servers.counts();
    console.log(`\n## posttls-finger, ${places.length} endpoints one after the other\n`);
    console.log(
      `${(places.length / seconds).toFixed(0)}/s, ${connections} connections; times: ${stdout.trim().replace(/\s+/g, ' ')}`,
    );
  } finally {
    await sandbox.close();
  }
}
