/** One run of a relay: a feed hands in, the relay carries, a sink counts; and whether all that was meant to happen did. */
import { join } from 'node:path';
import type { Authority, Certificate } from '../../test/support/certificates.ts';
import type { Counts as Fed } from '../feed.ts';
import type { Counts as Sunk } from '../sink.ts';
import type { Contender } from './contest.ts';
import { type Counter, startCounter } from './counter.ts';
import { type Cost, costOf } from './processes.ts';
import type { Relay, Task } from './relays.ts';
import type { Told } from './running.ts';

/** What a run came to; octets, connections and the like are those of the sink, the warm-up among them. */
export interface Run extends Sunk, Cost {
  readonly perSecond: number;
  /** From the end of the content to its 250, ms, as the feed saw it. */
  readonly p50: number;
  readonly p99: number;
  /** undefined: it says nothing of itself that we would read. */
  readonly told: Told | undefined;
}

/** What is carried, and how. */
export interface Load {
  readonly messages: number;
  /** Carried first: a process that has just been started is not what runs for months. */
  readonly warmUp: number;
  readonly sessions: number;
  /** Of the content of each, about. */
  readonly bytes: number;
}

/** The certificate of the sink, and who vouches for it. */
export interface Trust {
  readonly authority: Authority;
  readonly pair: Certificate;
}

const PATIENCE_MS = 120_000;
const file = (name: string): string => join(import.meta.dirname, '..', name);

export function startSink({ pair }: Trust, tls: Task['tls']): Promise<Counter<Sunk>> {
  return startCounter<Sunk>(file('sink.ts'), {
    SINK_CERT: pair.certPem,
    SINK_KEY: pair.keyPem,
    SINK_TLS: tls === 'none' ? 'none' : 'offered',
  });
}

/** @param watch called when the relay is warm; what it returns, when the last message has arrived. */
export async function measure(
  contender: Contender,
  tls: Task['tls'],
  load: Load,
  trust: Trust,
  watch: (roots: Iterable<number>) => Promise<() => Promise<void>> = async () => async () => undefined,
): Promise<Run> {
  const sink = await startSink(trust, tls);
  const { authority } = trust;
  const relay = await contender.start({ sink: Number(sink.first), tls, deliver: 'at once', authority });
  try {
    const { messages, warmUp } = load;
    await carry(relay, sink, { ...load, messages: warmUp }, warmUp);
    const seen = await watch(relay.roots);
    const before = await costOf(relay.roots);
    const { sunk, fed, ms } = await carry(relay, sink, load, warmUp + messages);
    const cost = await costOf(relay.roots);
    await seen();
    const told = await relay.told?.(warmUp + messages);
    complain(contender, tls, sunk, told);
    const { p50, p99 } = fed;
    const perSecond = (messages / ms) * 1000;
    return { ...sunk, ...cost, p50, p99, told, cpuMs: cost.cpuMs - before.cpuMs, perSecond };
  } finally {
    await relay.close();
    sink.close();
  }
}

/** Hands messages in until the sink has `total`. */
export async function carry(
  relay: Pick<Relay, 'port' | 'log'>,
  sink: Counter<Sunk>,
  load: Omit<Load, 'warmUp'>,
  total: number,
): Promise<{ readonly sunk: Sunk; readonly fed: Fed; readonly ms: number }> {
  const feed = await startFeed(relay.port, load);
  try {
    const began = performance.now();
    // The first question is its start.
    await feed.counts();
    for (;;) {
      const sunk = await sink.counts();
      const ms = performance.now() - began;
      if (sunk.messages >= total) return { sunk, fed: await feed.counts(), ms };
      if (ms > PATIENCE_MS) {
        throw new Error(`${sunk.messages} of ${total} after ${ms} ms\n${relay.log().slice(-2000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    feed.close();
  }
}

/** Mail for hosts that are not there. */
export interface Dead extends Omit<Load, 'warmUp'> {
  /** Of each message. */
  readonly recipients: number;
  readonly domain: string;
  /** So many domains below it, ten recipients after the other in one of them; 0: only itself. */
  readonly domains: number;
}

/** Hands mail in that goes nowhere, and waits until all of it is taken. @returns how long that took, ms. */
export async function fill(port: number, dead: Dead): Promise<number> {
  const feed = await startFeed(port, dead);
  try {
    const began = performance.now();
    while ((await feed.counts()).messages < dead.messages) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return performance.now() - began;
  } finally {
    feed.close();
  }
}

function startFeed(port: number, load: Omit<Load, 'warmUp'> & Partial<Dead>): Promise<Counter<Fed>> {
  const { messages, sessions, bytes, recipients = 1, domain = 'sink.test', domains = 0 } = load;
  return startCounter<Fed>(file('feed.ts'), {
    FEED_PORT: String(port),
    FEED_MESSAGES: String(messages),
    FEED_SESSIONS: String(sessions),
    FEED_BYTES: String(bytes),
    FEED_RECIPIENTS: String(recipients),
    FEED_DOMAIN: domain,
    FEED_DOMAINS: String(domains),
  });
}

/** A figure of what did not happen is no figure. @throws where something that is said to be on was not. */
function complain(contender: Contender, tls: Task['tls'], sunk: Sunk, told: Told | undefined): void {
  const { name, signs = false, asks = false } = contender;
  const expect = (what: string, is: number, ought: number): void => {
    if (is !== ought) throw new Error(`${name}, ${tls}: ${what}: ${is}, not ${ought}`);
  };
  expect('messages inside TLS', sunk.encrypted, tls === 'none' ? 0 : sunk.messages);
  expect('messages with a signature', sunk.signed, signs ? sunk.messages : 0);
  if (told === undefined) return;
  // What is not demanded may be proven all the same.
  const outcomes = { verified: ['authenticated'], may: ['authenticated', 'encrypted'], none: ['cleartext'] }[
    tls
  ];
  const by = asks && tls === 'verified' ? 'dane' : 'override';
  const delivered = outcomes.reduce((sum, outcome) => sum + (told.ways.get(`${outcome} by ${by}`) ?? 0), 0);
  const ways = [...told.ways.keys()].join(', ');
  expect(`deliveries ${outcomes.join(' or ')} by ${by}, of ${ways}`, delivered, sunk.messages);
  expect('deliveries in the metrics', told.counted, sunk.messages);
  if (asks && told.secure === 0) throw new Error(`${name}, ${tls}: no answer of the DNS was proven`);
}
