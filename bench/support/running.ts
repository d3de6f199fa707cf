/** The real program in a process of its own, and what it says of itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { RelayEvent } from '../../src/events/delivery-event.ts';
import { type Finished, runCommand } from '../../test/peers/support/command.ts';
import { freePort } from '../../test/peers/support/ports.ts';
import { children } from './processes.ts';
import type { Relay } from './relays.ts';

/** What it says of deliveries in its event log and at its metrics. */
export interface Told {
  /** To how many recipients, by outcome and by who decided, such as `authenticated by dane`. */
  readonly ways: ReadonlyMap<string, number>;
  /** How many deliveries the metrics count. */
  readonly counted: number;
  /** How many recipients were put off, as they count: those that are tried and those whose destination rests. */
  readonly deferred: number;
  /** How many answers of the DNS they count that were proven. */
  readonly secure: number;
}

export interface RunningWaxwing extends Relay {
  readonly pid: number;
  readonly data: string;
  /** @param delivered so many deliveries are waited for. */
  told(delivered: number): Promise<Told>;
  /** Another command of the program, with the same configuration. */
  cli(...args: readonly string[]): Promise<Finished>;
  /** Ends it, as an operator would, and starts it again on what it had; its port is another one then. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** What it is started with. */
export interface Setup {
  /** Keys before all tables, each with its line end. */
  readonly top?: string;
  readonly tables: string;
  /** What these name, by their names. */
  readonly files: Readonly<Record<string, string>>;
  /** Options of Node. */
  readonly node?: readonly string[];
}

const program = join(import.meta.dirname, '../../src/cli/bin.ts');
const PATIENCE_MS = 10_000;

/** Takes mail in at a port of its choice, in clear and by STARTTLS; has metrics, and an event log as always. */
export async function startProgram({ top = '', tables, files, node = [] }: Setup): Promise<RunningWaxwing> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-bench-'));
  const config = join(folder, 'waxwing.toml');
  const data = join(folder, 'data');
  const metrics = await freePort('127.0.0.1');
  const listening = `[metrics]\nlisten = "127.0.0.1:${metrics}"\n[[listener]]\nrole = "submission"\naddress = "127.0.0.1:0"\n`;
  const head = `hostname = "relay.test"\ndata = "${data}"\n${top}${listening}`;
  for (const [name, text] of Object.entries({ ...files, 'waxwing.toml': head + tables })) {
    await writeFile(join(folder, name), text, { mode: 0o600 });
  }
  const begin = () => launch([...node, program, 'serve', '--config', config]);
  let running = await begin();
  const stop = async (): Promise<void> => {
    if (running.child.exitCode === null && running.child.kill()) await once(running.child, 'exit');
  };
  return {
    get port() {
      return running.port;
    },
    get pid() {
      return running.child.pid ?? 0;
    },
    get roots() {
      return running.roots;
    },
    data,
    log: () => running.log(),
    told: (delivered) => tellOf(join(data, 'events.ndjson'), metrics, delivered),
    cli: (...args) => runCommand(process.execPath, [program, ...args, '--config', config]),
    stop,
    async restart() {
      await stop();
      running = await begin();
    },
    async close() {
      await stop();
      await rm(folder, { recursive: true });
    },
  };
}

interface Launched {
  readonly child: ChildProcess;
  readonly port: number;
  readonly roots: ReadonlySet<number>;
  log(): string;
}

async function launch(words: readonly string[]): Promise<Launched> {
  const before = await children();
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const lines: string[] = [];
  let port = 0;
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`waxwing did not start:\n${lines.join('\n')}`)));
    createInterface(child.stderr).on('line', (line) => {
      if (lines.push(line) > 200) lines.shift();
      const entry = entryIn(line);
      if (entry.msg === 'listening') port = entry.port ?? port;
      // One of several processes is not the whole.
      if (entry.msg === 'ready' && entry.worker === undefined) resolve();
    });
  });
  return { child, port, roots: (await children()).difference(before), log: () => lines.join('\n') };
}

interface LogEntry {
  readonly msg?: string;
  readonly port?: number;
  /** Which process says so, where it is one of several. */
  readonly worker?: number;
}

function entryIn(line: string): LogEntry {
  // What Node itself says is no JSON.
  return line.startsWith('{') ? JSON.parse(line) : {};
}

/** An event is written after the far side has the message, so the last ones may be on their way. */
async function tellOf(log: string, metrics: number, delivered: number): Promise<Told> {
  for (const began = performance.now(); ; ) {
    const ways = waysIn(log);
    const sum = [...ways.values()].reduce((all, count) => all + count, 0);
    if (sum >= delivered || performance.now() - began > PATIENCE_MS) {
      const page = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
      return {
        ways,
        counted: sumOf(page, /^waxwing_events_total\{event="delivered".* (\d+)$/gm),
        deferred: sumOf(page, /^waxwing_events_total\{event="deferred".* (\d+)$/gm),
        secure: sumOf(page, /^waxwing_dns_answers_total\{status="secure"\} (\d+)$/gm),
      };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function waysIn(log: string): ReadonlyMap<string, number> {
  const ways = new Map<string, number>();
  const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
  // The last line may be half written.
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    if (!line.includes('"event":"delivered"')) continue;
    const { tls } = JSON.parse(line) as RelayEvent;
    const way = `${tls?.outcome} by ${tls?.by}`;
    ways.set(way, (ways.get(way) ?? 0) + 1);
  }
  return ways;
}

function sumOf(page: string, counter: RegExp): number {
  return [...page.matchAll(counter)].reduce((sum, [, count]) => sum + Number(count), 0);
}
