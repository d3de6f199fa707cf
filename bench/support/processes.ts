/** What a relay costs: CPU time and memory of all its processes, those that have ended included. */
import { readdir, readFile } from 'node:fs/promises';

export interface Cost {
  readonly cpuMs: number;
  /** Proportional set size, MiB: memory that several processes share is counted once. */
  readonly memoryMiB: number;
  readonly processes: number;
}

/** Linux counts CPU time in these, whatever the hardware (proc(5), sysconf(_SC_CLK_TCK)). */
const MS_PER_TICK = 10;

/** Direct children of this process: whoever is new after a start is what was started. */
export async function children(): Promise<ReadonlySet<number>> {
  const all = await readAll();
  return new Set([...all.values()].filter(({ parent }) => parent === process.pid).map(({ pid }) => pid));
}

/** The cost so far of these processes and of all that they have started. */
export async function costOf(roots: Iterable<number>): Promise<Cost> {
  const all = await readAll();
  const family = descendants(all, roots);
  let ticks = 0;
  let kilobytes = 0;
  for (const pid of family) {
    ticks += all.get(pid)?.ticks ?? 0;
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    kilobytes += Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0);
  }
  return { cpuMs: ticks * MS_PER_TICK, memoryMiB: kilobytes / 1024, processes: family.size };
}

/** RSS now, and at its highest, octets. */
export async function memoryOf(pid: number): Promise<readonly [number, number]> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const of = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1_024;
  return [of('VmRSS'), of('VmHWM')];
}

/** CPU time that all threads of these processes have taken so far, in microseconds; those that have ended are left out. */
export async function cpuUsOf(pids: Iterable<number>): Promise<number> {
  let nanoseconds = 0;
  for (const pid of pids) {
    const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
    for (const thread of threads) {
      const stat = await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0');
      nanoseconds += Number(stat.split(' ')[0]);
    }
  }
  return nanoseconds / 1000;
}

/** These processes and all that they have started and that still runs. */
export async function familyOf(roots: Iterable<number>): Promise<ReadonlySet<number>> {
  return descendants(await readAll(), roots);
}

function descendants(all: ReadonlyMap<number, Process>, roots: Iterable<number>): ReadonlySet<number> {
  const family = new Set(roots);
  // Parents are found before their children, whose numbers may be lower, in a few rounds.
  for (let before = 0; before !== family.size; ) {
    before = family.size;
    for (const { pid, parent } of all.values()) if (family.has(parent)) family.add(pid);
  }
  return family;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Of its own and of its children that have ended. */
  readonly ticks: number;
}

async function readAll(): Promise<ReadonlyMap<number, Process>> {
  const found = new Map<number, Process>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // A process may end while we look.
    const stat = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '');
    // The name in brackets may hold anything; what follows it is numbers (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields.length < 15) continue;
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    found.set(Number(name), { pid: Number(name), parent: Number(fields[1]), ticks });
  }
  return found;
}
