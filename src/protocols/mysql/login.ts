/**
 * The login, passed on between a client and a server of which one has TLS and the other has not.
 *
 * MySQL's documentation, "Client/Server Protocol": "Connection Phase". The request for TLS is a packet that the other side
 * has never seen, so that numbers are shifted by one until the login is done. Everything else is passed on as it is,
 * but ways of authentication that ask whether there is TLS: client and server would not mean the same.
 */
import { nextPacket, packetOf } from './packet.ts';

/** What of the login is done. */
export interface Login {
  /** The way of authentication under way; null where nobody has named it. */
  readonly plugin: string | null;
  /** Number of the next packet, as the server counts. */
  readonly next: number;
  /** Whether only the server may speak: the client has answered. */
  readonly served: boolean;
}

/** The two sides. */
export interface Sides {
  /** What the client counts more than the server. */
  readonly shift: 1 | -1;
  /** Whether a password may be said as it is to the server, which takes it so: by a unix socket. */
  readonly passwordPasses: boolean;
}

/** What becomes of the octets of one side. */
export type LoginStep =
  | { readonly kind: 'more' }
  | { readonly kind: 'pass'; readonly used: number; readonly bytes: Buffer; readonly login: Login }
  /** The server has said that the login is good, or that it is not: `bytes` are for the client. */
  | { readonly kind: 'good' | 'refused'; readonly used: number; readonly bytes: Buffer }
  /** `because` follows the name of the side. */
  | { readonly kind: 'malformed'; readonly because: string }
  /** A way of authentication that cannot be gone; `because` is for the client. */
  | { readonly kind: 'impossible'; readonly because: string };

const OK = 0x00;
const MORE_DATA = 0x01;
const NEXT_FACTOR = 0x02;
const SWITCH = 0xfe;
const ERR = 0xff;

const DIALOG = 'dialog';
const CACHING_SHA2 = 'caching_sha2_password';
/** What the server says where it does not remember the user: the password itself is to come. */
const FULL_AUTHENTICATION = 0x04;

/** Why a way of authentication cannot begin here; undefined where it can. */
export function obstacle(plugin: string | null, { passwordPasses }: Sides): string | undefined {
  if (plugin !== 'sha256_password' || passwordPasses) return undefined;
  return 'sha256_password needs TLS, or none, on the whole way to the server; use caching_sha2_password or a unix socket';
}

/** Takes the server's next packet. */
export function fromServer(login: Login, unread: Buffer, sides: Sides): LoginStep {
  const next = nextPacket(unread, login.next);
  if (next.kind !== 'packet') return next;
  const { payload, used } = next;
  const bytes = packetOf(login.next + sides.shift + 256, payload);
  const pass = (plugin: string | null): LoginStep => {
    const because = obstacle(plugin, sides);
    if (because !== undefined) return { kind: 'impossible', because };
    return { kind: 'pass', used, bytes, login: { plugin, next: (login.next + 1) & 0xff, served: false } };
  };
  switch (payload[0]) {
    case OK:
      return { kind: 'good', used, bytes };
    case ERR:
      return { kind: 'refused', used, bytes };
    case MORE_DATA:
      if (needsPassword(login, payload, sides))
        return {
          kind: 'impossible',
          because:
            'the server does not remember this user, and caching_sha2_password then needs TLS, or none, on the whole way to it; log in once directly, or use a unix socket',
        };
      return pass(login.plugin);
    case NEXT_FACTOR:
      // MariaDB's PAM asks so for what may be shown ("dialog": 2 and the question).
      if (login.plugin === DIALOG) return pass(login.plugin);
      return pluginNamed(payload, pass);
    case SWITCH:
      return pluginNamed(payload, pass);
    case undefined:
      return { kind: 'malformed', because: 'sent an empty packet in place of a step of the login' };
    default:
      // MariaDB says what a plug-in has to say as it is, and marks only what begins with 1, 254 or 255: the salt of
      // parsec ("P"), a question of PAM, a token of Kerberos.
      return pass(login.plugin);
  }
}

/** One octet alone, where a name should follow, asks for the hashes of before 4.1, which no client has had for long. */
function pluginNamed(payload: Buffer, pass: (plugin: string) => LoginStep): LoginStep {
  const end = payload.indexOf(0, 1);
  if (end === -1) return { kind: 'impossible', because: 'the server asks for a login of before MySQL 4.1' };
  return pass(payload.toString('latin1', 1, end));
}

/** The client would say its password inside TLS, or encrypt it for a server that does not expect that inside TLS. */
function needsPassword({ plugin }: Login, payload: Buffer, { passwordPasses }: Sides): boolean {
  return (
    plugin === CACHING_SHA2 && payload.length === 2 && payload[1] === FULL_AUTHENTICATION && !passwordPasses
  );
}

/** Takes the client's next packet; what it holds is not looked at. */
export function fromClient(login: Login, unread: Buffer, { shift }: Sides): LoginStep {
  // It waits for its turn, so that nothing depends on which side was quicker.
  if (login.served) return { kind: 'more' };
  const next = nextPacket(unread, (login.next + shift + 256) & 0xff);
  if (next.kind !== 'packet') return next;
  return {
    kind: 'pass',
    used: next.used,
    bytes: packetOf(login.next, next.payload),
    login: { plugin: login.plugin, next: (login.next + 1) & 0xff, served: true },
  };
}
