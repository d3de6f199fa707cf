/** How the results of a form stand beside each other: on that it depends how a list is told in it. */
import type { Format } from '../output.ts';

/**
 * `rows`: each stands for itself, in any order, wherever it was written, and others may be added later.
 * `sums`: all are added up, in any order, and told at the end.
 * `pages`: one after the other in the order of the targets, within one document.
 */
type Kind = 'rows' | 'sums' | 'pages';

const kinds = {
  text: 'pages',
  json: 'pages',
  ndjson: 'rows',
  csv: 'rows',
  sarif: 'pages',
  junit: 'pages',
  nagios: 'sums',
  openmetrics: 'sums',
  html: 'pages',
  markdown: 'pages',
} as const satisfies Readonly<Record<Format, Kind>>;

export function kindOf(format: Format): Kind {
  return kinds[format];
}

/** Forms whose results may be written in any thread, and by several runs. */
export type RowFormat = { [Each in Format]: (typeof kinds)[Each] extends 'rows' ? Each : never }[Format];

export function isRows(format: Format): format is RowFormat {
  return kinds[format] === 'rows';
}
