/** A page without its form: headings, paragraphs, lists, tables, lines to paste. HTML and Markdown are both made of this. */

/** How something stands, beside the word that says so. */
export type Tone = 'good' | 'weak' | 'bad' | 'plain';

/** A piece of a line. */
export type Inline =
  /** Words. Names and what servers say may be among them. */
  | string
  /** A name, a command, or what somebody said, letter by letter. */
  | { readonly code: string }
  | { readonly strong: string; readonly tone: Tone };

export type Line = readonly Inline[];

export type Block =
  | { readonly kind: 'heading'; readonly level: 2 | 3 | 4; readonly line: Line }
  | { readonly kind: 'paragraph'; readonly line: Line }
  | { readonly kind: 'list'; readonly items: readonly Line[] }
  /** Lines that are never broken. @param what they are, in a word or two. */
  | { readonly kind: 'code'; readonly what: string; readonly lines: readonly string[] }
  | {
      readonly kind: 'table';
      readonly caption: string;
      readonly head: readonly string[];
      readonly rows: readonly (readonly Line[])[];
    };

export function heading(level: 2 | 3 | 4, ...line: Line): Block {
  return { kind: 'heading', level, line };
}

export function paragraph(...line: Line): Block {
  return { kind: 'paragraph', line };
}

/** Nothing where there is nothing in it. */
export function list(items: readonly Line[]): readonly Block[] {
  return items.length === 0 ? [] : [{ kind: 'list', items }];
}

/** Nothing where there is nothing in it. */
export function code(what: string, lines: readonly string[]): readonly Block[] {
  return lines.length === 0 ? [] : [{ kind: 'code', what, lines }];
}

/** Nothing where there is nothing in it. */
export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly Line[])[],
): readonly Block[] {
  return rows.length === 0 ? [] : [{ kind: 'table', caption, head, rows }];
}
