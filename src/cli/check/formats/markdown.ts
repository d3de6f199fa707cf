/**
 * Markdown as GitHub and GitLab show it, for issues and summaries of jobs.
 *
 * What servers say must not make links, images, HTML, mentions of people or references to issues. Mentions and references are
 * made from the finished text, so that no backslash helps: every word that is not harmless stands in a code span, in which
 * nothing is made of anything.
 */
import { workOf } from '../verdict.ts';
import type { Block, Inline, Line } from './document.ts';
import type { FormatTerms, ReportFormat } from './format.ts';
import { documentOf, overviewOf } from './report-document.ts';
import { printable } from './told.ts';

/** Lines of the overview at the end. */
const MOST_LINES = 1_000;

export function markdownFormat(terms: FormatTerms): ReportFormat {
  const lines: { readonly target: string; readonly verdict: string; readonly work: string }[] = [];
  let all = 0;
  return {
    begin: '',
    add: (report) => {
      all += 1;
      if (lines.length < MOST_LINES) {
        const { target, verdict } = report;
        lines.push({ target, verdict: verdict.text, work: workOf(report, terms.isPart) });
      }
      return documentOf(report, terms).map(blockText).join('');
    },
    end: ({ complaints }) => overviewOf(lines, all, complaints).map(blockText).join(''),
  };
}

/** Each with an empty line behind it. */
function blockText(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${lineText(block.line)}\n\n`;
    case 'paragraph':
      return `${startText(block.line)}\n\n`;
    case 'list':
      return `${block.items.map((item) => `- ${startText(item)}\n`).join('')}\n`;
    case 'code':
      return `${words(block.what)}:\n\n${fenced(block.lines)}\n\n`;
    case 'table':
      return tableText(block);
  }
}

/** Markdown has no captions: it stands before the table. */
function tableText({ caption, head, rows }: Extract<Block, { readonly kind: 'table' }>): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  const rule = row(head.map(() => '---'));
  const body = rows.map((cells) => row(cells.map((line) => lineText(line, true)))).join('');
  return `${words(caption)}:\n\n${row(head.map((title) => words(title)))}${rule}${body}\n`;
}

/** Of a paragraph or an item: it must not begin a list. */
function startText(line: Line): string {
  return lineText(line).replace(/^(\d+)([.)])(?= |$)/, String.raw`$1\$2`);
}

function lineText(line: Line, inTable = false): string {
  return line
    .map((inline) => inlineText(inline, inTable))
    .join('')
    .trim();
}

function inlineText(inline: Inline, inTable: boolean): string {
  if (typeof inline === 'string') return words(inline, inTable);
  if ('code' in inline) return span(printable(inline.code), inTable);
  return `**${words(inline.strong, inTable)}**`;
}

/** Text of anybody: harmless words as they are, all others letter by letter. */
function words(text: string, inTable = false): string {
  return printable(text)
    .split(/( +)/)
    .map((part) => (/^ *$/.test(part) ? part : word(part, inTable)))
    .join('');
}

/** Brackets and stops around it stay outside. */
function word(part: string, inTable: boolean): string {
  const [, open = '', inner = '', close = ''] = /^([("']*)(.*?)([)"',.;:?]*)$/s.exec(part) ?? [];
  if (inner !== '' && !isHarmless(inner)) return `${open}${span(inner, inTable)}${close}`;
  return part;
}

/**
 * Letters, digits, and what stands in our own sentences and in names, addresses and dates. Not: what looks like a URL, a
 * commit, an issue of another tracker, or an emoji.
 */
function isHarmless(text: string): boolean {
  return (
    /^(?:[\p{L}\p{N}§…–—](?:[\p{L}\p{N}.,'’§…–—/%-]*[\p{L}\p{N}§…–—%])?|\d\d:\d\d)$/u.test(text) &&
    !/^www\.|^[0-9a-f]{7,}$|^GH-\d/i.test(text) &&
    !/^\p{Lu}+-\d+$/u.test(text)
  );
}

/** A code span, CommonMark 0.31 §6.1: longer marks than any inside; a space at each end where it begins or ends with one. */
function span(text: string, inTable: boolean): string {
  if (text === '') return '';
  if (inTable && text.includes('|'))
    return text
      .split('|')
      .map((part) => (part === '' ? '' : span(part, false)))
      .join(String.raw`\|`);
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const marks = '`'.repeat(longest + 1);
  const isPadded = text.startsWith('`') || text.endsWith('`') || /^ .* $/.test(text);
  return `${marks}${isPadded ? ` ${text} ` : text}${marks}`;
}

/** Lines as they are, behind a fence that is longer than any in them. */
function fenced(lines: readonly string[]): string {
  const shown = lines.map(printable);
  const longest = Math.max(
    2,
    ...shown.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length)),
  );
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${shown.join('\n')}\n${fence}`;
}
