/** The tables `hold_notices`, `releases` and `looks`, and what of `recipients` is held for want of TLS. */
import type { DatabaseSync } from 'node:sqlite';
import type { Release, ReleaseLevel } from '../policies/overrides/release.ts';
import type { EpochMs } from '../queue/delivery.ts';
import type { HeldDestination, Look } from './queue-store.ts';
import { type RecipientRow, recipientColumns } from './recipients.ts';
import { command, queryAll, queryOne } from './statement.ts';

export interface Holds {
  /** When the sender of the message was told that it is held; null where he was not. */
  noticedAt(message: number): EpochMs | null;
  noticed(id: string, at: EpochMs): void;
  /** What an operator said of the message as it goes to the destination, also where its time is over. */
  releaseOf(message: number, destination: string): Release | null;
  release(message: number, destination: string, release: Release): void;
  /** Destinations with held mail, in the order of their names, behind `after`. */
  destinations(after: string, most: number): readonly HeldDestination[];
  /** Forgets what is known of others where nothing is held any more. */
  noteLooks(looks: readonly Look[]): void;
  /** Held for want of TLS at the destination, those that are being attempted included; message by message. */
  at(destination: string, most: number): readonly RecipientRow[];
}

export function holdsTables(database: DatabaseSync): Holds {
  const noticedAt = queryOne<[number], { at: EpochMs }>(
    database,
    'SELECT at FROM hold_notices WHERE message = ?',
  );
  const noticed = command<[EpochMs, string]>(
    database,
    'INSERT OR IGNORE INTO hold_notices (message, at) SELECT number, ? FROM messages WHERE id = ? AND final_at IS NULL',
  );
  const releaseOf = queryOne<[number, string], Release>(
    database,
    'SELECT level, until, reason, set_at AS setAt FROM releases WHERE message = ? AND destination = ?',
  );
  const release = command<[number, string, ReleaseLevel, EpochMs | null, string, EpochMs]>(
    database,
    `INSERT OR REPLACE INTO releases (message, destination, level, until, reason, set_at)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const destinations = queryAll<[string, number], { destination: string }>(
    database,
    `SELECT DISTINCT destination FROM recipients INDEXED BY recipients_held
     WHERE state = 'held-tls' AND destination > ? ORDER BY destination LIMIT 0 + ?`,
  );
  const lookAt = queryOne<[string], LookRow>(
    database,
    'SELECT destination, looks, due_at, found_at, because FROM looks WHERE destination = ?',
  );
  const putLook = command<[string, number, EpochMs, EpochMs | null, string | null]>(
    database,
    'INSERT OR REPLACE INTO looks (destination, looks, due_at, found_at, because) VALUES (?, ?, ?, ?, ?)',
  );
  const forgetOthers = command<[]>(
    database,
    `DELETE FROM looks WHERE NOT EXISTS (SELECT 1 FROM recipients INDEXED BY recipients_held
       WHERE state = 'held-tls' AND recipients.destination = looks.destination)`,
  );
  const at = queryAll<[string, number], RecipientRow>(
    database,
    `SELECT ${recipientColumns} FROM recipients INDEXED BY recipients_held
     WHERE state = 'held-tls' AND destination = ? ORDER BY message, number LIMIT 0 + ?`,
  );
  // Hardly any message is released, and each claim asks.
  const released = new Set(
    queryAll<[], { message: number }>(database, 'SELECT DISTINCT message FROM releases')().map(
      ({ message }) => message,
    ),
  );
  return {
    noticedAt: (message) => noticedAt(message)?.at ?? null,
    noticed: (id, when) => void noticed(when, id),
    releaseOf: (message, destination) =>
      released.has(message) ? (releaseOf(message, destination) ?? null) : null,
    release(message, destination, { level, until, reason, setAt }) {
      // Where the transaction fails it is asked for in vain.
      released.add(message);
      release(message, destination, level, until, reason, setAt);
    },
    destinations: (after, most) =>
      destinations(after, most).map(({ destination }) => {
        const row = lookAt(destination);
        return { destination, look: row === undefined ? null : lookFrom(row) };
      }),
    noteLooks(looks) {
      for (const { destination, looks: count, dueAt, found } of looks)
        putLook(destination, count, dueAt, found?.at ?? null, found?.because ?? null);
      forgetOthers();
    },
    at,
  };
}

interface LookRow {
  readonly destination: string;
  readonly looks: number;
  readonly due_at: EpochMs;
  readonly found_at: EpochMs | null;
  readonly because: string | null;
}

function lookFrom({ destination, looks, due_at: dueAt, found_at: at, because }: LookRow): Look {
  return { destination, looks, dueAt, found: at === null || because === null ? null : { at, because } };
}
