/** Brings a connection to a news server to verified TLS. RFC 4642 (STARTTLS), RFC 3977 (CAPABILITIES, MODE READER). */
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { judgedHandshake } from '../handshake.ts';
import { describeReply, positiveOnly, type Reply } from '../smtp/reply.ts';
import type { JudgeTls, Upgraded } from '../upgrade.ts';
import { hasCapability, readBlock, readResponse } from './response.ts';

/**
 * Upgrades a fresh connection.
 *
 * A server that transits and reads on one port shows what readers may do only after MODE READER (RFC 3977 §5.3), and
 * STARTTLS can be among it.
 *
 * @throws PeerError when the peer breaks the protocol.
 */
export function* startTls(channel: Channel, { judge }: { readonly judge: JudgeTls }): Talk<Upgraded> {
  const greeting = positiveOnly(
    channel,
    'the connection',
    yield* readResponse(channel, 'greeting'),
    [200, 201],
  );
  if (greeting.code >= 400) return refusedAt('the connection', greeting);

  let clear = yield* readCapabilities(channel);
  if (clear.kind === 'listed' && offersOnlyToReaders(clear.lines)) {
    const reader = yield* ask(channel, 'MODE READER', [200, 201]);
    if (reader.code >= 400) return refusedAt('MODE READER', reader);
    clear = yield* readCapabilities(channel);
  }
  if (clear.kind === 'refused')
    return { kind: 'notOffered', because: `does not list its capabilities: ${describeReply(clear.reply)}` };
  if (!hasCapability(clear.lines, 'STARTTLS'))
    return { kind: 'notOffered', because: 'does not offer STARTTLS' };

  // RFC 4642 §2.2.1: 382 is the go-ahead.
  const goAhead = yield* ask(channel, 'STARTTLS', [382]);
  if (goAhead.code !== 382) return refusedAt('STARTTLS', goAhead);
  const handshake = yield* judgedHandshake(channel, judge);
  if (handshake.kind !== 'acceptable') return handshake;

  // RFC 4642 §2.2.2: what was learnt before is discarded. There is no second greeting: one would be taken for the
  // answer to this, and is none.
  const inside = yield* readCapabilities(channel);
  if (inside.kind === 'refused') return refusedAt('CAPABILITIES inside TLS', inside.reply);
  return { kind: 'secured', facts: handshake.facts, clear: clear.lines, inside: inside.lines };
}

function offersOnlyToReaders(capabilities: readonly string[]): boolean {
  return hasCapability(capabilities, 'MODE-READER') && !hasCapability(capabilities, 'STARTTLS');
}

type Capabilities =
  | { readonly kind: 'listed'; readonly lines: readonly string[] }
  | { readonly kind: 'refused'; readonly reply: Reply };

function* readCapabilities(channel: Channel): Talk<Capabilities> {
  const reply = yield* ask(channel, 'CAPABILITIES', [101]);
  if (reply.code !== 101) return { kind: 'refused', reply };
  return { kind: 'listed', lines: yield* readBlock(channel) };
}

function* ask(channel: Channel, command: string, expected: readonly number[]): Talk<Reply> {
  yield* channel.say(`${command}\r\n`);
  return positiveOnly(channel, command, yield* readResponse(channel, 'reply'), expected);
}

function refusedAt(what: string, reply: Reply): Extract<Upgraded, { kind: 'refused' }> {
  return { kind: 'refused', because: `refused ${what}: ${describeReply(reply)}` };
}
