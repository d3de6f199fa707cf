/** The tables `events` and `transcripts`: what happened to a message, for whoever asks later. */
import type { DatabaseSync } from 'node:sqlite';
import type { DeliveryEvent } from '../events/delivery-event.ts';
import type { EpochMs } from '../queue/delivery.ts';
import type { MessageTrail } from './queue-store.ts';
import { command, queryAll } from './statement.ts';

export interface Trail {
  append(message: number, events: readonly DeliveryEvent[]): void;
  events(message: number): readonly DeliveryEvent[];
  /** Replaces the transcript of the recipient's attempt before. */
  keepTranscript(message: number, address: string, at: EpochMs, lines: readonly string[]): void;
  transcripts(message: number): MessageTrail['transcripts'];
}

export function trailTables(database: DatabaseSync): Trail {
  const insertEvent = command<[number, string]>(
    database,
    `INSERT INTO events (message, number, json) VALUES
     (?1, (SELECT coalesce(max(number), 0) + 1 FROM events WHERE message = ?1), ?2)`,
  );
  const events = queryAll<[number], { json: string }>(
    database,
    'SELECT json FROM events WHERE message = ? ORDER BY number',
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
      for (const event of added) insertEvent(message, JSON.stringify(event));
    },
    events: (message) => events(message).map(({ json }) => eventFrom(json)),
    keepTranscript(message, address, at, lines) {
      insertTranscript(message, address, at, JSON.stringify(lines));
    },
    transcripts: (message) => transcripts(message).map((row) => ({ ...row, lines: linesFrom(row.lines) })),
  };
}

function eventFrom(json: string): DeliveryEvent {
  const event: DeliveryEvent = JSON.parse(json);
  return event;
}

function linesFrom(json: string): readonly string[] {
  const lines: readonly string[] = JSON.parse(json);
  return lines;
}

/** The reason that the newest of `events` gives; null where none gives one. */
export function lastWord(events: readonly DeliveryEvent[]): string | null {
  for (const { event, reply, tls } of events.toReversed()) {
    // What blocked a message is its TLS, whatever the far side had said until then.
    const said =
      reply === null
        ? undefined
        : [reply.code, reply.enhanced, reply.text].filter((part) => part !== null).join(' ');
    const reason = event === 'blocked' ? (tls?.because ?? said) : (said ?? tls?.because);
    if (reason !== undefined) return reason;
  }
  return null;
}
