/** From `[account_database]` to the directory that the relay looks accounts up in. */
import { type ConnectionOptions, rootCertificates } from 'node:tls';
import type { Host } from '../names/address.ts';
import { anyRights } from '../relay/accounts.ts';
import type { DirectorySettings } from '../relay/directory.ts';
import type { AccountRows } from '../store/account-rows.ts';
import type { PostgresSource } from '../store/postgres-accounts.ts';
import { sqliteAccounts } from '../store/sqlite-accounts.ts';
import { proveIdentity } from '../tls/identity.ts';
import type { AccountDatabaseConfig } from './config/config.ts';
import { parseMailboxPattern } from './config/values.ts';

/** @param roots beside the public ones, PEM. */
export function directoryOf(
  database: AccountDatabaseConfig,
  password: string | null,
  roots: readonly string[],
): DirectorySettings {
  const { scram, connections, withinMs, rememberMs, ownAddressOnly, quota } = database;
  return {
    open: () => rowsOf(database, password, roots),
    scram,
    connections,
    withinMs,
    rememberMs,
    ownAddressOnly,
    rights: { ...anyRights, quota },
    parseSender: parseMailboxPattern,
  };
}

function rowsOf(
  { place, query }: AccountDatabaseConfig,
  password: string | null,
  roots: readonly string[],
): AccountRows {
  if (place.kind === 'sqlite') return sqliteAccounts({ path: place.path, query });
  const { host, port, database, user, tls } = place;
  const where = { port, database, user, password, query };
  if (host.kind === 'folder') return lateRows({ ...where, host: host.path, tls: null });
  return lateRows({
    ...where,
    host: host.kind === 'name' ? host.name : host.address,
    tls: tls === 'off' ? null : tlsTo(host, roots),
  });
}

/** The driver is loaded with the first look-up: it takes 14 MB in each process, which whoever has no database keeps. */
function lateRows(source: PostgresSource): AccountRows {
  let opened: Promise<AccountRows> | undefined;
  let closed = false;
  async function open(): Promise<AccountRows> {
    const { postgresAccounts } = await import('../store/postgres-accounts.ts');
    const rows = postgresAccounts(source);
    if (closed) rows.close();
    return rows;
  }
  return {
    async find(user, signal) {
      opened ??= open();
      return (await opened).find(user, signal);
    },
    close() {
      closed = true;
      void opened?.then((rows) => rows.close());
    },
  };
}

/** The certificate has to name the host, by the rules that hold everywhere here: Node's own accept more. */
function tlsTo(host: Host, roots: readonly string[]): ConnectionOptions {
  return {
    ca: [...rootCertificates, ...roots],
    minVersion: 'TLSv1.2',
    // Else a variable of the environment (NODE_TLS_REJECT_UNAUTHORIZED) decides it for all of a process.
    rejectUnauthorized: true,
    checkServerIdentity(_, { raw }) {
      const reference =
        host.kind === 'name'
          ? ({ kind: 'name', name: host.name } as const)
          : ({ kind: 'ip', address: host.address } as const);
      if (proveIdentity(raw, [reference]).kind === 'proved') return undefined;
      return new Error('the certificate of the server is not for its name');
    },
  };
}
