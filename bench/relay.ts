/**
 * Waxwing against Postfix as a relay: smtp-source hands mail over in clear, a sink takes it by STARTTLS.
 *
 *     node bench/relay.ts [messages] [rounds]
 *
 * Both flush before they say 250, both verify the sink's certificate (a second row: both `may`; a third: no TLS),
 * both write what they did to disk. The runs alternate; the table shows medians and their ratio.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fetchPeer } from '../test/peers/support/fetch.ts';
import { startPostfix } from '../test/peers/support/postfix.ts';
import { runIn } from '../test/peers/support/sandbox.ts';
import { type Authority, createAuthority } from '../test/support/certificates.ts';
import type { Counts } from './sink.ts';

const messages = Number(process.argv[2] ?? 5_000);
const rounds = Number(process.argv[3] ?? 3);
const SENDERS = 20;
const BYTES = 4_096;
const PATIENCE_MS = 60_000;

type Row = 'verified' | 'may' | 'no TLS';

/** A relay under test, ready to take mail for the sink. */
interface Relay {
  readonly port: number;
  log(): string;
  close(): Promise<void>;
}

interface Run extends Counts {
  readonly perSecond: number;
}

const fetched = await fetchPeer('postfix');
if (fetched.kind !== 'ready') throw new Error(`Postfix cannot be had here: ${fetched.because}`);
const { root } = fetched;
const authority = await createAuthority();

console.log(
  `| row | relay | msg/s (median of ${rounds}) | messages | connections | handshakes | encrypted |`,
);
console.log('|---|---|---|---|---|---|---|');
for (const row of ['verified', 'may', 'no TLS'] as const) {
  const runs = { waxwing: [] as Run[], postfix: [] as Run[] };
  for (let round = 0; round < rounds; round++) {
    runs.postfix.push(await measure(row, startTunedPostfix));
    runs.waxwing.push(await measure(row, startWaxwing));
  }
  const [waxwing, postfix] = [median(runs.waxwing), median(runs.postfix)];
  for (const [name, run] of [
    ['Postfix, tuned', postfix],
    ['Waxwing', waxwing],
  ] as const) {
    const { perSecond, connections, handshakes, encrypted } = run;
    console.log(
      `| ${row} | ${name} | ${Math.round(perSecond)} | ${run.messages} | ${connections} | ${handshakes} | ${encrypted} |`,
    );
  }
  console.log(`| ${row} | ratio | **${(waxwing.perSecond / postfix.perSecond).toFixed(2)}** | | | | |`);
}

async function measure(
  row: Row,
  start: (row: Row, sink: number, authority: Authority) => Promise<Relay>,
): Promise<Run> {
  const sink = await startSink(row);
  const relay = await start(row, sink.port, authority);
  try {
    const began = performance.now();
    const load = `-d -s ${SENDERS} -l ${BYTES} -m ${messages} -f source@source.test -t sink@sink.test`;
    const source = runIn(root, 'smtp-source', [...load.split(' '), `inet:127.0.0.1:${relay.port}`]);
    void source.then(({ code, stderr }) => code !== 0 && console.error(`smtp-source: ${stderr}`));
    for (;;) {
      const counts = await sink.counts();
      const ms = performance.now() - began;
      if (counts.messages >= messages) return { ...counts, perSecond: (messages / ms) * 1000 };
      if (ms > PATIENCE_MS)
        throw new Error(`${counts.messages} of ${messages} after ${ms} ms
${relay.log().slice(-2000)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    await relay.close();
    sink.close();
  }
}

async function startSink(
  row: Row,
): Promise<{ port: number; counts: () => Promise<Counts>; close: () => void }> {
  const pair = await authority.issue({ names: ['127.0.0.1', 'sink.test'] });
  const child = spawn(process.execPath, [join(import.meta.dirname, 'sink.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      SINK_CERT: pair.certPem,
      SINK_KEY: pair.keyPem,
      SINK_TLS: row === 'no TLS' ? 'none' : 'offered',
    },
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => (await lines.next()).value ?? '';
  const port = Number(await nextLine());
  return {
    port,
    counts: async () => {
      child.stdin.write('?\n');
      return JSON.parse(await nextLine()) as Counts;
    },
    close: () => child.kill(),
  };
}

/** Postfix at its best: high concurrency and reuse of TLS connections, which is off as shipped. */
async function startTunedPostfix(row: Row, sink: number, { certPem }: Authority): Promise<Relay> {
  const level = { verified: 'secure', may: 'may', 'no TLS': 'none' } as const;
  const postfix = await startPostfix(root, {
    relay: { host: '127.0.0.1', port: sink, tls: level[row], trust: certPem, names: ['sink.test'] },
    settings: {
      smtp_destination_concurrency_limit: '100',
      default_destination_concurrency_limit: '100',
      initial_destination_concurrency: '100',
      default_process_limit: '300',
      smtp_tls_connection_reuse: 'yes',
      smtp_connection_cache_on_demand: 'yes',
      smtp_connection_cache_destinations: '127.0.0.1',
      qmgr_message_active_limit: '20000',
    },
  });
  return { port: postfix.port, log: () => postfix.log(), close: () => postfix.close() };
}

async function startWaxwing(row: Row, sink: number, { certPem }: Authority): Promise<Relay> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-bench-'));
  const level = { verified: 'authenticate', may: 'may', 'no TLS': 'off' } as const;
  await writeFile(join(folder, 'ca.pem'), certPem);
  await writeFile(
    join(folder, 'waxwing.toml'),
    `hostname = "relay.test"
data = "${folder}/data"
[tls]
ca = "ca.pem"
[[listener]]
role = "submission"
address = "127.0.0.1:0"
tls = "starttls"
[[route]]
match = "sink.test"
to = "smtp://127.0.0.1:${sink}"
tls = "${level[row]}"
`,
  );
  const bin = join(import.meta.dirname, '../src/cli/bin.ts');
  const child = spawn(process.execPath, [bin, 'serve', '--config', join(folder, 'waxwing.toml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return {
    port: await listeningPort(child),
    log: () => '',
    close: async () => {
      child.kill();
      await once(child, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}

async function listeningPort(child: ChildProcess): Promise<number> {
  if (child.stderr === null) throw new Error('no log');
  let port = 0;
  for await (const line of createInterface(child.stderr)) {
    const entry = JSON.parse(line) as { msg: string; port?: number };
    if (entry.msg === 'listening') port = entry.port ?? 0;
    if (entry.msg === 'ready') return port;
  }
  throw new Error('waxwing did not start');
}

function median(runs: readonly Run[]): Run {
  const sorted = runs.toSorted((a, b) => a.perSecond - b.perSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('no runs');
  return middle;
}
