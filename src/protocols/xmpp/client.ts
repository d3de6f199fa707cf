/** Brings a connection to an XMPP server to verified TLS. RFC 6120 §5 (STARTTLS), RFC 7590. */
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { PeerError, printable } from '../../wire/dialogue.ts';
import { judgedHandshake } from '../handshake.ts';
import type { JudgeTls, Upgraded } from '../upgrade.ts';
import { type Element, type ElementLimits, readElement } from './element.ts';
import {
  formatHeader,
  type Header,
  isDomainText,
  leadingSpace,
  namespaces,
  readHeader,
  type StreamKind,
  starttls,
} from './stream.ts';
import type { Broken, XmlResult } from './token.ts';

export interface XmppRequest {
  readonly judge: JudgeTls;
  readonly kind: StreamKind;
  /** The domain that is asked for, which the certificate has to prove (RFC 6120 §13.7.2.1), whatever host it is on. */
  readonly to: string;
  /** The domain that asks. A client leaves it out: before TLS nobody needs to know who it is (RFC 6120 §4.7.1). */
  readonly from: string | null;
}

/** Octets of a header, and of an element. */
const MAX_HEADER = 4096;
const MAX_ELEMENT = 16_384;
const elementLimits: ElementLimits = { maxOctets: MAX_ELEMENT, maxTokens: 1024 };
/** Of the server's words, which nobody has vouched for. */
const MAX_SHOWN = 200;

/**
 * Upgrades a fresh connection.
 *
 * Inside TLS nothing is said: there a new stream begins with a new header (RFC 6120 §5.4.3.3), by whoever goes on.
 *
 * @throws PeerError when the peer breaks the protocol; Error for a domain that no header can name.
 */
export function* startTls(channel: Channel, request: XmppRequest): Talk<Upgraded> {
  const { judge, kind, to, from } = request;
  for (const domain of [to, from])
    if (domain !== null && !isDomainText(domain)) throw new Error(`${printable(domain)} is no domain`);
  yield* say(channel, formatHeader(kind, { from, to, id: null }));
  const header = yield* readServerHeader(channel, kind);
  if (!header.hasFeatures)
    return { kind: 'notOffered', because: 'does not speak XMPP 1.0, without which there is no STARTTLS' };

  const offer = yield* readAnswer(channel, header);
  if (offer.kind === 'refused') return offer;
  const features = offer.element;
  if (!isNamed(features, namespaces.stream, 'features')) throw unexpected(channel, 'the header', features);
  if (!features.children.some((feature) => isNamed(feature, namespaces.tls, 'starttls')))
    return { kind: 'notOffered', because: 'does not offer STARTTLS' };

  // White space may stand behind the features (RFC 6120 §11.7). Behind STARTTLS it may not (§5.3.3), but when the server
  // said it cannot be told. Behind the go-ahead it would not be TLS, and is fatal.
  yield* channel.sayBeside(starttls, /^[ \t\r\n]*$/);
  const answer = yield* readAnswer(channel, header);
  if (answer.kind === 'refused') return answer;
  if (!isProceed(answer.element)) throw unexpected(channel, 'STARTTLS', answer.element);
  const handshake = yield* judgedHandshake(channel, judge);
  if (handshake.kind !== 'acceptable') return handshake;
  return {
    kind: 'secured',
    facts: handshake.facts,
    clear: features.children.map(describeFeature),
    inside: [],
  };
}

export function* say(channel: Channel, text: string): Talk<void> {
  yield* channel.sayBytes(Buffer.from(text, 'utf8'), text);
}

/** Reads the header that a server answers with. */
export function* readServerHeader(channel: Channel, kind: StreamKind): Talk<Header> {
  channel.beginAnswer();
  return yield* readXml(channel, (octets) => readHeader(octets, kind, MAX_HEADER));
}

type Refused = Extract<Upgraded, { kind: 'refused' }>;
type Answer = { readonly kind: 'element'; readonly element: Element } | Refused;

function* readAnswer(channel: Channel, header: Header): Talk<Answer> {
  const element = yield* readServerElement(channel, header);
  if (element === undefined) return { kind: 'refused', because: 'ended the stream' };
  return refusalIn(element) ?? { kind: 'element', element };
}

/** Reads the next element of the server's stream; undefined where it ends the stream. */
export function* readServerElement(channel: Channel, header: Header): Talk<Element | undefined> {
  channel.beginAnswer();
  return yield* readXml(channel, (octets): XmlResult<Element | undefined> => {
    const before = leadingSpace(octets);
    const first = octets[before];
    if (first === undefined)
      return before < MAX_ELEMENT ? { kind: 'incomplete' } : brokenFormat('nothing but white space');
    if (first !== LESS_THAN)
      throw new PeerError(
        'unsolicited',
        `${channel.peer} sent text between elements: ${printable(octets.subarray(0, 80))}`,
        octets,
      );
    const read = readElement(octets.subarray(before), header, elementLimits);
    return read.kind === 'read' ? { ...read, length: before + read.length } : read;
  });
}

const LESS_THAN = 0x3c;

function brokenFormat(because: string): XmlResult<never> {
  return { kind: 'broken', condition: 'bad-format', because };
}

/** Reads what `read` finds at the beginning of what the server said. */
function* readXml<Value>(channel: Channel, read: (octets: Uint8Array) => XmlResult<Value>): Talk<Value> {
  let found: { readonly value: Value } | undefined;
  yield* channel.readUnit(
    (unread) => {
      const result = read(unread);
      if (result.kind === 'incomplete') return undefined;
      if (result.kind === 'broken') throw fault(channel, result, unread);
      found = { value: result.value };
      return result.length;
    },
    MAX_ELEMENT * 2,
    'reply',
  );
  if (found === undefined) throw new Error('a unit was read that nobody found');
  return found.value;
}

function fault({ peer }: Channel, { condition, because }: Broken, unread: Uint8Array): PeerError {
  const code = condition === 'policy-violation' ? 'reply-too-long' : 'malformed';
  return new PeerError(code, `${peer} sent ${because} (${condition})`, unread);
}

/** RFC 6120 §4.9, §5.4.2.2: an error or a failure. A redirection (see-other-host) is an error, and not followed. */
export function refusalIn(answer: Element): Refused | undefined {
  if (isNamed(answer, namespaces.tls, 'failure')) return { kind: 'refused', because: 'refused STARTTLS' };
  if (!isNamed(answer, namespaces.stream, 'error')) return undefined;
  const parts = answer.children.filter(({ namespace }) => namespace === namespaces.errors);
  const condition = parts.find(({ name }) => name !== 'text')?.name ?? 'an error without a name';
  const words = parts.find(({ name }) => name === 'text')?.text ?? '';
  return { kind: 'refused', because: shown(`ended the stream: ${condition} ${words}`.trimEnd()) };
}

function shown(text: string): string {
  return printable(Buffer.from(text)).slice(0, MAX_SHOWN);
}

export function isNamed(element: Element, namespace: string, name: string): boolean {
  return element.namespace === namespace && element.name === name;
}

/** RFC 6120 §5.4.2.3, and nothing in it. */
export function isProceed(element: Element): boolean {
  return isNamed(element, namespaces.tls, 'proceed') && element.children.length === 0 && element.text === '';
}

/** `starttls urn:ietf:params:xml:ns:xmpp-tls required`, `mechanisms urn:ietf:params:xml:ns:xmpp-sasl PLAIN`. */
export function describeFeature({ name, namespace, children }: Element): string {
  const parts = children.map((child) => (child.text === '' ? child.name : child.text));
  return printable(Buffer.from([name, namespace, ...parts].join(' ')));
}

function unexpected(channel: Channel, at: string, element: Element): PeerError {
  const what = printable(`${element.name} of ${element.namespace}`);
  return new PeerError(
    'unexpected-reply',
    `${channel.peer} answered ${at} with ${what.slice(0, MAX_SHOWN)}, which is not an answer to it`,
  );
}
