/** One resolver as it is asked: its transport, and what is known of it. */
import type { SecureContext } from 'node:tls';
import type { Question } from '../../dns/record.ts';
import type { Deadlines } from '../deadlines.ts';
import { askByCarrier, type Exchange, type Exchanged } from './carried.ts';
import type { Carrier } from './carrier.ts';
import { Datagrams } from './datagrams.ts';
import type { Entropy } from './entropy.ts';
import { PlainExchange } from './exchange.ts';
import { type Habits, newHabits } from './habits.ts';
import { HttpsCarrier } from './https.ts';
import type { Wishes } from './query.ts';
import { newStanding, type Standing } from './standing.ts';
import { type Dialled, dialSecure, dialStream } from './stream-dial.ts';
import { Streams } from './streams.ts';
import { showUpstream, type Upstream } from './upstream.ts';

export interface Client {
  /** For messages. */
  readonly name: string;
  readonly habits: Habits;
  readonly standing: Standing;
  /**
   * Asks it.
   *
   * @param withinMs for how long the answer is wanted; whoever asks then drops the exchange.
   * @param settle called once, and not before this has returned.
   */
  ask(
    question: Question,
    wishes: () => Wishes,
    withinMs: number,
    settle: (exchanged: Exchanged) => void,
  ): Exchange;
  close(): Promise<void>;
}

export interface ClientOptions {
  readonly entropy: Entropy;
  readonly deadlines: Deadlines;
  /** Milliseconds, never going back. */
  readonly now: () => number;
  /** Roots that the certificates of resolvers have to lead to. */
  readonly context: () => SecureContext;
}

export function openClient(upstream: Upstream, options: ClientOptions): Client {
  const { entropy, deadlines, now } = options;
  const habits = newHabits(entropy, now);
  const standing = newStanding(now);
  const carrier = carrierOf(upstream, options);
  const known = { name: showUpstream(upstream), habits, standing };
  if (upstream.transport.kind !== 'plain') {
    const way = upstream.transport.kind === 'tls' ? 'TLS' : 'HTTPS';
    return {
      ...known,
      ask(question, wishes, _withinMs, settle) {
        const askedAt = now();
        return askByCarrier({ carrier, way, habits, wishes }, question, (exchanged) => {
          if (exchanged.kind === 'message') standing.answered(now() - askedAt);
          settle(exchanged);
        });
      },
      close: () => carrier.close(),
    };
  }
  const datagrams = new Datagrams({
    address: upstream.address,
    port: upstream.port,
    entropy,
    now,
    onLocalAddress: (address) => habits.cookies.askedFrom(address),
  });
  const parts = { carrier, way: 'TCP', habits, datagrams, standing, deadlines, now } as const;
  return {
    ...known,
    ask: (question, wishes, withinMs, settle) =>
      new PlainExchange({ ...parts, wishes }, question, withinMs, settle),
    async close() {
      await Promise.all([carrier.close(), datagrams.close()]);
    },
  };
}

function carrierOf(upstream: Upstream, { entropy, deadlines, context }: ClientOptions): Carrier {
  const { transport } = upstream;
  switch (transport.kind) {
    case 'plain':
      return new Streams({ entropy, deadlines, dial: () => dialStream(upstream, deadlines) });
    case 'tls': {
      const terms = { host: transport.host, context, protocol: 'dot' } as const;
      return new Streams({ entropy, deadlines, dial: () => dialSecure(upstream, terms, deadlines) });
    }
    case 'https': {
      const { host, authority, path } = transport;
      const terms = { host, context, protocol: 'h2' } as const;
      const dial = (): Dialled => dialSecure(upstream, terms, deadlines);
      return new HttpsCarrier({ authority, path, deadlines, dial });
    }
  }
}
