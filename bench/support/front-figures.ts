/** What is measured of a program that gives TLS to clients of a server; its own processor time beside each figure. */
import type { Front } from './fronts.ts';
import { type ImapClient, inside, loggedIn, type Way } from './imap-client.ts';
import { costOf } from './processes.ts';

/** Whom it is about. */
export interface Subject {
  readonly front: Pick<Front, 'roots'>;
  readonly way: Way;
  readonly ca: string;
  /** The process of the server behind; it shares a core with the load. */
  readonly behind: ReadonlySet<number>;
}

export interface Measured {
  readonly ms: number;
  /** Processor time of the front. */
  readonly cpuMs: number;
  /** How busy the load and the server behind were, as a share of one core. */
  readonly load: number;
}

const ABREAST = 20;
const SETTLE_MS = 2_000;

/** Each: connect, greeting, TLS, login, logout. */
export function openAndClose(subject: Subject, sessions: number): Promise<Measured> {
  const { way, ca } = subject;
  return measured(subject, () =>
    abreast(sessions, async () => {
      const client = await loggedIn(way, ca);
      await client.ask('LOGOUT');
      client.socket.end();
    }),
  );
}

export interface Bulk {
  readonly connections: number;
  readonly direction: 'to the server' | 'from the server';
  /** In all. */
  readonly octets: number;
}

/** Every octet is compared by whoever takes it. */
export async function transfer(
  subject: Subject,
  { connections, direction, octets }: Bulk,
): Promise<Measured> {
  const clients = await several(connections, () => loggedIn(subject.way, subject.ca));
  const each = Math.ceil(octets / connections);
  const figure = await measured(subject, () =>
    Promise.all(clients.map((client) => carry(client, direction, each))),
  );
  for (const { socket } of clients) socket.destroy();
  return figure;
}

async function carry(client: ImapClient, direction: Bulk['direction'], octets: number): Promise<void> {
  if (direction === 'from the server') {
    await client.ask(`SOURCE ${octets}`);
    return await client.take(octets);
  }
  await client.ask(`SINK ${octets}`);
  await client.give(octets);
  const arrived = await client.line();
  if (arrived?.endsWith('OK done') !== true) throw new Error(`octets were answered by ${arrived}`);
}

/** @returns microseconds of a command and its answer inside TLS, the median. */
export async function roundTrip({ way, ca }: Pick<Subject, 'way' | 'ca'>, times: number): Promise<number> {
  const client = await loggedIn(way, ca);
  const all: number[] = [];
  for (let n = 0; n < times; n++) {
    const began = performance.now();
    await client.ask('NOOP');
    all.push((performance.now() - began) * 1000);
  }
  client.socket.destroy();
  return all.toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN;
}

/**
 * @param open how far each of them comes.
 * @returns KiB of the front's memory for each of so many connections that do nothing.
 */
export async function idle(
  { front, way, ca }: Subject,
  connections: number,
  open: typeof inside | typeof loggedIn,
): Promise<number> {
  const before = await settled(front);
  const clients: ImapClient[] = [];
  await abreast(connections, async () => {
    clients.push(await open(way, ca));
  });
  const after = await settled(front);
  const lost = clients.filter(({ socket }) => socket.destroyed || socket.readableEnded).length;
  for (const { socket } of clients) socket.destroy();
  if (lost > 0) throw new Error(`${lost} of ${connections} idle connections were lost`);
  return ((after - before) * 1024) / connections;
}

async function settled({ roots }: Pick<Front, 'roots'>): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return (await costOf(roots)).memoryMiB;
}

async function measured(
  { front, behind }: Pick<Subject, 'front' | 'behind'>,
  work: () => Promise<unknown>,
): Promise<Measured> {
  const [cost, costBehind, own] = [await costOf(front.roots), await costOf(behind), process.cpuUsage()];
  const began = performance.now();
  await work();
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(own);
  const [after, afterBehind] = [await costOf(front.roots), await costOf(behind)];
  const load = ((user + system) / 1000 + afterBehind.cpuMs - costBehind.cpuMs) / ms;
  return { ms, cpuMs: after.cpuMs - cost.cpuMs, load };
}

/** So many times in all, {@link ABREAST} at once. */
export async function abreast(times: number, once: () => Promise<void>): Promise<void> {
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun++ < times) await once();
  };
  await Promise.all(Array.from({ length: Math.min(ABREAST, times) }, lane));
}

function several<One>(count: number, make: () => Promise<One>): Promise<One[]> {
  return Promise.all(Array.from({ length: count }, make));
}
