/** How many attempts at once a destination has earned: plain data, and what an answer makes of it. */

export interface Room {
  /** Attempts that it may have at once. */
  readonly allowed: number;
  /** Above this it has said that they are too many; Infinity: it never has. */
  readonly ceiling: number;
  /** When the ceiling was moved last, ms since 1970; -Infinity: never. */
  readonly movedAt: number;
}

const FIRST_ATTEMPTS = 2;
/** What is told to several attempts within this is told to them side by side. */
const SIDE_BY_SIDE_MS = 1_000;
/** After so long without a complaint there may be room for one more. */
const RISES_AFTER_MS = 60_000;

export const firstRoom: Room = {
  allowed: FIRST_ATTEMPTS,
  ceiling: Number.POSITIVE_INFINITY,
  movedAt: Number.NEGATIVE_INFINITY,
};

/** Somebody was there: twice as many next time, up to the ceiling, which rises by one a minute. @param limit ours. */
export function answered(room: Room, limit: number, now: number): Room {
  const rises = room.ceiling < limit && now >= room.movedAt + RISES_AFTER_MS;
  const ceiling = rises ? room.ceiling + 1 : room.ceiling;
  const allowed = Math.min(room.allowed * 2, ceiling, limit);
  if (allowed === room.allowed && !rises) return room;
  return { allowed, ceiling: ceiling >= limit ? Infinity : ceiling, movedAt: rises ? now : room.movedAt };
}

/**
 * These were too many: half of them from now on.
 *
 * Of several that are told so side by side each later one says only that there are too many even without those that were
 * told before: so when all have been told, as many are left as the host has taken.
 *
 * @param active attempts at that moment, the one that was told so included.
 */
export function crowded(room: Room, active: number, now: number): Room {
  const isFirst = now < room.movedAt || now >= room.movedAt + SIDE_BY_SIDE_MS;
  const fewer = isFirst ? Math.floor(active / 2) : active - 1;
  const ceiling = Math.max(1, isFirst ? fewer : Math.min(room.ceiling, fewer));
  return { allowed: Math.min(room.allowed, ceiling), ceiling, movedAt: isFirst ? now : room.movedAt };
}

/** Nobody was there: one tries for all. */
export function alone(room: Room): Room {
  return { ...room, allowed: 1 };
}

/** It has not been asked for a while: it begins with few again, and what it complained of still counts. */
export function afterPause(room: Room): Room {
  return room.allowed <= FIRST_ATTEMPTS ? room : { ...room, allowed: FIRST_ATTEMPTS };
}
