/** Commands of a client as a gateway has to see them. RFC 1939 §3, RFC 5034 §4 (AUTH), RFC 6856 §3.2 (LANG). */
import { userShown } from '../sasl/user-shown.ts';

export interface Command {
  /** In upper case. */
  readonly name: string;
  /** What stands behind the name, with the space before it; empty where there is nothing. */
  readonly args: string;
}

/** @param line latin1, without its CRLF. */
export function parseCommand(line: string): Command {
  const end = line.indexOf(' ');
  if (end === -1) return { name: line.toUpperCase(), args: '' };
  return { name: line.slice(0, end).toUpperCase(), args: line.slice(end) };
}

/** Whether the answer +OK to it ends the state in which nobody is logged in (RFC 1939 §4). */
export function logsIn({ name, args }: Command): boolean {
  return name === 'PASS' || name === 'APOP' || (name === 'AUTH' && args.trim() !== '');
}

/** Whether lines follow an answer +OK to it before the login. AUTH without a mechanism lists them, by old habit. */
export function lists({ name, args }: Command): boolean {
  return name === 'CAPA' || ((name === 'LANG' || name === 'AUTH') && args.trim() === '');
}

const MAX_USER_OCTETS = 1024;

/**
 * Whose login was said, where one was; `user` null where the name did not show.
 *
 * AUTH without a first message has shown nothing yet.
 */
export function loginShown({ name, args }: Command): { readonly user: string | null } | undefined {
  const [, first = '', second = ''] = args.split(' ');
  switch (name) {
    case 'USER':
      // The rest of the line, spaces included: servers take it so.
      return { user: userOf(args.slice(1)) };
    case 'APOP':
      return { user: userOf(first) };
    case 'PASS':
      return { user: null };
    case 'AUTH':
      return second === '' ? undefined : { user: userShown(first.toUpperCase(), second) };
    default:
      return undefined;
  }
}

function userOf(text: string): string | null {
  return text === '' || text.length > MAX_USER_OCTETS ? null : Buffer.from(text, 'latin1').toString('utf8');
}
