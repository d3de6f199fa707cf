/** Sessions that nobody uses just now, by the way that they are good for. */
import type { Session } from './session.ts';

/** What a session is kept and found by. */
type Kept = Pick<Session, 'key' | 'destination' | 'hostPlace'> & {
  readonly connection: { readonly usable: boolean };
};

export interface IdleSessions<One extends Kept> {
  put(session: One, until: number): void;
  /** The one that was used last. */
  take(key: string): One | undefined;
  takeOldest(destination: string, most: number): readonly One[];
  /** One of those that have a place at this host; undefined: there is none. */
  takeAt(hostPlace: string): One | undefined;
  /** Those whose time is over at `now`, or that the peer closed. */
  takeStale(now: number): readonly One[];
}

export function idleSessions<One extends Kept>(): IdleSessions<One> {
  /** By key; in each the oldest first. */
  const idle = new Map<string, { readonly session: One; readonly until: number }[]>();

  function takeWhere(isWanted: (session: One, until: number) => boolean): One[] {
    const taken: One[] = [];
    for (const [key, entries] of idle) {
      const kept = entries.filter(({ session, until }) => !isWanted(session, until));
      if (kept.length === entries.length) continue;
      for (const { session } of entries)
        if (!kept.some((one) => one.session === session)) taken.push(session);
      if (kept.length === 0) idle.delete(key);
      else idle.set(key, kept);
    }
    return taken;
  }

  return {
    put(session, until) {
      const entries = idle.get(session.key);
      if (entries === undefined) idle.set(session.key, [{ session, until }]);
      else entries.push({ session, until });
    },
    take(key) {
      const entries = idle.get(key);
      const last = entries?.findLast(({ session }) => session.connection.usable);
      if (entries === undefined || last === undefined) return undefined;
      if (entries.length === 1) idle.delete(key);
      else entries.splice(entries.indexOf(last), 1);
      return last.session;
    },
    takeOldest(destination, most) {
      let left = most;
      return takeWhere((session) => session.destination === destination && left-- > 0);
    },
    takeAt(hostPlace) {
      let left = 1;
      return takeWhere((session) => session.hostPlace === hostPlace && left-- > 0)[0];
    },
    takeStale: (now) => takeWhere(({ connection }, until) => until <= now || !connection.usable),
  };
}
