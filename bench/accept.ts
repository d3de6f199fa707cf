/**
 * Waxwing against Postfix at taking mail in: STARTTLS on every connection, one message each, nothing delivered.
 *
 *     node bench/accept.ts [messages] [rounds]
 *
 * Both flush before they say 250. The runs alternate; the table shows medians and their ratio. The source makes all
 * handshakes on the same machine, so the CPU time per message says more of a relay than its messages per second.
 */
import { join } from 'node:path';
import { createAuthority } from '../test/support/certificates.ts';
import type { Counts } from './source.ts';
import { medianRatio, medianRun, others, plain } from './support/contest.ts';
import { startCounter } from './support/counter.ts';
import { type Cost, costOf } from './support/processes.ts';
import type { StartRelay } from './support/relays.ts';

const messages = Number(process.argv[2] ?? 3_000);
const rounds = Number(process.argv[3] ?? 3);
const SENDERS = 20;
const BYTES = 4_096;
const PATIENCE_MS = 120_000;
/** Nobody listens there, and nobody is called. */
const NOWHERE = 1;

interface Run extends Counts, Cost {
  readonly perSecond: number;
}

const contenders = [...(await others()), plain];
const authority = await createAuthority();

const runs = new Map<string, Run[]>();
for (let round = 0; round < rounds; round++) {
  for (const { name, start } of contenders) runs.set(name, [...(runs.get(name) ?? []), await measure(start)]);
}
console.log(`${messages} messages of ${BYTES} octets from ${SENDERS} senders, medians of ${rounds} rounds\n`);
console.log('| relay | msg/s | connections | handshakes | failures | CPU ms/message | memory MiB |');
console.log('|---|---|---|---|---|---|---|');
for (const [name, all] of runs) {
  const run = medianRun(all);
  const cost = [(run.cpuMs / messages).toFixed(2), Math.round(run.memoryMiB)];
  const cells = [Math.round(run.perSecond), run.connections, run.handshakes, run.failures, ...cost];
  console.log(`| ${[name, ...cells].join(' | ')} |`);
}
const ours = runs.get('Waxwing') ?? [];
for (const [name, theirs] of runs) {
  if (name === 'Waxwing') continue;
  const cpu = (medianRun(theirs).cpuMs / medianRun(ours).cpuMs).toFixed(2);
  console.log(`\nWaxwing ÷ ${name}: **${medianRatio(ours, theirs).toFixed(2)}** (CPU: ${cpu} times less)`);
}

async function measure(start: StartRelay): Promise<Run> {
  const relay = await start({ sink: NOWHERE, tls: 'may', deliver: 'keep', authority });
  try {
    const before = await costOf(relay.roots);
    const began = performance.now();
    const source = await startCounter<Counts>(join(import.meta.dirname, 'source.ts'), {
      SOURCE_PORT: String(relay.port),
      SOURCE_MESSAGES: String(messages),
      SOURCE_SENDERS: String(SENDERS),
      SOURCE_BYTES: String(BYTES),
    });
    try {
      for (;;) {
        const counts = await source.counts();
        const ms = performance.now() - began;
        if (counts.messages + counts.failures >= messages) {
          const cost = await costOf(relay.roots);
          return { ...counts, ...cost, cpuMs: cost.cpuMs - before.cpuMs, perSecond: (messages / ms) * 1000 };
        }
        if (ms > PATIENCE_MS) {
          throw new Error(`${counts.messages} of ${messages} after ${ms} ms\n${relay.log().slice(-2000)}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    } finally {
      source.close();
    }
  } finally {
    await relay.close();
  }
}
