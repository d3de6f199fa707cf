/** Reads events out of the event log and the files that it was rotated into. */
import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { eventNames } from '../../events/delivery-event.ts';
import type { Filtered } from '../../events/webhook.ts';
import { MOST_ROTATED, rotatedPath } from '../event-log.ts';

export interface PastEvent extends Filtered {
  /** As it stands in the log. */
  readonly line: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A line may be older than those before it by as much as its message waited for its commit; milliseconds. */
const SLACK_MS = 60_000;
/** How much is read to find the first whole line behind a place; a line is much shorter. */
const PROBE_OCTETS = 64 * 1024;

/** The oldest first, those at `since` and before `until`; lines that are no events are passed over. */
export async function* pastEvents(path: string, since: number, until: number): AsyncGenerator<PastEvent> {
  const files = await openAll(path);
  try {
    for (const { file, size } of files.toReversed()) {
      const start = await placeOf(file, size, since - SLACK_MS);
      if (start >= size) continue;
      // What is appended meanwhile is not read.
      const stream = file.createReadStream({ start, end: size - 1, autoClose: false });
      for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
        const event = readEvent(line);
        if (event === undefined) continue;
        if (event.at > until + SLACK_MS) break;
        if (event.at >= since && event.at < until) yield event;
      }
      stream.destroy();
    }
  } finally {
    await closeAll(files);
  }
}

interface OpenFile {
  readonly file: FileHandle;
  readonly size: number;
}

/**
 * The newest first: where the log is rotated between two of them, the same file comes twice, and none is missed.
 *
 * @throws the medium's error; no file is open then.
 */
async function openAll(path: string): Promise<readonly OpenFile[]> {
  const files: OpenFile[] = [];
  const known = new Set<number>();
  try {
    for (let number = 0; number <= MOST_ROTATED; number++) {
      const opened = await openSized(number === 0 ? path : rotatedPath(path, number));
      if (opened === undefined) continue;
      const { ino, file, size } = opened;
      if (known.has(ino)) await file.close();
      else files.push({ file, size });
      known.add(ino);
    }
    return files;
  } catch (error) {
    await closeAll(files);
    throw error;
  }
}

async function closeAll(files: readonly OpenFile[]): Promise<void> {
  await Promise.allSettled(files.map(({ file }) => file.close()));
}

async function openSized(path: string): Promise<(OpenFile & { readonly ino: number }) | undefined> {
  const file = await openIfThere(path);
  if (file === undefined) return undefined;
  try {
    const { ino, size } = await file.stat();
    return { file, ino, size };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Where to begin so that nothing as young as `since` is passed over; found by halves, as lines are nearly in order. */
async function placeOf(file: FileHandle, size: number, since: number): Promise<number> {
  let low = 0;
  let high = size;
  while (high - low > PROBE_OCTETS) {
    const middle = Math.floor((low + high) / 2);
    const at = await firstMomentBehind(file, middle);
    if (at === undefined || at >= since) high = middle;
    else low = middle;
  }
  return low === 0 ? 0 : await lineBehind(file, low);
}

/** @returns undefined where no event begins within the next octets. */
async function firstMomentBehind(file: FileHandle, place: number): Promise<number | undefined> {
  const [, ...lines] = (await textAt(file, place)).split('\n');
  for (const line of lines.slice(0, -1)) {
    const event = readEvent(line);
    if (event !== undefined) return event.at;
  }
  return undefined;
}

async function lineBehind(file: FileHandle, place: number): Promise<number> {
  const octets = await octetsAt(file, place);
  const end = octets.indexOf(0x0a);
  return end === -1 ? place : place + end + 1;
}

async function textAt(file: FileHandle, place: number): Promise<string> {
  return (await octetsAt(file, place)).toString('utf8');
}

async function octetsAt(file: FileHandle, place: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(PROBE_OCTETS), 0, PROBE_OCTETS, place);
  return buffer.subarray(0, bytesRead);
}

function readEvent(line: string): PastEvent | undefined {
  const value = parse(line);
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('event' in value) || !('at' in value) || !('from' in value) || !('to' in value)) return undefined;
  const name = eventNames.find((one) => one === value.event);
  const at = typeof value.at === 'string' ? Date.parse(value.at) : Number.NaN;
  if (name === undefined || Number.isNaN(at) || !isAddress(value.from) || !isAddress(value.to))
    return undefined;
  return { line, at, event: name, from: value.from, to: value.to };
}

function isAddress(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
