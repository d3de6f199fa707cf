/**
 * What the mail for one dead destination does to the mail for another.
 *
 *     node bench/dead.ts [recipients] [messages] [rounds]
 *
 * Two relays: in the queue of one are `recipients` for a host that refuses every connection, handed in by SMTP, a hundred to
 * a message, and all of them are due again every minute; the queue of the other is empty. In turn they carry `messages` for
 * a sink that takes everything by verified TLS; meanwhile the other one is stopped by a signal, so that it takes nothing
 * away. The last figures are of claims on the queue file that is left, everything in it due.
 */
import { openDataFolder } from '../src/store/data-folder.ts';
import { queueDatabase } from '../src/store/migrations.ts';
import { openDatabase } from '../src/store/open-database.ts';
import { sqliteQueue } from '../src/store/sqlite-queue.ts';
import { freePort } from '../test/peers/support/ports.ts';
import { createAuthority } from '../test/support/certificates.ts';
import { carry, fill, startSink, type Trust } from './support/carry.ts';
import { median, table } from './support/figures.ts';
import { type RunningWaxwing, startProgram } from './support/running.ts';
import { accepting, claimRequest, claimsIn, newMessage, settling } from './support/store-calls.ts';

const recipients = Number(process.argv[2] ?? 600_000);
const messages = Number(process.argv[3] ?? 5_000);
const rounds = Number(process.argv[4] ?? 5);
const PER_MESSAGE = 100;
const load = { messages, sessions: 20, bytes: 4_096 };
const WARM_UP = 2_000;
const CLAIMS = 2_000;

/** A relay, and the sink that it alone has. */
interface Side {
  readonly relay: RunningWaxwing;
  readonly sink: Awaited<ReturnType<typeof startSink>>;
  carried: number;
}

interface Figures {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

const authority = await createAuthority();
const trust: Trust = { authority, pair: await authority.issue({ names: ['127.0.0.1', 'sink.test'] }) };
const empty = await startSide();
const crowded = await startSide();
try {
  const ms = await fill(crowded.relay.port, {
    messages: recipients / PER_MESSAGE,
    recipients: PER_MESSAGE,
    domain: 'dead.test',
    domains: 0,
    sessions: 20,
    bytes: 1_024,
  });
  console.log(`${recipients} recipients taken in for a dead host in ${(ms / 1000).toFixed(1)} s\n`);
  await contest();
  await crowded.relay.stop();
  tellClaims(crowded.relay.data);
} finally {
  for (const { relay, sink } of [empty, crowded]) {
    await relay.close();
    sink.close();
  }
}

async function startSide(): Promise<Side> {
  const sink = await startSink(trust, 'verified');
  const nobody = await freePort('127.0.0.1');
  const route = (match: string, port: number | string): string =>
    `[[route]]\nmatch = "${match}"\nto = "smtp://127.0.0.1:${port}"\n`;
  const routes = `${route('sink.test', sink.first)}tls = "authenticate"\n${route('dead.test', nobody)}`;
  const relay = await startProgram({
    tables: `[dns]\nresolver = ["127.0.0.1:9"]\n[tls]\nca = "ca.pem"\n[relay]\nretry = ["1m"]\n${routes}`,
    files: { 'ca.pem': authority.certPem },
  });
  const side: Side = { relay, sink, carried: 0 };
  await run(side, WARM_UP);
  return side;
}

async function run(side: Side, count: number): Promise<Figures> {
  side.carried += count;
  const { fed, ms } = await carry(side.relay, side.sink, { ...load, messages: count }, side.carried);
  return { ...fed, perSecond: (count / ms) * 1000 };
}

/** The other one does nothing meanwhile. */
async function alone(side: Side, other: Side): Promise<Figures> {
  process.kill(other.relay.pid, 'SIGSTOP');
  try {
    return await run(side, messages);
  } finally {
    process.kill(other.relay.pid, 'SIGCONT');
  }
}

async function contest(): Promise<void> {
  const without: Figures[] = [];
  const beside: Figures[] = [];
  const before = await crowded.relay.told(crowded.carried);
  for (let round = 0; round < rounds; round++) {
    without.push(await alone(empty, crowded));
    beside.push(await alone(crowded, empty));
  }
  const line = (what: string, all: readonly Figures[]): readonly (string | number)[] => {
    const ratios = all.map(({ perSecond }, round) => perSecond / (without[round]?.perSecond ?? Number.NaN));
    const of = (key: keyof Figures): number => median(all.map((one) => one[key]));
    const waits = (['p50', 'p99', 'longest'] as const).map((key) => of(key).toFixed(1));
    return [what, Math.round(of('perSecond')), median(ratios).toFixed(2), ...waits];
  };
  console.log(
    `${messages} messages for a host that takes them, medians of ${rounds} rounds, ratios round by round\n`,
  );
  table(
    ['its mail flows', 'msg/s', 'of the empty queue', 'to 250, p50 ms', 'p99 ms', 'longest ms'],
    [line('with an empty queue', without), line(`beside ${recipients} recipients of a dead host`, beside)],
  );
  const told = await crowded.relay.told(crowded.carried);
  const ways = [...told.ways].map(([way, count]) => `${count} ${way}`).join(', ');
  console.log(
    `\nBy its own account: ${ways}; ${told.deferred - before.deferred} times a recipient was put off\n`,
  );
}

/** What a claim costs the thread that writes, flush included. */
function tellClaims(path: string): void {
  const folder = openDataFolder(path);
  let began = performance.now();
  const queue = sqliteQueue(openDatabase(folder, queueDatabase), folder);
  const opened = performance.now() - began;
  const now = Date.now() + 1e9;
  // The dead destination has as many claims out as it may have, as when it is tried.
  queue.commit([{ name: 'claim', argument: { ...claimRequest(20), now, perDestination: 20 } }]);
  for (let index = 0; index < CLAIMS; index++) queue.commit([accepting(newMessage(index))]);
  const request = { ...claimRequest(1), now, perDestination: 20 };
  const took: number[] = [];
  for (let index = 0; index < CLAIMS; index++) {
    began = performance.now();
    const [claim] = claimsIn(queue.commit([{ name: 'claim', argument: request }])[0]);
    took.push(performance.now() - began);
    if (claim?.destination !== 'live.test') throw new Error('the live destination is not served');
    queue.commit([settling(claim)]);
  }
  queue.close();
  folder.close();
  const sorted = took.toSorted((a, b) => a - b);
  const p99 = sorted[Math.floor(CLAIMS * 0.99)] ?? Number.NaN;
  console.log(
    `The queue opens in ${opened.toFixed(0)} ms; a claim for the live destination takes ` +
      `${median(took).toFixed(3)} ms (p99 ${p99.toFixed(3)} ms)`,
  );
}
