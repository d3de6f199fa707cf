/**
 * The tokens of XML as XMPP restricts it, one at a time and strictly. RFC 6120 §11.
 *
 * Octets are looked at as latin1, in which those that mark up are what they are in UTF-8; what is text is decoded by
 * whoever reads it. A token is read as soon as its last octet is there, and refused by octets that are there: so the
 * result does not depend on how they were cut.
 */

/** Why a stream has to end, by the names of RFC 6120 §4.9.3. */
export type Condition =
  | 'bad-format'
  | 'connection-timeout'
  | 'improper-addressing'
  | 'internal-server-error'
  | 'invalid-namespace'
  | 'not-authorized'
  | 'not-well-formed'
  | 'policy-violation'
  | 'remote-connection-failed'
  | 'restricted-xml'
  | 'system-shutdown'
  | 'unsupported-encoding'
  | 'unsupported-version';

export interface Broken {
  readonly kind: 'broken';
  readonly condition: Condition;
  /** What the peer sent. */
  readonly because: string;
}

/** What was read from the beginning of octets, and how many of them that was. */
export type XmlResult<Value> =
  | { readonly kind: 'read'; readonly value: Value; readonly length: number }
  | { readonly kind: 'incomplete' }
  | Broken;

/** An attribute as it stands: the name with its prefix, the value with its references. */
export interface RawAttribute {
  readonly name: string;
  readonly value: string;
}

export type Token =
  | { readonly kind: 'declaration'; readonly encoding: string | null }
  /** `empty`: it has no content and no end tag, `<starttls/>`. */
  | {
      readonly kind: 'open';
      readonly name: string;
      readonly attributes: readonly RawAttribute[];
      readonly empty: boolean;
    }
  | { readonly kind: 'close'; readonly name: string }
  /** `raw`: with its references; not always up to the next tag. */
  | { readonly kind: 'text'; readonly raw: string; readonly literal: boolean };

const NAME = '[A-Za-z_\\x80-\\xff][-.0-9A-Za-z_\\x80-\\xff]*';
/** White space (XML 1.0 §2.3). In \s is 0xA0 too, which stands in names here: what can be both takes for ever. */
const S = '[ \\t\\r\\n]';
const QNAME = `${NAME}(?::${NAME})?`;
const VALUE = `"[^"]*"|'[^']*'`;
const OPEN = new RegExp(`^<(${QNAME})((?:${S}+${QNAME}${S}*=${S}*(?:${VALUE}))*)${S}*(/?)>$`);
const ATTRIBUTE = new RegExp(`(${QNAME})${S}*=${S}*(${VALUE})`, 'g');
const CLOSE = new RegExp(`^</(${QNAME})${S}*>$`);
const DECLARATION = new RegExp(
  `^<\\?xml${S}+version${S}*=${S}*(?:"1\\.0"|'1\\.0')` +
    `(?:${S}+encoding${S}*=${S}*("[-\\w.]+"|'[-\\w.]+'))?` +
    `(?:${S}+standalone${S}*=${S}*(?:"(?:yes|no)"|'(?:yes|no)'))?${S}*\\?>$`,
);
/** RFC 6120 §11.1: the five predefined entities and characters by number, and no others. */
const REFERENCE = /^&(?:lt|gt|amp|apos|quot|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});$/;
const MAX_REFERENCE = 11;
const BEGIN_DECLARATION = '<?xml';
const BEGIN_LITERAL = '<![CDATA[';
const END_LITERAL = ']]>';

/**
 * Reads the token at the beginning of `text`.
 *
 * @param text octets as latin1.
 * @param first whether they are the first of their stream, where alone a declaration may stand (RFC 6120 §11.5).
 * @param maxOctets of one tag; text is read as far as it is there.
 */
export function readToken(text: string, first: boolean, maxOctets: number): XmlResult<Token> {
  if (text === '') return { kind: 'incomplete' };
  if (text[0] !== '<') return readText(text);
  if (text.startsWith(BEGIN_DECLARATION.slice(0, 2)))
    return first ? readDeclaration(text, maxOctets) : restricted('a processing instruction');
  if (text[1] === '!') return readLiteral(text, maxOctets);
  const length = endOfTag(text, maxOctets);
  if (typeof length !== 'number') return length;
  const tag = text.slice(0, length);
  if (hasForbidden(tag)) return notWellFormed('a character that XML does not have');
  const value = text[1] === '/' ? readClose(tag) : readOpen(tag);
  return value === undefined ? notWellFormed('a tag that is none') : { kind: 'read', value, length };
}

function readOpen(tag: string): Token | undefined {
  const [, name, list = '', slash] = OPEN.exec(tag) ?? [];
  if (name === undefined) return undefined;
  const attributes = [...list.matchAll(ATTRIBUTE)].map(([, attribute = '', quoted = '']) => ({
    name: attribute,
    value: quoted.slice(1, -1),
  }));
  return { kind: 'open', name, attributes, empty: slash === '/' };
}

function readClose(tag: string): Token | undefined {
  const name = CLOSE.exec(tag)?.[1];
  return name === undefined ? undefined : { kind: 'close', name };
}

/** Octets to the `>` that ends the tag, which is none that stands in quotes. */
function endOfTag(text: string, maxOctets: number): number | Exclude<XmlResult<never>, { kind: 'read' }> {
  let quote = '';
  const end = Math.min(text.length, maxOctets);
  for (let at = 1; at < end; at++) {
    const character = text.charAt(at);
    if (character === '<') return notWellFormed('a tag in a tag');
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '>') return at + 1;
  }
  return unfinished(text, maxOctets);
}

function readDeclaration(text: string, maxOctets: number): XmlResult<Token> {
  const seen = text.slice(0, BEGIN_DECLARATION.length + 1);
  if (
    !BEGIN_DECLARATION.startsWith(seen.slice(0, BEGIN_DECLARATION.length)) ||
    /^<\?xml[^ \t\r\n]/.test(seen)
  )
    return restricted('a processing instruction');
  const end = text.slice(0, maxOctets).indexOf('>');
  if (end === -1) return unfinished(text, maxOctets);
  const [whole, encoding] = DECLARATION.exec(text.slice(0, end + 1)) ?? [];
  if (whole === undefined) return notWellFormed('a declaration that is none');
  const value: Token = { kind: 'declaration', encoding: encoding?.slice(1, -1) ?? null };
  return { kind: 'read', value, length: end + 1 };
}

/** CDATA; comments and document types are not allowed (RFC 6120 §11.1). */
function readLiteral(text: string, maxOctets: number): XmlResult<Token> {
  if (!text.startsWith(BEGIN_LITERAL))
    return BEGIN_LITERAL.startsWith(text)
      ? { kind: 'incomplete' }
      : restricted('a comment, a document type or the like');
  const end = text.slice(0, maxOctets).indexOf(END_LITERAL, BEGIN_LITERAL.length);
  if (end === -1) return unfinished(text, maxOctets);
  const raw = text.slice(BEGIN_LITERAL.length, end);
  if (hasForbidden(raw)) return notWellFormed('a character that XML does not have');
  return { kind: 'read', value: { kind: 'text', raw, literal: true }, length: end + END_LITERAL.length };
}

/** To the next tag, to what may not stand there, or to what is there; a reference is read as a whole. */
function readText(text: string): XmlResult<Token> {
  const end = endOfText(text);
  const length = end > 0 ? end : lengthOfReference(text);
  if (typeof length !== 'number') return length;
  return { kind: 'read', value: { kind: 'text', raw: text.slice(0, length), literal: false }, length };
}

function endOfText(text: string): number {
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '<' || character === '&' || isForbidden(text.charCodeAt(at))) return at;
  }
  return text.length;
}

function lengthOfReference(text: string): number | Exclude<XmlResult<never>, { kind: 'read' }> {
  if (text[0] !== '&') return notWellFormed('a character that XML does not have');
  const end = text.slice(0, MAX_REFERENCE).indexOf(';');
  if (end === -1)
    return text.length < MAX_REFERENCE ? { kind: 'incomplete' } : restricted('a reference to an entity');
  return REFERENCE.test(text.slice(0, end + 1)) ? end + 1 : restricted('a reference to an entity');
}

function unfinished(text: string, maxOctets: number): Exclude<XmlResult<never>, { kind: 'read' }> {
  return text.length < maxOctets ? { kind: 'incomplete' } : tooLong(maxOctets);
}

function hasForbidden(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (isForbidden(text.charCodeAt(at))) return true;
  return false;
}

/** Characters that XML does not have (XML 1.0 §2.2); in UTF-8 these octets are nothing else. */
function isForbidden(code: number): boolean {
  return code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d;
}

export function tooLong(maxOctets: number): Broken {
  return { kind: 'broken', condition: 'policy-violation', because: `more than ${maxOctets} octets at once` };
}

export function notWellFormed(because: string): Broken {
  return { kind: 'broken', condition: 'not-well-formed', because };
}

function restricted(because: string): Broken {
  return { kind: 'broken', condition: 'restricted-xml', because };
}
