/** What a person reads on a terminal: its width, its colours, and nothing that moves the cursor. */

/** How text may look where it goes. */
export interface Look {
  /** Columns. */
  readonly width: number;
  readonly colour: boolean;
  /** Whether lines and marks beyond ASCII are shown as such. */
  readonly unicode: boolean;
}

export type Colour = 'green' | 'yellow' | 'red' | 'dim' | 'bold';

const DEFAULT_WIDTH = 80;
const LEAST_WIDTH = 40;
/** Longer lines are hard to read. */
const MOST_WIDTH = 110;

const CODES: Readonly<Record<Colour, number>> = { green: 32, yellow: 33, red: 31, dim: 2, bold: 1 };

/** @param stream where the text goes: process.stdout or its like. */
export function lookOf(
  { isTTY, columns }: { readonly isTTY?: boolean; readonly columns?: number },
  env: Readonly<Record<string, string | undefined>>,
): Look {
  // POSIX: the first of these that is set and not empty decides.
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => (value ?? '') !== '') ?? '';
  // POSIX: what COLUMNS says is preferred; Node says 0 of a terminal that does not know its size.
  const preferred = /^[1-9][0-9]{0,5}$/.exec(env['COLUMNS'] ?? '')?.[0];
  const known = preferred === undefined ? columns : Number(preferred);
  return {
    width: Math.min(Math.max(known || DEFAULT_WIDTH, LEAST_WIDTH), MOST_WIDTH),
    // NO_COLOR counts "when present and not an empty string (regardless of its value)" (no-color.org).
    colour: isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    unicode: /utf-?8/i.test(locale),
  };
}

/** The text in a colour, where colours are wanted. */
export function paint(text: string, colour: Colour, look: Pick<Look, 'colour'>): string {
  return look.colour ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}

/**
 * Breaks text between words, so that no line is wider than `width` columns; a longer word stands alone.
 *
 * @param first stands before the first line, `further` before each other one.
 */
export function wrap(text: string, width: number, first = '', further = first): readonly string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = further;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}

/** What a peer wrote must not move the cursor of whoever reads it. */
export function oneLine(text: string): string {
  return text.replace(/[^\x20-\x7e\u00a0-\uffff]+/g, ' ');
}
