/**
 * What a queue of a million recipients costs: memory, the start, and how long an operator waits for an answer.
 *
 *     node bench/memory.ts [recipients] [domains]
 *
 * The recipients are handed in by SMTP, a hundred to a message, ten after the other in each of `domains`; each domain has an
 * MX host that the DNS names and that refuses every connection. Memory is what the kernel says (RSS, and its highest point):
 * of an empty queue, with all of it at rest, while all of it is tried, and after a new start. The page cache that the system
 * keeps of the database is not in it.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signed, split, type Zone } from '../test/lab/zone.ts';
import { freePort } from '../test/peers/support/ports.ts';
import { fill } from './support/carry.ts';
import { openPlace } from './support/dns-place.ts';
import { median, table } from './support/figures.ts';
import { memoryOf } from './support/processes.ts';
import { type RunningWaxwing, startProgram } from './support/running.ts';
import { dnsOf } from './support/waxwing.ts';

const recipients = Number(process.argv[2] ?? 1_000_000);
const domains = Number(process.argv[3] ?? 10_000);
const PER_MESSAGE = 100;
const messages = Math.ceil(recipients / PER_MESSAGE);
const MIB = 1_024 * 1_024;
/** Nothing happened for so long: what is garbage is gone, mostly. */
const REST_MS = 15_000;
/** How long it is watched while everything is tried. */
const RETRY_MS = 60_000;
const ASKED = 3;

const signing = signed();
const place = await openPlace([
  { name: '.', shows: '', server: 'root', records: [], signing: signed({ keys: split('RSASHA256') }) },
  { name: 'test', shows: '', server: 'tld', records: [], signing },
  { name: 'many.test', shows: '', server: 'leaf', records: ['* MX 10 mx', 'mx A 127.0.0.1'], signing },
] satisfies readonly Zone[]);
try {
  const resolver = await place.resolver('plain');
  const asked = dnsOf({ resolver, anchor: place.anchor });
  const relay = await startProgram({
    tables: `${asked.table}[relay]\nsmtp_port = ${await freePort('127.0.0.1')}\n`,
    files: asked.files,
  });
  try {
    await watch(relay);
  } finally {
    await relay.close();
    await resolver.close();
  }
} finally {
  await place.close();
}

async function watch(relay: RunningWaxwing): Promise<void> {
  await fill(relay.port, load(20));
  await sleep(REST_MS);
  const empty = { memory: await memoryOf(relay.pid), answers: await answersOf(relay) };
  console.error('filling');
  const ms = await fill(relay.port, load(messages));
  const filled = await memoryOf(relay.pid);
  await sleep(REST_MS);
  const resting = { memory: await memoryOf(relay.pid), answers: await answersOf(relay) };
  console.error('trying all of it');
  const retry = await timed(relay, 'queue', 'retry', '--all');
  const busy = await answersOf(relay);
  await sleep(RETRY_MS);
  const trying = await memoryOf(relay.pid);
  console.error('starting again');
  const began = performance.now();
  await relay.restart();
  const startMs = performance.now() - began;
  const started = await memoryOf(relay.pid);
  const inMiB = (octets: number): number => Math.round(octets / MIB);
  console.log(
    `${messages} messages with ${recipients} recipients in ${domains} domains, taken in within ${(ms / 1000).toFixed(0)} s; ` +
      `queue.db has ${inMiB(statSync(join(relay.data, 'queue.db')).size)} MiB\n`,
  );
  table(
    ['', 'RSS, MiB', 'its highest so far'],
    [
      ['an empty queue', ...empty.memory.map(inMiB)],
      ['all of it just taken in', ...filled.map(inMiB)],
      [`${REST_MS / 1000} s later`, ...resting.memory.map(inMiB)],
      [`${RETRY_MS / 1000} s after all was due at once`, ...trying.map(inMiB)],
      ['after a new start', ...started.map(inMiB)],
    ],
  );
  console.log(
    `\nStop and start until it takes mail: ${(startMs / 1000).toFixed(1)} s; \`queue retry --all\`: ${retry.toFixed(0)} ms. ` +
      'An operator waits, with the start of the command itself, ms:\n',
  );
  table(
    ['command', 'empty queue', 'all of it at rest', 'while it is tried'],
    empty.answers.map(([command, first], index) => {
      const [, second] = resting.answers[index] ?? [];
      const [, third] = busy[index] ?? [];
      return [command, ...[first, second, third].map((one) => (one ?? Number.NaN).toFixed(0))];
    }),
  );
}

function load(count: number): Parameters<typeof fill>[1] {
  return {
    messages: count,
    recipients: PER_MESSAGE,
    domain: 'many.test',
    domains,
    sessions: 20,
    bytes: 1_024,
  };
}

async function answersOf(relay: RunningWaxwing): Promise<readonly (readonly [string, number])[]> {
  const id = firstMessage(relay);
  const commands = [
    ['queue', 'show', id],
    ['queue', 'list'],
    ['queue', 'stats'],
    ['queue', 'pause'],
  ];
  const answers: [string, number][] = [];
  for (const words of commands) {
    const shown = words.join(' ').replace(id, 'ID');
    const took: number[] = [];
    for (let time = 0; time < ASKED; time++) took.push(await timed(relay, ...words));
    answers.push([shown, median(took)]);
  }
  return answers;
}

/** By the event log, which begins with what came first. */
function firstMessage({ data }: RunningWaxwing): string {
  const file = openSync(join(data, 'events.ndjson'), 'r');
  try {
    const beginning = Buffer.alloc(4_096);
    const id = /"id":"([^"]+)"/.exec(beginning.toString('utf8', 0, readSync(file, beginning)))?.[1];
    if (id === undefined) throw new Error('the event log names no message');
    return id;
  } finally {
    closeSync(file);
  }
}

async function timed(relay: RunningWaxwing, ...words: readonly string[]): Promise<number> {
  const began = performance.now();
  const done = await relay.cli(...words);
  if (done.code !== 0) throw new Error(`${words.join(' ')}: ${done.stderr}`);
  return performance.now() - began;
}
