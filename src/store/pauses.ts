/** The table `pauses`: the destinations that an operator has stopped. */
import type { DatabaseSync } from 'node:sqlite';
import type { EpochMs } from '../queue/delivery.ts';
import type { Pause } from './queue-store.ts';
import { command, queryAll } from './statement.ts';

export interface Pauses {
  set(pause: Pause): void;
  /** @returns whether there was one. */
  delete(destination: string): boolean;
  all(): readonly Pause[];
}

export function pausesTable(database: DatabaseSync): Pauses {
  const set = command<[string, EpochMs | null]>(
    database,
    'INSERT OR REPLACE INTO pauses (destination, until) VALUES (?, ?)',
  );
  const remove = command<[string]>(database, 'DELETE FROM pauses WHERE destination = ?');
  const all = queryAll<[], Pause>(database, 'SELECT destination, until FROM pauses ORDER BY destination');
  return {
    set: ({ destination, until }) => void set(destination, until),
    delete: (destination) => remove(destination).changes > 0,
    all,
  };
}
