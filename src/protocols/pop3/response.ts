/** Responses of a POP3 server, as a client reads them before a login. RFC 1939 §3, RFC 2449 §3. */
import type { Phase, Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { PeerError, printable } from '../../wire/dialogue.ts';

/** One line: yes or no, and what is said to people. */
export interface Status {
  readonly ok: boolean;
  /** Without the response code in front of it (RFC 2449 §8), printable. */
  readonly text: string;
}

// RFC 1939 §3 and RFC 2449 §4: 512 octets; longer lines are seen and harmless, endless ones are not.
const MAX_LINE_BYTES = 2_048;
const MAX_LIST_BYTES = 16_384;

/** RFC 1939 §3: "Servers MUST send the "+OK" and "-ERR" in upper case." */
const STATUS = /^(\+OK|-ERR)(?: (.*))?$/s;

/** @throws PeerError when it is neither yes nor no. */
export function* readStatus(channel: Channel, at: string, within: Phase): Talk<Status> {
  channel.beginAnswer();
  const line = yield* channel.readLine(MAX_LINE_BYTES, within);
  const [, word, text = ''] = STATUS.exec(line) ?? [];
  if (word === undefined) throw unexpected(channel, at, line);
  return { ok: word === '+OK', text: printable(text.replace(/^\[[^\]]*\] ?/, '').slice(0, 200)) };
}

/**
 * Reads the list that follows a yes to CAPA, word for word (RFC 2449 §5).
 *
 * @throws PeerError where another answer stands in it: then the yes before it was none to CAPA, but the greeting of a
 * connection that began with TLS, which somebody on the way joined to ours (Opossum).
 */
export function* readCapabilities(channel: Channel): Talk<string[]> {
  const lines: string[] = [];
  let octets = 0;
  for (;;) {
    const line = yield* channel.readLine(MAX_LINE_BYTES, 'reply');
    if (line === '.') return lines;
    if (STATUS.test(line)) throw unexpected(channel, 'CAPA', line);
    octets += line.length + 2;
    if (octets > MAX_LIST_BYTES) {
      const what = `${channel.peer} sent a list of more than ${MAX_LIST_BYTES} octets`;
      throw new PeerError('reply-too-long', what, Buffer.from(line, 'latin1'));
    }
    lines.push(line);
  }
}

function unexpected(channel: Channel, at: string, line: string): PeerError {
  const isAnswer = STATUS.test(line) || line === '+' || line.startsWith('+ ');
  return new PeerError(
    isAnswer ? 'unexpected-reply' : 'malformed',
    `${channel.peer} answered ${at} with ${printable(line.slice(0, 80))}, which is not an answer to it`,
    Buffer.from(line, 'latin1'),
  );
}
