/** Better SPF records, made of the terms of those that are there. */
import { parseSpf, type SpfTerm } from '../records/spf.ts';

type Terms = readonly SpfTerm[];

function recordOf(terms: readonly string[]): string {
  return ['v=spf1', ...terms].join(' ');
}

function isAll(term: SpfTerm): boolean {
  return term.kind === 'directive' && term.mechanism === 'all';
}

function isRedirect(term: SpfTerm): boolean {
  return term.kind === 'modifier' && term.name === 'redirect';
}

/** Whether what leaves a record open to others is its own end, and not what it includes or goes on with. */
export function isOpenItself(terms: Terms): boolean {
  const end = terms.find(isAll);
  if (end === undefined) return !terms.some(isRedirect);
  return end.kind === 'directive' && (end.qualifier === '+' || end.qualifier === '?');
}

/**
 * The same record without some terms, and closed to others with "~all" where it is open by itself.
 *
 * Where nobody would be left who may send, the mail hosts may.
 */
export function improvedSpf(terms: Terms, unwanted: readonly string[]): string {
  const rest = terms.filter(({ text }) => !unwanted.includes(text));
  const names = rest.some((term) => isRedirect(term) || (term.kind === 'directive' && !isAll(term)));
  const isEmptied = !names && rest.length < terms.length;
  const texts = (some: Terms): string[] => [...(isEmptied ? ['mx'] : []), ...some.map(({ text }) => text)];
  if (!isOpenItself(terms)) return recordOf(texts(rest));
  return recordOf([...texts(rest.filter((term) => !isAll(term))), '~all']);
}

/**
 * One record of several: every sender that one of them names.
 *
 * @returns undefined where one of them cannot be read, or goes on elsewhere.
 */
export function mergedSpf(records: readonly string[]): string | undefined {
  const all: SpfTerm[] = [];
  for (const record of records) {
    const read = parseSpf(record);
    if (read.kind !== 'ok' || read.value.some(isRedirect)) return undefined;
    all.push(...read.value);
  }
  const named = new Set(all.filter((term) => !isAll(term)).map(({ text }) => text));
  const isStrict = all.every((term) => !isAll(term) || (term.kind === 'directive' && term.qualifier === '-'));
  return recordOf([...named, isStrict ? '-all' : '~all']);
}
