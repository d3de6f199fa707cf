/** How an XMPP server is visited, as a client and as a server. RFC 6120 §4 (streams), §5 (STARTTLS). */
import type { AnswerSeen, InjectionSeen, VisitEnd } from '../../findings/observation.ts';
import {
  describeFeature,
  isNamed,
  isProceed,
  readServerElement,
  readServerHeader,
  refusalIn,
  say,
} from '../../protocols/xmpp/client.ts';
import type { Element } from '../../protocols/xmpp/element.ts';
import {
  endOfStream,
  formatHeader,
  type Header,
  isDomainText,
  leadingSpace,
  namespaces,
  type StreamKind,
  starttls,
} from '../../protocols/xmpp/stream.ts';
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { PeerError } from '../../wire/dialogue.ts';
import type { Dialect, VisitDraft, VisitRequest } from '../visit.ts';
import {
  ANYTHING,
  answer,
  complete,
  goAhead,
  handshake,
  handshakeBehindMore,
  injected,
  leave,
  offers,
  politely,
  refusedProbe,
  tlsAtOnce,
  turnedAway,
  withoutTls,
} from './steps.ts';

export const xmppDialect: Dialect = dialectOf('client');
export const xmppServerDialect: Dialect = dialectOf('server');

function dialectOf(kind: StreamKind): Dialect {
  return {
    visit: (channel, request, draft) => visit(channel, request, draft, kind),
    // XEP-0368 (XMPP over TLS).
    alpn: [`xmpp-${kind}`],
    injection: (channel, request) => injection(channel, request, kind),
    // Behind TLS a new stream begins, with a header of its own (RFC 6120 §5.4.3.3); before it there is only the login that
    // a client could leave behind.
    state: null,
  };
}

function* visit(
  channel: Channel,
  request: VisitRequest,
  draft: VisitDraft,
  kind: StreamKind,
): Talk<VisitEnd> {
  const began = request.clock();
  if (!(yield* tlsAtOnce(channel, request, draft, began))) return withoutTls;
  draft.step = 'hello';
  let opened = yield* openStream(channel, request, kind);
  if (opened.kind === 'turned-away') return yield* leave(draft, endStream(channel), opened.end);
  if (request.tls === 'implicit') draft.inside = opened.features;
  else {
    draft.clear = opened.features;
    const without = yield* startTls(channel, request, draft, opened);
    if (without !== undefined) return without;
    // RFC 6120 §5.4.3.3: the stream before is forgotten, a new one begins.
    draft.step = 'inside';
    opened = yield* openStream(channel, request, kind);
    if (opened.kind === 'turned-away') return yield* leave(draft, endStream(channel), opened.end);
    draft.inside = opened.features;
  }
  if (request.curious && opened.header.hasFeatures) {
    draft.step = 'again';
    const again = yield* askStartTls(channel, opened.header);
    draft.again = seen(again);
    // It waits for a handshake now: nothing can be said any more.
    if (isGoAhead(again)) return complete;
  }
  return yield* leave(draft, endStream(channel), complete);
}

type Opened =
  | { readonly kind: 'open'; readonly header: Header; readonly features: readonly string[] }
  | { readonly kind: 'turned-away'; readonly end: VisitEnd };

function* openStream(channel: Channel, request: VisitRequest, kind: StreamKind): Talk<Opened> {
  const at = channel.tls === undefined ? 'hello' : 'inside';
  yield* say(channel, headerOf(request, kind));
  const header = yield* readServerHeader(channel, kind);
  // RFC 6120 §4.7.5: before XMPP 1.0 there are no features. To a header that names no domain (§4.7.2) Prosody answers without
  // a version too, and with an error: that says nothing of what it offers.
  if (!header.hasFeatures && request.to !== null) return { kind: 'open', header, features: [] };
  const element = yield* readServerElement(channel, header);
  if (element !== undefined && isNamed(element, namespaces.stream, 'features'))
    return { kind: 'open', header, features: offers(element.children.map(describeFeature)) };
  if (header.hasFeatures && element !== undefined && refusalIn(element) === undefined)
    throw new PeerError('unexpected-reply', `${channel.peer} answered the header with no features`);
  return { kind: 'turned-away', end: turnedAway(at, seen(element), howOf(element)) };
}

/** What RFC 6120 §4.9.3.17 has for a server that lacks the means; the others say it in words, or not. */
function howOf(element: Element | undefined): 'throttled' | undefined {
  return element?.children.some((child) => isNamed(child, namespaces.errors, 'resource-constraint')) === true
    ? 'throttled'
    : undefined;
}

/** Clients leave out who they are (RFC 6120 §4.7.1): before TLS nobody needs to know. Servers say it. */
function headerOf({ to, helloName }: VisitRequest, kind: StreamKind): string {
  const from = kind === 'server' && isDomainText(helloName) && !helloName.startsWith('[') ? helloName : null;
  return formatHeader(kind, { from, to: to !== null && isDomainText(to) ? to : null, id: null });
}

/** @returns undefined once TLS is up. */
function* startTls(
  channel: Channel,
  request: VisitRequest,
  draft: VisitDraft,
  { header, features }: Extract<Opened, { kind: 'open' }>,
): Talk<VisitEnd | undefined> {
  if (!features.some((feature) => `${feature} `.startsWith(`starttls ${namespaces.tls} `))) {
    const because = header.hasFeatures ? 'starttls is not among its features' : 'it does not speak XMPP 1.0';
    draft.upgrade = { kind: 'not-offered', because };
    return yield* leave(draft, endStream(channel), withoutTls);
  }
  draft.step = 'starttls';
  const began = request.clock();
  const said = yield* goAhead(draft, askStartTls(channel, header));
  if (!isGoAhead(said)) {
    draft.upgrade = { kind: 'refused', answer: seen(said) };
    return yield* leave(draft, endStream(channel), withoutTls);
  }
  return (yield* handshake(channel, request, draft, began)) ? undefined : withoutTls;
}

function* askStartTls(channel: Channel, header: Header): Talk<Element | undefined> {
  yield* channel.sayBeside(starttls, SPACE);
  return yield* readStartTlsAnswer(channel, header);
}

/** White space may stand between elements (RFC 6120 §11.7). */
const SPACE = /^[ \t\r\n]*$/;

function* readStartTlsAnswer(channel: Channel, header: Header): Talk<Element | undefined> {
  const element = yield* readServerElement(channel, header);
  if (element === undefined || isProceed(element) || refusalIn(element) !== undefined) return element;
  throw new PeerError(
    'unexpected-reply',
    `${channel.peer} answered STARTTLS with ${describeFeature(element).slice(0, MAX_SHOWN)}, which is not an answer to it`,
  );
}

/** Of an element that is none of those expected, in characters. */
const MAX_SHOWN = 200;

function isGoAhead(element: Element | undefined): boolean {
  return element !== undefined && isProceed(element);
}

/** Asked for only by what is said behind STARTTLS; nobody serves it (RFC 6761 §6.4). */
const INJECTED_DOMAIN = 'injected.invalid';

/**
 * The header of a stream behind STARTTLS asks for a domain of its own. A server that takes it inside TLS answers for that
 * domain, or says that it has none of the name; and it then has our own header in the middle of a stream. One that does not
 * answers our own header once, and the end of our stream with the end of its own.
 */
function* injection(
  channel: Channel,
  request: VisitRequest,
  kind: StreamKind,
): Talk<InjectionSeen | VisitEnd> {
  const opened = yield* openStream(channel, request, kind);
  if (opened.kind === 'turned-away') {
    yield* politely(endStream(channel));
    return opened.end;
  }
  const extra = formatHeader(kind, { from: null, to: INJECTED_DOMAIN, id: null });
  yield* channel.sayBeside(`${starttls}${extra}`, SPACE);
  const said = yield* readStartTlsAnswer(channel, opened.header);
  if (!isGoAhead(said)) {
    yield* politely(endStream(channel));
    return refusedProbe(seen(said));
  }
  // In clear an error begins as an answer does, with a header: Prosody says that what followed is not well-formed.
  const crossed = yield* handshakeBehindMore(channel, null);
  if (crossed !== 'secured') return injected(crossed);

  yield* say(channel, headerOf(request, kind));
  const header = yield* readServerHeader(channel, kind);
  if (header.from === INJECTED_DOMAIN) return injected('inside');
  const first = header.hasFeatures ? yield* readServerElement(channel, header) : undefined;
  if (first === undefined || !isNamed(first, namespaces.stream, 'features')) return judged(first);
  yield* channel.sayBeside(endOfStream, ANYTHING);
  const next = yield* peek(channel);
  if (next === 'end') return injected('never');
  return next === 'header' ? injected('inside') : judged(yield* readServerElement(channel, header));
}

/** Errors by which a server leaves whatever was said to it. RFC 6120 §4.9.3. */
const OF_ITS_OWN = [
  'connection-timeout',
  'policy-violation',
  'reset',
  'resource-constraint',
  'system-shutdown',
] as const;

/** An error where there was none in clear: for the other domain, or as our own header stood in a stream that had begun. */
function judged(element: Element | undefined): InjectionSeen | VisitEnd {
  const isOwn =
    element === undefined ||
    !isNamed(element, namespaces.stream, 'error') ||
    OF_ITS_OWN.some((name) => element.children.some((child) => isNamed(child, namespaces.errors, name)));
  return isOwn ? refusedProbe(seen(element)) : injected('inside');
}

/** What the server says next, which is not read yet: the end of its stream, the header of another one, or an element. */
function* peek(channel: Channel): Talk<'end' | 'header' | 'element'> {
  let found: 'end' | 'header' | 'element' = 'element';
  channel.beginAnswer();
  yield* channel.readUnit(
    (unread) => {
      const at = leadingSpace(unread);
      const text = Buffer.from(unread.subarray(at, at + MAX_TAG_START)).toString('latin1');
      if (text.length < MAX_TAG_START && !/[ >]/.test(text)) return undefined;
      if (text.startsWith('</')) found = 'end';
      else if (/^<(?:\?xml|(?:[\w-]+:)?stream)[ >]/.test(text)) found = 'header';
      return 0;
    },
    MAX_SPACE,
    'goodbye',
  );
  return found;
}

const MAX_TAG_START = 64;
const MAX_SPACE = 16_384;

function* endStream(channel: Channel): Talk<void> {
  yield* channel.sayBeside(endOfStream, ANYTHING);
  yield* peek(channel);
}

function seen(element: Element | undefined): AnswerSeen {
  if (element === undefined) return answer(false, 'the end of the stream');
  return answer(isProceed(element), refusalIn(element)?.because ?? describeFeature(element));
}
