/** The event log: one JSON object a line, appended to a file or written to a stream. */
import { createWriteStream, type WriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import type { DeliveryEvent } from '../events/delivery-event.ts';

export interface EventLog {
  write(events: readonly DeliveryEvent[]): void;
  close(): Promise<void>;
}

/** Opens a file for appending; only its owner may read it, as it names senders and recipients. */
export function fileEventLog(path: string, onError: (error: Error) => void): EventLog {
  const open = (): WriteStream => createWriteStream(path, { flags: 'a', mode: 0o600 }).on('error', onError);
  let stream = open();
  return {
    write(events) {
      // A stream that has failed takes nothing any more; a disk that was full may have room again.
      if (stream.destroyed) stream = open();
      streamEventLog(stream).write(events);
    },
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  };
}

/** Writes to a stream that belongs to somebody else. */
export function streamEventLog(stream: Writable): EventLog {
  return {
    write(events) {
      if (events.length > 0) stream.write(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    },
    // What was written before is out once this is.
    close: () => new Promise((resolve) => stream.write('', () => resolve())),
  };
}
