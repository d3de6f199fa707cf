/**
 * Packets of the protocol of MySQL and MariaDB, and the ERR packet.
 *
 * MySQL's documentation, "Client/Server Protocol": "MySQL Packets", "ERR_Packet". Numbers are little-endian. Sequence
 * numbers count the packets of both sides, from 0 with the server's greeting, modulo 256.
 */

/** Octets of a payload before the login is done; connection attributes are the longest of what belongs there. */
export const MAX_PAYLOAD_BYTES = 32_768;

/** One packet, or why octets are none; `used`: octets with the header. */
export type NextPacket =
  | { readonly kind: 'packet'; readonly sequence: number; readonly payload: Buffer; readonly used: number }
  | { readonly kind: 'more' }
  /** `because` follows the name of who sent it. */
  | { readonly kind: 'malformed'; readonly because: string };

/** Octets of the whole packet that begins here; undefined where that cannot be told yet. */
export function packetLength(unread: Uint8Array): number | undefined {
  const [low, middle, high] = unread;
  if (low === undefined || middle === undefined || high === undefined || unread.length < 4) return undefined;
  return 4 + low + middle * 0x100 + high * 0x1_00_00;
}

/**
 * Reads the next packet, which has to have this sequence number; the same for every cut of the octets.
 *
 * The number is told before the payload is there, and a length that is too long before either.
 */
export function nextPacket(unread: Buffer, sequence: number): NextPacket {
  const length = packetLength(unread);
  if (length === undefined) return { kind: 'more' };
  if (length > 4 + MAX_PAYLOAD_BYTES)
    return { kind: 'malformed', because: `announced a packet of ${length - 4} octets` };
  if (unread[3] !== sequence)
    return { kind: 'malformed', because: `sent packet ${unread[3] ?? '?'} in place of ${sequence}` };
  if (unread.length < length) return { kind: 'more' };
  return { kind: 'packet', sequence, payload: unread.subarray(4, length), used: length };
}

/** @param sequence modulo 256. */
export function packetOf(sequence: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUIntLE(payload.length, 0, 3);
  head.writeUInt8(sequence & 0xff, 3);
  return Buffer.concat([head, payload]);
}

/** An error of the server's: its number and SQLSTATE, as MySQL's "Server Error Message Reference" has them. */
export interface ServerError {
  readonly code: number;
  readonly sqlState: string;
}

/** @param withState whether the client has shown that it knows SQLSTATE (CLIENT_PROTOCOL_41), as none has before it speaks. */
export function errPacket(sequence: number, error: ServerError, text: string, withState: boolean): Buffer {
  const head = Buffer.from([0xff, 0, 0]);
  head.writeUInt16LE(error.code, 1);
  return packetOf(
    sequence,
    Buffer.concat([head, Buffer.from(`${withState ? `#${error.sqlState}` : ''}${text}`, 'utf8')]),
  );
}

export const errors = {
  badHandshake: { code: 1043, sqlState: '08S01' },
  shutdown: { code: 1053, sqlState: '08S01' },
  outOfOrder: { code: 1156, sqlState: '08S01' },
  timeout: { code: 1159, sqlState: '08S01' },
  /** The way of authentication that the server asks for cannot be gone. */
  authentication: { code: 1251, sqlState: '08004' },
  /** "Unable to connect to foreign data source". */
  unreachable: { code: 1429, sqlState: 'HY000' },
  /** "Connections using insecure transport are prohibited". */
  insecure: { code: 3159, sqlState: 'HY000' },
} as const satisfies Record<string, ServerError>;
