/** More clients than the process may have descriptors for. */
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from '../peers/support/command.ts';
import type { WaxwingOptions } from '../peers/support/waxwing.ts';
import type { Row } from './support/row.ts';
import { besiege, underLoad } from './support/siege.ts';

const load = { connections: 5, perSecond: 50, contentBytes: 4_000 };
/** Descriptors beyond those in use when the limit comes. */
const SPARE = 10;
const CLIENTS = 60;

/** The limit comes while it runs, with more clients than it leaves room for, and goes again. */
export function fewDescriptors(forMs: number, options: WaxwingOptions = {}): Promise<Row> {
  return besiege({
    fault: `${SPARE} descriptors left for ${CLIENTS} more clients, for ${forMs / 1_000} s`,
    load,
    options,
    async strike({ waxwing, sink, load: running }) {
      const { accepted } = running;
      await underLoad(running, 1_000, 20);
      const inUse = readdirSync(`/proc/${waxwing.pid}/fd`).length;
      await limit(waxwing.pid, inUse + SPARE);
      const crowd = Array.from({ length: CLIENTS }, () => idleClient(waxwing.port));
      await sleep(500);
      const before = { accepted: accepted.size, taken: sink.taken.length, cpu: cpuOf(waxwing.pid) };
      await sleep(forMs);
      const percent = Math.round(((cpuOf(waxwing.pid) - before.cpu) / (forMs / 1_000)) * 100);
      const taken = accepted.size - before.accepted;
      const delivered = sink.taken.length - before.taken;
      const closed = crowd.filter(({ destroyed }) => destroyed).length;
      for (const socket of crowd) socket.destroy();
      const begun = performance.now();
      const reached = accepted.size;
      while (accepted.size < reached + 5 && performance.now() - begun < 30_000) await sleep(10);
      const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
      await sleep(700);
      const text = `${closed} of the ${CLIENTS} clients were closed at once. Meanwhile sessions that were open handed in ${taken} messages, ${delivered} were delivered, and the process used ${percent} % of a core. Once the clients had gone it went on within ${seconds} s, still under the limit.`;
      return { text, facts: { closed, taken, percent } };
    },
  });
}

function idleClient(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.destroy());
  socket.resume();
  return socket;
}

async function limit(pid: number, most: number): Promise<void> {
  const done = await runCommand('prlimit', ['--pid', `${pid}`, `--nofile=${most}:${most}`]);
  if (done.code !== 0) throw new Error(`prlimit: ${done.stderr}`);
}

/** Processor time that it has used, in seconds. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // Behind the name, which may hold anything: state is field 3, utime and stime are 14 and 15, in ticks of 10 ms.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
