/**
 * Writing of header fields and short texts out of material that others chose.
 *
 * RFC 5322 §2.1.1 (lines of 78 and 998 characters), §2.2.3 (folding).
 */

const WANTED_FIELD_LINE = 78;
const WANTED_TEXT_LINE = 76;
// A word with the spaces around it is the longest line that can come out: 64 + 800 + 64, below 998.
const LONGEST_WORD = 800;
const LONGEST_GAP = 64;

/** What may stand in the text; `utf-8` only where the message goes by SMTPUTF8 (RFC 6532). */
export type Charset = 'us-ascii' | 'utf-8';

/**
 * The text as printable characters: line breaks become one space, every other control, and with `us-ascii` every
 * character beyond it, an escape.
 *
 * @param most characters; what is longer is cut off and ends in `...`.
 */
export function printable(text: string, most: number, charset: Charset = 'us-ascii'): string {
  // Cut before and after: the first keeps the work small; the second is needed because escapes are longer.
  const plain = escape(text.slice(0, most + 1), charset);
  return plain.length > most ? `${plain.slice(0, Math.max(0, most - 3))}...` : plain;
}

/** `Name: value` with its CRLF, made printable, folded at spaces so that lines stay below 79 where they can. */
export function formatField(name: string, value: string, charset: Charset = 'us-ascii'): string {
  return `${fold(`${name}: ${escape(value, charset)}`, WANTED_FIELD_LINE)}\r\n`;
}

/** The text on lines of at most 76 characters where spaces allow it, each after `indent`, each with its CRLF. */
export function paragraph(text: string, indent = '', charset: Charset = 'us-ascii'): string {
  const lines = fold(escape(text, charset), WANTED_TEXT_LINE - indent.length).split('\r\n');
  return lines.map((line) => `${indent}${line.trimStart()}\r\n`).join('');
}

const NOT_PRINTABLE = {
  'us-ascii': /[^\x20-\x7e]/g,
  // Controls, line and paragraph separators, and halves of surrogate pairs, which have no UTF-8.
  'utf-8': /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu,
};

function escape(text: string, charset: Charset): string {
  return text
    .replace(/[\r\n]+/g, ' ')
    .replace(NOT_PRINTABLE[charset], (character) => `\\x{${character.charCodeAt(0).toString(16)}}`);
}

/** The word, cut to so many octets of UTF-8 that the line stays below the limit. */
function bounded(word: string): string {
  if (word.length * 3 <= LONGEST_WORD || Buffer.byteLength(word) <= LONGEST_WORD) return word;
  return Buffer.from(word)
    .subarray(0, LONGEST_WORD)
    .toString()
    .replace(/\ufffd+$/, '');
}

/** Breaks lines before spaces only, and keeps the spaces: unfolding (RFC 5322 §2.2.3) restores the text. */
function fold(text: string, width: number): string {
  const withGaps = text.replace(/ {65,}/g, ' '.repeat(LONGEST_GAP));
  let folded = '';
  let column = 0;
  for (let at = 0; at < withGaps.length; ) {
    let word = at;
    while (withGaps[word] === ' ') word += 1;
    const space = withGaps.indexOf(' ', word);
    const end = space === -1 ? withGaps.length : space;
    const piece = withGaps.slice(at, word) + bounded(withGaps.slice(word, end));
    // A line of nothing but white space is an obsolete fold (RFC 5322 §4.2): trailing spaces stay where they are.
    if (column > 0 && at < word && word < end && column + piece.length > width) {
      folded += '\r\n';
      column = 0;
    }
    folded += piece;
    column += piece.length;
    at = end;
  }
  return folded;
}
