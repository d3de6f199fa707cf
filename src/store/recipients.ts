/** The table `recipients`: one delivery per row. */
import type { DatabaseSync } from 'node:sqlite';
import { type Delivery, type EpochMs, isFinal } from '../queue/delivery.ts';
import { type DeliveryColumns, type State, toColumns } from './delivery-columns.ts';
import type { Messages } from './messages.ts';
import type { NewRecipient, Nudge } from './queue-store.ts';
import { command, queryAll, queryOne } from './statement.ts';

/** What names a row. `number` counts the recipients of a message from 1. */
interface RecipientKey {
  readonly message: number;
  readonly destination: string;
  readonly number: number;
}

export interface RecipientRow extends RecipientKey, DeliveryColumns {
  readonly address: string;
  readonly blocked_because: string | null;
  readonly last_word: string | null;
}

const COLUMNS = `recipients.message, recipients.destination, recipients.number, recipients.address,
  recipients.state, recipients.attempts, recipients.at, recipients.blocked_because, recipients.last_word`;

/** The words of the partial index `recipients_pending`: SQLite uses it only where it finds them again. */
export const PENDING = "state IN ('waiting', 'held-tls', 'held')";

const SELECT_PENDING = `SELECT ${COLUMNS}, messages.id, messages.sender
  FROM recipients JOIN messages ON messages.number = recipients.message WHERE ${PENDING}`;

/** A recipient with what its message says of itself. */
interface PendingRow extends RecipientRow {
  readonly id: string;
  readonly sender: string;
}

export interface Recipients {
  add(recipient: RecipientKey & NewRecipient, delivery: Delivery): void;
  /** The oldest claimable recipient of `destination`, and the claimable ones of the same message beside it. */
  dueTogether(destination: string, now: EpochMs, most: number): readonly RecipientRow[];
  /** Those still being attempted under a claim. */
  claimedUnder(fence: number): readonly RecipientRow[];
  /** The one that a settlement speaks of, if the claim still has it. */
  claimed(fence: number, id: string, address: string): RecipientRow | undefined;
  ofMessage(message: number): readonly RecipientRow[];
  /** Those that an operator's word can reach: neither final nor being attempted. */
  pending(of: Nudge['of']): readonly PendingRow[];
  /** Moves a recipient; `claim` is the fence where it is now attempting, otherwise null. */
  move(row: RecipientRow, delivery: Delivery, claim: number | null): void;
}

export function recipientsTable(database: DatabaseSync, messages: Messages): Recipients {
  const insert = command<[number, string, number, string, State, number, EpochMs]>(
    database,
    `INSERT INTO recipients (message, destination, number, address, state, attempts, at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const update = command<
    [State, number, EpochMs, number | null, string | null, string | null, number, string, number]
  >(
    database,
    `UPDATE recipients SET state = ?, attempts = ?, at = ?, claim = ?, blocked_because = ?, last_word = ?
     WHERE message = ? AND destination = ? AND number = ?`,
  );
  return {
    ...readers(database),
    add({ message, destination, number, address }, delivery) {
      const { state, attempts, at } = toColumns(delivery);
      insert(message, destination, number, address, state, attempts, at);
    },
    move(row, delivery, claim) {
      const { message, destination, number, blocked_because, last_word } = row;
      const { state, attempts, at } = toColumns(delivery);
      update(state, attempts, at, claim, blocked_because, last_word, message, destination, number);
      if (isFinal(delivery)) messages.recipientEnded(message, at);
    },
  };
}

function readers(database: DatabaseSync): Omit<Recipients, 'add' | 'move'> {
  const oldestDue = queryOne<[string, EpochMs], { message: number }>(
    database,
    `SELECT message FROM recipients
     WHERE destination = ? AND claimable_at <= ? AND ${PENDING} ORDER BY claimable_at LIMIT 1`,
  );
  // 0 + ?: SQLite plans a query anew for each value bound to a bare LIMIT, at ten times the cost of running it.
  const beside = queryAll<[number, string, EpochMs, number], RecipientRow>(
    database,
    `SELECT ${COLUMNS} FROM recipients
     WHERE message = ? AND destination = ? AND claimable_at <= ? ORDER BY claimable_at, number LIMIT 0 + ?`,
  );
  const claimedUnder = queryAll<[number], RecipientRow>(
    database,
    `SELECT ${COLUMNS} FROM recipients WHERE claim = ?`,
  );
  const claimed = queryOne<[number, string, string], RecipientRow>(
    database,
    `SELECT ${COLUMNS} FROM recipients JOIN messages ON messages.number = recipients.message
     WHERE claim = ? AND messages.id = ? AND address = ?`,
  );
  const ofMessage = queryAll<[number], RecipientRow>(
    database,
    `SELECT ${COLUMNS} FROM recipients WHERE message = ? ORDER BY number`,
  );
  const pendingOfMessage = queryAll<[string], PendingRow>(
    database,
    `${SELECT_PENDING} AND messages.id = ? ORDER BY recipients.number`,
  );
  const pendingOfDestination = queryAll<[string], PendingRow>(
    database,
    `${SELECT_PENDING} AND destination = ? ORDER BY claimable_at`,
  );
  const pending = queryAll<[], PendingRow>(database, `${SELECT_PENDING} ORDER BY destination, claimable_at`);
  return {
    claimedUnder,
    claimed,
    ofMessage,
    dueTogether(destination, now, most) {
      const oldest = oldestDue(destination, now);
      return oldest === undefined ? [] : beside(oldest.message, destination, now, most);
    },
    pending(of) {
      if (of === 'all') return pending();
      return 'id' in of ? pendingOfMessage(of.id) : pendingOfDestination(of.destination);
    },
  };
}
