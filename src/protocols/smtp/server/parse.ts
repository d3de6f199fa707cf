/** Commands as a client sent them, parsed once. RFC 5321 §4.1.1, RFC 1870 §6, RFC 6152 §2. */

import { parseAddressLiteral } from '../../../names/address.ts';
import { isAscii, parseDomain } from '../../../names/domain.ts';
import { type Mailbox, parseMailbox } from '../../../names/mailbox.ts';

export type Command =
  | { readonly verb: 'HELO' | 'EHLO'; readonly name: string }
  | {
      readonly verb: 'MAIL';
      readonly sender: Mailbox | null;
      readonly size: number | undefined;
      readonly body: BodyType;
    }
  | { readonly verb: 'RCPT'; readonly recipient: Mailbox | 'postmaster' }
  | { readonly verb: 'DATA' | 'RSET' | 'NOOP' | 'QUIT' | 'STARTTLS' | 'VRFY' | 'EXPN' | 'HELP' | 'AUTH' }
  /** Somebody's HTTP request: a browser was made to talk to us (cross-protocol attack). */
  | { readonly verb: 'HTTP' };

export type BodyType = '7BIT' | '8BITMIME';

export type ParsedCommand =
  | { readonly kind: 'command'; readonly command: Command }
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'syntax';
      readonly code: 501 | 553 | 555;
      readonly enhanced: string;
      readonly because: string;
    };

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
const PARAMETER = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e]+))?$/;

/** Reads one line, latin1, without its CRLF. */
export function parseCommand(received: string): ParsedCommand {
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
      return parseRcpt(rest);
    case 'DATA':
    case 'RSET':
    case 'QUIT':
    case 'STARTTLS':
      // RFC 3207 §4: STARTTLS takes no parameters, 501 otherwise; RFC 5321 §4.1.1 says the same of the others.
      return space === -1 ? ok({ verb }) : syntax(501, '5.5.4', `${verb} takes no parameters`);
    case 'VRFY':
    case 'EXPN':
      return rest === '' ? syntax(501, '5.5.4', `${verb} needs a parameter`) : ok({ verb });
    case 'NOOP':
    case 'HELP':
    case 'AUTH':
      return ok({ verb });
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
  // Octets of no known character set: IDNA would make some name of them.
  if (!isAscii(name)) return syntax(501, '5.5.2', `${verb} needs an ASCII name`);
  const valid = name.startsWith('[') ? parseAddressLiteral(name) : parseDomain(name);
  // Hosts whose name is no domain ("my_pc", "localhost.") are no danger; anything that could break out of a
  // Received field is.
  if (valid.kind !== 'ok' && !/^[A-Za-z0-9._:[\]-]{1,255}$/.test(name)) {
    return syntax(501, '5.5.2', `${verb} needs a domain or address literal: ${valid.because}`);
  }
  return ok({ verb, name });
}

function parseMail(rest: string): ParsedCommand {
  const path = parsePath(rest, 'FROM');
  if (path.kind !== 'path') return path;
  const parameters = parseParameters(path.after);
  if (parameters.kind !== 'parameters') return parameters;
  let size: number | undefined;
  let body: BodyType = '7BIT';
  for (const [keyword, value] of parameters.values) {
    if (keyword === 'SIZE') {
      if (value === undefined || !/^[0-9]{1,20}$/.test(value))
        return syntax(501, '5.5.4', 'SIZE needs a number of octets');
      size = Number(value);
    } else if (keyword === 'BODY') {
      const type = value?.toUpperCase();
      if (type !== '7BIT' && type !== '8BITMIME') return syntax(501, '5.5.4', 'BODY is 7BIT or 8BITMIME');
      body = type;
    } else {
      return syntax(555, '5.5.4', `the MAIL parameter ${keyword} is not supported`);
    }
  }
  if (path.text === '') return ok({ verb: 'MAIL', sender: null, size, body });
  const sender = parseMailbox(path.text);
  if (sender.kind !== 'ok') return notAMailbox(path.text, '5.1.7', sender.because);
  return ok({ verb: 'MAIL', sender: sender.value, size, body });
}

function parseRcpt(rest: string): ParsedCommand {
  const path = parsePath(rest, 'TO');
  if (path.kind !== 'path') return path;
  const parameters = parseParameters(path.after);
  if (parameters.kind !== 'parameters') return parameters;
  const [unsupported] = parameters.values.keys();
  if (unsupported !== undefined)
    return syntax(555, '5.5.4', `the RCPT parameter ${unsupported} is not supported`);
  if (path.text === '') return syntax(501, '5.1.3', 'a recipient cannot be empty');
  // RFC 5321 §4.1.1.3: "Postmaster" without a domain is a recipient everywhere.
  if (path.text.toLowerCase() === 'postmaster') return ok({ verb: 'RCPT', recipient: 'postmaster' });
  const recipient = parseMailbox(path.text);
  if (recipient.kind !== 'ok') return notAMailbox(path.text, '5.1.3', recipient.because);
  return ok({ verb: 'RCPT', recipient: recipient.value });
}

type Path = { readonly kind: 'path'; readonly text: string; readonly after: string };

/** `FROM:<path> parameters`. One space after the colon is let pass, as many clients send it. */
function parsePath(rest: string, keyword: 'FROM' | 'TO'): Path | Extract<ParsedCommand, { kind: 'syntax' }> {
  if (rest.slice(0, keyword.length + 1).toUpperCase() !== `${keyword}:`) {
    return syntax(501, '5.5.4', `${keyword}:<address> expected`);
  }
  const from = rest.slice(keyword.length + 1).replace(/^ /, '');
  const end = from.startsWith('<') ? closingBracket(from) : -1;
  if (end === -1) return syntax(501, '5.5.4', `${keyword}: needs the address in angle brackets`);
  const after = from.slice(end + 1);
  if (after !== '' && !after.startsWith(' ')) return syntax(501, '5.5.4', 'a space must follow the address');
  // RFC 5321 §4.1.1.3 and appendix C: a source route is accepted and ignored.
  const text = from.slice(1, end).replace(/^@[^:<>"]*:(?=.)/, '');
  return { kind: 'path', text, after };
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

type Parameters = { readonly kind: 'parameters'; readonly values: ReadonlyMap<string, string | undefined> };

function parseParameters(after: string): Parameters | Extract<ParsedCommand, { kind: 'syntax' }> {
  const values = new Map<string, string | undefined>();
  for (const word of after.split(' ').filter((part) => part !== '')) {
    const match = PARAMETER.exec(word);
    const keyword = match?.[1]?.toUpperCase();
    if (match === null || keyword === undefined) return syntax(501, '5.5.4', 'a parameter is malformed');
    if (values.has(keyword)) return syntax(501, '5.5.4', `the parameter ${keyword} stands twice`);
    values.set(keyword, match[2]);
  }
  return { kind: 'parameters', values };
}

function notAMailbox(
  text: string,
  enhanced: string,
  because: string,
): Extract<ParsedCommand, { kind: 'syntax' }> {
  // RFC 6531 §3.5: 553 5.6.7 for an address that needs SMTPUTF8.
  return isAscii(text) ? syntax(501, enhanced, because) : syntax(553, '5.6.7', 'the address is not ASCII');
}

function ok(command: Command): ParsedCommand {
  return { kind: 'command', command };
}

function syntax(
  code: 501 | 553 | 555,
  enhanced: string,
  because: string,
): Extract<ParsedCommand, { kind: 'syntax' }> {
  return { kind: 'syntax', code, enhanced, because };
}
