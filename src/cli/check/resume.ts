/** Begins a run that can be resumed, or goes on with one: looks whether list, options and output are those that it was begun with. */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { z } from 'zod';
import { type KeptRun, openCheckState } from '../../store/check-state.ts';
import type { Survey } from './input.ts';
import { type Outlet, OutputError, openOutlet, type Sink } from './outlet.ts';
import { parseJson } from './parse-json.ts';
import { noTotals, readTotals, type Totals, writeTotals } from './totals.ts';

/** What results depend on, as they were asked for: equal words, equal meaning. */
export type RunTerms = Readonly<Record<string, string>>;

export interface ResumeRequest {
  /** The file of the state. */
  readonly file: string;
  readonly survey: Survey;
  readonly terms: RunTerms;
  /** stdout. */
  readonly output: { readonly fd: number; readonly write: (octets: Uint8Array) => Promise<void> };
}

export interface Resumed {
  readonly outlet: Outlet;
  readonly totals: Totals;
  readonly isDone: (line: number) => boolean;
  /** Whether it was begun before. */
  readonly isBack: boolean;
  /** Whether it goes on in another file than before. */
  readonly isElsewhere: boolean;
  /** Whether there is something in the output, behind which it goes on. */
  readonly isAppended: boolean;
  readonly close: () => void;
}

/** Which output it is: a file by its place on the medium, as two names may lead to it. */
const outputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file'), dev: z.string(), ino: z.string() }),
  z.strictObject({ kind: z.literal('stream') }),
]);
type Place = z.output<typeof outputSchema>;

const termsSchema = z.strictObject({ list: z.string(), options: z.record(z.string(), z.string()) });

/**
 * What may not be gone on with is told before anything is changed.
 *
 * @throws StoreError where the state cannot be used. @throws OutputError where list, options or output are others.
 */
export function resume({ file, survey, terms, output }: ResumeRequest): Resumed {
  const state = openCheckState(file);
  try {
    const { place, size } = placeOf(output.fd);
    const { kept } = state;
    const begun = kept === undefined ? undefined : asBefore({ file, survey, terms, output }, kept, place);
    const isElsewhere = begun?.isElsewhere === true;
    const offset = begun === undefined || isElsewhere ? size : begun.offset;
    if (kept === undefined || isElsewhere) {
      if (place.kind === 'file' && endsWithinLine(output.fd, size))
        throw new OutputError('the output ends within a line; what is appended would be part of it');
    }
    if (isElsewhere) state.goElsewhere(JSON.stringify(place), offset);
    else if (kept === undefined) {
      state.begin({
        terms: JSON.stringify({ list: survey.sha256, options: terms }),
        output: JSON.stringify(place),
        totals: writeTotals(noTotals),
        offset,
      });
    } else if (place.kind === 'file') {
      repair(output.fd, size, kept);
      state.keep({ done: [], totals: kept.totals, offset, until: offset });
    }
    const totals = begun?.totals ?? noTotals;
    const sink: Sink =
      place.kind === 'file'
        ? { kind: 'file', fd: output.fd, stat: () => fstatSync(output.fd) }
        : { kind: 'stream', write: output.write };
    return {
      outlet: openOutlet({ sink, state, offset, totals }),
      totals,
      isDone: state.isDone,
      isBack: kept !== undefined,
      isElsewhere,
      // What went through a pipe cannot be seen any more.
      isAppended: place.kind === 'file' ? offset > 0 : totals.tested > 0,
      close: state.close,
    };
  } catch (error) {
    state.close();
    throw error;
  }
}

function placeOf(fd: number): { readonly place: Place; readonly size: number } {
  const stats = fstatSync(fd, { bigint: true });
  if (!stats.isFile()) return { place: { kind: 'stream' }, size: 0 };
  return {
    place: { kind: 'file', dev: String(stats.dev), ino: String(stats.ino) },
    size: Number(stats.size),
  };
}

/** @throws OutputError where it is not the same run. */
function asBefore(
  { file, survey, terms }: ResumeRequest,
  kept: KeptRun,
  place: Place,
): { readonly totals: Totals; readonly offset: number; readonly isElsewhere: boolean } {
  const refuse = (because: string): never => {
    throw new OutputError(`${file} belongs to another run: ${because}`);
  };
  const before = termsSchema.safeParse(parseJson(kept.terms));
  const begunWith = outputSchema.safeParse(parseJson(kept.output));
  const totals = readTotals(kept.totals);
  if (!before.success || !begunWith.success || totals === undefined)
    return refuse('another version of waxwing has begun it');
  const { list, options } = before.data;
  if (list !== survey.sha256) refuse('the list has changed since it was begun');
  for (const name of new Set([...Object.keys(options), ...Object.keys(terms)])) {
    const [then, now] = [options[name], terms[name]];
    if (then !== now) refuse(`it was begun with ${said(name, then)}, and this one has ${said(name, now)}`);
  }
  const output = begunWith.data;
  const isElsewhere = JSON.stringify(output) !== JSON.stringify(place);
  if (isElsewhere) {
    if (output.kind !== 'file') refuse('its results did not go to a file');
    if (place.kind !== 'file') refuse('its results are in a file; name that one behind >>');
    // Of what was being written nobody knows how much is there, and it can be cut off in that file only.
    if (kept.until !== kept.offset)
      refuse('it was killed while it wrote to another file; name that one behind >>, once');
    if (totals.tested + totals.wrong >= survey.targets)
      refuse('that one is at its end, and its results are in another file');
  }
  return { totals, offset: kept.offset, isElsewhere };
}

function said(name: string, value: string | undefined): string {
  return value === undefined || value === '' ? `no ${name}` : `${name} ${value}`;
}

/** Cuts off what is not certain: part of a batch, the last line of which may be torn. */
function repair(fd: number, size: number, { offset, until }: KeptRun): void {
  if (size < offset) {
    throw new OutputError(
      `the output has ${size} octets, and ${offset} were written to it: it was cut, or begun anew with > in place of >>`,
    );
  }
  if (size > until) {
    throw new OutputError(
      `the output has ${size} octets, and no more than ${until} are of this run: something else was written to it. Without what stands behind octet ${offset} (truncate -s ${offset}) it can be gone on with`,
    );
  }
  if (size === offset) return;
  ftruncateSync(fd, offset);
  fsyncSync(fd);
}

const LINE_FEED = 0x0a;

/** Whether the last line has no end; false where the system does not let us look. */
function endsWithinLine(fd: number, size: number): boolean {
  if (size === 0) return false;
  const last = new Uint8Array(1);
  try {
    const reading = openSync(`/dev/fd/${fd}`, 'r');
    try {
      return readSync(reading, last, 0, 1, size - 1) === 1 && last[0] !== LINE_FEED;
    } finally {
      closeSync(reading);
    }
  } catch {
    return false;
  }
}
