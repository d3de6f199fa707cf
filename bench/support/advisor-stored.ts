/** A store full of policies: memory, the start, and look-ups of domains by chance. */
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Domain, parseDomain } from '../../src/names/domain.ts';
import { afterFetch } from '../../src/policies/mta-sts/cache.ts';
import { parsePolicy, type StsPolicy } from '../../src/policies/mta-sts/policy.ts';
import { openPolicies } from '../../src/store/open-policies.ts';
import { policyDatabase } from '../../src/store/policy-migrations.ts';
import { freePort } from '../../test/peers/support/ports.ts';
import { ADDRESS, type AdvisorLab, ask, policyText, setupOf, storedKeys, subjectOf } from './advisor-lab.ts';
import { table } from './figures.ts';
import { memoryOf } from './processes.ts';
import { type RunningWaxwing, startProgram } from './running.ts';

const MIB = 1_024 * 1_024;
const READ = 20_000;
/** A file system without a disk, on Linux. */
const IN_MEMORY = '/dev/shm';

/** @param lookUps of domains by chance, first each for the first time and then again. */
export async function tellStored(lab: AdvisorLab, policies: number, lookUps: number): Promise<void> {
  const resolver = await lab.place.resolver('plain');
  const port = await freePort(ADDRESS);
  const running = await startProgram(setupOf(lab, resolver, port, policies));
  try {
    const empty = { startMs: await startAgain(running), memory: await memoryOf(running.pid) };
    await running.stop();
    fill(running.data, policies);
    const readUs = read(running.data, policies);
    const full = { startMs: await startAgain(running), memory: await memoryOf(running.pid) };
    const subject = await subjectOf('Waxwing', port, running.roots, async () => undefined);
    const keys = storedKeys(policies);
    const task = { keys, connections: 16, inFlight: 16, lookUps, warm: false };
    const first = await ask(subject, task, 'other core');
    const asked = await memoryOf(running.pid);
    const again = await ask(subject, task, 'other core');
    console.log(
      `${policies} policies; data.db has ${octetsOf(running)} MiB; to read one by chance takes ${readUs.toFixed(0)} µs\n`,
    );
    table(
      ['', 'start ms', 'memory (RSS) MiB', 'its highest so far'],
      [
        ['an empty store', empty.startMs.toFixed(0), ...empty.memory.map(inMiB)],
        ['all of them', full.startMs.toFixed(0), ...full.memory.map(inMiB)],
        [`after ${lookUps} look-ups`, '', ...asked.map(inMiB)],
      ],
    );
    console.log(`\n${lookUps} look-ups of domains by chance, 16 connections, 16 in flight on each:\n`);
    table(
      ['', 'look-ups/s', 'p50 ms', 'p99 ms'],
      [
        ['the first time: DNS asked and proven, policy from the store', first] as const,
        ['the same again', again] as const,
      ].map(([what, { perSecond, p50, p99 }]) => [
        what,
        perSecond.toFixed(0),
        ...[p50, p99].map((us) => (us / 1000).toFixed(2)),
      ]),
    );
  } finally {
    await running.close();
    await resolver.close();
  }
}

/** Rows as the engine writes them after a fetch; put together in memory, as each one is flushed. */
function fill(data: string, policies: number): void {
  const folder = mkdtempSync(join(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), 'waxwing-bench-'));
  try {
    const store = openPolicies({ path: folder });
    const now = Date.now();
    for (let index = 0; index < policies; index += 1) {
      const own = `k${index}.million.test`;
      const attempt = { domain: domain(own), id: '1', now, jitter: (index % 1_000) / 1_000, used: true };
      store.sts.put(afterFetch(undefined, policy(own), attempt));
    }
    store.close();
    for (const log of ['-wal', '-shm']) rmSync(join(data, `${policyDatabase.file}${log}`), { force: true });
    copyFileSync(join(folder, policyDatabase.file), join(data, policyDatabase.file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @returns how long it takes to read one by chance, µs. */
function read(data: string, policies: number): number {
  const store = openPolicies({ path: data });
  const began = performance.now();
  for (let count = 0; count < READ; count += 1) {
    const own = domain(`k${Math.floor(Math.random() * policies)}.million.test`);
    if (store.sts.get(own)?.known?.policy.mx.at(1)?.domain !== own) throw new Error(`${own} is not stored`);
  }
  const tookMs = performance.now() - began;
  store.close();
  return (tookMs / READ) * 1000;
}

function policy(own: string): StsPolicy {
  const parsed = parsePolicy(Buffer.from(policyText('mx.million.test', own)));
  if (parsed.kind !== 'ok') throw new Error('the policy of the bench is malformed');
  return parsed.policy;
}

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.value;
}

async function startAgain(running: RunningWaxwing): Promise<number> {
  await running.stop();
  const began = performance.now();
  await running.restart();
  return performance.now() - began;
}

function octetsOf({ data }: RunningWaxwing): number {
  return inMiB(statSync(join(data, 'data.db')).size);
}

function inMiB(octets: number): number {
  return Math.round(octets / MIB);
}
