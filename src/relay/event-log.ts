/** The event log: one JSON object a line, appended to a file or written to a stream. */
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import type { DeliveryEvent } from '../events/delivery-event.ts';

export interface EventLog {
  write(events: readonly DeliveryEvent[]): void;
  close(): Promise<void>;
}

/** Opens a file for appending; only its owner may read it, as it names senders and recipients. */
export function fileEventLog(path: string, onError: (error: Error) => void): EventLog {
  const stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
  stream.on('error', onError);
  return {
    ...streamEventLog(stream),
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  };
}

/** Writes to a stream that belongs to somebody else. */
export function streamEventLog(stream: Writable): EventLog {
  return {
    write(events) {
      if (events.length > 0) stream.write(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    },
    close: () => Promise.resolve(),
  };
}
