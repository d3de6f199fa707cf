/**
 * How a PostgreSQL server is visited.
 *
 * PostgreSQL's documentation, "Frontend/Backend Protocol": "SSL Session Encryption", "Message Formats". Before a login the
 * protocol has no goodbye: a client that leaves closes the connection.
 */
import type { AnswerSeen, InjectionSeen, VisitEnd } from '../../findings/observation.ts';
import { ALPN, sslRequest } from '../../protocols/postgres/messages.ts';
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { PeerError, printable } from '../../wire/dialogue.ts';
import type { Dialect, VisitDraft, VisitRequest } from '../visit.ts';
import {
  answer,
  complete,
  goAhead,
  handshake,
  handshakeBehindMore,
  injected,
  refusedProbe,
  tlsAtOnce,
  turnedAway,
  withoutTls,
} from './steps.ts';

export const postgresDialect: Dialect = {
  visit,
  alpn: [ALPN],
  injection,
  // SSLRequest is the first thing that is said: nothing can stand before it.
  state: null,
};

const MAX_ERROR_BYTES = 8_192;

function* visit(channel: Channel, request: VisitRequest, draft: VisitDraft): Talk<VisitEnd> {
  const began = request.clock();
  if (!(yield* tlsAtOnce(channel, request, draft, began))) return withoutTls;
  if (request.tls === 'starttls') {
    draft.step = 'starttls';
    const said = yield* goAhead(draft, ask(channel));
    if (said.kind === 'error' && said.isBusy) return turnedAway('hello', said.seen, 'throttled');
    if (said.kind !== 'yes') {
      draft.upgrade =
        said.kind === 'no'
          ? { kind: 'not-offered', because: 'it has no TLS: its answer to SSLRequest is N' }
          : { kind: 'refused', answer: said.seen };
      return withoutTls;
    }
    if (!(yield* handshake(channel, request, draft, began))) return withoutTls;
  }
  if (request.curious) {
    draft.step = 'again';
    draft.again = (yield* ask(channel)).seen;
  }
  return complete;
}

type Said =
  | { readonly kind: 'yes' | 'no'; readonly seen: AnswerSeen }
  /** `isBusy`: it cannot do with more connections for now. */
  | { readonly kind: 'error'; readonly seen: AnswerSeen; readonly code: string; readonly isBusy: boolean };

function* ask(channel: Channel): Talk<Said> {
  yield* channel.sayBytes(sslRequest, 'SSLRequest');
  return yield* readSaid(channel);
}

/** One octet, or an error in its place. */
function* readSaid(channel: Channel): Talk<Said> {
  channel.beginAnswer();
  const octet = yield* channel.readUnit(() => 1, 1, 'reply');
  switch (String.fromCharCode(octet[0] ?? 0)) {
    case 'S':
      return { kind: 'yes', seen: answer(true, 'S') };
    case 'N':
      return { kind: 'no', seen: answer(false, 'N') };
    case 'E':
      return yield* readError(channel);
    default:
      throw new PeerError(
        'unexpected-reply',
        `${channel.peer} answered SSLRequest with neither S nor N: ${printable(octet)}`,
        octet,
      );
  }
}

/** What follows the type of an ErrorResponse; one that could not even start a process for us sends a text with a NUL only. */
function* readError(channel: Channel): Talk<Said> {
  const bytes = yield* channel.readUnit(
    (unread) => {
      if (unread.length < 4) return undefined;
      const length = Buffer.from(unread).readUInt32BE(0);
      if (length >= 4 && length <= MAX_ERROR_BYTES) return length;
      const end = unread.indexOf(0);
      return end === -1 ? undefined : end + 1;
    },
    MAX_ERROR_BYTES,
    'reply',
  );
  const text = Buffer.from(bytes).toString('latin1');
  const fields = text.slice(4).split('\0');
  const field = (type: string): string => fields.find((one) => one.startsWith(type))?.slice(1) ?? '';
  const code = field('C');
  const words = text.startsWith('\0')
    ? `${field('S')} ${code} ${field('M')}`.trim()
    : text.replaceAll(/[\n\0]/g, '');
  // "PostgreSQL Error Codes": class 53 is a lack of means, 57P03 a server that starts or stops.
  const isBusy = code.startsWith('53') || code === '57P03' || code === '';
  return { kind: 'error', seen: answer(false, `E ${words}`), code, isBusy };
}

/** A user of whom there is none, in a message that begins a login (protocol 3.0). */
const startupMessage = Buffer.concat([
  Buffer.from([0, 0, 0, 0x1c, 0, 3, 0, 0]),
  Buffer.from('user\0waxwing-check\0\0', 'latin1'),
]);
/** Of no connection: what is to be cancelled does not exist, and the server closes without an answer. */
const cancelRequest = Buffer.from([0, 0, 0, 0x10, 4, 0xd2, 0x16, 0x2e, 0, 0, 0, 0, 0, 0, 0, 0]);
/** Servers since 14.1 tell it inside TLS where they had been sent more in clear (protocol_violation). */
const NOTICED = '08P01';

/**
 * The beginning of a login behind SSLRequest is answered inside TLS by servers that keep it (CVE-2021-23214): by a request
 * for the password, or an error. The request to cancel that we send there ourselves is never answered.
 */
function* injection(channel: Channel): Talk<InjectionSeen | VisitEnd> {
  yield* channel.sayBytes(Buffer.concat([sslRequest, startupMessage]), 'SSLRequest, StartupMessage');
  const said = yield* readSaid(channel);
  if (said.kind !== 'yes') return refusedProbe(said.seen);
  const crossed = yield* handshakeBehindMore(channel, 'R');
  if (crossed !== 'secured') return injected(crossed);
  yield* channel.sayBytes(cancelRequest, 'CancelRequest');
  const octet = yield* firstOctet(channel);
  if (octet === undefined) return injected('never');
  if (octet !== 'E') return injected('inside');
  const error = yield* readError(channel);
  // Busy with others, it may not have read so far.
  if (error.kind === 'error' && error.isBusy) return { kind: 'throttled', at: 'probe', answer: error.seen };
  return injected(error.kind === 'error' && error.code === NOTICED ? 'never' : 'inside');
}

/** @returns undefined where the server closes without a word. */
function* firstOctet(channel: Channel): Talk<string | undefined> {
  channel.beginAnswer();
  try {
    const octet = yield* channel.readUnit(() => 1, 1, 'reply');
    return String.fromCharCode(octet[0] ?? 0);
  } catch (error) {
    if (error instanceof PeerError && error.code === 'closed') return undefined;
    throw error;
  }
}
