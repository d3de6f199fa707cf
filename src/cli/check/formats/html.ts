/**
 * One page of HTML for owners: complete in itself, without scripts, and without anything that is fetched.
 *
 * What servers say is text and nothing else; beside that the page forbids itself everything but its own style (CSP). It is
 * well-formed XML, too, so that tests can read it strictly.
 */
import { createHash } from 'node:crypto';
import { workOf } from '../verdict.ts';
import type { Block, Inline, Line } from './document.ts';
import type { FormatTerms, ReportFormat } from './format.ts';
import { style } from './html-style.ts';
import { documentOf, overviewOf } from './report-document.ts';
import { printable } from './told.ts';

/** Lines of the overview at the end; a run may have millions of targets. */
const MOST_LINES = 10_000;

export function htmlFormat(terms: FormatTerms): ReportFormat {
  const lines: { readonly target: string; readonly verdict: string; readonly work: string }[] = [];
  let all = 0;
  return {
    begin: head(),
    add: (report) => {
      all += 1;
      if (lines.length < MOST_LINES) {
        const { target, verdict } = report;
        lines.push({ target, verdict: verdict.text, work: workOf(report, terms.isPart) });
      }
      return `<article>\n${documentOf(report, terms).map(blockText).join('')}</article>\n`;
    },
    end: (ending) => {
      const blocks = overviewOf(lines, all, ending.complaints);
      const overview = blocks.length === 0 ? '' : `<section>\n${blocks.map(blockText).join('')}</section>\n`;
      return `${overview}</main>\n<footer><p>Made by Waxwing ${escaped(terms.version)}.</p></footer>\n</body>\n</html>\n`;
    },
  };
}

function head(): string {
  const hash = createHash('sha256').update(style).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return [
    '<!DOCTYPE html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8"/>',
    `<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}"/>`,
    '<meta name="referrer" content="no-referrer"/>',
    '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
    '<meta name="color-scheme" content="light dark"/>',
    '<title>Mail over TLS: what a check found</title>',
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    '<main>',
    '<h1>Mail over TLS: what a check found</h1>',
    '',
  ].join('\n');
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h${block.level}>${lineText(block.line)}</h${block.level}>\n`;
    case 'paragraph':
      return `<p>${lineText(block.line)}</p>\n`;
    case 'list':
      return `<ul>\n${block.items.map((item) => `<li>${lineText(item)}</li>\n`).join('')}</ul>\n`;
    case 'code':
      return `<figure><figcaption>${escaped(block.what)}:</figcaption><pre dir="ltr" tabindex="0"><code>${block.lines.map(escaped).join('\n')}</code></pre></figure>\n`;
    case 'table':
      return tableText(block);
  }
}

/** It scrolls by itself where the page is narrow, for a keyboard, too. */
function tableText({ caption, head: titles, rows }: Extract<Block, { readonly kind: 'table' }>): string {
  const top = titles.map((title) => `<th scope="col">${escaped(title)}</th>`).join('');
  const body = rows
    .map((row) => {
      const [first = [], ...rest] = row;
      const cells = rest.map((line) => `<td>${lineText(line)}</td>`).join('');
      return `<tr><th scope="row">${lineText(first)}</th>${cells}</tr>\n`;
    })
    .join('');
  return `<div class="wide" tabindex="0" role="region" aria-label="${escaped(caption)}"><table>\n<caption>${escaped(caption)}</caption>\n<thead><tr>${top}</tr></thead>\n<tbody>\n${body}</tbody>\n</table></div>\n`;
}

function lineText(line: Line): string {
  return line.map(inlineText).join('');
}

function inlineText(inline: Inline): string {
  if (typeof inline === 'string') return escaped(inline);
  if ('code' in inline) return `<code><bdi>${escaped(inline.code)}</bdi></code>`;
  return `<strong class="${inline.tone}">${escaped(inline.strong)}</strong>`;
}

function escaped(text: string): string {
  return printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
