/** Stopping a destination, and letting it go again. */
import type { EpochMs } from '../queue/delivery.ts';
import type { Pause } from './queue-store.ts';
import type { Tables } from './tables.ts';

/** @returns how many recipients are being attempted. */
export function pause(tables: Tables, request: Pause): number {
  tables.pauses.set(request);
  tables.agenda.pause(request.destination, request.until);
  return tables.claims.recipientsOut(request.destination);
}

/** @returns whether it was paused. */
export function unpause(tables: Tables, destination: string): boolean {
  tables.agenda.pause(destination, undefined);
  return tables.pauses.delete(destination);
}

/** Those in force; the ones that are over are forgotten. */
export function pauses(tables: Tables, now: EpochMs): readonly Pause[] {
  const all = tables.pauses.all();
  const isOver = ({ until }: Pause): boolean => until !== null && until <= now;
  for (const { destination } of all.filter(isOver)) unpause(tables, destination);
  return all.filter((one) => !isOver(one));
}
