/** What is recorded of MariaDB: its greeting, the request for TLS in the middle of a login, and the rest of that. */
import { createHash } from 'node:crypto';
import { type MariadbOptions, startMariadb } from '../support/mariadb.ts';
import { certificate, type Scene, type Server } from './scene.ts';
import { escaped, password, user } from './script.ts';

const start =
  (options: Partial<MariadbOptions> = {}) =>
  async (root: string): Promise<Server> => {
    const mariadb = await startMariadb(root, { accounts: { [user]: password }, ...options });
    return { ...mariadb, tlsPort: 0 };
  };

const plugin = 'mysql_native_password\0';
const greeting = { octets: plugin };

/** PROTOCOL_41, SECURE_CONNECTION and PLUGIN_AUTH. */
const plainly = 0x200 | 0x8000 | 0x8_0000;
const ssl = 0x800;

/** What a login begins with: capabilities, the largest packet, the character set utf8mb4, and nothing. */
function loginHead(capabilities: number): Buffer {
  const head = Buffer.alloc(32);
  head.writeUInt32LE(capabilities);
  head.writeUInt32LE(0x100_0000, 4);
  head[8] = 45;
  return head;
}

/** The capabilities that a greeting offers, in two halves around the character set and the status. */
function offered(greeted: string): number {
  const bytes = Buffer.from(greeted, 'latin1');
  const at = bytes.indexOf(0, 5) + 14;
  return (bytes.readUInt16LE(at) | (bytes.readUInt16LE(at + 5) << 16)) >>> 0;
}

/** What the library's client takes: all of this that is offered, and TLS. */
const usual =
  plainly |
  0x1 /* LONG_PASSWORD */ |
  0x4 /* LONG_FLAG */ |
  0x2000 /* TRANSACTIONS */ |
  0x6_0000 /* MULTI_RESULTS */ |
  0x20_0000; /* PLUGIN_AUTH_LENENC_DATA */

function packet(sequence: number, payload: Buffer): string {
  const head = Buffer.of(payload.length, 0, 0, sequence);
  return `C~ ${escaped(Buffer.concat([head, payload]).toString('latin1'))}`;
}

function login(sequence: number, capabilities: number, greeted: string): string {
  const proof = nativePassword(scrambleOf(greeted));
  return packet(
    sequence,
    Buffer.concat([
      loginHead(capabilities),
      Buffer.from(`${user}\0`),
      Buffer.of(proof.length),
      proof,
      Buffer.from(plugin),
    ]),
  );
}

/** The random octets of a greeting: eight behind the version and the number of the connection, twelve before the plugin. */
function scrambleOf(greeted: string): Buffer {
  const greetingBytes = Buffer.from(greeted, 'latin1');
  const first = greetingBytes.indexOf(0, 5) + 5;
  const plugged = greetingBytes.length - plugin.length;
  return Buffer.concat([
    greetingBytes.subarray(first, first + 8),
    greetingBytes.subarray(plugged - 13, plugged - 1),
  ]);
}

function nativePassword(scramble: Buffer): Buffer {
  const sha1 = (...parts: readonly (Buffer | string)[]): Buffer => {
    const hash = createHash('sha1');
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const once = sha1(password);
  const mask = sha1(scramble, sha1(once));
  return Buffer.from(once.map((octet, index) => octet ^ (mask[index] ?? 0)));
}

/** A packet of no rows and no warnings. */
const ok = { octets: '\0\0\0\x02\0\0\0' };

export const ofMariadb: readonly Scene[] = [
  {
    name: 'starttls',
    title: 'the greeting offers TLS, which is asked for in place of a login',
    start: start({ certificate }),
    client: [
      'C> upgrade',
      greeting,
      (said) => packet(1, loginHead(((offered(said) & usual) | ssl) >>> 0)),
      '== TLS',
      (said) => {
        const version = said.slice(5, said.indexOf('\0', 5));
        const flags = `capabilities 0x${offered(said).toString(16)}`;
        return `C< secured, clear ${version}, ${flags}, ${plugin.slice(0, -1)}; inside nothing`;
      },
    ],
  },
  {
    name: 'not-offered',
    title: 'it has no certificate: the greeting does not offer TLS, and is not answered',
    start: start(),
    client: ['C> upgrade', greeting, 'C< notOffered does not offer TLS (CLIENT_SSL)'],
  },
  {
    name: 'session/login-in-tls',
    title: 'the greeting offers TLS, the request for it has number 1, and the login goes on inside with 2',
    start: start({ certificate }),
    client: [
      greeting,
      packet(1, loginHead(plainly | ssl)),
      '== TLS',
      (said) => login(2, plainly | ssl, said),
      ok,
    ],
  },
  {
    name: 'session/login-in-clear',
    title: 'it has no certificate: the greeting does not offer TLS, and the login goes on in clear with 1',
    start: start(),
    client: [greeting, (said) => login(1, plainly, said), ok],
  },
  {
    name: 'session/tls-demanded',
    title: 'it lets nobody in without TLS: a login in clear is answered by an error',
    start: start({ certificate }),
    client: [greeting, (said) => login(1, plainly, said), { octets: '(using password: YES)' }, '== close'],
  },
];
