/** Pieces of which the page of a check is made: titles, marks, paragraphs, lines to paste. */
import { type Colour, type Look, paint, wrap } from '../terminal.ts';
import { safe } from './words.ts';

export interface Mark {
  readonly unicode: string;
  readonly ascii: string;
  readonly colour: Colour;
}

export const marks = {
  good: { unicode: '✔', ascii: '+', colour: 'green' },
  weak: { unicode: '!', ascii: '!', colour: 'yellow' },
  bad: { unicode: '✘', ascii: 'x', colour: 'red' },
  unknown: { unicode: '?', ascii: '?', colour: 'yellow' },
  none: { unicode: '○', ascii: 'o', colour: 'dim' },
} as const satisfies Record<string, Mark>;

/** A title and what follows it. */
export function titled(title: string, rest: string, look: Look): readonly string[] {
  return highlighted(`${title}${rest}`, title, 'bold', look, '', '  ');
}

/** Text behind a mark. */
export function marked(mark: Mark, text: string, look: Look): readonly string[] {
  const sign = look.unicode ? mark.unicode : mark.ascii;
  return highlighted(`${sign} ${text}`, sign, mark.colour, look, '  ', '    ');
}

/** A text, broken between words, and one part of its first line in a colour. */
export function highlighted(
  text: string,
  part: string,
  colour: Colour,
  look: Look,
  first: string,
  further: string,
): readonly string[] {
  // Painted after it is broken, as colours have no width.
  const [head = '', ...rest] = wrap(safe(text, look), look.width, first, further);
  return [head.replace(part, () => paint(part, colour, look)), ...rest];
}

/** A paragraph that hangs behind a label. */
export function labelled(label: string, text: string, look: Look, indent = '     '): readonly string[] {
  return wrap(safe(`${label}${label === '' ? '' : ' '}${text}`, look), look.width, indent, `${indent}  `);
}

/** Never broken, so that it can be pasted. */
export function verbatim(text: string, look: Look, indent: string): string {
  return `${indent}${safe(text, look)}`;
}

/** Blocks with an empty line between them, the empty ones left out. */
export function page(blocks: readonly (readonly string[])[]): string {
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
    .join('\n');
}
