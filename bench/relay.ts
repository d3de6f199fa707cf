/**
 * Waxwing against Postfix as a relay: smtp-source hands mail over in clear, a sink takes it by STARTTLS.
 *
 *     node bench/relay.ts [messages] [rounds]
 *
 * Both flush before they say 250, both write what they did to disk. Rows: both verify the sink's certificate; both
 * `may`; no TLS. A round runs all of them in turn; the table shows the median runs, and the median of the ratios that the
 * rounds gave. CPU is of all processes of a relay, per message; memory is their proportional set size when the last
 * message has arrived.
 */
import { join } from 'node:path';
import { fetchPeer } from '../test/peers/support/fetch.ts';
import { runIn } from '../test/peers/support/sandbox.ts';
import { createAuthority } from '../test/support/certificates.ts';
import type { Counts } from './sink.ts';
import { contest, medianRatio, medianRun } from './support/contest.ts';
import { type Counter, startCounter } from './support/counter.ts';
import { countFlushes } from './support/flushes.ts';
import { type Cost, costOf } from './support/processes.ts';
import { type Relay, type StartRelay, signingWaxwing, type Task } from './support/relays.ts';

const messages = Number(process.argv[2] ?? 5_000);
const rounds = Number(process.argv[3] ?? 3);
const SENDERS = 20;
const BYTES = 4_096;
/** Before the clock starts: a process that has just been started is not what runs for months. */
const WARM_UP = 1_000;
/** Messages of the run in which flushes are counted. */
const TRACED = 500;
const PATIENCE_MS = 120_000;

interface Run extends Counts, Cost {
  readonly perSecond: number;
}

const { root, contenders: relays } = await contest();
/** Waxwing three times: nobody signs for the others, either. */
const contenders: typeof relays = [
  ...relays,
  { name: 'Waxwing, DKIM by RSA-2048, metrics', start: signingWaxwing('rsa-2048') },
  { name: 'Waxwing, DKIM by Ed25519, metrics', start: signingWaxwing('ed25519') },
];
const authority = await createAuthority();
const levels = ['verified', 'may', 'none'] as const satisfies readonly Task['tls'][];

const runs = new Map<string, Run[]>();
const runsOf = (tls: Task['tls'], name: string): Run[] => runs.get(`${tls} ${name}`) ?? [];
for (let round = 0; round < rounds; round++) {
  for (const { name, start } of contenders) {
    // One after the other, so that what a relay does with and without TLS is measured under the same conditions.
    for (const tls of levels) runs.set(`${tls} ${name}`, [...runsOf(tls, name), await measure(tls, start)]);
  }
}

console.log(
  `${messages} messages of ${BYTES} octets from ${SENDERS} senders, medians of ${rounds} rounds; each relay carries ` +
    `${WARM_UP} messages first, which count for connections and handshakes only\n`,
);
console.log(
  '| TLS | relay | msg/s | connections | handshakes | inside TLS | CPU ms/message | memory MiB | processes |',
);
console.log('|---|---|---|---|---|---|---|---|---|');
for (const tls of levels) {
  for (const { name } of contenders) {
    const run = medianRun(runsOf(tls, name));
    const cells = [run.perSecond, run.connections, run.handshakes, run.encrypted].map(Math.round);
    const cost = [(run.cpuMs / messages).toFixed(2), Math.round(run.memoryMiB), run.processes];
    console.log(`| ${[tls, name, ...cells, ...cost].join(' | ')} |`);
  }
  for (const { name: ours } of contenders.filter(isOurs)) {
    const ratios = contenders.flatMap((other) =>
      isOurs(other)
        ? []
        : [`÷ ${other.name}: **${medianRatio(runsOf(tls, ours), runsOf(tls, other.name)).toFixed(2)}**`],
    );
    console.log(`| ${tls} | ${ours} ${ratios.join(', ')} | | | | | | | |`);
  }
}
for (const tls of ['verified', 'may'] as const) {
  const share = medianRatio(runsOf(tls, 'Waxwing'), runsOf('none', 'Waxwing'));
  console.log(`\nWaxwing ${tls} ÷ Waxwing without TLS: **${share.toFixed(2)}**`);
}

console.log(`\nFlushes (fsync, fdatasync) in a run of ${TRACED} messages by STARTTLS, not timed:\n`);
for (const { name, start } of contenders) {
  const flushes = await countedFlushes(start);
  console.log(`- ${name}: ${flushes}, ${(flushes / TRACED).toFixed(2)} per message`);
}

function isOurs({ name }: { readonly name: string }): boolean {
  return name.startsWith('Waxwing');
}

async function countedFlushes(start: StartRelay): Promise<number> {
  const tools = await fetchPeer('tools');
  if (tools.kind !== 'ready') throw new Error(`strace cannot be had here: ${tools.because}`);
  let flushes = 0;
  await measure('may', start, TRACED, async (roots) => {
    const counting = await countFlushes(tools.root, roots);
    return async () => {
      flushes = await counting.stop();
    };
  });
  return flushes;
}

/** @param watch called when the relay stands; what it returns, when the last message has arrived. */
async function measure(
  tls: Task['tls'],
  start: StartRelay,
  wanted = messages,
  watch: (roots: Iterable<number>) => Promise<() => Promise<void>> = async () => async () => undefined,
): Promise<Run> {
  const pair = await authority.issue({ names: ['127.0.0.1', 'sink.test'] });
  const sink = await startCounter<Counts>(join(import.meta.dirname, 'sink.ts'), {
    SINK_CERT: pair.certPem,
    SINK_KEY: pair.keyPem,
    SINK_TLS: tls === 'none' ? 'none' : 'offered',
  });
  const relay = await start({ sink: Number(sink.first), tls, deliver: 'at once', authority });
  try {
    await carry(relay, sink, WARM_UP, WARM_UP);
    const seen = await watch(relay.roots);
    const before = await costOf(relay.roots);
    const { counts, ms } = await carry(relay, sink, wanted, WARM_UP + wanted);
    const cost = await costOf(relay.roots);
    await seen();
    return { ...counts, ...cost, cpuMs: cost.cpuMs - before.cpuMs, perSecond: (wanted / ms) * 1000 };
  } finally {
    await relay.close();
    sink.close();
  }
}

/** Hands messages in until the sink has `total`. */
async function carry(
  relay: Relay,
  sink: Counter<Counts>,
  count: number,
  total: number,
): Promise<{ counts: Counts; ms: number }> {
  const load = `-d -s ${SENDERS} -l ${BYTES} -m ${count} -f source@source.test -t sink@sink.test`;
  const began = performance.now();
  const source = runIn(root, 'smtp-source', [...load.split(' '), `inet:127.0.0.1:${relay.port}`]);
  void source.then(({ code, stderr }) => code !== 0 && console.error(`smtp-source: ${stderr}`));
  for (;;) {
    const counts = await sink.counts();
    const ms = performance.now() - began;
    if (counts.messages >= total) return { counts, ms };
    if (ms > PATIENCE_MS) {
      throw new Error(`${counts.messages} of ${total} after ${ms} ms\n${relay.log().slice(-2000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
