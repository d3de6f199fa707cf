/** Open connections, reused only for exactly the same way of talking to exactly the same peer. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../net/drive.ts';
import { NetworkError } from '../net/error.ts';
import type { Standing } from '../protocols/smtp/client/deliver.ts';
import { settle } from '../protocols/smtp/client/settle.ts';
import { openDialRate } from './dial-rate.ts';
import { openHostPlaces } from './host-places.ts';
import { idleSessions } from './idle-sessions.ts';
import { type Reach, startReach } from './reach.ts';
import {
  asWorldly,
  dialHop,
  keyOf,
  type Opened,
  type Opening,
  openSession,
  type Session,
  type SmallHello,
  sayGoodbye,
  type Way,
} from './session.ts';
import { noWatch, type SessionWatch } from './session-results.ts';
import type { Outgoing } from './settings.ts';
import { startTlsMemory, type TlsMemory } from './tls-memory.ts';
import type { Part } from './workers/peer-word.ts';
import { shareOf, wholePart } from './workers/share.ts';

export interface PoolRules {
  readonly outgoing: Outgoing;
  /** Connections to one destination at once, idle ones included. */
  readonly perDestination: number;
  /** Connections to one host for all destinations together; null: the usual number. Absent: as many as it takes. */
  readonly perHost?: number | null;
  /** Connections opened in a second; absent: as many as it takes. */
  readonly perSecond?: number;
  /** Which of several processes this is, that have them together; absent: there is one. */
  readonly part?: Part | undefined;
}

/** What was seen of hosts, beyond the life of a connection and of a configuration. */
export interface Memories {
  readonly tls: TlsMemory;
  readonly reach: Reach;
}

export interface Pool {
  readonly memories: Memories;
  readonly watch: SessionWatch;
  /** @returns an idle session for this way, if there is one that still stands. */
  reuse(way: Way): Session | undefined;
  /**
   * A session that fell back to clear serves one message. Where the usual ClientHello gets no answer at all, a small one
   * is tried on a fresh connection before TLS counts as failed.
   */
  open(way: Way, opening: Opening): Promise<Opened>;
  /** Keeps the session for the next message, where it may have one; nobody waits for what that takes. */
  giveBack(session: Session, standing: Standing): void;
  /** Readies the session for another transaction. @returns whether it can have one; else it is closed. */
  tidy(session: Session, standing: Standing): Promise<boolean>;
  /** Closes a session that is of no more use. */
  discard(session: Session): void;
  /** Closes every session with this destination once nobody uses it, and resolves when none is left. */
  vacate(destination: string): Promise<void>;
  /** Sessions that began before get no message after the one that they have. */
  adjust(rules: PoolRules): void;
  /** Says goodbye to every idle session, and to the others once they are given back. */
  close(): Promise<void>;
  /** Closes everything, whatever is under way; nothing opens any more. */
  abort(): void;
}

/** Idle sessions end after this, ms: many servers close after 5 minutes, and a held connection costs them. */
const IDLE_MS = 5_000;
/** To one host for all destinations, unless one of them may have more. */
const USUAL_PER_HOST = 40;
/** How long an attempt waits for a place at a host, ms; beyond that its message waits in the queue. */
const WAIT_FOR_PLACE_MS = 5_000;

/** @param memories of its own where nobody shares them. */
export function connectionPool(
  initial: PoolRules,
  memories: Memories = ownMemories(initial),
  watch: SessionWatch = noWatch,
): Pool {
  let rules = initial;
  const idle = idleSessions<Session>();
  /** Connections by destination, those included that are being opened. */
  const taken = new Map<string, number>();
  const connections = new Set<Connection>();
  const places = openHostPlaces(WAIT_FOR_PLACE_MS);
  const rate = openDialRate(
    () => performance.now(),
    (ms) => sleep(ms, undefined, { ref: false }),
  );
  /** Destinations that are being left, with who waits for that. */
  const vacating = new Map<string, PromiseWithResolvers<void>>();
  let closing = false;
  let aborted = false;
  const sweep = setInterval(() => void endAll(idle.takeStale(performance.now())), 1_000);
  sweep.unref();

  function discard({ connection, destination, hostPlace }: Session): void {
    connection.close();
    forget(connection, destination, hostPlace);
  }

  function forget(
    connection: Connection | undefined,
    destination: string,
    hostPlace: Session['hostPlace'],
  ): void {
    if (connection !== undefined) connections.delete(connection);
    if (hostPlace !== null) places.leave(hostPlace);
    const left = (taken.get(destination) ?? 1) - 1;
    if (left > 0) taken.set(destination, left);
    else {
      taken.delete(destination);
      vacating.get(destination)?.resolve();
    }
  }

  const ours = (limit: number): number => Math.max(1, shareOf(limit, rules.part ?? wholePart));

  function keep(session: Session): void {
    const { key, connection, transactionsLeft, destination, hostPlace } = session;
    const isInTheWay = vacating.has(destination) || (hostPlace !== null && places.isWanted(hostPlace));
    const spent = isInTheWay || key === '' || transactionsLeft <= 0 || session.outgoing !== rules.outgoing;
    if (closing || spent || !connection.usable) void end(session);
    else idle.put(session, performance.now() + IDLE_MS);
  }

  async function tidy(session: Session, standing: Standing): Promise<boolean> {
    const { connection } = session;
    const left = await connection.run(settle(connection.channel, standing)).catch((error: unknown) => {
      asWorldly(error);
      return 'spent';
    });
    if (left === 'reusable' && connection.usable) return true;
    discard(session);
    return false;
  }

  async function end(session: Session): Promise<void> {
    await sayGoodbye(session.connection);
    discard(session);
  }

  async function endAll(sessions: readonly Session[]): Promise<void> {
    await Promise.all(sessions.map(end));
  }

  /** @returns whether there is one; the place of a session that nobody uses just now is one. */
  async function placeAt(host: string, opening: Opening): Promise<boolean> {
    const { perHost, perDestination } = rules;
    const usual = Math.max(USUAL_PER_HOST, opening.connections ?? perDestination);
    const limit = ours(perHost ?? usual);
    if (places.isFull(host, limit)) {
      const unused = idle.takeAt(host);
      if (unused !== undefined) void end(unused);
    }
    return places.take(host, limit);
  }

  async function openOnce(way: Way, opening: Opening, smallHello: SmallHello): Promise<Opened> {
    const { outgoing, perDestination } = rules;
    const { destination, fallback } = opening;
    const { host, address, port } = way.hop;
    const hostPlace = opening.isShared && rules.perHost !== undefined ? `${address} ${port}` : null;
    if (hostPlace !== null && !(await placeAt(hostPlace, opening))) {
      const because = `waits for its turn: there are as many connections to ${host} (${address}) as we want to have, for all domains together`;
      return { kind: 'crowded', because };
    }
    taken.set(destination, (taken.get(destination) ?? 0) + 1);
    let connection: Connection | undefined;
    let opened: Opened | undefined;
    try {
      opened = await openSession(
        way,
        { destination, hostPlace, outgoing, fallback, smallHello },
        async () => {
          if (!aborted) connection = await dialNoted(way, outgoing, opening, smallHello);
          // What is handed over from here on would not be recorded any more, and be delivered twice.
          if (connection === undefined || aborted) {
            connection?.close();
            throw new NetworkError('failed', 'the relay is closing');
          }
          connections.add(connection);
          // Idle ones of another way to the same destination take room too. Not before the dial: an address that never
          // answers would cost one of them each time.
          const excess = (taken.get(destination) ?? 0) - ours(opening.connections ?? perDestination);
          if (excess > 0) void endAll(idle.takeOldest(destination, excess));
          return connection;
        },
      );
      return opened;
    } finally {
      // Also where a fault of ours ends it: what is not given back is never there again.
      if (opened?.kind !== 'session') {
        connection?.close();
        forget(connection, destination, hostPlace);
      }
    }
  }

  async function dialNoted(
    way: Way,
    outgoing: Outgoing,
    { others }: Opening,
    smallHello: SmallHello,
  ): Promise<Connection> {
    const { reach } = memories;
    const { address } = way.hop;
    if (rules.perSecond !== undefined) await rate.turn(ours(rules.perSecond));
    if (aborted) throw new NetworkError('failed', 'the relay is closing');
    try {
      const connection = await dialHop(way, outgoing, { others, smallHello });
      reach.reached(address);
      rate.answered();
      return connection;
    } catch (error) {
      if (error instanceof NetworkError) {
        reach.missed(address, error, way.source);
        rate.missed();
      }
      throw error;
    }
  }

  /** A session inside TLS is the proof that TLS works there. */
  function noted(way: Way, opened: Opened): Opened {
    if (opened.kind === 'session' && opened.session.connection.channel.tls !== undefined)
      memories.tls.worked(way.hop);
    return opened;
  }

  return {
    memories,
    watch,
    reuse(way) {
      const session = idle.take(keyOf(way));
      // What was said for another message is none of the next one's business.
      session?.connection.forgetTranscript();
      return session;
    },
    async open(way, opening) {
      const { tls } = memories;
      const known = opening.fallback === null ? (tls.smallHello(way.hop) ?? null) : null;
      const first = await openOnce(way, opening, known);
      if (first.kind !== 'failed' || !first.helloUnanswered || known !== null) return noted(way, first);
      const because = smallHelloBecause(way, first);
      const second = await openOnce(way, opening, because);
      const { transcript } = first;
      if (second.kind === 'crowded') return second;
      if (second.kind !== 'session') return { ...second, transcript: [...transcript, ...second.transcript] };
      tls.needsSmallHello(way.hop, because);
      return noted(way, second);
    },
    giveBack(session, standing) {
      if (standing === 'reusable') keep(session);
      else if (standing === 'spent' || session.key === '') discard(session);
      else void tidy(session, standing).then((usable) => usable && keep(session));
    },
    tidy,
    discard,
    async vacate(destination) {
      if (!taken.has(destination)) return;
      const left = vacating.get(destination) ?? Promise.withResolvers<void>();
      vacating.set(destination, left);
      void endAll(idle.takeOldest(destination, Number.POSITIVE_INFINITY));
      await left.promise;
      vacating.delete(destination);
    },
    adjust(changed) {
      rules = changed;
      void endAll(idle.takeStale(Number.POSITIVE_INFINITY));
    },
    async close() {
      closing = true;
      clearInterval(sweep);
      places.close();
      await endAll(idle.takeStale(Number.POSITIVE_INFINITY));
    },
    abort() {
      aborted = true;
      for (const connection of connections) connection.close();
    },
  };
}

function ownMemories({ outgoing: { now } }: PoolRules): Memories {
  return { tls: startTlsMemory(now, () => undefined), reach: startReach(now) };
}

function smallHelloBecause({ hop }: Way, { outcome }: Extract<Opened, { kind: 'failed' }>): string {
  const why = outcome.kind === 'tlsFailed' ? outcome.because : outcome.kind;
  return `with a small ClientHello, as ${hop.host} did not answer the usual one: ${why}`;
}
