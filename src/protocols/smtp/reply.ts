/** Replies: reading them exactly, and writing them. RFC 5321 §4.2, RFC 2034, RFC 3463. */
import type { Phase, Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { PeerError, printable } from '../../wire/dialogue.ts';

export interface Reply {
  /** 200 to 599. */
  readonly code: number;
  /** Enhanced status code such as `5.1.1` (RFC 3463), or null where there is none of the reply's own class. */
  readonly enhanced: string | null;
  /** Text of each line, latin1, without code and enhanced code; at least one. */
  readonly lines: readonly string[];
}

// RFC 5321 §4.5.3.1.5 allows 512 octets; longer ones are seen and harmless, endless ones are not.
const MAX_REPLY_LINE_BYTES = 2048;
const MAX_REPLY_BYTES = 16_384;

const REPLY_LINE = /^([2-5][0-9]{2})(?:([ -])(.*))?$/s;
const ENHANCED = /^([245])\.([0-9]{1,3})\.([0-9]{1,3})(?: |$)/;

/**
 * Reads one reply.
 *
 * @throws PeerError when it is not one: wrong form, codes that differ between lines, too long, or the end.
 */
export function* readReply(channel: Channel, within: Phase): Talk<Reply> {
  channel.beginAnswer();
  const lines: string[] = [];
  let octets = 0;
  let code: string | undefined;
  for (;;) {
    const line = yield* channel.readLine(MAX_REPLY_LINE_BYTES, within);
    const match = REPLY_LINE.exec(line);
    if (match === null) {
      throw new PeerError(
        'malformed',
        `${channel.peer} sent what is not a reply: ${printable(line.slice(0, 80))}`,
        evidenceOf(line),
      );
    }
    code ??= match[1];
    if (match[1] !== code) {
      throw new PeerError(
        'malformed',
        `${channel.peer} changed the code within a reply, ${code} to ${match[1]}`,
        evidenceOf(line),
      );
    }
    lines.push(match[3] ?? '');
    if (match[2] !== '-') break;
    octets += line.length + 2;
    if (octets > MAX_REPLY_BYTES) {
      const what = `${channel.peer} sent a reply of more than ${MAX_REPLY_BYTES} octets`;
      throw new PeerError('reply-too-long', what, evidenceOf(line));
    }
  }
  return replyOf(Number(code), lines);
}

function evidenceOf(line: string): Buffer {
  return Buffer.from(line, 'latin1');
}

/** Whether the reply says yes for good, no for now, or no. */
export function severity(reply: Reply): 'positive' | 'transient' | 'permanent' {
  if (reply.code < 400) return 'positive';
  return reply.code < 500 ? 'transient' : 'permanent';
}

/**
 * Passes a no through, and of the positive replies those that the RFC names for the command: `2xx` is not "success".
 *
 * @param at the command, for the message.
 * @throws PeerError for another one: the streams are off by one message (Opossum) or were tampered with.
 */
export function positiveOnly(channel: Channel, at: string, reply: Reply, expected: readonly number[]): Reply {
  if (severity(reply) !== 'positive' || expected.includes(reply.code)) return reply;
  throw new PeerError(
    'unexpected-reply',
    `${channel.peer} answered ${at} with ${describeReply(reply)}, which is not an answer to it`,
    Buffer.from(describeReply(reply), 'latin1'),
  );
}

/** The reply on one line, as a log or a person reads it. */
export function describeReply(reply: Reply): string {
  const text = printable(reply.lines.join(' '));
  return reply.enhanced === null ? `${reply.code} ${text}` : `${reply.code} ${reply.enhanced} ${text}`;
}

/**
 * Writes a reply; `enhanced` stands on every line (RFC 2034 §3).
 *
 * Text may quote what came from outside: all that is not printable ASCII becomes a question mark, as a line break
 * in it would be a reply of its own.
 */
export function formatReply(
  code: number,
  enhanced: string | null,
  ...lines: readonly [string, ...string[]]
): string {
  const prefix = enhanced === null ? '' : `${enhanced} `;
  return lines
    .map((line, index) => `${code}${index === lines.length - 1 ? ' ' : '-'}${prefix}${line}`)
    .map((line) => `${line.replace(/[^\x20-\x7e]/g, '?')}\r\n`)
    .join('');
}

function replyOf(code: number, lines: readonly string[]): Reply {
  const first = ENHANCED.exec(lines[0] ?? '');
  // RFC 2034 §4: the class of the enhanced code must be that of the reply; otherwise it is only text.
  if (first === null || Number(first[1]) !== Math.floor(code / 100)) return { code, enhanced: null, lines };
  const enhanced = `${first[1]}.${first[2]}.${first[3]}`;
  const texts = lines.map((line) =>
    ENHANCED.test(line) ? line.slice(line.indexOf(' ') + 1 || line.length) : line,
  );
  return { code, enhanced, lines: texts };
}
