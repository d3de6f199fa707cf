/**
 * The greeting of a server of MySQL or MariaDB.
 *
 * MySQL's documentation, "Client/Server Protocol": "Protocol::HandshakeV10", "Capabilities Flags"; MariaDB's documentation,
 * "Connecting": "Initial Handshake Packet".
 */
import { printable } from '../../wire/dialogue.ts';

/** Flags that decide something here; the server offers, the client takes. */
export const capabilities = {
  longPassword: 0x1,
  longFlag: 0x4,
  connectWithDatabase: 0x8,
  protocol41: 0x200,
  tls: 0x800,
  transactions: 0x2000,
  secureConnection: 0x8000,
  multiResults: 0x2_0000,
  preparedMultiResults: 0x4_0000,
  pluginAuth: 0x8_0000,
  pluginAuthLengthEncoded: 0x20_0000,
} as const;

/** What a server says first, or why it is none. */
export type Greeting =
  | {
      readonly kind: 'greeting';
      /** As a message may show it. */
      readonly version: string;
      /** Flags of the capabilities, 32 bits without sign. */
      readonly capabilities: number;
      /** The way of authentication that the challenge is for; null where the server does not name it. */
      readonly plugin: string | null;
    }
  /** An ERR packet in its place. Its text is in clear and can be from anybody. */
  | { readonly kind: 'error'; readonly code: number }
  | { readonly kind: 'malformed' };

const PROTOCOL_VERSION = 10;
const ERR = 0xff;
/** The first part of the challenge, and the end of it. */
const CHALLENGE_BYTES = 9;

/** Reads the payload of the first packet, exactly. */
export function readGreeting(payload: Buffer): Greeting {
  if (payload[0] === ERR && payload.length >= 3) return { kind: 'error', code: payload.readUInt16LE(1) };
  const at = placeOfFlags(payload);
  if (at === undefined) return { kind: 'malformed' };
  const version = printable(payload.subarray(1, payload.indexOf(0)));
  const low = payload.readUInt16LE(at);
  // Servers before 4.1 end here; they have no TLS of the kind that follows.
  if (payload.length === at + 2) return { kind: 'greeting', version, capabilities: low, plugin: null };
  if (payload.length < at + 18) return { kind: 'malformed' };
  const flags = (low | (payload.readUInt16LE(at + 5) << 16)) >>> 0;
  const rest = payload.subarray(at + 18);
  if ((flags & capabilities.secureConnection) === 0)
    return rest.length === 0
      ? { kind: 'greeting', version, capabilities: flags, plugin: null }
      : { kind: 'malformed' };
  // The length counts both parts of the challenge; it is 0 where there are no plug-ins.
  const second = Math.max(13, payload.readUInt8(at + 7) - 8);
  if (rest.length < second) return { kind: 'malformed' };
  const name = rest.subarray(second);
  if ((flags & capabilities.pluginAuth) === 0)
    return name.length === 0
      ? { kind: 'greeting', version, capabilities: flags, plugin: null }
      : { kind: 'malformed' };
  if (name.length < 2 || name.indexOf(0) !== name.length - 1) return { kind: 'malformed' };
  return {
    kind: 'greeting',
    version,
    capabilities: flags,
    plugin: name.toString('latin1', 0, name.length - 1),
  };
}

/** Version 10, the server's version, the connection's number, the first part of the challenge. */
function placeOfFlags(payload: Buffer): number | undefined {
  if (payload[0] !== PROTOCOL_VERSION) return undefined;
  const end = payload.indexOf(0);
  const at = end + 1 + 4 + CHALLENGE_BYTES;
  return end === -1 || payload.length < at + 2 || payload[at - 1] !== 0 ? undefined : at;
}

/** The same greeting with TLS offered or not. @param payload of a greeting that was read. */
export function withTls(payload: Buffer, offered: boolean): Buffer {
  const changed = Buffer.from(payload);
  const at = placeOfFlags(payload) ?? 0;
  const low = changed.readUInt16LE(at);
  changed.writeUInt16LE(offered ? low | capabilities.tls : low & ~capabilities.tls, at);
  return changed;
}
