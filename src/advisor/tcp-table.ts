/** The protocol of tcp_table(5): `get SPACE KEY NEWLINE`, and one line with a code and a text. */
import { attributesFor } from '../policies/answers/postfix-text.ts';
import type { Desk } from './desk.ts';
import type { Dialect } from './dialect.ts';
import { requestLineReader } from './lines.ts';
import { answerFromTable, type TableWords } from './postfix-table.ts';
import type { SocketmapTerms } from './socketmap.ts';

/** "no longer than 4096 characters including the newline terminator", of replies; a request has one key. */
const MOST_LINE = 4_095;
const MOST_REASON = 400;

const words: TableWords = {
  fits: (text) => lineOf(200, text).length <= MOST_LINE,
  found: (text) => reply(200, text),
  notFound: reply(500, 'there is no policy'),
  later: (because) => reply(400, because.slice(0, MOST_REASON)),
};

/** @param terms those of the moment. */
export function tcpTable(desk: Desk, terms: () => SocketmapTerms): Dialect {
  return {
    reader: () => requestLineReader(MOST_LINE),
    single: false,
    answer(request) {
      const kept = desk.kept(request);
      if (kept !== undefined) return kept;
      if (/^put /i.test(request)) return desk.at('refused', reply(500, 'nothing can be put here'));
      const [, encoded] = /^get ([^ ]+)$/i.exec(request) ?? [];
      const key = encoded === undefined ? undefined : unquote(encoded);
      // Not 500: that would be an answer about the key.
      if (key === undefined) return desk.at('refused', reply(400, 'a request is: get KEY'));
      const now = terms();
      return answerFromTable(desk, request, key, now, attributesFor(now.version), words);
    },
  };
}

function reply(code: number, text: string): string {
  return `${lineOf(code, text)}\n`;
}

function lineOf(code: number, text: string): string {
  return `${code} ${quote(text)}`;
}

/** "the character %, each non-printing character, and each whitespace character must be replaced by %XX". */
function quote(text: string): string {
  return text.replaceAll(/[^!-$&-~]/g, (character) => {
    const code = character.charCodeAt(0);
    return `%${(code > 0x7e ? 0x3f : code).toString(16).padStart(2, '0')}`;
  });
}

/** @returns undefined where a % is not followed by two hexadecimal digits. */
function unquote(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  return text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
