/** The tables `events` and `transcripts`: what happened to a message, for whoever asks later. */
import type { DatabaseSync } from 'node:sqlite';
import type { DeliveryEvent } from '../events/delivery-event.ts';
import type { EpochMs } from '../queue/delivery.ts';
import type { MessageTrail } from './queue-store.ts';
import { command, queryAll } from './statement.ts';

export interface Trail {
  /** @param events the JSON text of an array. */
  append(message: number, events: string): void;
  /** In the order in which they were written. */
  events(message: number): readonly DeliveryEvent[];
  /** Replaces the transcript of the recipient's attempt before. */
  keepTranscript(message: number, address: string, at: EpochMs, lines: readonly string[]): void;
  transcripts(message: number): MessageTrail['transcripts'];
}

/** @param lastNumber larger than every number used before. */
export function trailTables(database: DatabaseSync, lastNumber: number): Trail {
  let last = lastNumber;
  const insertEvents = command<[number, number, string]>(
    database,
    'INSERT INTO events (message, number, json) VALUES (?, ?, ?)',
  );
  const events = queryAll<[number], { json: string | null }>(
    database,
    `SELECT arrival AS json FROM messages WHERE number = ?1
     UNION ALL SELECT * FROM (SELECT json FROM events WHERE message = ?1 ORDER BY number)
     UNION ALL SELECT ending FROM messages WHERE number = ?1`,
  );
  const insertTranscript = command<[number, string, EpochMs, string]>(
    database,
    'INSERT OR REPLACE INTO transcripts (message, address, at, lines) VALUES (?, ?, ?, ?)',
  );
  const transcripts = queryAll<[number], { address: string; at: EpochMs; lines: string }>(
    database,
    'SELECT address, at, lines FROM transcripts WHERE message = ? ORDER BY at, address',
  );
  return {
    append(message, added) {
      if (added === NO_EVENTS) return;
      last += 1;
      insertEvents(message, last, added);
    },
    events: (message) => events(message).flatMap(({ json }) => (json === null ? [] : eventsFrom(json))),
    keepTranscript(message, address, at, lines) {
      insertTranscript(message, address, at, JSON.stringify(lines));
    },
    transcripts: (message) => transcripts(message).map((row) => ({ ...row, lines: linesFrom(row.lines) })),
  };
}

/** An array without any, as JSON. */
const NO_EVENTS = '[]';

/** One array of what is in two, all as JSON. */
export function joinEvents(one: string, other: string): string {
  if (one === NO_EVENTS) return other;
  return other === NO_EVENTS ? one : `${one.slice(0, -1)},${other.slice(1)}`;
}

function eventsFrom(json: string): readonly DeliveryEvent[] {
  const events: readonly DeliveryEvent[] = JSON.parse(json);
  return events;
}

function linesFrom(json: string): readonly string[] {
  const lines: readonly string[] = JSON.parse(json);
  return lines;
}
