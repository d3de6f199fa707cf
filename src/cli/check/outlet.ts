/**
 * Where the results of a run go that can be resumed: in batches, each of which is certain before the state says so.
 *
 * A file: what the state calls certain is on the medium, and the batch under way is announced before it is written, so that
 * whatever a kill -9 leaves of it is cut off and made again: each target is there exactly once. Anything else, such as a pipe:
 * what was handed over may not be known to the state yet, and then comes again: each target is there at least once.
 */
import { fdatasync, type Stats, write as writeTo } from 'node:fs';
import { promisify } from 'node:util';
import type { CheckState } from '../../store/check-state.ts';
import { messageOf } from '../usage.ts';
import { type Totals, writeTotals } from './totals.ts';

/** What takes octets. */
export type Sink =
  | { readonly kind: 'file'; readonly fd: number; readonly stat: () => Pick<Stats, 'size'> }
  /** Resolves once they have been taken. */
  | { readonly kind: 'stream'; readonly write: (octets: Uint8Array) => Promise<void> };

export interface Outlet {
  /** Adds to the result of the target that is under way. */
  readonly write: (text: string) => Promise<void>;
  /** All of its result was written, or there is none. Waits where too much is on the way. */
  readonly done: (line: number | undefined, totals: Totals) => Promise<void>;
  /** Everything is certain then. @throws OutputError as the others. */
  readonly close: () => Promise<void>;
}

/** The output cannot be gone on with. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

export interface OutletTerms {
  readonly sink: Sink;
  readonly state: Pick<CheckState, 'keep'>;
  /** Octets of a file that are certain already. */
  readonly offset: number;
  readonly totals: Totals;
  /** Milliseconds after which a batch is written however small it is. */
  readonly everyMs?: number;
}

const EVERY_MS = 1_000;
const BATCH_OCTETS = 1 << 20;
/** Beyond this, nothing more is taken until a batch is written. */
const MOST_OCTETS = 8 << 20;

interface Batch {
  readonly texts: string[];
  readonly lines: number[];
  octets: number;
  totals: Totals;
}

export function openOutlet({ sink, state, everyMs = EVERY_MS, ...begun }: OutletTerms): Outlet {
  let { offset } = begun;
  /** In the output, and not yet in the state. */
  let certain: Pick<Batch, 'lines' | 'totals'> = { lines: [], totals: begun.totals };
  let next = emptyBatch(begun.totals);
  /** What belongs to the target that is under way. */
  let open: string[] = [];
  let writing: Promise<void> | undefined;
  let failed: { readonly error: unknown } | undefined;
  let timer: NodeJS.Timeout | undefined;

  function keep(until: number): void {
    state.keep({ done: certain.lines, totals: writeTotals(certain.totals), offset, until });
    certain = { lines: [], totals: certain.totals };
  }

  async function put(batch: Batch): Promise<void> {
    const octets = Buffer.from(batch.texts.join(''));
    if (sink.kind === 'file') {
      keep(offset + octets.length);
      await append(sink, offset, octets);
      offset += octets.length;
      certain = batch;
    } else {
      await sink.write(octets);
      certain = batch;
      keep(offset);
    }
  }

  function hasMore(): boolean {
    return failed === undefined && (next.lines.length > 0 || next.texts.length > 0);
  }

  async function putAll(): Promise<void> {
    try {
      while (hasMore()) {
        const batch = next;
        next = emptyBatch(batch.totals);
        await put(batch);
      }
    } catch (error) {
      failed = { error };
    } finally {
      writing = undefined;
    }
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    // With nothing to do it would be over before it is noted as under way, and stand there for ever.
    if (writing === undefined && hasMore()) writing = putAll();
    return writing ?? Promise.resolve();
  }

  function raise(): void {
    if (failed !== undefined) throw failed.error;
  }

  return {
    write(text) {
      open.push(text);
      return Promise.resolve();
    },
    async done(line, totals) {
      raise();
      next.texts.push(...open);
      next.octets += open.reduce((sum, text) => sum + text.length, 0);
      open = [];
      if (line !== undefined) next.lines.push(line);
      next.totals = totals;
      if (next.octets >= MOST_OCTETS) await flush();
      else if (next.octets >= BATCH_OCTETS) void flush();
      else timer ??= setTimeout(() => void flush(), everyMs);
      raise();
    },
    async close() {
      await flush();
      await writing;
      raise();
      keep(offset);
    },
  };
}

function emptyBatch(totals: Totals): Batch {
  return { texts: [], lines: [], octets: 0, totals };
}

const writePart = promisify(writeTo);
const flushed = promisify(fdatasync);

/** Writes behind the octets that are certain, and waits until it is on the medium. */
async function append(
  { fd, stat }: Extract<Sink, { kind: 'file' }>,
  offset: number,
  octets: Uint8Array,
): Promise<void> {
  const { size } = stat();
  if (size !== offset) {
    const because = `it has ${size} octets in place of ${offset}`;
    throw new OutputError(
      `the output was changed while it was written, ${because}: something else writes to it`,
    );
  }
  try {
    for (let at = 0; at < octets.length; ) {
      const { bytesWritten } = await writePart(fd, octets, at, octets.length - at, offset + at);
      at += bytesWritten;
    }
    await flushed(fd);
  } catch (error) {
    throw new OutputError(`the output cannot be written: ${messageOf(error)}`, { cause: error });
  }
}
