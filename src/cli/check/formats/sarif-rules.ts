/** Checks as the rules of SARIF: what a viewer says of a result beside its message. */
import { catalogue } from '../../../findings/catalogue.ts';
import type { CheckEntry, Severity } from '../../../findings/check.ts';
import { printable } from './told.ts';

/** SARIF 2.1.0 §3.27.10. */
export const levels: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
};

/** GitHub calls above 9.0 critical, from 7.0 on high, from 4.0 on medium, and what is above 0 low. */
export const scores: Readonly<Record<Severity, string>> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.5',
  low: '2.5',
  info: '0.1',
};

/**
 * Severity is that of the catalogue: each result has its own, by the policy in force.
 *
 * @param named the title of what is no check of the catalogue.
 */
export function ruleOf(id: string, named: string): unknown {
  const entry = entries.get(id);
  // A requirement of a profile. GitHub refuses a log with a rule that has none of these.
  if (entry === undefined) {
    const text = { text: named.trim() === '' ? id : printable(named) };
    return { id, shortDescription: text, fullDescription: text, help: text };
  }
  const { title, severity, why, fix, reference } = entry;
  const link = linkOf(reference);
  const orders = fix.map((one) => one.do);
  return {
    id,
    shortDescription: { text: title },
    fullDescription: { text: why },
    help: { text: [why, ...orders, `See ${reference}.`].join('\n') },
    ...(link === undefined ? {} : { helpUri: link }),
    defaultConfiguration: { level: levels[severity] },
    properties: {
      'security-severity': scores[severity],
      precision: 'high',
      tags: ['security', 'mail', id.split('.')[0]],
    },
  };
}

const entries: ReadonlyMap<string, CheckEntry> = new Map(Object.entries(catalogue));

/** `RFC 3207 §4.2` is a section of a page; other sources have names only. */
function linkOf(reference: string): string | undefined {
  const found = /\bRFC (\d+)(?: §([\d.]*\d))?/.exec(reference);
  if (found === null) return undefined;
  const [, number, section] = found;
  return `https://www.rfc-editor.org/rfc/rfc${number}${section === undefined ? '' : `#section-${section}`}`;
}
