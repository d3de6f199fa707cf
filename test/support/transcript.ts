/**
 * Transcripts: conversations written down as text, which drive an engine from either side.
 *
 * `S: text` and `C: text` are lines of server and client, CRLF understood; `S~ text` and `C~ text` are bytes
 * without it. Escapes: `\r`, `\n`, `\xNN`, `\\`. `== what` happens to the connection: `TLS`, `TLS failed: why`,
 * `close` (by the server), `timeout`, `shutdown`. `C> do` and `C< came of it` tell the client engine what to do and
 * say what has to come of it; `S>` and `S<` are the same for the server engine. `#` begins a comment, and the first
 * lines are comments that quote the requirement or name the attack.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TlsFacts } from '../../src/wire/tls-facts.ts';

export type Side = 'S' | 'C';

/** One line of a transcript; `line` is its number in the file. */
export type Entry = { readonly line: number } & (
  | { readonly kind: 'bytes'; readonly side: Side; readonly bytes: Buffer }
  | { readonly kind: 'mark'; readonly what: string }
  | { readonly kind: 'do' | 'outcome'; readonly side: Side; readonly text: string }
);

export interface Transcript {
  readonly name: string;
  /** What it shows: its first lines, in one. */
  readonly title: string;
  readonly entries: readonly Entry[];
}

const folder = join(import.meta.dirname, '..', 'transcripts');

/** Every transcript in a folder below test/transcripts; none is a mistake. */
export function transcriptsIn(...path: readonly string[]): Transcript[] {
  const files = globSync(join(folder, ...path, '*.txt')).toSorted();
  assert.notEqual(files.length, 0, `no transcripts in ${path.join('/')}`);
  return files.map((file) => parseTranscript(basename(file, '.txt'), readFileSync(file, 'utf8')));
}

/** @throws Error where a line is not of the grammar, or where the file does not begin by saying what it shows. */
export function parseTranscript(name: string, text: string): Transcript {
  const lines = text.split('\n');
  const begin = lines.findIndex((line) => !line.startsWith('#'));
  const title = lines.slice(0, begin).map((line) => line.slice(1).trim());
  if (title.length === 0) throw new Error(`${name}: the first line has to say what this shows`);
  const entries: Entry[] = [];
  for (const [index, line] of lines.entries()) {
    if (line === '' || line.startsWith('#')) continue;
    entries.push(entryOf(line, `${name}:${index + 1}`, index + 1));
  }
  return { name, title: title.join(' '), entries };
}

function entryOf(text: string, where: string, line: number): Entry {
  const [, head = '', tail = ''] = /^(==|[SC][:~<>])(?: (.*))?$/.exec(text) ?? [];
  const side = head[0] === 'S' ? 'S' : 'C';
  switch (head[1]) {
    case ':':
      return { line, kind: 'bytes', side, bytes: unescaped(`${tail}\\r\\n`) };
    case '~':
      return { line, kind: 'bytes', side, bytes: unescaped(tail) };
    case '>':
      return { line, kind: 'do', side, text: tail };
    case '<':
      return { line, kind: 'outcome', side, text: tail };
    case '=':
      return { line, kind: 'mark', what: tail };
    default:
      throw new Error(`${where}: not a line of a transcript: ${text}`);
  }
}

/** The bytes that a text with escapes stands for. */
export function unescaped(text: string): Buffer {
  const plain = text.replace(/\\(r|n|\\|x([0-9a-f]{2}))/g, (_, escape: string, hex: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return { r: '\r', n: '\n', '\\': '\\' }[escape] ?? '';
  });
  return Buffer.from(plain, 'latin1');
}

/** In how many pieces the peer's bytes may arrive: all at once, and cut at every length from 1 to 64. */
export const cuts: readonly number[] = [
  Number.POSITIVE_INFINITY,
  ...Array.from({ length: 64 }, (_, i) => i + 1),
];

/** The bytes in pieces of `size`. */
export function cut(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let from = 0; from < bytes.length; from += size) pieces.push(bytes.subarray(from, from + size));
  return pieces;
}

/** What every handshake of a transcript shows. */
export const tlsFacts: TlsFacts = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  group: 'X25519',
  chain: [],
  path: { kind: 'absent' },
  serverName: null,
  alpn: null,
};
