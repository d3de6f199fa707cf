/** What is recorded of PostgreSQL: its one octet, and what it asks for afterwards. */
import { type PostgresqlOptions, startPostgresql } from '../support/postgresql.ts';
import { certificate, type Scene, type Server } from './scene.ts';
import { escaped, password, user } from './script.ts';

const start =
  (options: Partial<PostgresqlOptions> = {}) =>
  async (root: string): Promise<Server> => {
    const postgresql = await startPostgresql(root, { accounts: { [user]: password }, ...options });
    return { ...postgresql, tlsPort: 0 };
  };

/** A message without a type: its length, a code, and text. */
function message(code: number, text = ''): string {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(head.length + text.length);
  head.writeUInt32BE(code, 4);
  return `C~ ${escaped(head.toString('latin1') + text)}`;
}

/** The codes of requests are made so that they are no version of the protocol. */
const sslRequest = message((1234 << 16) | 5679);
const gssEncRequest = message((1234 << 16) | 5680);
const startup = message(3 << 16, `user\0${user}\0database\0${user}\0\0`);

/** How the list of SASL mechanisms ends. */
const mechanisms = { octets: 'SCRAM-SHA-256\0\0' };

/** How an error of a login ends: with the name of what has raised it. */
const loginError = { octets: 'RClientAuthentication\0\0' };

export const ofPostgresql: readonly Scene[] = [
  {
    name: 'starttls',
    title: 'SSLRequest is answered by S',
    start: start({ certificate }),
    client: [
      'C> upgrade',
      sslRequest,
      { octets: 'S' },
      '== TLS',
      'C< secured, clear nothing; inside nothing',
    ],
  },
  {
    name: 'not-offered',
    title: 'it has no certificate: SSLRequest is answered by N',
    start: start(),
    client: [
      'C> upgrade',
      sslRequest,
      { octets: 'N' },
      'C< notOffered has no TLS: its answer to SSLRequest is N',
    ],
  },
  {
    name: 'session/login-in-tls',
    title: 'the login that is asked for inside TLS can be bound to it',
    start: start({ certificate }),
    client: [sslRequest, { octets: 'S' }, '== TLS', startup, mechanisms],
  },
  {
    name: 'session/gss',
    title:
      'GSSENCRequest is answered by G: Debian builds it with GSSAPI, and it says so without any key for that',
    start: start({ certificate }),
    client: [gssEncRequest, { octets: 'G' }],
  },
  {
    name: 'session/login-in-clear',
    title: 'it has no certificate: after N the login goes on in clear, and cannot be bound to TLS',
    start: start(),
    client: [sslRequest, { octets: 'N' }, startup, mechanisms],
  },
  {
    name: 'session/tls-demanded',
    title: 'it lets nobody in without TLS: a login in clear is answered by an error',
    start: start({ certificate }),
    client: [startup, loginError, '== close'],
  },
];
