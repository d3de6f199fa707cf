/** The tables `messages` and `bodies`. */
import type { DatabaseSync } from 'node:sqlite';
import type { EpochMs } from '../queue/delivery.ts';
import type { BodyFiles } from './body-files.ts';
import type { Claim, ListRequest, NewMessage, StoredBody } from './queue-store.ts';
import { command, queryAll, queryOne } from './statement.ts';
import { StoreError } from './store-error.ts';

/** A message as its row has it; `number` is its short name inside the database. */
export interface MessageRow {
  readonly number: number;
  readonly id: string;
  readonly received_at: EpochMs;
  readonly sender: string;
  readonly size: number;
  readonly eight_bit: number;
  readonly longest_line: number;
  readonly hops: number;
  readonly warned_at: EpochMs | null;
}

const COLUMNS = 'number, id, received_at, sender, size, eight_bit, longest_line, hops, warned_at';

type BodyKind = 'inline' | 'file';

/** An id names a file as well, so it must not be able to say `..` or `/`. */
const ID = /^[A-Za-z0-9_-]{1,64}$/;

export interface Messages {
  /** @returns the message's number. */
  add(message: NewMessage, recipients: number): number;
  byNumber(number: number): MessageRow | undefined;
  byId(id: string): MessageRow | undefined;
  list(request: ListRequest): readonly MessageRow[];
  body(id: string): StoredBody | undefined;
  warned(id: string, at: EpochMs): void;
  /** Counts one recipient less; with the last one the content goes. */
  recipientEnded(number: number, at: EpochMs): void;
  /** @returns how many of at most `most` messages went, with all that hangs on them. */
  purge(olderThan: EpochMs, most: number): number;
}

export function messagesTable(database: DatabaseSync, files: BodyFiles): Messages {
  const insert = command<[string, EpochMs, string, number, number, number, number, BodyKind, number]>(
    database,
    `INSERT INTO messages (id, received_at, sender, size, eight_bit, longest_line, hops, body, open_recipients)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  );
  const insertBody = command<[number, Uint8Array]>(
    database,
    'INSERT INTO bodies (message, bytes) VALUES (?, ?)',
  );
  const deleteBody = command<[number]>(database, 'DELETE FROM bodies WHERE message = ?');
  const oneLess = queryOne<[EpochMs, number], { id: string; body: BodyKind; final_at: EpochMs | null }>(
    database,
    `UPDATE messages SET open_recipients = open_recipients - 1,
       final_at = CASE WHEN open_recipients = 1 THEN ? END
     WHERE number = ? RETURNING id, body, final_at`,
  );
  const warn = command<[EpochMs, string]>(
    database,
    'UPDATE messages SET warned_at = ? WHERE id = ? AND final_at IS NULL',
  );
  const purge = command<[EpochMs, number]>(
    database,
    `DELETE FROM messages WHERE number IN
     (SELECT number FROM messages WHERE final_at < ? ORDER BY final_at LIMIT ?)`,
  );

  return {
    ...readers(database, files),
    add(message, recipients) {
      const { id, receivedAt, sender, properties, body } = message;
      if (!ID.test(id)) throw new StoreError('refused', `${JSON.stringify(id)} is not a message id`);
      if (recipients === 0) throw new StoreError('refused', `message ${id} has no recipient`);
      const { size, eightBit, longestLine, hops } = properties;
      const kept: BodyKind = body.kind === 'file' ? 'file' : 'inline';
      const row = insert(id, receivedAt, sender, size, Number(eightBit), longestLine, hops, kept, recipients);
      if (row.changes === 0) throw new StoreError('refused', `message ${id} is kept already`);
      if (body.kind === 'file') files.take(body.path, id);
      else insertBody(row.lastRow, body.bytes);
      return row.lastRow;
    },
    warned: (id, at) => void warn(at, id),
    recipientEnded(number, at) {
      const message = oneLess(at, number);
      if (message === undefined || message.final_at === null) return;
      if (message.body === 'file') files.drop(message.id);
      else deleteBody(number);
    },
    purge: (olderThan, most) => purge(olderThan, most).changes,
  };
}

function readers(
  database: DatabaseSync,
  files: BodyFiles,
): Pick<Messages, 'byNumber' | 'byId' | 'list' | 'body'> {
  const byNumber = queryOne<[number], MessageRow>(
    database,
    `SELECT ${COLUMNS} FROM messages WHERE number = ?`,
  );
  const byId = queryOne<[string], MessageRow>(database, `SELECT ${COLUMNS} FROM messages WHERE id = ?`);
  const listAll = queryAll<[string, number], MessageRow>(
    database,
    `SELECT ${COLUMNS} FROM messages WHERE id > ? ORDER BY id LIMIT ?`,
  );
  const listOpen = queryAll<[string, number], MessageRow>(
    database,
    `SELECT ${COLUMNS} FROM messages WHERE id > ? AND final_at IS NULL ORDER BY id LIMIT ?`,
  );
  const body = queryOne<[string], { body: BodyKind; bytes: Uint8Array | null }>(
    database,
    `SELECT messages.body, bodies.bytes FROM messages LEFT JOIN bodies ON bodies.message = messages.number
     WHERE messages.id = ? AND messages.final_at IS NULL`,
  );
  return {
    byNumber,
    byId,
    list: ({ which, most, after = '' }) => (which === 'open' ? listOpen : listAll)(after, most),
    body(id) {
      const row = body(id);
      if (row?.body === 'file') return { kind: 'file', path: files.pathOf(id) };
      return row?.bytes ? { kind: 'bytes', bytes: row.bytes } : undefined;
    },
  };
}

/** The part of a message that a delivery needs. */
export function claimedMessage(row: MessageRow): Claim['message'] {
  return {
    id: row.id,
    receivedAt: row.received_at,
    sender: row.sender,
    properties: {
      size: row.size,
      eightBit: row.eight_bit !== 0,
      longestLine: row.longest_line,
      hops: row.hops,
    },
    warnedAt: row.warned_at,
  };
}
