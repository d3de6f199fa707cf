/** Replies of FTP as a client reads them, and as a server writes them. RFC 959 §4.2. */
import type { Phase, Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { PeerError, printable } from '../../wire/dialogue.ts';
import type { Reply } from '../smtp/reply.ts';

const MAX_LINE_BYTES = 2048;
const MAX_REPLY_BYTES = 16_384;

const FIRST_LINE = /^([1-5][0-9]{2})(?:([ -])(.*))?$/s;

/**
 * Reads one reply.
 *
 * Unlike in SMTP the lines between the first and the last may hold anything: the reply ends with the line that begins
 * with the code of the first and a space.
 *
 * @throws PeerError when it is not one: wrong form, too long, or the end.
 */
export function* readReply(channel: Channel, within: Phase): Talk<Reply> {
  channel.beginAnswer();
  const first = yield* channel.readLine(MAX_LINE_BYTES, within);
  const [, code, separator, text = ''] = FIRST_LINE.exec(first) ?? [];
  if (code === undefined) {
    throw new PeerError(
      'malformed',
      `${channel.peer} sent what is not a reply: ${printable(first.slice(0, 80))}`,
      Buffer.from(first, 'latin1'),
    );
  }
  const lines = [text];
  let octets = first.length + 2;
  for (let goesOn = separator === '-'; goesOn; ) {
    const line = yield* channel.readLine(MAX_LINE_BYTES, within);
    octets += line.length + 2;
    if (octets > MAX_REPLY_BYTES) {
      const what = `${channel.peer} sent a reply of more than ${MAX_REPLY_BYTES} octets`;
      throw new PeerError('reply-too-long', what, Buffer.from(line, 'latin1'));
    }
    goesOn = !line.startsWith(`${code} `);
    lines.push(goesOn ? line : line.slice(4));
  }
  return { code: Number(code), enhanced: null, lines };
}

/** What a reply to FEAT lists, word for word without its indentation. RFC 2389 §3.2: "211-", features, "211 ". */
export function featuresOf({ lines }: Reply): string[] {
  return lines
    .slice(1, -1)
    .filter((line) => line.startsWith(' '))
    .map((line) => line.slice(1));
}

/** Whether the features hold AUTH with TLS: alone, or in the list that some servers write (`AUTH TLS;TLS-C;SSL;`). */
export function offersAuthTls(features: readonly string[]): boolean {
  return features.some((feature) => {
    const [, mechanisms] = /^AUTH (.*)$/i.exec(feature) ?? [];
    return mechanisms?.split(';').some((mechanism) => mechanism.toUpperCase() === 'TLS') === true;
  });
}
