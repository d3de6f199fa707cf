/** What a server that does nothing in clear says to a stream in clear: STARTTLS is to be had, a login is refused. */
import type { GatewayEffect } from '../../wire/gateway-session.ts';
import type { Element, ElementLimits, Scope } from './element.ts';
import { readElement } from './element.ts';
import { exposedBy } from './exposed.ts';
import { headerOf, type Speaker } from './inside.ts';
import {
  contentNamespaces,
  endOfStream,
  failure,
  formatError,
  formatHeader,
  isDomainText,
  leadingSpace,
  namespaces,
  onlyTls,
  proceed,
  readHeader,
} from './stream.ts';
import type { Condition } from './token.ts';

export type Clear =
  | { readonly at: 'header' }
  | {
      readonly at: 'elements';
      /** How the root of the client's stream is called, and what was declared there. */
      readonly name: string;
      readonly scope: Scope;
      /** How many elements there were. */
      readonly count: number;
    };

export interface ClearStep {
  readonly clear: Clear;
  readonly used: number;
  readonly effects: readonly GatewayEffect[];
}

/** Octets of a header, and what an element may hold: what is of use in clear is short. */
const MAX_HEADER = 4096;
const elementLimits: ElementLimits = { maxOctets: 8192, maxTokens: 128 };
/** Elements in clear. */
const MAX_COUNT = 100;
const TLS_FIRST = 'STARTTLS has to come first';
const STANZAS: ReadonlySet<string> = new Set(['message', 'presence', 'iq']);
const LESS_THAN = 0x3c;

/** The client said something in clear. */
export function inClear(speaker: Speaker, clear: Clear, unread: Uint8Array): ClearStep {
  return clear.at === 'header' ? onHeader(speaker, clear, unread) : onElement(speaker, clear, unread);
}

function onHeader(speaker: Speaker, clear: Clear, unread: Uint8Array): ClearStep {
  // Not a word to what is no XML: it may be a browser that somebody sends here (ALPACA).
  if (unread[0] !== LESS_THAN) return step(clear, 0, close('the client sent no XML'));
  const header = readHeader(unread, speaker.kind, MAX_HEADER);
  if (header.kind === 'incomplete') return step(clear, 0);
  if (header.kind === 'broken')
    return leaveClear(speaker, clear, header.condition, `the client sent ${header.because}`);
  const { to, from, hasFeatures, name, scope } = header.value;
  if (!hasFeatures)
    return leaveClear(speaker, clear, 'unsupported-version', 'XMPP 1.0 is needed, as STARTTLS is part of it');
  // RFC 6120 §4.7.1, §4.7.2: the domain that was asked for answers whoever asked.
  const answer = formatHeader(speaker.kind, {
    from: to !== null && isDomainText(to) ? to : speaker.hostname,
    to: from,
    id: speaker.id,
  });
  const next: Clear = { at: 'elements', name, scope, count: 0 };
  return step(next, header.length, say(`${answer}${onlyTls}`));
}

function onElement(
  speaker: Speaker,
  clear: Extract<Clear, { at: 'elements' }>,
  unread: Uint8Array,
): ClearStep {
  const space = leadingSpace(unread);
  // RFC 6120 §4.6.1: between elements it keeps a connection alive, and means nothing.
  if (space > 0) return step(clear, space);
  if (unread[0] !== LESS_THAN)
    return leaveClear(speaker, clear, 'bad-format', 'the client sent text between elements');
  const read = readElement(unread, clear, elementLimits);
  if (read.kind === 'incomplete') return step(clear, 0);
  if (read.kind === 'broken')
    return leaveClear(speaker, clear, read.condition, `the client sent ${read.because}`);
  if (read.value === undefined)
    return step(clear, read.length, say(endOfStream), close('the client left in clear'));
  if (clear.count === MAX_COUNT)
    return leaveClear(speaker, clear, 'policy-violation', `more than ${MAX_COUNT} elements in clear`);
  return answerTo(speaker, { ...clear, count: clear.count + 1 }, read.value, read.length);
}

function answerTo(speaker: Speaker, clear: Clear, element: Element, length: number): ClearStep {
  const { namespace, name } = element;
  if (namespace === namespaces.tls && name === 'starttls') {
    if (element.children.length === 0 && element.text === '')
      return step(clear, length, say(proceed), { kind: 'startTls' });
    return step(
      clear,
      length,
      say(`${failure}${endOfStream}`),
      close('the client sent a STARTTLS that is none'),
    );
  }
  const exposed = exposedBy(element);
  const noted: readonly GatewayEffect[] = exposed === undefined ? [] : [exposed];
  // RFC 6120 §6.5.4: "The mechanism requested by the initiating entity cannot be used unless the confidentiality and
  // integrity of the underlying stream are protected".
  if (namespace === namespaces.sasl)
    return step(clear, length, ...noted, say(saslFailure(`xmlns='${namespaces.sasl}'`, '')));
  if (namespace === namespaces.sasl2)
    return step(
      clear,
      length,
      ...noted,
      say(saslFailure(`xmlns='${namespaces.sasl2}'`, ` xmlns='${namespaces.sasl}'`)),
    );
  // RFC 6120 §4.3.5: to stanzas the answer is not-authorized, before the negotiation is over.
  const isStanza = namespace === contentNamespaces[speaker.kind] && STANZAS.has(name);
  const left = leaveClear(speaker, clear, isStanza ? 'not-authorized' : 'policy-violation', TLS_FIRST);
  return { ...left, effects: [...noted, ...left.effects] };
}

function saslFailure(outer: string, inner: string): string {
  return `<failure ${outer}><encryption-required${inner}/></failure>`;
}

/** RFC 6120 §4.9.1: the error, the end of the stream, the end of the connection. */
export function leaveClear(speaker: Speaker, clear: Clear, condition: Condition, because: string): ClearStep {
  // RFC 6120 §4.9.1.2: an error needs a stream to stand in.
  const header = clear.at === 'header' ? headerOf(speaker) : '';
  return step(clear, 0, say(`${header}${formatError(condition, because)}`), close(because));
}

function say(text: string): GatewayEffect {
  return { kind: 'toClient', bytes: Buffer.from(text, 'utf8') };
}

function close(because: string): GatewayEffect {
  return { kind: 'close', because };
}

function step(clear: Clear, used: number, ...effects: readonly GatewayEffect[]): ClearStep {
  return { clear, used, effects };
}
