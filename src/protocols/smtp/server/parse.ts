/** Commands as a client sent them, parsed once. RFC 5321 §4.1.1, RFC 6531 §3.4, RFC 4954 §4, RFC 3030 §2. */

import { isAscii } from '../../../names/domain.ts';
import { type Mailbox, parseMailbox } from '../../../names/mailbox.ts';
import type { RecipientWishes } from '../../../names/wishes.ts';
import { readHelloName } from './hello-name.ts';
import {
  type BadParameter,
  type MailParameters,
  type Parameters,
  readMailParameters,
  readRcptParameters,
  splitParameters,
} from './parameters.ts';
import type { Introduced } from './state.ts';
import { parseXclient } from './xclient.ts';

export type Command =
  | { readonly verb: 'HELO' | 'EHLO'; readonly name: string }
  | MailCommand
  | RcptCommand
  /** `octets` follow the line; null: their number cannot be read. */
  | { readonly verb: 'BDAT'; readonly octets: number | null; readonly last: boolean }
  | AuthCommand
  | { readonly verb: 'XCLIENT'; readonly told: Partial<Introduced> }
  | { readonly verb: 'DATA' | 'RSET' | 'NOOP' | 'QUIT' | 'STARTTLS' | 'VRFY' | 'EXPN' | 'HELP' }
  /** Somebody's HTTP request: a browser was made to talk to us (cross-protocol attack). */
  | { readonly verb: 'HTTP' };

export interface MailCommand extends MailParameters {
  readonly verb: 'MAIL';
  readonly sender: Mailbox | null;
  /** The keywords of all parameters, in upper case. */
  readonly keywords: readonly string[];
}

export interface RcptCommand {
  readonly verb: 'RCPT';
  readonly recipient: Mailbox | 'postmaster';
  readonly wishes: RecipientWishes;
  readonly keywords: readonly string[];
}

export interface AuthCommand {
  readonly verb: 'AUTH';
  /** In upper case. */
  readonly mechanism: string;
  /** Still in base64, empty where the client wrote `=`; undefined where it wrote nothing. */
  readonly initial: string | undefined;
}

export type ParsedCommand =
  | { readonly kind: 'command'; readonly command: Command }
  | { readonly kind: 'unknown' }
  | SyntaxFault;

export interface SyntaxFault {
  readonly kind: 'syntax';
  readonly code: 501 | 553 | 555;
  readonly enhanced: string;
  readonly because: string;
}

const HTTP_VERBS = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'PRI',
]);

/**
 * Reads one line, latin1, without its CRLF.
 *
 * @param utf8 the transaction under way came with SMTPUTF8: its recipients may be written in UTF-8.
 */
export function parseCommand(received: string, utf8 = false): ParsedCommand {
  const line = withoutTrailingSpace(received);
  const space = line.indexOf(' ');
  const word = space === -1 ? line : line.slice(0, space);
  const rest = space === -1 ? '' : line.slice(space + 1);
  const verb = word.toUpperCase();
  if (HTTP_VERBS.has(verb)) return ok({ verb: 'HTTP' });
  switch (verb) {
    case 'EHLO':
    case 'HELO':
      return parseHello(verb, rest);
    case 'MAIL':
      return parseMail(rest);
    case 'RCPT':
      return parseRcpt(rest, utf8);
    case 'BDAT':
      return parseBdat(rest);
    case 'AUTH':
      return parseAuth(rest);
    case 'DATA':
    case 'RSET':
    case 'QUIT':
    case 'STARTTLS':
      // RFC 3207 §4: STARTTLS takes no parameters, 501 otherwise; RFC 5321 §4.1.1 says the same of the others.
      return space === -1 ? ok({ verb }) : syntax(501, '5.5.4', `${verb} takes no parameters`);
    case 'VRFY':
    case 'EXPN':
      return parseVrfy(verb, rest);
    case 'NOOP':
    case 'HELP':
      return ok({ verb });
    case 'XCLIENT': {
      const read = parseXclient(rest);
      return read.kind === 'ok' ? ok({ verb, told: read.told }) : syntax(501, '5.5.4', read.because);
    }
    default:
      return { kind: 'unknown' };
  }
}

/** RFC 5321 §4.1.1: receivers "SHOULD tolerate trailing white space before the terminating <CRLF>". */
function withoutTrailingSpace(line: string): string {
  let end = line.length;
  while (line[end - 1] === ' ' || line[end - 1] === '\t') end -= 1;
  return line.slice(0, end);
}

function parseHello(verb: 'EHLO' | 'HELO', name: string): ParsedCommand {
  if (name === '') return syntax(501, '5.5.4', `${verb} needs your domain or address literal`);
  const read = readHelloName(name);
  if (read.kind === 'invalid') return syntax(501, '5.5.2', `${verb} needs ${read.because}`);
  return ok({ verb, name });
}

function parseMail(rest: string): ParsedCommand {
  const read = readPath(rest, 'FROM');
  if (read.kind !== 'path') return read;
  const parsed = readMailParameters(read.parameters);
  if (parsed.kind === 'bad') return badParameter(parsed);
  const { parameters } = parsed;
  const keywords = [...read.parameters.keys()];
  if (read.path === '') return ok({ verb: 'MAIL', sender: null, ...parameters, keywords });
  const sender = mailboxOf(read.path, '5.1.7', parameters.smtpUtf8);
  if (sender.kind !== 'ok') return sender;
  return ok({ verb: 'MAIL', sender: sender.value, ...parameters, keywords });
}

function parseRcpt(rest: string, utf8: boolean): ParsedCommand {
  const read = readPath(rest, 'TO');
  if (read.kind !== 'path') return read;
  const parsed = readRcptParameters(read.parameters, utf8);
  if (parsed.kind === 'bad') return badParameter(parsed);
  const { wishes } = parsed;
  const keywords = [...read.parameters.keys()];
  if (read.path === '') return syntax(501, '5.1.3', 'a recipient cannot be empty');
  // RFC 5321 §4.1.1.3: "Postmaster" without a domain is a recipient everywhere.
  if (read.path.toLowerCase() === 'postmaster')
    return ok({ verb: 'RCPT', recipient: 'postmaster', wishes, keywords });
  const recipient = mailboxOf(read.path, '5.1.3', utf8);
  if (recipient.kind !== 'ok') return recipient;
  return ok({ verb: 'RCPT', recipient: recipient.value, wishes, keywords });
}

function parseBdat(rest: string): ParsedCommand {
  const [, octets, last] = /^([0-9]{1,20})( LAST)?$/i.exec(rest) ?? [];
  return ok({
    verb: 'BDAT',
    octets: octets === undefined ? null : Number(octets),
    last: last !== undefined,
  });
}

/** RFC 4954 §4, RFC 4422 §3.1: a mechanism, and the client's first words in base64. */
function parseAuth(rest: string): ParsedCommand {
  const [whole, mechanism = '', initial] =
    /^([A-Za-z0-9_-]{1,20})(?: ([A-Za-z0-9+/]+={0,2}|=))?$/.exec(rest) ?? [];
  if (whole === undefined) return syntax(501, '5.5.4', 'AUTH needs a mechanism, and base64 or nothing');
  return ok({
    verb: 'AUTH',
    mechanism: mechanism.toUpperCase(),
    initial: initial === '=' ? '' : initial,
  });
}

/** RFC 6531 §3.7.4.2: what is asked for may be written in UTF-8 where SMTPUTF8 follows it. */
function parseVrfy(verb: 'VRFY' | 'EXPN', rest: string): ParsedCommand {
  if (rest === '') return syntax(501, '5.5.4', `${verb} needs a parameter`);
  if (isAscii(rest)) return ok({ verb });
  const known = / SMTPUTF8$/i.test(rest) && fromUtf8(rest) !== undefined;
  return known ? ok({ verb }) : syntax(553, '5.6.7', 'the address is not ASCII, and SMTPUTF8 is not in use');
}

interface Path {
  readonly kind: 'path';
  /** Latin1, without its brackets. */
  readonly path: string;
  readonly parameters: Parameters;
}

/** `FROM:<path> parameters`. One space after the colon is let pass, as many clients send it. */
function readPath(rest: string, keyword: 'FROM' | 'TO'): Path | SyntaxFault {
  if (rest.slice(0, keyword.length + 1).toUpperCase() !== `${keyword}:`) {
    return syntax(501, '5.5.4', `${keyword}:<address> expected`);
  }
  const from = rest.slice(keyword.length + 1).replace(/^ /, '');
  const end = from.startsWith('<') ? closingBracket(from) : -1;
  if (end === -1) return syntax(501, '5.5.4', `${keyword}: needs the address in angle brackets`);
  const after = from.slice(end + 1);
  if (after !== '' && !after.startsWith(' ')) return syntax(501, '5.5.4', 'a space must follow the address');
  const text = isAscii(after) ? after : fromUtf8(after);
  const split = text === undefined ? undefined : splitParameters(text);
  if (split === undefined) return syntax(501, '5.5.4', 'a parameter is malformed');
  if (split.kind === 'bad') return badParameter(split);
  // RFC 5321 §4.1.1.3 and appendix C: a source route is accepted and ignored.
  const path = from.slice(1, end).replace(/^@[^:<>"]*:(?=.)/, '');
  return { kind: 'path', path, parameters: split.values };
}

/** The `>` that ends the path: one inside a quoted local part does not. */
function closingBracket(text: string): number {
  let quoted = false;
  for (let index = 1; index < text.length; index++) {
    const character = text[index];
    if (quoted && character === '\\') index++;
    else if (character === '"') quoted = !quoted;
    else if (character === '>' && !quoted) return index;
  }
  return -1;
}

function mailboxOf(
  path: string,
  enhanced: string,
  utf8: boolean,
): { readonly kind: 'ok'; readonly value: Mailbox } | SyntaxFault {
  if (!isAscii(path)) {
    // RFC 6531 §3.5: 553 5.6.7 for an address that needs SMTPUTF8.
    if (!utf8) return syntax(553, '5.6.7', 'the address is not ASCII, and SMTPUTF8 is not in use');
    const text = fromUtf8(path);
    if (text === undefined) return syntax(501, enhanced, 'the address is not UTF-8');
    const mailbox = parseMailbox(text, { utf8: true });
    return mailbox.kind === 'ok' ? mailbox : syntax(501, enhanced, mailbox.because);
  }
  const mailbox = parseMailbox(path);
  return mailbox.kind === 'ok' ? mailbox : syntax(501, enhanced, mailbox.because);
}

/** @returns the text of octets that came as latin1; undefined where they are not UTF-8. */
function fromUtf8(latin1: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(latin1, 'latin1'));
  } catch {
    return undefined;
  }
}

function badParameter({ code, because }: BadParameter): SyntaxFault {
  return syntax(code, '5.5.4', because);
}

function ok(command: Command): ParsedCommand {
  return { kind: 'command', command };
}

function syntax(code: SyntaxFault['code'], enhanced: string, because: string): SyntaxFault {
  return { kind: 'syntax', code, enhanced, because };
}
