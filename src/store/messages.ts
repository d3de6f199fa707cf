/** The table `messages`: envelope, properties and content. */
import type { DatabaseSync } from 'node:sqlite';
import type { MessageTerms, TlsWish } from '../names/message-terms.ts';
import type { SenderWishes } from '../names/wishes.ts';
import type { EpochMs } from '../queue/delivery.ts';
import type { BodyFiles } from './body-files.ts';
import type { PreparedMessage } from './calls.ts';
import type { Claim, ListRequest, StoredBody } from './queue-store.ts';
import { command, queryAll, queryOne } from './statement.ts';
import { StoreError } from './store-error.ts';

/** A message as its row has it; `number` is its short name inside the database. */
export interface MessageRow {
  readonly number: number;
  readonly id: string;
  readonly received_at: EpochMs;
  readonly sender: string;
  readonly ret: SenderWishes['ret'];
  readonly envelope_id: string | null;
  readonly size: number;
  readonly eight_bit: number;
  readonly longest_line: number;
  readonly hops: number;
  readonly needs_utf8: number;
  readonly warned_at: EpochMs | null;
  readonly kept_in: KeptIn;
  readonly tls: TlsWish | null;
  /** null: nothing holds for it beside its envelope. */
  readonly tell_outcome: number | null;
  readonly account: string | null;
  readonly trace: string | null;
  readonly verp: string | null;
}

type KeptIn = 'row' | 'file';

const COLUMNS = `number, id, received_at, sender, ret, envelope_id, size, eight_bit, longest_line, hops,
  needs_utf8, warned_at, kept_in, tls, tell_outcome, account, trace, verp`;
const ROWS = 'messages LEFT JOIN terms ON terms.message = messages.number';

/** An id names a file as well, so it must not be able to say `..` or `/`. */
const ID = /^[A-Za-z0-9_-]{1,64}$/;

export interface Messages {
  /** @returns the message's number. */
  add(message: PreparedMessage, recipients: number): number;
  byNumber(number: number): MessageRow | undefined;
  byId(id: string): MessageRow | undefined;
  list(request: ListRequest): readonly MessageRow[];
  body(id: string): StoredBody | undefined;
  warned(id: string, at: EpochMs): void;
  /** Its last recipient has ended: the content goes. `events` are those of this very commit, as JSON. */
  end(message: MessageRow, at: EpochMs, events: string): void;
  /** @returns how many of at most `most` messages went, with all that hangs on them. */
  purge(olderThan: EpochMs, most: number): number;
}

/** @param open counts the open recipients of each message. */
export function messagesTable(database: DatabaseSync, files: BodyFiles, open: OpenCounts): Messages {
  const insert = command<
    [
      ...[string, EpochMs, string, SenderWishes['ret'], string | null],
      ...[number, number, number, number, number],
      ...[string, KeptIn, Uint8Array | null],
    ]
  >(
    database,
    `INSERT INTO messages (id, received_at, sender, ret, envelope_id, size, eight_bit, longest_line, hops,
       needs_utf8, arrival, kept_in, content)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  );
  const insertTerms = command<[number, TlsWish | null, number, string | null, string | null, string | null]>(
    database,
    'INSERT INTO terms (message, tls, tell_outcome, account, trace, verp) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const end = command<[EpochMs, string, number]>(
    database,
    'UPDATE messages SET final_at = ?, ending = ?, content = NULL WHERE number = ?',
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
      const { id, receivedAt, sender, wishes, terms, properties, body, events } = message;
      if (!ID.test(id)) throw new StoreError('refused', `${JSON.stringify(id)} is not a message id`);
      if (recipients === 0) throw new StoreError('refused', `message ${id} has no recipient`);
      const { size, eightBit, longestLine, hops, needsUtf8 } = properties;
      const [keptIn, content]: [KeptIn, Uint8Array | null] =
        body.kind === 'file' ? ['file', null] : ['row', body.bytes];
      const row = insert(
        ...([id, receivedAt, sender, wishes.ret, wishes.envelopeId] as const),
        ...([size, Number(eightBit), longestLine, hops, Number(needsUtf8)] as const),
        ...([events, keptIn, content] as const),
      );
      if (row.changes === 0) throw new StoreError('refused', `message ${id} is kept already`);
      if (terms !== undefined && !isNothing(terms)) {
        const { tls, tellOutcome, account, trace, verp } = terms;
        insertTerms(row.lastRow, tls, Number(tellOutcome), account, trace, verp);
      }
      if (body.kind === 'file') files.take(body.path, id);
      open.add(row.lastRow, recipients);
      return row.lastRow;
    },
    warned: (id, at) => void warn(at, id),
    end({ number, id, kept_in }, at, events) {
      end(at, events, number);
      if (kept_in === 'file') files.drop(id);
    },
    purge: (olderThan, most) => purge(olderThan, most).changes,
  };
}

function isNothing({ tls, tellOutcome, account, trace, verp }: MessageTerms): boolean {
  return tls === null && !tellOutcome && account === null && trace === null && verp === null;
}

/** What holds for the message of the row. */
export function termsOf({ tls, tell_outcome, account, trace, verp }: MessageRow): MessageTerms {
  return { tls, tellOutcome: tell_outcome === 1, account, trace, verp };
}

function readers(
  database: DatabaseSync,
  files: BodyFiles,
): Pick<Messages, 'byNumber' | 'byId' | 'list' | 'body'> {
  const byNumber = queryOne<[number], MessageRow>(
    database,
    `SELECT ${COLUMNS} FROM ${ROWS} WHERE number = ?`,
  );
  const byId = queryOne<[string], MessageRow>(database, `SELECT ${COLUMNS} FROM ${ROWS} WHERE id = ?`);
  const listAll = queryAll<[string, number], MessageRow>(
    database,
    `SELECT ${COLUMNS} FROM ${ROWS} WHERE id > ? ORDER BY id LIMIT ?`,
  );
  const listOpen = queryAll<[string, number], MessageRow>(
    database,
    `SELECT ${COLUMNS} FROM ${ROWS} WHERE id > ? AND final_at IS NULL ORDER BY id LIMIT ?`,
  );
  const body = queryOne<[string], { kept_in: KeptIn; content: Uint8Array | null }>(
    database,
    'SELECT kept_in, content FROM messages WHERE id = ? AND final_at IS NULL',
  );
  return {
    byNumber,
    byId,
    list: ({ which, most, after = '' }) => (which === 'open' ? listOpen : listAll)(after, most),
    body(id) {
      const row = body(id);
      if (row?.kept_in === 'file') return { kind: 'file', path: files.pathOf(id) };
      return row?.content ? { kind: 'bytes', bytes: row.content } : undefined;
    },
  };
}

/** How many recipients of a message are not final. */
export interface OpenCounts {
  add(message: number, recipients: number): void;
  /** Counts one less. @returns whether it was the last one. */
  ended(message: number): boolean;
}

/**
 * In memory, so that a message's row, which may have its content, is not written anew for each recipient.
 *
 * @param undo takes the step that reverts a change.
 */
export function openCounts(undo: (step: () => void) => void): OpenCounts {
  // Most messages have one recipient: they are not in here.
  const several = new Map<number, number>();
  function set(message: number, count: number): void {
    if (count > 1) several.set(message, count);
    else several.delete(message);
  }
  return {
    add(message, recipients) {
      undo(() => void several.delete(message));
      set(message, recipients);
    },
    ended(message) {
      const before = several.get(message);
      if (before === undefined) return true;
      undo(() => set(message, before));
      set(message, before - 1);
      return false;
    },
  };
}

/** The part of a message that a delivery needs, without what stands in tables of its own. */
export function claimedMessage(row: MessageRow): Omit<Claim['message'], 'heldNoticeAt' | 'release'> {
  return {
    id: row.id,
    receivedAt: row.received_at,
    sender: row.sender,
    wishes: { ret: row.ret, envelopeId: row.envelope_id },
    terms: termsOf(row),
    properties: {
      size: row.size,
      eightBit: row.eight_bit !== 0,
      longestLine: row.longest_line,
      hops: row.hops,
      needsUtf8: row.needs_utf8 !== 0,
    },
    warnedAt: row.warned_at,
  };
}
