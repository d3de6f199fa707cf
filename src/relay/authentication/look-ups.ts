/** Gives mailauth what it asks of the DNS, by our own resolver: with an end in time, and nothing unknown as absent. */
import type { Answer } from '../../dns/answer.ts';
import { parseName, showName } from '../../dns/name.ts';
import { type Question, types } from '../../dns/record.ts';
import { readAddress, readMx, readName, readTxt } from '../../dns/records.ts';

/** One answer as mailauth wants it: what Node's `dns.promises.resolve` would give. */
type Found = readonly (
  | string
  | readonly string[]
  | { readonly priority: number; readonly exchange: string }
)[];

/** Rejects with an Error whose `code` is ENOTFOUND or ENODATA where there is nothing, anything else where nobody knows. */
type Ask = (name: string, type: string) => Promise<Found>;

/** The look-ups for one message. */
export interface MessageLookUps {
  readonly ask: Ask;
  /** How many questions had no answer so far. */
  readonly unknown: () => number;
  /** No question has an answer from here on; nothing is left to run. */
  readonly end: () => void;
}

/**
 * @param withinMs after which every question is unknown.
 */
export function messageLookUps(
  lookUp: (question: Question) => Promise<Answer>,
  withinMs: number,
): MessageLookUps {
  const asked = new Map<string, Promise<Found>>();
  let unknown = 0;
  const over = Promise.withResolvers<never>();
  // Nobody may be waiting when it comes.
  over.promise.catch(() => undefined);
  const timer = setTimeout(
    () => over.reject(failure('ETIMEOUT', `no answer within ${withinMs / 1000} seconds`)),
    withinMs,
  );

  async function look(name: string, type: string): Promise<Found> {
    const question = questionOf(name, type);
    // A name that cannot be is not there.
    if (question === undefined) throw failure('ENOTFOUND', 'no such name can be');
    try {
      return recordsOf(await Promise.race([lookUp(question), over.promise]), question);
    } catch (error) {
      if (!isAbsence(error)) unknown += 1;
      throw error;
    }
  }

  return {
    ask(name, type) {
      const key = `${type} ${name.toLowerCase()}`;
      const before = asked.get(key);
      if (before !== undefined) return before;
      const answer = look(name, type);
      // Whoever asked may have stopped waiting.
      answer.catch(() => undefined);
      asked.set(key, answer);
      return answer;
    },
    unknown: () => unknown,
    end() {
      clearTimeout(timer);
      over.reject(failure('ETIMEOUT', 'the message is judged already'));
    },
  };
}

/** Octets that zone files write as escapes, and all that a name has to have escaped. */
const ODD = /[^!-~]|[\\"();@$]/g;

function questionOf(name: string, type: string): Question | undefined {
  const number = typeNumbers.get(type);
  if (number === undefined) throw new Error(`mailauth asks for ${type}, which it never did`);
  // Macros of SPF put any octet into a name; only the dots are dots.
  if (/[^\0-\xff]/.test(name)) return undefined;
  const text = name.replace(ODD, (octet) => `\\${String(octet.charCodeAt(0)).padStart(3, '0')}`);
  const parsed = parseName(text);
  return parsed.kind === 'ok' ? { name: parsed.value, type: number } : undefined;
}

const typeNumbers: ReadonlyMap<string, number> = new Map([
  ['A', types.A],
  ['AAAA', types.AAAA],
  ['CNAME', types.CNAME],
  ['MX', types.MX],
  ['PTR', types.PTR],
  ['TXT', types.TXT],
]);

function recordsOf(answer: Answer, { type }: Question): Found {
  if (answer.kind === 'absent')
    throw failure(answer.what === 'no-such-name' ? 'ENOTFOUND' : 'ENODATA', answer.because);
  if (answer.kind === 'unknown' || answer.status === 'bogus') throw failure('ESERVFAIL', answer.because);
  const found = answer.records.map((data) => read(data, type)).filter((one) => one !== undefined);
  if (found.length === 0) throw failure('EBADRESP', 'no record is as its type says');
  return found;
}

function read(data: Uint8Array, type: number): Found[number] | undefined {
  if (type === types.TXT) return readTxt(data);
  if (type === types.A || type === types.AAAA) return readAddress(data);
  if (type === types.MX) {
    const mx = readMx(data);
    return mx && { priority: mx.preference, exchange: showName(mx.exchange) };
  }
  const name = readName(data);
  return name && showName(name);
}

function failure(code: string, because: string): Error {
  return Object.assign(new Error(because), { code });
}

function isAbsence(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'ENODATA')
  );
}
