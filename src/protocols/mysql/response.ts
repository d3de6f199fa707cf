/**
 * A client's answer to the greeting: the request for TLS, or the login.
 *
 * MySQL's documentation, "Client/Server Protocol": "Protocol::SSLRequest", "Protocol::HandshakeResponse41".
 */
import { printable } from '../../wire/dialogue.ts';
import { capabilities } from './greeting.ts';

/** Octets of a request for TLS, and of what comes before the user in a login. */
const HEAD_BYTES = 32;

export type Response =
  | { readonly kind: 'sslRequest' }
  /** `announcesTls`: it says that TLS is to come, and yet says the login already. */
  | {
      readonly kind: 'login';
      readonly user: string;
      readonly plugin: string | null;
      readonly announcesTls: boolean;
    }
  /** A login as clients before 4.1 write it, without anything of TLS. */
  | { readonly kind: 'old-login'; readonly user: string }
  | { readonly kind: 'malformed' };

/**
 * Reads the payload of an answer, exactly up to the name of the plug-in; connection attributes may follow.
 *
 * @param offered flags of the server: what it does not offer, a client cannot take.
 */
export function readResponse(payload: Buffer, offered: number): Response {
  if (payload.length < 4) return { kind: 'malformed' };
  const low = payload.readUInt16LE(0);
  if ((low & capabilities.protocol41) === 0) {
    const user = nulEnded(payload, 5);
    return user === undefined ? { kind: 'malformed' } : { kind: 'old-login', user: printable(user) };
  }
  if (payload.length < HEAD_BYTES) return { kind: 'malformed' };
  const announcesTls = (low & capabilities.tls) !== 0;
  if (payload.length === HEAD_BYTES) return announcesTls ? { kind: 'sslRequest' } : { kind: 'malformed' };
  return readLogin(payload, (payload.readUInt32LE(0) & offered) >>> 0, announcesTls);
}

function readLogin(payload: Buffer, flags: number, announcesTls: boolean): Response {
  const user = nulEnded(payload, HEAD_BYTES);
  if (user === undefined) return { kind: 'malformed' };
  let at: number | undefined = endOfSecret(payload, HEAD_BYTES + user.length + 1, flags);
  if (at !== undefined && (flags & capabilities.connectWithDatabase) !== 0) at = afterNul(payload, at);
  if (at === undefined) return { kind: 'malformed' };
  const plugin = (flags & capabilities.pluginAuth) === 0 ? null : nulEnded(payload, at);
  if (plugin === undefined) return { kind: 'malformed' };
  return {
    kind: 'login',
    user: printable(user),
    plugin: plugin === null ? null : plugin.toString('latin1'),
    announcesTls,
  };
}

/** @returns where what follows the answer to the challenge begins; undefined where it does not end. */
function endOfSecret(payload: Buffer, at: number, flags: number): number | undefined {
  const first = payload[at];
  if (first === undefined) return undefined;
  let end: number | undefined;
  if ((flags & capabilities.pluginAuthLengthEncoded) !== 0) {
    // One octet, or 252 and two more; an answer of 64 KiB is none.
    if (first <= 250) end = at + 1 + first;
    else if (first === 252 && payload.length >= at + 3) end = at + 3 + payload.readUInt16LE(at + 1);
  } else if ((flags & capabilities.secureConnection) !== 0) end = at + 1 + first;
  else end = afterNul(payload, at);
  return end === undefined || end > payload.length ? undefined : end;
}

function afterNul(payload: Buffer, at: number): number | undefined {
  const end = payload.indexOf(0, at);
  return end === -1 ? undefined : end + 1;
}

function nulEnded(payload: Buffer, at: number): Buffer | undefined {
  const end = payload.indexOf(0, at);
  return end === -1 ? undefined : payload.subarray(at, end);
}

/** The same answer with the flag of TLS set or cleared. @param payload of a login that was read. */
export function announcing(payload: Buffer, tls: boolean): Buffer {
  const changed = Buffer.from(payload);
  const low = changed.readUInt16LE(0);
  changed.writeUInt16LE(tls ? low | capabilities.tls : low & ~capabilities.tls, 0);
  return changed;
}

/** The request for TLS that goes before this login: what it announces is what the server goes by inside TLS too. */
export function sslRequestFor(login: Buffer): Buffer {
  return announcing(login.subarray(0, HEAD_BYTES), true);
}

/** A request for TLS. @param flags 32 bits without sign. */
export function sslRequest(flags: number, maxPacketBytes: number, characterSet: number): Buffer {
  const payload = Buffer.alloc(HEAD_BYTES);
  payload.writeUInt32LE((flags | capabilities.tls) >>> 0, 0);
  payload.writeUInt32LE(maxPacketBytes, 4);
  payload.writeUInt8(characterSet, 8);
  return payload;
}
