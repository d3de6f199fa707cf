/**
 * Records as people and zone files write them, for tests: RFC 1035 §5.1 without $ directives.
 *
 * An own reader, so that what it is used to check is not checked against itself.
 */
import { type Name, root } from '../../../src/dns/name.ts';
import type { Question, ResourceRecord } from '../../../src/dns/record.ts';
import { readName } from './name-text.ts';
import { rdataOf, typeOf } from './rdata-text.ts';

export interface ZoneText {
  /** What relative names end with; the root where it is absent. */
  readonly origin?: Name;
  /** Seconds, where a record says none; 3600 where it is absent. */
  readonly ttl?: number;
}

/** One line of a zone file, its parentheses opened. */
interface Line {
  readonly number: number;
  /** It begins with white space: the owner is that of the record before it. */
  readonly indented: boolean;
  /** Their escapes stand as they are written; quotes are gone. */
  readonly words: readonly string[];
}

/** Reads all records of a text. @throws Error with the number of the line that is not a record of class IN. */
export function readRecords(text: string, { origin = root, ttl = 3600 }: ZoneText = {}): ResourceRecord[] {
  const records: ResourceRecord[] = [];
  for (const line of linesOf(text)) {
    try {
      records.push(recordOf(line, origin, ttl, records.at(-1)?.name));
    } catch (error) {
      throw new Error(`line ${line.number}: ${line.words.join(' ')}`, {
        cause: error,
      });
    }
  }
  return records;
}

/** Reads the one record of a text. */
export function readRecord(text: string, options?: ZoneText): ResourceRecord {
  const [record, ...others] = readRecords(text, options);
  if (record === undefined || others.length > 0) throw new Error(`not one record: ${text}`);
  return record;
}

/** Reads a question: a name, a class or none, a type. */
export function readQuestion(text: string): Question {
  const [name, ...rest] = linesOf(text)[0]?.words ?? [];
  const type = rest.find((word) => word.toUpperCase() !== 'IN');
  if (name === undefined || type === undefined) throw new Error(`not a question: ${text}`);
  return { name: readName(name), type: typeOf(type) };
}

function recordOf(line: Line, origin: Name, ttl: number, previous: Name | undefined): ResourceRecord {
  const words = [...line.words];
  const name = line.indented ? previous : readName(words.shift() ?? '', origin);
  if (name === undefined) throw new Error('it has no owner');
  let own: number | undefined;
  let word = words.shift() ?? '';
  // The TTL and the class stand in either order, and either may be absent.
  for (; /^(?:\d+|IN)$/i.test(word); word = words.shift() ?? '') {
    if (/^\d/.test(word)) own = Number(word);
  }
  const type = typeOf(word);
  return { name, type, ttl: own ?? ttl, data: rdataOf(type, words, origin) };
}

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  let words: string[] = [];
  let begin = { number: 1, indented: false };
  let depth = 0;
  let number = 1;
  const end = (): void => {
    if (words.length > 0) lines.push({ ...begin, words });
    words = [];
  };
  for (const [part] of text.matchAll(/;[^\n]*|"(?:\\.|[^"\\])*"|[()\n]|[^\S\n]+|(?:\\.|[^\s()";\\])+|./gs)) {
    if (part === '\n') {
      number += 1;
      if (depth > 0) continue;
      end();
      begin = { number, indented: false };
    } else if (/^\s/.test(part)) {
      if (words.length === 0 && depth === 0) begin = { number, indented: true };
    } else if (part === '(' || part === ')') {
      depth += part === '(' ? 1 : -1;
      if (depth < 0) throw new Error(`line ${number}: a parenthesis that nothing opened`);
    } else if (part.startsWith('"') && part.length > 1) {
      words.push(part.slice(1, -1));
    } else if (!part.startsWith(';')) {
      if (/^["\\]$/.test(part)) throw new Error(`line ${number}: ${part} stands alone`);
      words.push(part);
    }
  }
  if (depth > 0) throw new Error('a parenthesis is not closed');
  end();
  return lines;
}
