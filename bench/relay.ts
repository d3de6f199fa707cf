/**
 * Waxwing against other relays: sessions hand mail in, in clear, and a sink takes it by STARTTLS.
 *
 *     node bench/relay.ts [messages] [rounds] [workers]
 *
 * All flush before they say 250, and write what they did to disk. Levels: the sink's certificate is verified; `may`; no
 * TLS. With `everything on` Waxwing signs with DKIM, asks the DNS for MX, TLSA and MTA-STS and proves the answers, and the
 * TLSA record is what verifies; others are given the next hop and sign nothing. Events and metrics are always on. A round
 * runs all relays in turn; the table shows the median runs, and the median of the ratios that the rounds gave. CPU is of all
 * processes of a relay, per message; memory is their proportional set size when the last message has arrived; the time to
 * 250 is what a client waits from the end of its content.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { fetchPeer } from '../test/peers/support/fetch.ts';
import { createAuthority } from '../test/support/certificates.ts';
import { type Load, measure, type Run, type Trust } from './support/carry.ts';
import { type Contender, everythingOn, medianRatio, medianRun, others, plain } from './support/contest.ts';
import { openPlace } from './support/dns-place.ts';
import { median, table } from './support/figures.ts';
import { countFlushes } from './support/flushes.ts';
import type { Task } from './support/relays.ts';
import { sinkZones } from './support/waxwing.ts';

const messages = Number(process.argv[2] ?? 5_000);
const rounds = Number(process.argv[3] ?? 3);
const workers = Number(process.argv[4] ?? 1);
const load: Load = { messages, warmUp: 1_000, sessions: 20, bytes: 4_096 };
/** Messages of the run in which flushes are counted. */
const TRACED = 500;
const levels = ['verified', 'may', 'none'] as const satisfies readonly Task['tls'][];

const heads =
  `TLS | relay | msg/s | to 250, p50 ms | p99 ms | CPU ms/message | memory MiB | processes | connections | handshakes | \
inside TLS | signed | delivered, by its own account`.split(' | ');

const authority = await createAuthority();
const pair = await authority.issue({ names: ['127.0.0.1', 'sink.test', 'mx.sink.test'] });
const trust: Trust = { authority, pair };
const spki = new X509Certificate(pair.certPem).publicKey.export({ format: 'der', type: 'spki' });
const place = await openPlace(sinkZones(createHash('sha256').update(spki).digest('hex')));
try {
  const resolver = await place.resolver('plain');
  try {
    await contest([
      ...(await others()),
      plain,
      ...everythingOn({ resolver, anchor: place.anchor }, 1),
      ...(workers === 1 ? [] : everythingOn({ resolver, anchor: place.anchor }, workers)),
    ]);
  } finally {
    await resolver.close();
  }
} finally {
  await place.close();
}

async function contest(contenders: readonly Contender[]): Promise<void> {
  const runs = new Map<string, Run[]>();
  const runsOf = (tls: Task['tls'], { name }: Contender): Run[] => runs.get(`${tls} ${name}`) ?? [];
  for (let round = 0; round < rounds; round++) {
    for (const one of contenders) {
      // One after the other, so that what a relay does with and without TLS is measured under the same conditions.
      for (const tls of levels) {
        runs.set(`${tls} ${one.name}`, [...runsOf(tls, one), await measure(one, tls, load, trust)]);
      }
    }
  }
  console.log(
    `${messages} messages of ${load.bytes} octets by ${load.sessions} sessions, medians of ${rounds} rounds; each relay ` +
      `carries ${load.warmUp} messages first, which count for connections, handshakes and deliveries only\n`,
  );
  const rows = levels.flatMap((tls) => contenders.map((one) => row(tls, one, runsOf(tls, one))));
  table(heads, rows);
  tellRatios(contenders, runsOf);
  console.log(`\nFlushes (fsync, fdatasync) in a run of ${TRACED} messages by STARTTLS, not timed:\n`);
  for (const one of contenders) {
    const flushes = await countedFlushes(one);
    console.log(`- ${one.name}: ${flushes}, ${(flushes / TRACED).toFixed(2)} per message`);
  }
}

function row(tls: Task['tls'], { name }: Contender, all: readonly Run[]): readonly (string | number)[] {
  const run = medianRun(all);
  const waits = [median(all.map(({ p50 }) => p50)), median(all.map(({ p99 }) => p99))];
  const ways = [...(run.told?.ways ?? [])].map(([way, count]) => `${count} ${way}`);
  const seen = [run.connections, run.handshakes, run.encrypted, run.signed, ways.join(', ')];
  const cost = [(run.cpuMs / messages).toFixed(2), Math.round(run.memoryMiB), run.processes];
  return [tls, name, Math.round(run.perSecond), ...waits.map((ms) => ms.toFixed(1)), ...cost, ...seen];
}

function tellRatios(
  contenders: readonly Contender[],
  runsOf: (tls: Task['tls'], contender: Contender) => readonly Run[],
): void {
  const ours = contenders.filter(({ name }) => name.startsWith('Waxwing'));
  const theirs = contenders.filter((one) => !ours.includes(one));
  console.log('\nMessages per second, round by round:\n');
  const ratio = (one: readonly Run[], other: readonly Run[]): string => medianRatio(one, other).toFixed(2);
  table(
    ['', 'TLS', ...theirs.map(({ name }) => `÷ ${name}`), '÷ itself without TLS'],
    ours.flatMap((one) =>
      levels.map((tls) => [
        one.name,
        tls,
        ...theirs.map((other) => ratio(runsOf(tls, one), runsOf(tls, other))),
        tls === 'none' ? '' : ratio(runsOf(tls, one), runsOf('none', one)),
      ]),
    ),
  );
}

async function countedFlushes(contender: Contender): Promise<number> {
  const tools = await fetchPeer('tools');
  if (tools.kind !== 'ready') throw new Error(`strace cannot be had here: ${tools.because}`);
  let flushes = 0;
  await measure(contender, 'may', { ...load, messages: TRACED }, trust, async (roots) => {
    const counting = await countFlushes(tools.root, roots);
    return async () => {
      flushes = await counting.stop();
    };
  });
  return flushes;
}
