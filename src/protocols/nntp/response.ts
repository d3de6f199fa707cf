/** Responses of NNTP as a client reads them. RFC 3977 §3.1, §3.2. */
import type { Phase, Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { PeerError, printable } from '../../wire/dialogue.ts';
import type { Reply } from '../smtp/reply.ts';

// RFC 3977 §3.1: 512 octets for a response line; longer ones are seen and harmless, endless ones are not.
const MAX_LINE_BYTES = 2048;
const MAX_BLOCK_BYTES = 16_384;

const RESPONSE = /^([1-5][0-9]{2})(?: (.*))?$/s;

/** Reads one response line; what follows it, where it is multi-line, is read by {@link readBlock}. */
export function* readResponse(channel: Channel, within: Phase): Talk<Reply> {
  channel.beginAnswer();
  const line = yield* channel.readLine(MAX_LINE_BYTES, within);
  const [, code, text = ''] = RESPONSE.exec(line) ?? [];
  if (code === undefined) {
    throw new PeerError(
      'malformed',
      `${channel.peer} sent what is not a response: ${printable(line.slice(0, 80))}`,
      Buffer.from(line, 'latin1'),
    );
  }
  return { code: Number(code), enhanced: null, lines: [text] };
}

/** Reads a multi-line data block to its end, dots unstuffed (RFC 3977 §3.1.1). */
export function* readBlock(channel: Channel): Talk<string[]> {
  const lines: string[] = [];
  let octets = 0;
  for (;;) {
    const line = yield* channel.readLine(MAX_LINE_BYTES, 'reply');
    if (line === '.') return lines;
    octets += line.length + 2;
    if (octets > MAX_BLOCK_BYTES) {
      const what = `${channel.peer} sent a list of more than ${MAX_BLOCK_BYTES} octets`;
      throw new PeerError('reply-too-long', what, Buffer.from(line, 'latin1'));
    }
    lines.push(line.startsWith('.') ? line.slice(1) : line);
  }
}

/** Whether a capability list has this label; labels are not case-sensitive (RFC 3977 §3.3.1). */
export function hasCapability(lines: readonly string[], label: string): boolean {
  return lines.some((line) => line.split(/[ \t]/)[0]?.toUpperCase() === label);
}
