/** How a directory is visited. RFC 4511 §4.3 (unbind), §4.14 (StartTLS), RFC 4512 §5.1 (the root DSE). */
import type { AnswerSeen, InjectionSeen, VisitEnd } from '../../findings/observation.ts';
import { describeAnswer, readAnswer, readMessage } from '../../protocols/ldap/client.ts';
import {
  formatMessage,
  names,
  operations,
  parseResult,
  type Result,
  results,
  startTlsRequest,
} from '../../protocols/ldap/messages.ts';
import { parseRootDse, rootDseRequest } from '../../protocols/ldap/root-dse.ts';
import { ber } from '../../wire/ber.ts';
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

export const ldapDialect: Dialect = {
  visit,
  injection,
  // Binding takes a credential, and a directory may keep who had bound before: what TLS does to that is left to it
  // (RFC 4513 §3.2).
  state: null,
};

/** A number for each request that is made once. */
const ids = { startTls: 1, first: 2, injected: 3, inside: 4, again: 5, unbind: 6 } as const;
const LAST_ID = ids.unbind;
/** The numbers behind that are for StartTLS where it is asked for once more: twice is usual then, nine times were seen. */
const MOST_TIMES_MORE = 32;

/** Octets of one message: the root DSE of a large directory has some thousands. */
const MAX_MESSAGE = 65_536;
/** RFC 4511 §4.1.9: too much to do. */
const BUSY = 51;

function* visit(channel: Channel, request: VisitRequest, draft: VisitDraft): Talk<VisitEnd> {
  const began = request.clock();
  if (!(yield* tlsAtOnce(channel, request, draft, began))) return withoutTls;
  draft.step = 'hello';
  const first = yield* askRootDse(channel, ids.first);
  if (first.kind === 'turned-away') return first.end;
  const listed = first.lines;
  if (request.tls === 'implicit') draft.inside = listed;
  else {
    draft.clear = listed;
    const without = yield* startTls(channel, request, draft, listed);
    if (without !== undefined) return without;
  }
  if (request.curious) {
    draft.step = 'again';
    const again = yield* askStartTls(channel, ids.again);
    draft.again = seen(again);
    // It waits for a handshake now: nothing can be said any more.
    if (again.code === results.success) return complete;
  }
  return yield* leave(draft, unbind(channel), complete);
}

/** @returns undefined once TLS is up, and what is offered inside known. */
function* startTls(
  channel: Channel,
  request: VisitRequest,
  draft: VisitDraft,
  listed: readonly string[] | null,
): Talk<VisitEnd | undefined> {
  const extensions = listed?.filter((line) => line.startsWith(EXTENSION)) ?? [];
  // A directory may keep its list from strangers: only one that shows a list says what is not on it.
  if (extensions.length > 0 && !extensions.includes(`${EXTENSION}${names.startTls}`)) {
    draft.upgrade = {
      kind: 'not-offered',
      because: 'StartTLS is not among the supportedExtension of its root DSE',
    };
    return yield* leave(draft, unbind(channel), withoutTls);
  }
  draft.step = 'starttls';
  const { said, began } = yield* askStartTlsWhenDone(channel, request, draft);
  if (said.code !== results.success) {
    // RFC 4511 §4.14.2: protocolError says that the server does not know the operation.
    draft.upgrade =
      said.code === results.protocolError
        ? { kind: 'not-offered', because: `it answers StartTLS with ${seen(said).text}` }
        : { kind: 'refused', answer: seen(said) };
    return yield* leave(draft, unbind(channel), withoutTls);
  }
  if (!(yield* handshake(channel, request, draft, began))) return withoutTls;
  // RFC 4513 §3.1.5: what the root DSE said in clear is forgotten.
  draft.step = 'inside';
  const inside = yield* askRootDse(channel, ids.inside);
  if (inside.kind === 'turned-away') return inside.end;
  draft.inside = inside.lines;
  return undefined;
}

const EXTENSION = 'supportedExtension: ';

/**
 * A search of the root DSE behind StartTLS has a number of its own. The same search inside TLS comes after it, so that with
 * the answer to that it is known whether there was one before.
 */
function* injection(channel: Channel): Talk<InjectionSeen | VisitEnd> {
  const octets = Buffer.concat([startTlsRequest(ids.startTls), rootDseRequest(ids.injected)]);
  yield* channel.sayBytes(
    octets,
    `StartTLS request (message ${ids.startTls}), search (message ${ids.injected})`,
  );
  const before = yield* readUntil(channel, ids.startTls, operations.extendedResponse);
  if (before.kind === 'turned-away') return before.end;
  if (before.result.code !== results.success) {
    yield* politely(unbind(channel));
    // RFC 4511 §4.14.2: so a server says that it wants nothing else meanwhile. There is no TLS for the search to get into.
    return before.result.code === results.operationsError
      ? injected('never')
      : refusedProbe(seen(before.result));
  }
  const crossed = yield* handshakeBehindMore(channel, '0');
  if (crossed !== 'secured') return injected(crossed);
  yield* search(channel, ids.inside);
  const inside = yield* readUntil(channel, ids.inside, operations.searchResultDone);
  if (inside.kind === 'turned-away') return inside.end;
  yield* politely(unbind(channel));
  return injected(inside.met.has(ids.injected) ? 'inside' : before.met.has(ids.injected) ? 'clear' : 'never');
}

type Heard =
  | {
      readonly kind: 'answered';
      readonly result: Result;
      /** Of the entries that came before it. */
      readonly lines: readonly string[] | null;
      /** Numbers of the other messages that came before it. */
      readonly met: ReadonlySet<number>;
    }
  | { readonly kind: 'turned-away'; readonly end: VisitEnd };

/** Messages that come before the one that is waited for: an entry, and what a request behind it may be answered with. */
const MAX_BEFORE = 16;

function* readUntil(channel: Channel, id: number, tag: number): Talk<Heard> {
  let lines: readonly string[] | null = null;
  const met = new Set<number>();
  for (let messages = 0; messages < MAX_BEFORE; messages++) {
    const { message, bytes } = yield* readMessage(channel, MAX_MESSAGE);
    const { operation } = message;
    if (message.id === id && operation.tag === operations.searchResultEntry)
      lines = parseRootDse(operation.content) ?? lines;
    else if (message.id === id || message.id === 0) {
      const result = parseResult(operation.content);
      if (result === undefined || (message.id === id && operation.tag !== tag))
        throw new PeerError(
          'unexpected-reply',
          `${channel.peer} sent another answer than was asked for`,
          bytes,
        );
      if (message.id === id && result.code !== BUSY) return { kind: 'answered', result, lines, met };
      // RFC 4511 §4.4.1: the server says why it leaves.
      const isBusy = result.code === BUSY || result.code === results.unavailable;
      const at = channel.tls === undefined ? 'hello' : 'inside';
      return { kind: 'turned-away', end: turnedAway(at, seen(result), isBusy ? 'throttled' : undefined) };
    } else met.add(message.id);
  }
  throw new PeerError(
    'unsolicited',
    `${channel.peer} sent more than ${MAX_BEFORE} messages before its answer`,
  );
}

/** @returns lines null where it shows none, as it may to strangers. */
function* askRootDse(
  channel: Channel,
  id: number,
): Talk<
  | { readonly kind: 'listed'; readonly lines: readonly string[] | null }
  | Extract<Heard, { kind: 'turned-away' }>
> {
  yield* search(channel, id);
  const heard = yield* readUntil(channel, id, operations.searchResultDone);
  if (heard.kind === 'turned-away') return heard;
  if (heard.met.size > 0)
    throw new PeerError('unsolicited', `${channel.peer} sent a message that nobody asked for`);
  return { kind: 'listed', lines: heard.lines === null ? null : offers(heard.lines) };
}

function* search(channel: Channel, id: number): Talk<void> {
  yield* channel.sayBytes(rootDseRequest(id), `search of the root DSE (message ${id})`);
}

function* askStartTls(channel: Channel, id: number): Talk<Result> {
  yield* channel.sayBytes(startTlsRequest(id), `StartTLS request (message ${id})`);
  return yield* readAnswer(channel, id);
}

/**
 * Nothing of ours is outstanding, and yet a server may say so (RFC 4511 §4.14.1, RFC 4513 §3.1.1): a busy OpenLDAP has a request among
 * its operations until a moment after the answer to it has left, be it a search or a StartTLS that it has refused. It is asked until
 * it was quick enough.
 *
 * @returns the last answer, and when that was asked for.
 */
function* askStartTlsWhenDone(
  channel: Channel,
  { clock }: VisitRequest,
  draft: VisitDraft,
): Talk<{ readonly said: Result; readonly began: number }> {
  const { upgrade } = draft;
  for (let more = 0; ; more++) {
    const began = clock();
    const id = more === 0 ? ids.startTls : LAST_ID + more;
    const said = yield* goAhead(draft, askStartTls(channel, id));
    if (said.code !== results.operationsError || more === MOST_TIMES_MORE) {
      draft.upgrade = upgrade;
      return { said, began };
    }
    // Should it break off now, it has said no.
    draft.upgrade = { kind: 'refused', answer: seen(said) };
  }
}

/** RFC 4511 §4.3: it has no answer, and the server closes. */
function* unbind(channel: Channel): Talk<void> {
  const octets = formatMessage(ids.unbind, ber(operations.unbindRequest));
  yield* channel.sayBeside(octets.toString('latin1'), ANYTHING);
}

function seen(result: Result): AnswerSeen {
  return answer(result.code === results.success, describeAnswer(result));
}
