/** A relay under load, something that goes wrong meanwhile, and the count of what became of every accepted message. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Sink, startSink } from '../../peers/support/sink.ts';
import { startWaxwing, type Waxwing, type WaxwingOptions } from '../../peers/support/waxwing.ts';
import { createAuthority } from '../../support/certificates.ts';
import { type Door, openDoor } from './door.ts';
import { type Load, type LoadOptions, startLoad } from './load.ts';
import { notableLines } from './log-lines.ts';
import type { Row } from './row.ts';

/** Where mail goes in the end. */
export interface FarSide {
  /** Subject of each message that came, as often as it came. */
  arrived(): Promise<readonly string[]>;
  /** Subjects of messages whose sender was told that they are given up. */
  returned(): Promise<readonly string[]>;
}

export interface Scene {
  readonly waxwing: Waxwing;
  /** Our own sink, also where something else is the far side. */
  readonly sink: Sink;
  /** The way of mail for `down.test` to it; shut at first. */
  readonly door: Door;
  readonly load: Load;
}

/** How it recovered. */
export interface Recovery {
  /** One sentence or more. */
  readonly text: string;
  readonly facts?: Row['facts'];
}

export interface Siege {
  readonly fault: string;
  readonly load: Omit<LoadOptions, 'port'>;
  /** What the relay is told beside its way to the sink. */
  readonly options?: WaxwingOptions;
  /** Another far side; by default our own sink. */
  readonly farSide?: (scene: Scene) => FarSide;
  /** Breaks something while the load runs, and mends it. */
  readonly strike: (scene: Scene) => Promise<Recovery>;
}

/** So long at most nothing may change until what has not arrived is counted as it is. */
const QUIET_MS = 20_000;

/** Runs it from beginning to end. */
export async function besiege(siege: Siege): Promise<Row> {
  const authority = await createAuthority();
  const sink = await startSink(await authority.issue({ names: ['sink.localhost'] }));
  const door = await openDoor(sink.port);
  const waxwing = await startWaxwing(optionsOf(siege.options ?? {}, authority.certPem, sink, door));
  try {
    const load = startLoad({ ...siege.load, port: () => waxwing.port });
    const scene: Scene = { waxwing, sink, door, load };
    const { text, facts = {} } = await siege.strike(scene).finally(() => load.stop());
    const farSide = siege.farSide?.(scene) ?? farSideOf(sink);
    const count = await counted(waxwing, load, farSide);
    return {
      fault: siege.fault,
      load: loadText(siege.load),
      ...count,
      clients: tallyText(load.seen),
      log: notableLines(waxwing.log()),
      recovery: text,
      facts,
    };
  } catch (error) {
    throw new Error(`${siege.fault}: ${String(error)}; the log:\n${waxwing.log()}`, { cause: error });
  } finally {
    await waxwing.close();
    door.close();
    await sink.close();
  }
}

/** Mail for `down.test` goes through the door, all other mail straight to the sink. */
function optionsOf(more: WaxwingOptions, trust: string, sink: Sink, door: Door): WaxwingOptions {
  const { relay, routes = [], ...options } = more;
  const toSink = { tls: 'authenticate' };
  return {
    trust,
    routes: [
      ...routes,
      { ...toSink, match: 'down.test', to: `smtp://sink.localhost:${door.port}` },
      { ...toSink, match: '*', to: `smtp://sink.localhost:${sink.port}` },
    ],
    relay: { retry: ['1s'], ...relay },
    ...options,
  };
}

function farSideOf(sink: Sink): FarSide {
  const isReport = (content: Buffer): boolean => content.includes('report-type=delivery-status');
  return {
    arrived: () =>
      Promise.resolve(sink.taken.filter((one) => !isReport(one.content)).map((one) => one.subject)),
    returned: () =>
      Promise.resolve(
        sink.taken
          .filter(({ content }) => isReport(content) && content.includes('\r\nAction: failed'))
          .map(({ content }) => /^Subject: (fault \d+)\r$/m.exec(content.toString('latin1'))?.[1] ?? ''),
      ),
  };
}

type Count = Pick<Row, 'accepted' | 'arrived' | 'doubles' | 'waiting' | 'returned' | 'lost'>;

async function counted(waxwing: Waxwing, load: Load, farSide: FarSide): Promise<Count> {
  const subjects = [...load.accepted.keys()];
  let arrived: readonly string[] = [];
  for (let quietSince = performance.now(); performance.now() - quietSince < QUIET_MS; await sleep(50)) {
    const now = await farSide.arrived();
    if (now.length !== arrived.length) quietSince = performance.now();
    arrived = now;
    const there = new Set(arrived);
    if (subjects.every((subject) => there.has(subject))) break;
  }
  const there = new Set(arrived);
  const told = new Set(await farSide.returned());
  const missing = subjects.filter((subject) => !there.has(subject));
  const queued = missing.length === 0 ? new Set<string>() : await openIds(waxwing);
  const returned = missing.filter((subject) => told.has(subject));
  const waiting = missing.filter(
    (subject) => !told.has(subject) && queued.has(load.accepted.get(subject) ?? ''),
  );
  return {
    accepted: subjects.length,
    arrived: subjects.length - missing.length,
    doubles: arrived.length - there.size,
    waiting: waiting.length,
    returned: returned.length,
    lost: missing.length - returned.length - waiting.length,
  };
}

/** Waits for so long, and until so many more messages were taken: on a busy machine that may take longer. */
export async function underLoad({ accepted }: Load, ms: number, messages: number): Promise<void> {
  const enough = accepted.size + messages;
  await sleep(ms);
  for (const end = performance.now() + QUIET_MS; accepted.size < enough && performance.now() < end; )
    await sleep(20);
}

/** Ids of messages in the queue that have not ended. */
export async function openIds(waxwing: Waxwing): Promise<ReadonlySet<string>> {
  const listed = await waxwing.cli(['queue', 'list', '--json']);
  if (listed.code !== 0) throw new Error(`waxwing queue list: ${listed.stderr}`);
  const messages: readonly { readonly id: string }[] = JSON.parse(listed.stdout);
  return new Set(messages.map(({ id }) => id));
}

function loadText({ connections, perSecond, contentBytes }: Siege['load']): string {
  return `${connections} connections, up to ${perSecond} messages of ${contentBytes.toLocaleString('en')} octets a second`;
}

function tallyText(seen: ReadonlyMap<string, number>): string {
  return [...seen]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([what, count]) => `${what} (${count.toLocaleString('en')})`)
    .join(', ');
}
