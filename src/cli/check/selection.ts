/** Which checks are meant by `--only`: ids, and beginnings of ids such as `mtasts`. */
import { checkIds } from '../../findings/catalogue.ts';
import type { Finding } from '../../findings/finding.ts';
import type { Parsed } from '../../names/domain.ts';
import { quote } from '../../names/domain.ts';
import { nearest } from '../config/suggest.ts';

/** Whether a check is meant. */
export type Selection = (id: string) => boolean;

export const everyCheck: Selection = () => true;

/**
 * Reads a list with commas: each part is an id, or the beginning of ids up to a dot.
 *
 * @param known every id that there is.
 */
export function parseSelection(text: string, known: readonly string[]): Parsed<Selection> {
  const parts = text.split(',');
  const unknown = parts.find((part) => !known.some((id) => isMeant(id, part)));
  if (unknown === undefined) return { kind: 'ok', value: (id) => parts.some((part) => isMeant(id, part)) };
  const near = nearest(unknown, [...known, ...sectionsOf(known)]);
  const instead = near === undefined ? `there are ${sectionsOf(known).join(', ')}` : `did you mean ${near}?`;
  return { kind: 'invalid', because: `${quote(unknown)} is no check, and no beginning of one; ${instead}` };
}

/** Sections of checks that look at servers. */
const OF_SERVERS = [
  'smtp',
  'starttls',
  'imap',
  'pop3',
  'sieve',
  'implicit-tls',
  'legacy',
  'tls',
  'cert',
  'dane',
];

const idsOfServers = checkIds.filter((id) => OF_SERVERS.some((section) => isMeant(id, section)));

/**
 * What of all that was found belongs to a selection: what is meant, and what kept it from being looked at, so that a server
 * which sent us away, or a name that nobody could resolve, is never told as nothing wrong.
 *
 * @param visited whether there was any server.
 */
export function chosen<One extends Pick<Finding, 'id' | 'state'>>(
  findings: readonly One[],
  selection: Selection,
  visited: boolean,
): readonly One[] {
  const hasServers = idsOfServers.some(selection);
  const hindering = hasServers ? (visited ? ['conn'] : ['conn', 'dns', 'mx']) : [];
  const isInTheWay = ({ id, state }: One): boolean =>
    (state === 'fail' || state === 'not-tested') && hindering.some((section) => isMeant(id, section));
  return findings.filter((one) => selection(one.id) || isInTheWay(one));
}

function isMeant(id: string, part: string): boolean {
  return id === part || id.startsWith(`${part}.`);
}

/** What stands before the first dot, each once. */
export function sectionsOf(ids: readonly string[]): readonly string[] {
  return [...new Set(ids.map((id) => id.split('.')[0] ?? id))];
}
