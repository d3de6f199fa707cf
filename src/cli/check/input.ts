/** The file of `--input`: looked through once before it is worked on, so that it is known how long it is and whether it changes. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Parsed } from '../../names/domain.ts';
import { whyUnreadable } from './unreadable.ts';

export interface Survey {
  /** Hexadecimal. */
  readonly sha256: string;
  /** Lines that are neither empty nor begin with #. */
  readonly targets: number;
}

const LINE_FEED = 0x0a;
/** What a line begins with that has no target: #, CR, LF. */
const WITHOUT = new Set([0x23, 0x0d, LINE_FEED]);
const CHUNK = 1 << 20;

/** @returns undefined for what can be read once only, such as a pipe. */
export async function surveyOf(file: string): Promise<Parsed<Survey | undefined>> {
  let found: Stats;
  try {
    found = await stat(file);
    if (found.isDirectory())
      return {
        kind: 'invalid',
        because: `--input ${file}: it is a folder; name a file with a target a line`,
      };
    if (!found.isFile()) return { kind: 'ok', value: undefined };
    const hash = createHash('sha256');
    let targets = 0;
    let isBegin = true;
    for await (const chunk of read(file)) {
      hash.update(chunk);
      targets += beginsIn(chunk, isBegin);
      isBegin = chunk.at(-1) === LINE_FEED;
    }
    return { kind: 'ok', value: { sha256: hash.digest('hex'), targets } };
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    return { kind: 'invalid', because: `--input ${file}: ${whyUnreadable(error)}` };
  }
}

/** How many lines with something in them begin in a chunk. */
function beginsIn(chunk: Uint8Array, isBegin: boolean): number {
  let count = 0;
  const look = (at: number): void => {
    const first = chunk[at];
    if (first !== undefined && !WITHOUT.has(first)) count += 1;
  };
  if (isBegin) look(0);
  for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, end + 1)) look(end + 1);
  return count;
}

/** The octets of the file. @throws Error at the end, where they are not those of the survey. */
export async function* inputOf(file: string, survey: Survey | undefined): AsyncGenerator<Uint8Array> {
  const hash: Hash | undefined = survey === undefined ? undefined : createHash('sha256');
  for await (const chunk of read(file)) {
    hash?.update(chunk);
    yield chunk;
  }
  if (hash !== undefined && hash.digest('hex') !== survey?.sha256)
    throw new ChangedInput(`${file} has changed while it was read`);
}

/** The list is not the one that was begun with. */
export class ChangedInput extends Error {
  override readonly name = 'ChangedInput';
}

async function* read(file: string): AsyncGenerator<Uint8Array> {
  const stream: AsyncIterable<Uint8Array> = createReadStream(file, { highWaterMark: CHUNK });
  yield* stream;
}
