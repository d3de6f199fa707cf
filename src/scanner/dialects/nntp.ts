/** How a news server is visited. RFC 3977 §5 (CAPABILITIES, MODE READER, QUIT), RFC 4642 §2.2 (STARTTLS). */
import type { AnswerSeen, InjectionSeen, StateSeen, VisitEnd } from '../../findings/observation.ts';
import { hasCapability, readBlock, readResponse } from '../../protocols/nntp/response.ts';
import { describeReply, positiveOnly, type Reply, severity } from '../../protocols/smtp/reply.ts';
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import type { Dialect, VisitDraft, VisitRequest } from '../visit.ts';
import {
  ANYTHING,
  answer,
  complete,
  goAhead,
  greeting,
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

export const nntpDialect: Dialect = { visit, injection, state };

function* visit(channel: Channel, request: VisitRequest, draft: VisitDraft): Talk<VisitEnd> {
  const began = request.clock();
  if (!(yield* tlsAtOnce(channel, request, draft, began))) return withoutTls;
  draft.step = 'greeting';
  const hello = yield* readGreeting(channel);
  draft.greeting = greeting(request, began, hello.lines, hello.code);
  if (hello.code >= 400) return away(hello);

  draft.step = 'hello';
  const listed = yield* readerCapabilities(channel);
  if (request.tls === 'implicit') draft.inside = listed;
  else {
    draft.clear = listed;
    const without = yield* startTls(channel, request, draft, listed);
    if (without !== undefined) return without;
  }
  if (request.curious) {
    draft.step = 'again';
    const again = yield* ask(channel, 'STARTTLS');
    draft.again = seen(again);
    // It waits for a handshake now: nothing can be said any more.
    if (again.code === 382) return complete;
  }
  return yield* leave(draft, quit(channel), complete);
}

/** @returns undefined once TLS is up, and what is offered inside known. */
function* startTls(
  channel: Channel,
  request: VisitRequest,
  draft: VisitDraft,
  listed: readonly string[] | null,
): Talk<VisitEnd | undefined> {
  if (listed !== null && !hasCapability(listed, 'STARTTLS')) {
    draft.upgrade = { kind: 'not-offered', because: 'STARTTLS is not among its capabilities' };
    return yield* leave(draft, quit(channel), withoutTls);
  }
  draft.step = 'starttls';
  const began = request.clock();
  const said = yield* goAhead(draft, askFor(channel, 'STARTTLS', [382]));
  if (said.code !== 382) {
    draft.upgrade =
      listed === null
        ? {
            kind: 'not-offered',
            because: `it lists no capabilities, and answers STARTTLS with ${seen(said).text}`,
          }
        : { kind: 'refused', answer: seen(said) };
    return yield* leave(draft, quit(channel), withoutTls);
  }
  if (!(yield* handshake(channel, request, draft, began))) return withoutTls;
  // RFC 4642 §2.2.2: what was learnt before is forgotten. There is no second greeting.
  draft.step = 'inside';
  draft.inside = yield* capabilities(channel);
  return undefined;
}

/**
 * DATE behind STARTTLS, QUIT inside TLS: each reply stands on a line, so that a reply before the one to QUIT (205) is to
 * what was said in clear (CVE-2012-3523).
 */
function* injection(channel: Channel): Talk<InjectionSeen | VisitEnd> {
  const hello = yield* readGreeting(channel);
  if (hello.code >= 400) return away(hello);
  yield* channel.say('STARTTLS\r\nDATE\r\n');
  const said = positiveOnly(channel, 'STARTTLS', yield* readResponse(channel, 'reply'), [382]);
  if (said.code !== 382) {
    yield* politely(quit(channel, 2));
    // For good, and not for want of TLS: it wants nothing behind STARTTLS, and there is no TLS for DATE to get into.
    return severity(said) === 'permanent' && said.code !== NO_TLS
      ? injected('never')
      : refusedProbe(seen(said));
  }
  const crossed = yield* handshakeBehindMore(channel, '111');
  if (crossed !== 'secured') return injected(crossed);
  yield* channel.say('QUIT\r\n');
  const first = yield* readResponse(channel, 'reply');
  if (first.code === QUITTED) return injected('never');
  if (first.code === GONE) return away(first);
  // Two replies to one command; where no second one comes, nothing is proven.
  yield* readResponse(channel, 'goodbye');
  return injected('inside');
}

/** Groups that are on most servers, and empty or harmless everywhere. */
const WELL_KNOWN = ['control', 'junk', 'news.announce.newusers'] as const;

/**
 * RFC 4642 §2.2.2: the server "MUST discard any knowledge obtained from the client, such as the current newsgroup and
 * article number". STAT asks for the current article: 412 says that no group is selected (RFC 3977 §6.2.4).
 */
function* state(channel: Channel): Talk<StateSeen | VisitEnd> {
  const hello = yield* readGreeting(channel);
  if (hello.code >= 400) return away(hello);
  let group: string | undefined;
  let last: Reply = hello;
  for (const name of WELL_KNOWN) {
    last = yield* ask(channel, `GROUP ${name}`);
    if (last.code === 211) {
      group = name;
      break;
    }
  }
  if (group === undefined) {
    yield* politely(quit(channel));
    return refusedProbe(seen(last));
  }
  const said = yield* askFor(channel, 'STARTTLS', [382]);
  if (said.code !== 382) {
    yield* politely(quit(channel));
    return refusedProbe(seen(said));
  }
  const secured = yield* channel.startTls();
  if (secured.kind === 'failed') return withoutTls;
  const stat = yield* ask(channel, 'STAT');
  yield* politely(quit(channel));
  // 420: in the group that is selected, there is no current article. Anything else says nothing of groups.
  const kept = stat.code === 223 || stat.code === 420;
  if (!kept && stat.code !== 412) return refusedProbe(seen(stat));
  return { kept, what: 'the newsgroup that GROUP had selected in clear', transcript: [] };
}

/** RFC 4642 §2.2.1: TLS cannot be had. */
const NO_TLS = 580;
/** RFC 3977 §5.4. */
const QUITTED = 205;
/** RFC 3977 §3.2.1: the service is not available any more, and the server closes. */
const GONE = 400;

function* readGreeting(channel: Channel): Talk<Reply> {
  return positiveOnly(channel, 'the connection', yield* readResponse(channel, 'greeting'), [200, 201]);
}

function away(said: Reply): VisitEnd {
  const how = said.code === GONE ? 'throttled' : said.code === 502 ? 'blocked' : undefined;
  return turnedAway('greeting', seen(said), how);
}

/** What a reader may do: a server that transits and reads on one port shows it behind MODE READER (RFC 3977 §5.3). */
function* readerCapabilities(channel: Channel): Talk<readonly string[] | null> {
  const listed = yield* capabilities(channel);
  const onlyToReaders =
    listed !== null && hasCapability(listed, 'MODE-READER') && !hasCapability(listed, 'STARTTLS');
  if (!onlyToReaders || channel.tls !== undefined) return listed;
  const reader = yield* askFor(channel, 'MODE READER', [200, 201]);
  return reader.code >= 400 ? listed : yield* capabilities(channel);
}

/** null where the server does not list them. */
function* capabilities(channel: Channel): Talk<readonly string[] | null> {
  const said = yield* askFor(channel, 'CAPABILITIES', [101]);
  return said.code === 101 ? offers(yield* readBlock(channel)) : null;
}

function* ask(channel: Channel, command: string): Talk<Reply> {
  yield* channel.say(`${command}\r\n`);
  return yield* readResponse(channel, 'reply');
}

function* askFor(channel: Channel, command: string, expected: readonly number[]): Talk<Reply> {
  return positiveOnly(channel, command, yield* ask(channel, command), expected);
}

/** @param most replies that are read, where one to something else may stand before that to QUIT. */
function* quit(channel: Channel, most = 1): Talk<void> {
  yield* channel.sayBeside('QUIT\r\n', ANYTHING);
  for (let replies = 0; replies < most; replies++)
    if ((yield* readResponse(channel, 'goodbye')).code === QUITTED) return;
}

function seen(reply: Reply): AnswerSeen {
  return answer(severity(reply) === 'positive', describeReply(reply), reply.code);
}
