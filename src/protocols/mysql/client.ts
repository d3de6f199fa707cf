/**
 * Brings TLS up with a server of MySQL or MariaDB.
 *
 * MySQL's documentation, "Client/Server Protocol": "Connection Phase", "Protocol::SSLRequest". The server speaks first in
 * clear, and inside TLS says nothing before the login; so nothing is asked there.
 */
import type { Talk } from '../../wire/bytes.ts';
import type { Channel } from '../../wire/channel.ts';
import { PeerError } from '../../wire/dialogue.ts';
import { judgedHandshake } from '../handshake.ts';
import type { JudgeTls, NotUpgraded, Upgraded } from '../upgrade.ts';
import { capabilities, readGreeting } from './greeting.ts';
import { packetLength, packetOf } from './packet.ts';
import { sslRequest } from './response.ts';

/** Octets of a greeting, its header included; those of servers have about a hundred. */
export const MAX_GREETING_BYTES = 1024;

/**
 * What the request for TLS says of the client.
 *
 * Servers go by it inside TLS too, and look at the same fields of the login no more: they have to say the same there.
 */
export interface Announcement {
  /** Flags, of which those count that the server offers. */
  readonly capabilities: number;
  readonly maxPacketBytes: number;
  /** Number of a collation below 256. */
  readonly characterSet: number;
}

/** utf8mb4, and what every client since MySQL 5.6 does. */
export const usualAnnouncement: Announcement = {
  capabilities:
    capabilities.longPassword |
    capabilities.longFlag |
    capabilities.protocol41 |
    capabilities.transactions |
    capabilities.secureConnection |
    capabilities.multiResults |
    capabilities.preparedMultiResults |
    capabilities.pluginAuth |
    capabilities.pluginAuthLengthEncoded,
  maxPacketBytes: 0x100_0000,
  characterSet: 45,
};

export interface MysqlRequest {
  readonly judge: JudgeTls;
  readonly announcement?: Announcement;
}

/** How the upgrade ended; whoever logs in has to know what was said before. */
export type MysqlUpgraded =
  | NotUpgraded
  | (Extract<Upgraded, { kind: 'secured' }> & {
      /** The server's greeting, with its header; the challenge in it came in clear. */
      readonly greeting: Uint8Array;
      /** What the request for TLS said; the login is packet 2 and says the same. */
      readonly announced: Announcement;
    });

/**
 * Reads the greeting, asks for TLS and brings it up.
 *
 * A server that does not offer TLS is told nothing (CVE-2015-3152: clients went on in clear).
 *
 * @throws PeerError where the server breaks the protocol, or says more in clear than its greeting.
 */
export function* startTls(channel: Channel, request: MysqlRequest): Talk<MysqlUpgraded> {
  const { judge, announcement = usualAnnouncement } = request;
  channel.beginAnswer();
  const packet = yield* channel.readUnit(packetLength, MAX_GREETING_BYTES, 'greeting');
  const greeting = readGreeting(Buffer.from(packet.subarray(4)));
  if (packet[3] !== 0 || greeting.kind === 'malformed')
    throw new PeerError('malformed', `${channel.peer} sent a greeting that is none of MySQL`, packet);
  if (greeting.kind === 'error')
    return { kind: 'refused', because: `refuses the connection with error ${greeting.code}` };
  const needed = capabilities.tls | capabilities.protocol41;
  if ((greeting.capabilities & needed) !== needed)
    return { kind: 'notOffered', because: 'does not offer TLS (CLIENT_SSL)' };
  const flags = (announcement.capabilities & greeting.capabilities) >>> 0;
  const payload = sslRequest(flags, announcement.maxPacketBytes, announcement.characterSet);
  yield* channel.sayBytes(packetOf(1, payload), 'SSLRequest');
  const handshake = yield* judgedHandshake(channel, judge);
  if (handshake.kind !== 'acceptable') return handshake;
  return {
    kind: 'secured',
    facts: handshake.facts,
    clear: [
      greeting.version,
      `capabilities 0x${greeting.capabilities.toString(16)}`,
      ...(greeting.plugin === null ? [] : [greeting.plugin]),
    ],
    inside: [],
    greeting: new Uint8Array(packet),
    announced: { ...announcement, capabilities: (flags | capabilities.tls) >>> 0 },
  };
}
