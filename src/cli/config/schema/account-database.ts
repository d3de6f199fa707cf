/** `[account_database]`: accounts in a database of somebody else's. */
import { z } from 'zod';
import { type Host, isLoopback, parseHost } from '../../../names/address.ts';
import type { Parsed } from '../../../names/domain.ts';
import type { AccountDatabaseConfig, AccountDatabasePlace } from '../config.ts';
import { parseDuration, parsePath } from '../values.ts';
import { type Complain, complaints, count, text } from './kit.ts';
import { quotaKeys, toQuota } from './quota.ts';

const POSTGRES_PORT = 5_432;
const LONGEST_TIMEOUT_MS = 30_000;
const LONGEST_REMEMBER_MS = 24 * 60 * 60_000;

export const accountDatabase = z
  .strictObject({
    url: text(parseDatabase, 'postgresql://waxwing@db.example.test/mail', 'sqlite:/var/lib/mail/users.sqlite')
      .optional()
      .describe(
        'Where it is: postgresql://USER@HOST:PORT/DATABASE, where HOST may be the folder of its socket (%2Frun%2Fpostgresql); or sqlite:/PATH, a file that is only read. Default: no database is asked.',
      ),
    query: text(parseQuery, 'SELECT password_hash FROM users WHERE name = $1')
      .optional()
      .describe(
        'Gives the row of the user $1: password_hash, and if you like active, senders, null_sender, check_header_from, tell_outcome, verp and the quotas of [[account]].',
      ),
    password_file: text(parsePath, '/etc/waxwing/database.password')
      .optional()
      .describe('File with our password at PostgreSQL. Default: it asks for none.'),
    tls: z
      .enum(['verify', 'off'])
      .default('verify')
      .describe(
        'To PostgreSQL. verify: the certificate has to name the host, and lead to a public root or one of [tls] ca. off: for this host only. A socket has no TLS.',
      ),
    scram: z
      .boolean()
      .default(false)
      .describe(
        'Whether passwords are stored as SCRAM-SHA-256 verifiers, so that this mechanism is offered.',
      ),
    connections: count(1, 100).default(4).describe('Queries at once.'),
    timeout: text(parseDuration)
      .prefault('5s')
      .describe('For one query, with connecting; then the client is told to come later.'),
    remember: text(parseDuration, '10m')
      .optional()
      .describe(
        'For so long an account that was found stands in for a database that does not answer, even if it was closed meanwhile. Default: not at all.',
      ),
    own_address_only: z
      .boolean()
      .default(false)
      .describe(
        'Whether an account without senders may send as nobody but itself: its user has to be an address then.',
      ),
    ...quotaKeys,
  })
  .prefault({})
  .transform((written, context): AccountDatabaseConfig | null => {
    const complain = complaints(context);
    const { url, query } = written;
    if (url === undefined || query === undefined) {
      if (url !== undefined) complain('query', 'is missing beside url');
      else if (query !== undefined) complain('url', 'is missing beside query');
      return null;
    }
    if (written.timeout > LONGEST_TIMEOUT_MS) complain('timeout', 'must be 30s at most');
    const rememberMs = written.remember ?? 0;
    if (rememberMs > LONGEST_REMEMBER_MS) complain('remember', 'must be 1d at most');
    return {
      place: placeOf(url, written.password_file ?? null, written.tls, complain),
      query,
      scram: written.scram,
      connections: written.connections,
      withinMs: written.timeout,
      rememberMs,
      ownAddressOnly: written.own_address_only,
      quota: toQuota(written),
    };
  })
  .describe('Accounts in a database, which is asked about users who stand neither here nor in a file.');

type PostgresPlace = Extract<AccountDatabasePlace, { kind: 'postgresql' }>;
type Place =
  | Exclude<AccountDatabasePlace, PostgresPlace>
  | Pick<PostgresPlace, 'kind' | 'host' | 'port' | 'database' | 'user'>;

function placeOf(
  place: Place,
  passwordFile: string | null,
  tls: 'verify' | 'off',
  complain: Complain,
): AccountDatabasePlace {
  if (place.kind === 'sqlite') {
    if (passwordFile !== null)
      complain('password_file', 'is for PostgreSQL; a file of SQLite has no password');
    return place;
  }
  const { host } = place;
  if (host.kind === 'folder') return { ...place, passwordFile, tls: 'off' };
  if (tls === 'off' && !isHere(host))
    complain('tls', 'is "off" for another host: whoever is on the path reads hashes, and writes them');
  return { ...place, passwordFile, tls };
}

function isHere(host: Host): boolean {
  return host.kind === 'ip' ? isLoopback(host.address) : host.name === 'localhost';
}

const LIKE = 'postgresql://waxwing@db.example.test/mail or sqlite:/var/lib/mail/users.sqlite';

/** Nothing of it is quoted where it is wrong: there may be a password in it. */
function parseDatabase(written: string): Parsed<Place> {
  const [, path] = /^sqlite:(?:\/\/)?(\/[^\0]+)$/.exec(written) ?? [];
  if (path !== undefined) return { kind: 'ok', value: { kind: 'sqlite', path } };
  const url = URL.parse(written);
  if (url?.protocol !== 'postgresql:' && url?.protocol !== 'postgres:')
    return invalid(`is not a URL such as ${LIKE}`);
  if (url.password !== '') return invalid('holds a password, which would stand in logs: use password_file');
  if (url.search !== '' || url.hash !== '') return invalid('has a part behind ? or #, which is not used');
  const [user, database, server] = [url.username, url.pathname.slice(1), url.hostname].map(decoded);
  if (user === undefined || user === '') return invalid('does not say who we are to PostgreSQL: USER@HOST');
  if (database === undefined || database === '' || server === undefined)
    return invalid('does not say which database: HOST/DATABASE');
  const host = hostOf(server);
  if (host.kind === 'invalid') return host;
  const port = url.port === '' ? POSTGRES_PORT : Number(url.port);
  return { kind: 'ok', value: { kind: 'postgresql', host: host.value, port, database, user } };
}

function hostOf(server: string): Parsed<PostgresPlace['host']> {
  if (server.startsWith('/')) return { kind: 'ok', value: { kind: 'folder', path: server } };
  return parseHost(server);
}

/** undefined: it is no text. */
function decoded(part: string): string | undefined {
  try {
    const plain = decodeURIComponent(part);
    return plain.includes('\0') ? undefined : plain;
  } catch {
    return undefined;
  }
}

/** Without the user in it everybody would have the first account that comes. */
function parseQuery(written: string): Parsed<string> {
  const numbers = written.match(/\$[0-9]+/g) ?? [];
  return numbers.length > 0 && numbers.every((number) => number === '$1') && !written.includes('\0')
    ? { kind: 'ok', value: written }
    : invalid('has to ask about the user, for whom $1 stands, and about nothing else by such a number');
}

function invalid(because: string): { readonly kind: 'invalid'; readonly because: string } {
  return { kind: 'invalid', because };
}
