/** Reads a TOML file: bounded, strict UTF-8, and with the line on which each key stands. */
import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { parse, TomlDate, TomlError } from 'smol-toml';
import { messageOf } from '../usage.ts';
import { isTable, joinPath, type Table } from './tree.ts';

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_DEPTH = 16;
/** Longer statements are not searched for their end again with every line. */
const MAX_STATEMENT_LINES = 200;

export type TomlFile =
  | { readonly kind: 'ok'; readonly tree: Table; readonly lines: ReadonlyMap<string, number> }
  | { readonly kind: 'absent' }
  /** `line` is undefined where the trouble is with the file as a whole. */
  | { readonly kind: 'invalid'; readonly line: number | undefined; readonly because: string };

/** Reads and parses a file of at most 1 MiB. */
export function readToml(file: string): TomlFile {
  let bytes: Uint8Array;
  try {
    if (statSync(file, { throwIfNoEntry: false }) === undefined) return { kind: 'absent' };
    bytes = readAtMost(file, MAX_FILE_BYTES + 1);
  } catch (error) {
    return { kind: 'invalid', line: undefined, because: `cannot be read: ${messageOf(error)}` };
  }
  if (bytes.length > MAX_FILE_BYTES) {
    return { kind: 'invalid', line: undefined, because: `is larger than ${MAX_FILE_BYTES} bytes` };
  }
  if (!isUtf8(bytes)) return { kind: 'invalid', line: undefined, because: 'is not UTF-8' };
  return parseToml(new TextDecoder().decode(bytes));
}

/** Parses TOML text. A date becomes null: no key takes one, and as an object it would pass for an empty table. */
export function parseToml(text: string): TomlFile {
  try {
    const tree = parse(text, { maxDepth: MAX_DEPTH });
    if (!clearDates(tree)) {
      return { kind: 'invalid', line: undefined, because: `has tables more than ${MAX_DEPTH} levels deep` };
    }
    return { kind: 'ok', tree, lines: locate(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The first line is the message; the rest repeats the source, which the operator has.
    return { kind: 'invalid', line: error.line, because: error.message.split('\n', 1)[0] ?? '' };
  }
}

/** @returns whether the tree is as shallow as everything that walks it needs it to be. */
function clearDates(tree: Table): boolean {
  let level: readonly object[] = [tree];
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) {
    level = level.flatMap((container) =>
      Object.entries(container).flatMap(([key, value]: [string, unknown]) => {
        if (value instanceof TomlDate) Reflect.set(container, key, null);
        return typeof value === 'object' && value !== null && !(value instanceof TomlDate) ? [value] : [];
      }),
    );
  }
  return level.length === 0;
}

function readAtMost(file: string, most: number): Uint8Array {
  const buffer = new Uint8Array(most);
  const descriptor = openSync(file, 'r');
  try {
    let length = 0;
    while (length < most) {
      const read = readSync(descriptor, buffer, length, most - length, null);
      if (read === 0) break;
      length += read;
    }
    return buffer.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Finds the line on which each key of a valid document stands, counted from 1.
 *
 * The parser tells no positions, so each statement is parsed by itself: a line that does not parse is the
 * beginning of one that goes on (an open string or list).
 */
function locate(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const itemCounts = new Map<string, number>();
  const lines = text.split('\n');
  let table = '';
  for (let start = 0; start < lines.length; ) {
    const statement = statementAt(lines, start);
    if (statement === undefined) break;
    if (/^[ \t]*\[/.test(lines[start] ?? '')) {
      table = enterTable(statement.tree, itemCounts, (path) => {
        if (!found.has(path)) found.set(path, start + 1);
      });
    } else {
      remember(found, table, statement.tree, start + 1);
    }
    start = statement.next;
  }
  return found;
}

function statementAt(lines: readonly string[], start: number): { tree: Table; next: number } | undefined {
  for (let next = start + 1; next <= Math.min(lines.length, start + MAX_STATEMENT_LINES); next++) {
    try {
      return { tree: parse(`${lines.slice(start, next).join('\n')}\n`, { maxDepth: MAX_DEPTH }), next };
    } catch {
      // It goes on in the next line.
    }
  }
  return undefined;
}

/**
 * @param entered is told every table on the way.
 * @returns the path that a header opens, an item of a list of tables by its index.
 */
function enterTable(header: Table, itemCounts: Map<string, number>, entered: (path: string) => void): string {
  let path = '';
  let inner: unknown = header;
  while (isTable(inner)) {
    const [name] = Object.keys(inner);
    if (name === undefined) break;
    inner = inner[name];
    path = joinPath(path, name);
    entered(path);
    const items = itemCounts.get(path) ?? 0;
    if (Array.isArray(inner)) itemCounts.set(path, items + 1);
    if (Array.isArray(inner) || items > 0) {
      path = joinPath(path, Array.isArray(inner) ? items : items - 1);
      entered(path);
    }
  }
  return path;
}

function remember(found: Map<string, number>, path: string, value: unknown, line: number): void {
  if (path !== '' && !found.has(path)) found.set(path, line);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) remember(found, joinPath(path, index), item, line);
  } else if (isTable(value)) {
    for (const [name, item] of Object.entries(value)) remember(found, joinPath(path, name), item, line);
  }
}
