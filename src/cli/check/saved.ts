/** Recordings in files that `waxwing check --json` or `--format ndjson` has written. */
import { createReadStream } from 'node:fs';
import { z } from 'zod';
import type { Recording } from '../../findings/recording.ts';
import { type Parsed, quote } from '../../names/domain.ts';
import { InputError, linesOf } from './lines.ts';
import { parseJson } from './parse-json.ts';
import { readRecording } from './recording.ts';
import { STDIN } from './targets.ts';
import { whyUnreadable } from './unreadable.ts';

/** Of one line, and of a file that is no NDJSON. */
const MOST_OCTETS = 64 * 1024 * 1024;

const savedSchema = z.object({ schema: z.literal('waxwing.check/1'), recording: z.unknown().optional() });

/**
 * Each recording of the file, or what is wrong with it; after something that is no JSON nothing follows.
 *
 * @param name of a file; `-` is stdin.
 */
export async function* savedRecordings(
  name: string,
  stdin: AsyncIterable<Uint8Array>,
): AsyncGenerator<Parsed<Recording>> {
  const [file, chunks] = name === STDIN ? ['stdin', stdin] : [name, createReadStream(name)];
  let found = false;
  for await (const recording of recordingsOf(file, chunks)) {
    found = true;
    yield recording;
  }
  if (!found) yield invalid(`${file}: there is no result in it`);
}

async function* recordingsOf(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Parsed<Recording>> {
  try {
    let number = 0;
    /** Lines of one value that spans several. */
    let whole: string[] | undefined;
    let size = 0;
    for await (const read of linesOf(chunks, MOST_OCTETS)) {
      number += 1;
      if (read.kind === 'invalid') {
        // Within a value that spans several it is the end of it.
        if (whole !== undefined) return yield invalid(`${file}: ${read.because}`);
        yield invalid(`${file}: ${read.because}`);
        continue;
      }
      const line = read.value;
      if (whole === undefined) {
        if (/^\s*$/.test(line)) continue;
        const value = parseJson(line);
        if (value !== undefined) yield* recordingsIn(value, `${file}:${number}`);
        else if (number === 1) whole = [line];
        else return yield invalid(`${file}:${number}: it is no JSON`);
      } else {
        size += line.length;
        if (size > MOST_OCTETS) return yield invalid(`${file}: it is longer than ${MOST_OCTETS} octets`);
        whole.push(line);
      }
    }
    if (whole !== undefined) {
      const value = parseJson(whole.join('\n'));
      if (value === undefined) yield invalid(`${file}: it is no JSON`);
      else yield* recordingsIn(value, file);
    }
  } catch (error) {
    // The file's fault, or that of the system in reading it; a fault of ours goes on up.
    if (error instanceof InputError) yield invalid(`${file}: ${error.message}`);
    else if (error instanceof Error && 'syscall' in error)
      yield invalid(`--from ${file}: ${whyUnreadable(error)}`);
    else throw error;
  }
}

function* recordingsIn(json: unknown, place: string): Generator<Parsed<Recording>> {
  if (!Array.isArray(json)) return yield recordingIn(json, place);
  for (const [index, item] of json.entries()) yield recordingIn(item, `${place}[${index}]`);
}

function recordingIn(json: unknown, place: string): Parsed<Recording> {
  const saved = savedSchema.safeParse(json);
  if (!saved.success) {
    const found = typeof json === 'object' && json !== null && 'schema' in json ? json.schema : undefined;
    const instead = typeof found === 'string' ? `; its schema is ${quote(found)}` : '';
    return invalid(`${place}: it is no result of waxwing check --json${instead}`);
  }
  if (saved.data.recording === undefined)
    return invalid(`${place}: there is no recording in it: it was written with --no-recording`);
  const recording = readRecording(saved.data.recording);
  return recording.kind === 'ok'
    ? recording
    : invalid(`${place}: the recording in it cannot be used: ${recording.because}`);
}

function invalid(because: string): Parsed<never> {
  return { kind: 'invalid', because };
}
