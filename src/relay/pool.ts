/** Open connections, reused only for exactly the same way of talking to exactly the same peer. */
import type { Connection } from '../net/drive.ts';
import { NetworkError } from '../net/error.ts';
import type { Standing } from '../protocols/smtp/client/deliver.ts';
import { settle } from '../protocols/smtp/client/settle.ts';
import { idleSessions } from './idle-sessions.ts';
import {
  asWorldly,
  dialHop,
  keyOf,
  type Opened,
  openSession,
  type Session,
  sayGoodbye,
  type Way,
} from './session.ts';
import type { Outgoing } from './settings.ts';

export interface PoolRules {
  readonly outgoing: Outgoing;
  /** Connections to one destination at once, idle ones included. */
  readonly perDestination: number;
}

export interface Pool {
  /** @returns an idle session for this way, if there is one that still stands. */
  reuse(way: Way): Session | undefined;
  /**
   * @param fallback why the session is to be in clear although TLS is wanted; null where it is to be as decided. A
   * session that fell back serves one message.
   */
  open(way: Way, destination: string, fallback: string | null): Promise<Opened>;
  /** Keeps the session for the next message, where it may have one; nobody waits for what that takes. */
  giveBack(session: Session, standing: Standing): void;
  /** Readies the session for another transaction. @returns whether it can have one; else it is closed. */
  tidy(session: Session, standing: Standing): Promise<boolean>;
  /** Closes a session that is of no more use. */
  discard(session: Session): void;
  /** Sessions that began before get no message after the one that they have. */
  adjust(rules: PoolRules): void;
  /** Says goodbye to every idle session, and to the others once they are given back. */
  close(): Promise<void>;
  /** Closes everything, whatever is under way; nothing opens any more. */
  abort(): void;
}

/** Idle sessions end after this, ms: many servers close after 5 minutes, and a held connection costs them. */
const IDLE_MS = 5_000;

export function connectionPool(initial: PoolRules): Pool {
  let rules = initial;
  const idle = idleSessions<Session>();
  /** Connections by destination, those included that are being opened. */
  const taken = new Map<string, number>();
  const connections = new Set<Connection>();
  let closing = false;
  let aborted = false;
  const sweep = setInterval(() => void endAll(idle.takeStale(performance.now())), 1_000);
  sweep.unref();

  function discard({ connection, destination }: Session): void {
    connection.close();
    forget(connection, destination);
  }

  function forget(connection: Connection | undefined, destination: string): void {
    if (connection !== undefined) connections.delete(connection);
    const left = (taken.get(destination) ?? 1) - 1;
    if (left > 0) taken.set(destination, left);
    else taken.delete(destination);
  }

  function keep(session: Session): void {
    const { key, connection, transactionsLeft } = session;
    const spent = key === '' || transactionsLeft <= 0 || session.outgoing !== rules.outgoing;
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

  return {
    reuse(way) {
      const session = idle.take(keyOf(way));
      // What was said for another message is none of the next one's business.
      session?.connection.forgetTranscript();
      return session;
    },
    async open(way, destination, fallback) {
      const { outgoing, perDestination } = rules;
      taken.set(destination, (taken.get(destination) ?? 0) + 1);
      let connection: Connection | undefined;
      const opened = await openSession(way, { destination, outgoing, fallback }, async () => {
        if (!aborted) connection = await dialHop(way, outgoing);
        // What is handed over from here on would not be recorded any more, and be delivered twice.
        if (connection === undefined || aborted) {
          connection?.close();
          throw new NetworkError('failed', 'the relay is closing');
        }
        connections.add(connection);
        // Idle ones of another way to the same destination take room too. Not before the dial: an address that never
        // answers would cost one of them each time.
        const excess = (taken.get(destination) ?? 0) - perDestination;
        if (excess > 0) void endAll(idle.takeOldest(destination, excess));
        return connection;
      });
      if (opened.kind !== 'session') forget(connection, destination);
      return opened;
    },
    giveBack(session, standing) {
      if (standing === 'reusable') keep(session);
      else if (standing === 'spent' || session.key === '') discard(session);
      else void tidy(session, standing).then((usable) => usable && keep(session));
    },
    tidy,
    discard,
    adjust(changed) {
      rules = changed;
      void endAll(idle.takeStale(Number.POSITIVE_INFINITY));
    },
    async close() {
      closing = true;
      clearInterval(sweep);
      await endAll(idle.takeStale(Number.POSITIVE_INFINITY));
    },
    abort() {
      aborted = true;
      for (const connection of connections) connection.close();
    },
  };
}
