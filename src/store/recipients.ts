/** The table `recipients`: one delivery per row. */
import type { DatabaseSync } from 'node:sqlite';
import type { NotifyCondition, RecipientWishes } from '../names/wishes.ts';
import type { EpochMs } from '../queue/delivery.ts';
import { type DeliveryColumns, type KeptDelivery, type State, toColumns } from './delivery-columns.ts';
import type { ClaimedRecipient, NewRecipient } from './queue-store.ts';
import { command, queryAll, queryEach } from './statement.ts';

/** `number` counts the recipients of a message from 1. */
export interface RecipientRow extends DeliveryColumns {
  readonly message: number;
  readonly destination: string;
  readonly number: number;
  readonly address: string;
  readonly notify: string | null;
  readonly original_recipient: string | null;
  readonly blocked_because: string | null;
  readonly last_word: string | null;
  readonly told_cause: string | null;
}

/** Those of {@link RecipientRow}. */
export const recipientColumns = `message, destination, number, address, notify, original_recipient,
  state, attempts, at, blocked_because, last_word, told_cause`;

/** One that has not ended, as the start needs it: `due` is null where an operator holds it. */
interface PendingRow {
  readonly message: number;
  readonly destination: string;
  readonly due: EpochMs | null;
}

interface Said {
  readonly blockedBecause: string | null;
  readonly lastWord: string | null;
  /** Absent: as before. */
  readonly toldCause?: string | null | undefined;
}

export interface Recipients {
  add(message: number, number: number, recipient: NewRecipient, notBefore: EpochMs): void;
  /** Those that a claim may take, now or later, the oldest first. */
  claimable(message: number, destination: string, most: number): readonly RecipientRow[];
  ofMessage(message: number): readonly RecipientRow[];
  /** @param said what is known of its attempts; without it that stays as it was. */
  move(row: RecipientRow, delivery: KeptDelivery, said?: Said): void;
  /** It waits under another destination from now on. */
  reroute(row: RecipientRow, destination: string): void;
  /** All that have not ended, message by message. */
  pending(): Iterable<PendingRow>;
}

export function recipientsTable(database: DatabaseSync): Recipients {
  const insert = command<[number, string, number, string, string | null, string | null, EpochMs]>(
    database,
    `INSERT INTO recipients (message, destination, number, address, notify, original_recipient, state, attempts, at)
     VALUES (?, ?, ?, ?, ?, ?, 'waiting', 0, ?)`,
  );
  const update = command<
    [State, number, EpochMs, string | null, string | null, string | null, number, string, number]
  >(
    database,
    `UPDATE recipients SET state = ?, attempts = ?, at = ?, blocked_because = ?, last_word = ?, told_cause = ?
     WHERE message = ? AND destination = ? AND number = ?`,
  );
  const rekey = command<[string, number, string, number]>(
    database,
    'UPDATE recipients SET destination = ? WHERE message = ? AND destination = ? AND number = ?',
  );
  // 0 + ?: SQLite plans a query anew for each value bound to a bare LIMIT, at ten times the cost of running it.
  const claimable = queryAll<[number, string, number], RecipientRow>(
    database,
    `SELECT ${recipientColumns} FROM recipients WHERE message = ? AND destination = ? AND state IN ('waiting', 'held-tls')
     ORDER BY at, number LIMIT 0 + ?`,
  );
  const ofMessage = queryAll<[number], RecipientRow>(
    database,
    `SELECT ${recipientColumns} FROM recipients WHERE message = ? ORDER BY number`,
  );
  // CROSS: the open messages come first, so that what has ended is never walked.
  const pending = queryEach<PendingRow>(
    database,
    `SELECT message, destination, CASE WHEN state <> 'held' THEN at END AS due
     FROM messages INDEXED BY messages_open CROSS JOIN recipients ON recipients.message = messages.number
     WHERE final_at IS NULL AND state IN ('waiting', 'held-tls', 'held')`,
  );
  return {
    add(message, number, { address, destination, wishes }, notBefore) {
      const { notify, originalRecipient } = wishes;
      insert(message, destination, number, address, notify?.join() ?? null, originalRecipient, notBefore);
    },
    claimable,
    ofMessage,
    move(row, delivery, said) {
      const { state, attempts, at } = toColumns(delivery);
      const { message, destination, number } = row;
      const { blockedBecause, lastWord, toldCause } = said ?? {
        blockedBecause: row.blocked_because,
        lastWord: row.last_word,
      };
      const told = toldCause ?? row.told_cause;
      update(state, attempts, at, blockedBecause, lastWord, told, message, destination, number);
    },
    reroute: (row, destination) => void rekey(destination, row.message, row.destination, row.number),
    pending,
  };
}

/** The part of a recipient that a delivery needs. */
export function claimedRecipient(row: RecipientRow): ClaimedRecipient {
  return {
    address: row.address,
    wishes: { notify: notifyFrom(row.notify), originalRecipient: row.original_recipient },
    attempts: row.attempts,
    blockedBecause: row.blocked_because,
    toldCause: row.told_cause,
  };
}

function notifyFrom(text: string | null): RecipientWishes['notify'] {
  if (text === null) return null;
  return text === '' ? [] : (text.split(',') as NotifyCondition[]);
}
