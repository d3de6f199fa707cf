/**
 * The first messages of PostgreSQL's protocol, version 3: those that come before, around and instead of a login.
 *
 * PostgreSQL's documentation, "Frontend/Backend Protocol": "Message Flow" and "Message Formats". All numbers are
 * big-endian; a length counts itself.
 */

/** A protocol number of which the first half is no version: 1234, then what is asked for. */
const CANCEL_REQUEST = 80_877_102;
const SSL_REQUEST = 80_877_103;
const GSSENC_REQUEST = 80_877_104;
const MAJOR_VERSION = 3;

/** PostgreSQL takes no longer one, its length not counted (MAX_STARTUP_PACKET_LENGTH). */
const MAX_STARTUP_BYTES = 10_000;
/** Of the key of a CancelRequest; 4 octets up to protocol 3.0. */
const MAX_KEY_BYTES = 256;

/** The name that IANA lists for ALPN (RFC 7301). */
export const ALPN = 'postgresql';

/** The whole of an SSLRequest. */
export const sslRequest: Uint8Array = Buffer.from([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]);

/** A first message of a client, or why octets are none; `length`: octets of the whole message. */
export type FirstMessage =
  | { readonly kind: 'more' }
  | { readonly kind: 'sslRequest' | 'gssencRequest' | 'cancelRequest' | 'startup'; readonly length: number }
  /** `because` follows the name of the client. */
  | { readonly kind: 'malformed'; readonly because: string };

/** Reads the first message of a client, exactly; the same for every cut of the octets. */
export function firstMessage(unread: Buffer): FirstMessage {
  if (unread.length < 4) return { kind: 'more' };
  const length = unread.readUInt32BE(0);
  if (length < 8 || length > MAX_STARTUP_BYTES + 4)
    return { kind: 'malformed', because: `announced a first message of ${length} octets` };
  if (unread.length < length) return { kind: 'more' };
  const code = unread.readUInt32BE(4);
  switch (code) {
    case SSL_REQUEST:
      return ofLength(length, 8, 8, 'sslRequest');
    case GSSENC_REQUEST:
      return ofLength(length, 8, 8, 'gssencRequest');
    case CANCEL_REQUEST:
      return ofLength(length, 16, 12 + MAX_KEY_BYTES, 'cancelRequest');
    default:
      return startup(unread.subarray(0, length), code);
  }
}

function ofLength(
  length: number,
  least: number,
  most: number,
  kind: 'sslRequest' | 'gssencRequest' | 'cancelRequest',
): FirstMessage {
  if (length >= least && length <= most) return { kind, length };
  return { kind: 'malformed', because: `sent a ${kind} of ${length} octets` };
}

/** Names and values in turn, each ended by a NUL, and one more NUL at the end. */
function startup(message: Buffer, version: number): FirstMessage {
  if (version >>> 16 !== MAJOR_VERSION)
    return { kind: 'malformed', because: `asked for protocol ${version >>> 16}.${version & 0xffff}` };
  const last = message.length - 1;
  let at = 8;
  while (at < last) {
    const name = message.indexOf(0, at);
    const value = name === -1 ? -1 : message.indexOf(0, name + 1);
    // An empty name is the end, and the end is the last octet.
    if (name === at || value === -1 || value >= last) break;
    at = value + 1;
  }
  if (at === last && message[last] === 0) return { kind: 'startup', length: message.length };
  return { kind: 'malformed', because: 'sent a startup message that does not end where it says' };
}

/**
 * An ErrorResponse that ends the connection.
 *
 * @param code SQLSTATE ("PostgreSQL Error Codes").
 * @param message without NUL.
 */
export function fatal(code: string, message: string): Uint8Array {
  const fields = ['SFATAL', 'VFATAL', `C${code}`, `M${message}`].map((field) => `${field}\0`).join('');
  const body = Buffer.from(`${fields}\0`, 'utf8');
  const head = Buffer.alloc(5);
  head.write('E', 'latin1');
  head.writeUInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}
