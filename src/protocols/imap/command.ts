/** Commands of a client as a gateway has to see them. RFC 9051 §2.2.1, §4.3, §9; RFC 7888 (literals that do not wait). */
import { userShown } from '../sasl/user-shown.ts';

/** The first line of a command; the others follow its literals. */
export interface CommandLine {
  readonly tag: string;
  /** In upper case. */
  readonly name: string;
  /** What stands behind the name, with the space before it; empty where there is nothing. */
  readonly args: string;
}

/** What has to follow a line; `waits`: the client says it once the server has asked for it. */
export interface Literal {
  readonly octets: number;
  readonly waits: boolean;
}

const COMMAND = /^([^ (){%*"\\+]+) ([A-Za-z][A-Za-z0-9.-]*)( .*|)$/s;

/** @param line latin1, without its CRLF. @returns undefined where no tag and no command can be made out. */
export function parseCommandLine(line: string): CommandLine | undefined {
  const [, tag, name, args] = COMMAND.exec(line) ?? [];
  if (tag === undefined || name === undefined || args === undefined || !isPrintable(tag)) return undefined;
  return { tag, name: name.toUpperCase(), args };
}

/** RFC 9051 §9: `literal = "{" number64 ["+"] "}" CRLF *CHAR8`, at the end of a line of a command. */
export function literalAt(line: string): Literal | undefined {
  const [, digits, plus] = /\{([0-9]{1,15})(\+?)\}$/.exec(line) ?? [];
  return digits === undefined ? undefined : { octets: Number(digits), waits: plus === '' };
}

/** Whether the answer OK to it ends the state in which nobody is logged in. */
export function logsIn({ name }: CommandLine): boolean {
  return name === 'LOGIN' || name === 'AUTHENTICATE';
}

/**
 * Whose login was said, where one was; `user` null where the name did not show.
 *
 * AUTHENTICATE without a first message has shown nothing yet.
 */
export function loginShown({ name, args }: CommandLine): { readonly user: string | null } | undefined {
  if (name === 'LOGIN') return { user: userOfLogin(args) };
  if (name !== 'AUTHENTICATE') return undefined;
  const [, mechanism = '', initial] = args.split(' ');
  if (initial === undefined || initial === '') return undefined;
  return { user: userShown(mechanism.toUpperCase(), initial) };
}

/** Fields of ID (RFC 2971 §3.1) of which none is one of a proxy's: no name of a field is written in other ways. */
const OWN_FIELDS = /^ \((?:"(?!x-)[^"\\]*" (?:"(?:[^"\\]|\\["\\])*"|NIL)(?: (?=")|(?=\))))*\)$/i;

/**
 * The line of an ID command as the backend may see it.
 *
 * Dovecot takes the address of a client out of it (`x-originating-ip`) where it trusts who connects
 * (login_trusted_networks): from us, not through us. Whoever names such a field names nothing.
 */
export function idLine({ tag, args }: CommandLine): string {
  return OWN_FIELDS.test(args) ? `${tag} ID${args}` : `${tag} ID NIL`;
}

const MAX_USER_OCTETS = 1024;

/** An atom or a quoted string (RFC 9051 §9, astring); behind a literal nothing is read. */
function userOfLogin(args: string): string | null {
  const [, quoted, atom] = /^ (?:"((?:[^"\\]|\\["\\])*)"|([^ (){%*"\\]+))(?: |$)/.exec(args) ?? [];
  const user = quoted?.replace(/\\(["\\])/g, '$1') ?? atom ?? '';
  if (user === '' || user.length > MAX_USER_OCTETS) return null;
  return Buffer.from(user, 'latin1').toString('utf8');
}

function isPrintable(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
