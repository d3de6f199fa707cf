/** Responses of an IMAP server, as a client reads them before a login. RFC 9051 §7, RFC 3501 §7. */
import type { Phase, Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { PeerError, printable } from '../../wire/dialogue.ts';

export type Response =
  | { readonly kind: 'tagged'; readonly tag: string; readonly status: TaggedStatus; readonly text: string }
  | { readonly kind: 'status'; readonly status: Status; readonly text: string }
  | { readonly kind: 'capability'; readonly capabilities: readonly string[] }
  /** `+`: go on with your command. */
  | { readonly kind: 'continuation' }
  /** Of mailboxes and messages: nothing to us, and read only to be past it. */
  | { readonly kind: 'data' };

export type TaggedStatus = 'OK' | 'NO' | 'BAD';
type Status = TaggedStatus | 'PREAUTH' | 'BYE';

/** Octets of one line, and of all that comes until one command is answered: literals count. */
const MAX_LINE_BYTES = 8_192;
const MAX_ANSWER_BYTES = 65_536;

const STATUS = /^\* (OK|NO|BAD|PREAUTH|BYE)(?: (.*))?$/is;
const TAGGED = /^([^ (){%*"\\+]+) (OK|NO|BAD)(?: (.*))?$/is;
const CAPABILITY = /^\* CAPABILITY((?: [^ ]+)+)$/is;
const LITERAL = /\{([0-9]{1,10})\}$/;

/** How much may still come in answer to one command. */
export interface Allowance {
  octets: number;
}

export function allowance(): Allowance {
  return { octets: MAX_ANSWER_BYTES };
}

/**
 * Reads one response.
 *
 * @throws PeerError when it is none, or when more comes than is allowed.
 */
export function* readResponse(channel: Channel, allowed: Allowance, within: Phase): Talk<Response> {
  const line = yield* readLine(channel, allowed, within);
  const status = STATUS.exec(line);
  if (status !== null) return { kind: 'status', status: statusOf(status[1]), text: status[2] ?? '' };
  const [, list] = CAPABILITY.exec(line) ?? [];
  if (list !== undefined) return { kind: 'capability', capabilities: list.slice(1).split(' ') };
  if (line === '+' || line.startsWith('+ ')) return { kind: 'continuation' };
  const [, tag, word, text = ''] = TAGGED.exec(line) ?? [];
  if (tag !== undefined) return { kind: 'tagged', tag, status: taggedStatusOf(word), text };
  if (!/^\* [^ ]/.test(line) || /^\* CAPABILITY\b/i.test(line)) throw malformed(channel, line);
  yield* readLiterals(channel, line, allowed, within);
  return { kind: 'data' };
}

/** What a status says to people, without the code in front of it; undefined where it refers to another server. */
export function textOf(text: string): string | undefined {
  const [, code = ''] = /^\[([^\]]*)\]/.exec(text) ?? [];
  if (/^REFERRAL\b/i.test(code)) return undefined;
  return printable(text.replace(/^\[[^\]]*\] ?/, '').slice(0, 200));
}

/** A literal goes on after its line, and the response goes on after the literal (RFC 9051 §4.3). */
function* readLiterals(channel: Channel, first: string, allowed: Allowance, within: Phase): Talk<void> {
  for (let line = first; ; line = yield* readLine(channel, allowed, within)) {
    const [, digits] = LITERAL.exec(line) ?? [];
    if (digits === undefined) return;
    const octets = Number(digits);
    spend(channel, allowed, octets);
    yield* channel.readUnit(() => octets, octets, within);
  }
}

function* readLine(channel: Channel, allowed: Allowance, within: Phase): Talk<string> {
  const line = yield* channel.readLine(MAX_LINE_BYTES, within);
  spend(channel, allowed, line.length + 2);
  return line;
}

function spend(channel: Channel, allowed: Allowance, octets: number): void {
  allowed.octets -= octets;
  if (allowed.octets >= 0) return;
  throw new PeerError(
    'reply-too-long',
    `${channel.peer} sent more than ${MAX_ANSWER_BYTES} octets before it answered`,
  );
}

function malformed(channel: Channel, line: string): PeerError {
  return new PeerError(
    'malformed',
    `${channel.peer} sent what is not a response of IMAP: ${printable(line.slice(0, 80))}`,
    Buffer.from(line, 'latin1'),
  );
}

function taggedStatusOf(word: string | undefined): TaggedStatus {
  const status = word?.toUpperCase();
  return status === 'OK' || status === 'NO' ? status : 'BAD';
}

function statusOf(word: string | undefined): Status {
  const status = word?.toUpperCase();
  return status === 'PREAUTH' || status === 'BYE' ? status : taggedStatusOf(word);
}
