/** Brings a connection to a POP3 server to verified TLS. RFC 2595 §4 (STLS), RFC 2449 §5 (CAPA). */
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { judgedHandshake } from '../handshake.ts';
import type { JudgeTls, NotUpgraded, Upgraded } from '../upgrade.ts';
import { readCapabilities, readStatus, type Status } from './response.ts';

/**
 * Upgrades a fresh connection.
 *
 * @throws PeerError when the peer breaks the protocol.
 */
export function* startTls(channel: Channel, { judge }: { readonly judge: JudgeTls }): Talk<Upgraded> {
  const greeting = yield* readStatus(channel, 'the connection', 'greeting');
  if (!greeting.ok) return refused('the connection', greeting);

  const clear = yield* askCapabilities(channel);
  if (clear.kind === 'refused') {
    // RFC 2595 §4: where there is STLS there is CAPA.
    return { kind: 'notOffered', because: described('does not list its capabilities', clear.status) };
  }
  if (!clear.capabilities.some((line) => line.toUpperCase() === 'STLS'))
    return { kind: 'notOffered', because: 'does not offer STARTTLS' };

  yield* channel.say('STLS\r\n');
  const goAhead = yield* readStatus(channel, 'STLS', 'reply');
  if (!goAhead.ok) return refused('STLS', goAhead);
  const handshake = yield* judgedHandshake(channel, judge);
  if (handshake.kind !== 'acceptable') return handshake;

  // RFC 2595 §4: "the client MUST discard cached information about server capabilities".
  const inside = yield* askCapabilities(channel);
  if (inside.kind === 'refused') return refused('CAPA inside TLS', inside.status);
  return {
    kind: 'secured',
    facts: handshake.facts,
    clear: clear.capabilities,
    inside: inside.capabilities,
  };
}

type Capabilities =
  | { readonly kind: 'listed'; readonly capabilities: readonly string[] }
  | { readonly kind: 'refused'; readonly status: Status };

function* askCapabilities(channel: Channel): Talk<Capabilities> {
  yield* channel.say('CAPA\r\n');
  const status = yield* readStatus(channel, 'CAPA', 'reply');
  if (!status.ok) return { kind: 'refused', status };
  return { kind: 'listed', capabilities: yield* readCapabilities(channel) };
}

function refused(what: string, status: Status): Extract<NotUpgraded, { kind: 'refused' }> {
  return { kind: 'refused', because: described(`refuses ${what}`, status) };
}

function described(what: string, { text }: Status): string {
  return text === '' ? what : `${what}: ${text}`;
}
