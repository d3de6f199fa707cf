/** The frame of a stream: headers, errors, and what is said between them about TLS. RFC 6120 §4.7, §4.8, §4.9, §5.4. */
import { attributeOf, latin1Of, noScope, resolve, type Scope, type Tag } from './element.ts';
import { type Broken, type Condition, readToken, tooLong, type XmlResult } from './token.ts';

/** Whether a client speaks to a server, or a server to a server. */
export type StreamKind = 'client' | 'server';

export const namespaces = {
  stream: 'http://etherx.jabber.org/streams',
  errors: 'urn:ietf:params:xml:ns:xmpp-streams',
  tls: 'urn:ietf:params:xml:ns:xmpp-tls',
  sasl: 'urn:ietf:params:xml:ns:xmpp-sasl',
  /** Extensible SASL Profile (XEP-0388). */
  sasl2: 'urn:xmpp:sasl:2',
  /** Server Dialback (XEP-0220). */
  dialback: 'jabber:server:dialback',
} as const;

/** RFC 6120 §4.8.2: of what is sent over the stream. */
export const contentNamespaces: Readonly<Record<StreamKind, string>> = {
  client: 'jabber:client',
  server: 'jabber:server',
};

export const starttls = `<starttls xmlns='${namespaces.tls}'/>`;
export const proceed = `<proceed xmlns='${namespaces.tls}'/>`;
export const failure = `<failure xmlns='${namespaces.tls}'/>`;
export const endOfStream = '</stream:stream>';
/** RFC 6120 §5.3.1: nothing else is to be had before TLS. */
export const onlyTls = `<stream:features><starttls xmlns='${namespaces.tls}'><required/></starttls></stream:features>`;

export interface Header {
  readonly to: string | null;
  readonly from: string | null;
  /** Whether the peer speaks XMPP 1.0 or later, without which there are no features (RFC 6120 §4.7.5). */
  readonly hasFeatures: boolean;
  /** The name of the root as it was written, which its end tag repeats. */
  readonly name: string;
  readonly scope: Scope;
}

/** White space that may stand between elements (RFC 6120 §4.6.1, §11.7); a declaration has to come first of all. */
const SPACE = /^[ \t\r\n]*/;

/** Octets of white space at the beginning. */
export function leadingSpace(octets: Uint8Array): number {
  let length = 0;
  while (length < octets.length && SPACE_OCTETS.has(octets[length] ?? 0)) length += 1;
  return length;
}

const SPACE_OCTETS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d, 0x0a]);

/** Reads the header that a stream begins with, its declaration included. RFC 6120 §4.2, §4.7, §11.5. */
export function readHeader(octets: Uint8Array, kind: StreamKind, maxOctets: number): XmlResult<Header> {
  const text = latin1Of(octets.subarray(0, maxOctets));
  const first = readToken(text, true, maxOctets);
  if (first.kind !== 'read') return first;
  if (first.value.kind !== 'declaration') return headerOf(first, 0, kind);
  const { encoding } = first.value;
  // RFC 6120 §11.6: UTF-8 and nothing else.
  if (encoding !== null && encoding.toUpperCase() !== 'UTF-8')
    return { kind: 'broken', condition: 'unsupported-encoding', because: 'another encoding than UTF-8' };
  const at = first.length + (SPACE.exec(text.slice(first.length))?.[0].length ?? 0);
  const root = readToken(text.slice(at), false, maxOctets);
  return root.kind === 'incomplete' && octets.length >= maxOctets
    ? tooLong(maxOctets)
    : headerOf(root, at, kind);
}

function headerOf(token: ReturnType<typeof readToken>, before: number, kind: StreamKind): XmlResult<Header> {
  if (token.kind !== 'read') return token;
  const { value } = token;
  if (value.kind !== 'open' || value.empty)
    return {
      kind: 'broken',
      condition: 'bad-format',
      because: 'something other than the header of a stream',
    };
  const resolved = resolve(value, noScope);
  if (resolved.kind === 'broken') return resolved;
  const { tag } = resolved;
  const fault = faultOf(tag, kind);
  if (fault !== undefined) return fault;
  const header: Header = {
    to: attributeOf(tag.attributes, '', 'to') ?? null,
    from: attributeOf(tag.attributes, '', 'from') ?? null,
    hasFeatures: /^0*[1-9][0-9]{0,4}\.[0-9]{1,5}$/.test(attributeOf(tag.attributes, '', 'version') ?? ''),
    name: value.name,
    scope: tag.scope,
  };
  return { kind: 'read', value: header, length: before + token.length };
}

function faultOf(tag: Tag, kind: StreamKind): Broken | undefined {
  if (tag.name !== 'stream')
    return {
      kind: 'broken',
      condition: 'bad-format',
      because: 'something other than the header of a stream',
    };
  // RFC 6120 §4.8.1, §4.8.2: both namespaces are the very ones, and that of the content is the default.
  if (tag.namespace !== namespaces.stream || tag.scope.get('') !== contentNamespaces[kind])
    return { kind: 'broken', condition: 'invalid-namespace', because: 'a stream of another namespace' };
  return undefined;
}

/** Whether a text can name a domain in a header: no white space, nothing that marks up, at most 1023 octets. */
export function isDomainText(text: string): boolean {
  return /^[^\s<>&'"/@\p{Cc}]+$/u.test(text) && Buffer.byteLength(text) <= 1023;
}

/** Writes a header. RFC 6120 §4.7; `id` is given by the side that answers. */
export function formatHeader(
  kind: StreamKind,
  { from, to, id }: { readonly from: string | null; readonly to: string | null; readonly id: string | null },
): string {
  const attributes = [
    ['from', from],
    ['to', to],
    ['id', id],
    ['version', '1.0'],
    ['xml:lang', 'en'],
    ['xmlns', contentNamespaces[kind]],
    ['xmlns:stream', namespaces.stream],
  ] as const;
  const written = attributes.flatMap(([name, value]) =>
    value === null ? [] : `${name}='${escaped(value)}'`,
  );
  return `<?xml version='1.0'?><stream:stream ${written.join(' ')}>`;
}

/** Writes an error and the end of the stream. RFC 6120 §4.9.2. */
export function formatError(condition: Condition, because: string): string {
  const text = `<text xmlns='${namespaces.errors}' xml:lang='en'>${escaped(because)}</text>`;
  return `<stream:error><${condition} xmlns='${namespaces.errors}'/>${text}</stream:error>${endOfStream}`;
}

function escaped(text: string): string {
  return text.replace(/[<>&'"\p{Cc}]/gu, (character) => ESCAPES[character] ?? '?');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  "'": '&apos;',
  '"': '&quot;',
};
