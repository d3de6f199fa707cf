/**
 * How a PostgreSQL server asks for a login, as a client may see it that does not know of the TLS.
 *
 * PostgreSQL's documentation, "Frontend/Backend Protocol": "SASL Authentication", AuthenticationSASL in "Message Formats".
 */

const AUTHENTICATION = 'R'.charCodeAt(0);
const NOTICE = 'N'.charCodeAt(0);
const NEGOTIATE_PROTOCOL_VERSION = 'v'.charCodeAt(0);

/** The request that names mechanisms of SASL. */
const SASL = 10;

/** Octets of a message without its type; libpq takes no longer one either before a login. */
const MAX_MESSAGE_BYTES = 30_000;

/** The server's first answer; `length`: octets of what was said, `bytes`: what of it goes to the client. */
export type LoginRequest =
  | { readonly kind: 'more' }
  /** Something that comes before the request. */
  | { readonly kind: 'before'; readonly length: number; readonly bytes: Uint8Array }
  /** The request. From here on nothing has to be changed. */
  | { readonly kind: 'request'; readonly length: number; readonly bytes: Uint8Array }
  /** Something else stands in its place, and nothing has to be changed. */
  | { readonly kind: 'other' }
  /** `because` follows "the server". */
  | { readonly kind: 'impossible'; readonly because: string };

/**
 * The next message of the server, without mechanisms that bind a login to the TLS (`SCRAM-SHA-256-PLUS`, RFC 5802 §6).
 *
 * To libpq a server that offers one on a connection without TLS is a sign that somebody has stripped the TLS, and it
 * ends the connection. Without the offer it says that it does not support binding, which a server accepts.
 */
export function withoutChannelBinding(unread: Buffer): LoginRequest {
  const type = unread[0];
  if (type !== AUTHENTICATION && type !== NOTICE && type !== NEGOTIATE_PROTOCOL_VERSION)
    return { kind: 'other' };
  if (unread.length < 5) return { kind: 'more' };
  const announced = unread.readUInt32BE(1);
  if (announced < 4 || announced > MAX_MESSAGE_BYTES)
    return { kind: 'impossible', because: `announced a message of ${announced} octets before the login` };
  const length = 1 + announced;
  if (unread.length < length) return { kind: 'more' };
  const message = unread.subarray(0, length);
  if (type !== AUTHENTICATION) return { kind: 'before', length, bytes: message };
  if (length < 9) return { kind: 'impossible', because: 'sent a request for a login that is none' };
  if (message.readUInt32BE(5) !== SASL) return { kind: 'request', length, bytes: message };
  return unbound(message);
}

/** Names of mechanisms, each ended by a NUL, and one more NUL at the end. */
function unbound(message: Buffer): LoginRequest {
  const text = message.toString('latin1', 9);
  const names = text.split('\0');
  const wellFormed =
    names.length >= 2 && names.at(-1) === '' && names.at(-2) === '' && !names.slice(0, -2).includes('');
  if (!wellFormed) return { kind: 'impossible', because: 'sent a list of mechanisms that is none' };
  const left = names.slice(0, -2).filter((name) => !name.endsWith('-PLUS'));
  if (left.length === 0)
    return { kind: 'impossible', because: 'takes only logins that are bound to its TLS (channel binding)' };
  const body = Buffer.from(
    left
      .map((name) => `${name}\0`)
      .concat('\0')
      .join(''),
    'latin1',
  );
  const head = Buffer.from(message.subarray(0, 9));
  head.writeUInt32BE(8 + body.length, 1);
  return { kind: 'request', length: message.length, bytes: Buffer.concat([head, body]) };
}
