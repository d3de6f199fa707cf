/** Elements of a stream: their names in their namespaces, and what they hold. RFC 6120 §4.8, §11.2. */
import {
  type Broken,
  notWellFormed,
  type RawAttribute,
  readToken,
  type Token,
  tooLong,
  type XmlResult,
} from './token.ts';

/** The namespaces by their prefixes, that of elements without one under the empty text. */
export type Scope = ReadonlyMap<string, string>;

interface Named {
  readonly namespace: string;
  readonly name: string;
}

export interface Attribute extends Named {
  readonly value: string;
}

/** A start tag with its names resolved; `scope` is that of what stands in the element. */
export interface Tag extends Named {
  readonly attributes: readonly Attribute[];
  readonly scope: Scope;
}

export interface Element extends Named {
  readonly attributes: readonly Attribute[];
  readonly children: readonly Element[];
  /** What stands in it directly, without its children. */
  readonly text: string;
}

const XML = 'http://www.w3.org/XML/1998/namespace';
const XMLNS = 'http://www.w3.org/2000/xmlns/';
/** What is known where nothing was declared. */
export const noScope: Scope = new Map([['xml', XML]]);

const MAX_ATTRIBUTES = 32;
const MAX_DEPTH = 16;

/** Resolves the names of a start tag (Namespaces in XML 1.0). */
export function resolve(
  { name, attributes }: Extract<Token, { kind: 'open' }>,
  outer: Scope,
): { readonly kind: 'tag'; readonly tag: Tag } | Broken {
  if (attributes.length > MAX_ATTRIBUTES) return notWellFormed(`more than ${MAX_ATTRIBUTES} attributes`);
  const scope = new Map(outer);
  const resolved: Attribute[] = [];
  const plain: { readonly name: string; readonly value: string }[] = [];
  const declared = new Set<string>();
  for (const attribute of attributes) {
    const value = valueOf(attribute);
    if (value === undefined || text(attribute.name) === undefined)
      return notWellFormed('an attribute that is no text');
    const prefix = declaredPrefix(attribute.name);
    if (prefix === undefined) plain.push({ name: attribute.name, value });
    else if (declared.has(prefix) || !mayDeclare(prefix, value))
      return notWellFormed('a namespace that is none');
    else {
      declared.add(prefix);
      scope.set(prefix, value);
    }
  }
  for (const { name: attribute, value } of plain) {
    // An attribute without a prefix is in no namespace, whatever the default is.
    const named = attribute.includes(':')
      ? nameIn(scope, attribute)
      : { namespace: '', name: text(attribute) };
    if (named?.name === undefined || named.namespace === undefined) return notWellFormed('an unknown prefix');
    if (attributeOf(resolved, named.namespace, named.name) !== undefined)
      return notWellFormed('an attribute twice');
    resolved.push({ namespace: named.namespace, name: named.name, value });
  }
  const own = nameIn(scope, name);
  if (own?.name === undefined || own.namespace === undefined) return notWellFormed('an unknown prefix');
  return {
    kind: 'tag',
    tag: { namespace: own.namespace, name: own.name, attributes: resolved, scope },
  };
}

/** @returns the value of an attribute; undefined where there is none. */
export function attributeOf(
  attributes: readonly Attribute[],
  namespace: string,
  name: string,
): string | undefined {
  return attributes.find((one) => one.namespace === namespace && one.name === name)?.value;
}

/** Octets of an element, and tags, texts and references in it. */
export interface ElementLimits {
  readonly maxOctets: number;
  readonly maxTokens: number;
}

interface Building {
  readonly rawName: string;
  readonly tag: Tag;
  readonly children: Element[];
  text: string;
}

/**
 * Reads the element at the beginning of `octets`, whole.
 *
 * Where they begin with the end tag of what is around it, `value` is undefined. They have to begin with a tag.
 *
 * It is read from its beginning each time that more of it is there: the limits bound what an element costs that comes
 * octet by octet.
 *
 * @param around the name of that end tag, as it was written.
 */
export function readElement(
  octets: Uint8Array,
  around: { readonly name: string; readonly scope: Scope },
  { maxOctets, maxTokens }: ElementLimits,
): XmlResult<Element | undefined> {
  const latin1 = latin1Of(octets.subarray(0, maxOctets));
  const open: Building[] = [];
  for (let at = 0, tokens = 0; ; tokens++) {
    if (tokens === maxTokens)
      return { kind: 'broken', condition: 'policy-violation', because: 'an element of too many parts' };
    const token = readToken(latin1.slice(at), false, maxOctets + 1);
    if (token.kind === 'broken') return token;
    // Text that reaches the end of what is there may have half a character there.
    if (token.kind === 'incomplete' || (token.value.kind === 'text' && at + token.length === latin1.length))
      return octets.length < maxOctets ? { kind: 'incomplete' } : tooLong(maxOctets);
    at += token.length;
    const parent = open.at(-1);
    if (parent === undefined && token.value.kind === 'close')
      return token.value.name === around.name
        ? { kind: 'read', value: undefined, length: at }
        : notWellFormed('an end tag of another element');
    const done = take(open, token.value, parent?.tag.scope ?? around.scope);
    if (done === undefined) continue;
    return done.kind === 'broken' ? done : { kind: 'read', value: done.element, length: at };
  }
}

/** @returns the whole element with its last token. */
function take(
  open: Building[],
  token: Token,
  scope: Scope,
): { readonly kind: 'element'; readonly element: Element } | Broken | undefined {
  const parent = open.at(-1);
  switch (token.kind) {
    case 'declaration':
      return notWellFormed('a declaration within a stream');
    case 'text': {
      if (parent === undefined)
        return { kind: 'broken', condition: 'bad-format', because: 'text between elements' };
      const decoded = textOf(token);
      if (decoded === undefined) return notWellFormed('text that is none');
      parent.text += decoded;
      return undefined;
    }
    case 'open': {
      if (open.length === MAX_DEPTH)
        return { kind: 'broken', condition: 'policy-violation', because: `elements ${MAX_DEPTH} deep` };
      const resolved = resolve(token, scope);
      if (resolved.kind === 'broken') return resolved;
      open.push({ rawName: token.name, tag: resolved.tag, children: [], text: '' });
      return token.empty ? finish(open) : undefined;
    }
    case 'close':
      return parent?.rawName === token.name ? finish(open) : notWellFormed('an end tag of another element');
  }
}

function finish(open: Building[]): { readonly kind: 'element'; readonly element: Element } | undefined {
  const done = open.pop();
  if (done === undefined) return undefined;
  const { tag, children, text: content } = done;
  const element: Element = {
    namespace: tag.namespace,
    name: tag.name,
    attributes: tag.attributes,
    children,
    text: content,
  };
  const parent = open.at(-1);
  if (parent === undefined) return { kind: 'element', element };
  parent.children.push(element);
  return undefined;
}

/** The prefix that an attribute declares, the empty one with `xmlns`; undefined where it declares none. */
function declaredPrefix(name: string): string | undefined {
  if (name === 'xmlns') return '';
  return name.startsWith('xmlns:') ? name.slice('xmlns:'.length) : undefined;
}

function mayDeclare(prefix: string, namespace: string): boolean {
  if (prefix === 'xmlns' || namespace === XMLNS) return false;
  return (prefix === 'xml') === (namespace === XML) && (prefix === '' || namespace !== '');
}

function nameIn(
  scope: Scope,
  qualified: string,
): { readonly namespace: string | undefined; readonly name: string | undefined } | undefined {
  const [first = '', second] = qualified.split(':');
  if (second === undefined) return { namespace: scope.get('') ?? '', name: text(first) };
  return { namespace: scope.get(first), name: text(second) };
}

function valueOf({ value }: RawAttribute): string | undefined {
  // XML 1.0 §3.3.3: white space in an attribute is read as spaces.
  return referencesOf(text(value.replace(/[\t\r\n]/g, ' ')));
}

function textOf({ raw, literal }: Extract<Token, { kind: 'text' }>): string | undefined {
  if (!literal && raw.includes(']]>')) return undefined;
  return literal ? text(raw) : referencesOf(text(raw));
}

const REFERENCE = /&(lt|gt|amp|apos|quot|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});/g;
const PREDEFINED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', apos: "'", quot: '"' };

/** The text that references stand for; undefined where one is not allowed, or stands for no character. */
function referencesOf(decoded: string | undefined): string | undefined {
  if (decoded === undefined || !decoded.includes('&')) return decoded;
  if (decoded.replace(REFERENCE, '').includes('&')) return undefined;
  let sound = true;
  const result = decoded.replace(REFERENCE, (_, name: string) => {
    const predefined = PREDEFINED[name];
    if (predefined !== undefined) return predefined;
    const point = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    sound &&= isCharacter(point);
    return sound ? String.fromCodePoint(point) : '';
  });
  return sound ? result : undefined;
}

/** XML 1.0 §2.2. */
function isCharacter(point: number): boolean {
  if (point < 0x20) return point === 0x9 || point === 0xa || point === 0xd;
  return point <= 0xd7ff || (point >= 0xe000 && point <= 0xfffd) || (point >= 0x1_0000 && point <= 0x10_ffff);
}

export function latin1Of(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1');
}

const BEYOND_ASCII = /[\x80-\xff]/;

/** What octets, given as latin1, are in UTF-8; undefined where they are none. RFC 6120 §11.6. */
function text(latin1: string): string | undefined {
  if (!BEYOND_ASCII.test(latin1)) return latin1;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(latin1, 'latin1'));
  } catch {
    return undefined;
  }
}
