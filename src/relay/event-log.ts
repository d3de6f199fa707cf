/** Where events are logged, a line each: one JSON object, or in another format. */
import { type FileHandle, open, rename } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { LoggedEvent } from '../events/delivery-event.ts';

export interface EventLog {
  write(events: readonly LoggedEvent[]): void;
  /** The same where another process has made the lines in JSON; what they say is asked only where it is needed. */
  writeLines(lines: string, events: () => readonly LoggedEvent[]): void;
  /** Whoever rotates the file has moved it away. */
  reopen(): void;
  close(): Promise<void>;
}

/** The lines of events, each with its LF. */
type EventFormat = (events: readonly LoggedEvent[]) => string;

/** When the file is moved away, and how many old ones stay. */
export interface Rotation {
  /** Octets; a file grows a little beyond, as no line is cut. */
  readonly size: number;
  readonly keep: number;
}

/** So many old files at most. */
export const MOST_ROTATED = 100;

/** The old file before the last is number 2. */
export function rotatedPath(path: string, number: number): string {
  return `${path}.${number}`;
}

/** So old are the last lines at most that a power cut may take. */
const FLUSH_EVERY_MS = 1_000;
/** A disk that fails is tried again each time that lines are flushed, and told of no more often than this. */
const COMPLAIN_EVERY_MS = 60_000;
/** Characters that wait for a disk which fails; what comes behind them is in the trail of the queue only. */
const MAX_WAITING = 16 * 1024 * 1024;

/**
 * Appends to a file; only its owner may read it, as it names senders and recipients.
 *
 * Lines are handed to the system at once and flushed to the disk every second: the queue has the same events and is
 * flushed before each answer, so mail does not wait for this file. Where it cannot be written, lines wait and are
 * written as soon as it works again, some of them perhaps twice.
 *
 * @param rotation null: whoever wants the file moved away does it himself, and says `reopen`.
 * @param format left out: one JSON object a line.
 */
export function fileEventLog(
  path: string,
  onError: (error: Error) => void,
  flushEveryMs = FLUSH_EVERY_MS,
  rotation: Rotation | null = null,
  format: EventFormat = asJson,
): EventLog {
  let waiting = '';
  /** Octets of the file. */
  let size = 0;
  /** With so many it is moved away. */
  let fullAt = rotation?.size ?? Number.POSITIVE_INFINITY;
  let lost = 0;
  let file: FileHandle | undefined;
  let state: 'idle' | 'writing' | 'failed' = 'idle';
  let isStale = false;
  let isDirty = false;
  let complainedAt = Number.NEGATIVE_INFINITY;
  let work: Promise<void> = Promise.resolve();

  const complain = (error: unknown): void => {
    if (performance.now() < complainedAt + COMPLAIN_EVERY_MS) return;
    complainedAt = performance.now();
    onError(asError(error));
  };
  const append = async (): Promise<void> => {
    do {
      if (isStale) await release();
      if (file === undefined) {
        file = await openToAppend(path);
        size = (await file.stat()).size;
      }
      const lines = waiting;
      if (lines === '') break;
      waiting = '';
      try {
        await file.appendFile(lines);
      } catch (error) {
        waiting = lines + waiting;
        throw error;
      }
      isDirty = true;
      size += Buffer.byteLength(lines);
      if (rotation !== null && size >= fullAt) await rotate(rotation);
    } while (waiting !== '');
    if (lost > 0) onError(new Error(`${lost} events had no room to wait in and are missing`));
    lost = 0;
  };
  /** Where it cannot be moved away, lines go on where they went, until as much again is written. */
  const rotate = async (by: Rotation): Promise<void> => {
    try {
      await release();
      await moveAway(path, by.keep);
      fullAt = by.size;
    } catch (error) {
      fullAt = size + by.size;
      onError(asError(error));
    }
  };
  const start = (): void => {
    if (state === 'idle' && waiting !== '') run();
  };
  const run = (): void => {
    state = 'writing';
    work = append().then(
      () => {
        state = 'idle';
        // What came in the last turn.
        start();
      },
      async (error: unknown) => {
        state = 'failed';
        complain(error);
        await release().catch(() => undefined);
      },
    );
  };
  const flush = async (): Promise<void> => {
    if (!isDirty || file === undefined) return;
    isDirty = false;
    await file.datasync();
  };
  /** What was written is flushed before the file is let go. */
  const release = async (): Promise<void> => {
    const old = file;
    file = undefined;
    isStale = false;
    const wasDirty = isDirty;
    isDirty = false;
    try {
      if (wasDirty) await old?.datasync();
    } finally {
      // Also where the disk fails: a handle that nobody closes ends the process once it is collected.
      await old?.close();
    }
  };
  const timer = setInterval(() => {
    if (state === 'failed') state = 'idle';
    start();
    flush().catch(complain);
  }, flushEveryMs);
  timer.unref();
  // Whoever may not write here is told at the start, and not with the first mail.
  run();

  return {
    write(events) {
      if (waiting.length > MAX_WAITING) lost += events.length;
      else waiting += format(events);
      start();
    },
    writeLines(lines, events) {
      if (waiting.length > MAX_WAITING) lost += events().length;
      else waiting += linesIn(format, lines, events);
      start();
    },
    reopen: () => {
      isStale = true;
    },
    async close() {
      clearInterval(timer);
      await work;
      // One more try for a disk that failed.
      state = 'idle';
      start();
      await work;
      await release().catch((error: unknown) => onError(asError(error)));
    },
  };
}

/** Writes to a stream that belongs to somebody else. */
export function streamEventLog(stream: Writable, format: EventFormat = asJson): EventLog {
  return {
    write(events) {
      const lines = format(events);
      if (lines !== '') stream.write(lines);
    },
    writeLines(lines, events) {
      const text = linesIn(format, lines, events);
      if (text !== '') stream.write(text);
    },
    reopen: () => undefined,
    // What was written before is out once this is.
    close: () => new Promise((resolve) => stream.write('', () => resolve())),
  };
}

function asJson(events: readonly LoggedEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}

function linesIn(format: EventFormat, lines: string, events: () => readonly LoggedEvent[]): string {
  return format === asJson ? lines : format(events());
}

/** A crash or a full disk may have left half a line at the end: nothing may be appended to it. */
async function openToAppend(path: string): Promise<FileHandle> {
  const file = await open(path, 'a+', 0o600);
  try {
    const { size } = await file.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await file.read(last, 0, 1, size - 1);
    if (size > 0 && last.toString() !== '\n') await file.appendFile('\n');
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The oldest is written over. A crash in between leaves a number out, and no line. */
async function moveAway(path: string, keep: number): Promise<void> {
  for (let number = keep; number > 0; number--) {
    const from = number === 1 ? path : rotatedPath(path, number - 1);
    try {
      await rename(from, rotatedPath(path, number));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
