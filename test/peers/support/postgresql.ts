/** PostgreSQL in a sandbox, and psql. */
import type { Certificate } from '../../support/certificates.ts';
import type { Accounts } from './accounts.ts';
import type { Finished } from './command.ts';
import { freePort } from './ports.ts';
import { hostOf, type Reach, reachable, trustFile } from './reach.ts';
import { runIn, type SandboxOptions } from './sandbox.ts';
import { startServer } from './server.ts';
import { until } from './until.ts';

/** How a PostgreSQL is set up. */
export interface PostgresqlOptions extends SandboxOptions {
  /** An address of 127.0.0.0/8. */
  readonly address?: string;
  /** By default one that is free. */
  readonly port?: number;
  /** Who may log in, by SCRAM-SHA-256; each owns a database of the same name. */
  readonly accounts: Accounts;
  /** With it nobody logs in without TLS; without it there is none. */
  readonly certificate?: Certificate;
}

/** A running PostgreSQL. */
export interface Postgresql {
  readonly address: string;
  readonly port: number;
  /** Its socket of the file system, as the host sees it; always in clear. */
  readonly socket: string;
  log(): string;
  close(): Promise<void>;
}

const logFile = '/var/log/postgresql.log';
const socketFolder = '/run/postgresql';

/** It refuses to run as root. The roles are made before it listens, by its mode for a single user. */
const launch = `
set -e
as() { chroot --userspec=postgres:postgres / "$@"; }
bin=$(echo /usr/lib/postgresql/*/bin)
data=/var/lib/postgresql/data
mkdir -p $data ${socketFolder}
chown postgres:postgres $data ${socketFolder} /peer/key.pem
chmod 600 /peer/key.pem
: >${logFile}
as $bin/initdb --no-sync --no-locale --encoding=UTF8 --auth=reject -D $data >>${logFile} 2>&1
cp /peer/postgresql.conf /peer/pg_hba.conf $data
as $bin/postgres --single -j -D $data postgres </peer/roles.sql >>${logFile} 2>&1
exec chroot --userspec=postgres:postgres / $bin/postgres -D $data >>${logFile} 2>&1
`;

/** Starts PostgreSQL and waits until it lets users in. */
export async function startPostgresql(root: string, options: PostgresqlOptions): Promise<Postgresql> {
  const address = options.address ?? '127.0.0.1';
  const port = options.port ?? (await freePort(address));
  const { sandbox, log } = await startServer(root, {
    name: 'postgres',
    launch,
    address,
    port,
    logs: [logFile],
    hosts: options.hosts ?? {},
    files: {
      '/peer/postgresql.conf': configuration(address, port, options),
      '/peer/pg_hba.conf': whoMayCome(options.certificate === undefined ? 'host' : 'hostssl'),
      '/peer/roles.sql': Object.entries(options.accounts).map(roleOf).join(''),
      '/peer/cert.pem': options.certificate?.certPem ?? '',
      '/peer/key.pem': options.certificate?.keyPem ?? '',
      ...options.files,
    },
  });
  // It listens before it has looked at its data, and turns clients away until then.
  await until(() => log().includes('ready to accept connections'), log).catch(async (error: unknown) => {
    await sandbox.close();
    throw error;
  });
  return {
    address,
    port,
    socket: sandbox.path(`${socketFolder}/.s.PGSQL.${port}`),
    log,
    close: sandbox.close,
  };
}

function whoMayCome(kind: 'host' | 'hostssl'): string {
  return `${kind} all all 127.0.0.0/8 scram-sha-256\nlocal all all scram-sha-256\n`;
}

function configuration(address: string, port: number, { certificate }: PostgresqlOptions): string {
  const settings: Record<string, string> = {
    listen_addresses: `'${address}'`,
    port: `${port}`,
    unix_socket_directories: `'${socketFolder}'`,
    // The sandbox has no /dev/shm.
    dynamic_shared_memory_type: 'mmap',
    shared_buffers: '16MB',
    fsync: 'off',
    log_connections: 'on',
    ...(certificate === undefined
      ? { ssl: 'off' }
      : { ssl: 'on', ssl_cert_file: "'/peer/cert.pem'", ssl_key_file: "'/peer/key.pem'" }),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

/** A statement ends with an empty line. */
function roleOf([user, password]: readonly [string, string]): string {
  const secret = password.replaceAll("'", "''");
  return `CREATE ROLE "${user}" LOGIN PASSWORD '${secret}';\n\nCREATE DATABASE "${user}" OWNER "${user}";\n\n`;
}

/**
 * Runs statements with psql; what they answer is on its standard output, a line for each row.
 *
 * @param more words of its connection string.
 */
export function psql(root: string, reach: Reach, statements: string, more = ''): Promise<Finished> {
  const tls = {
    none: 'sslmode=disable',
    starttls: `sslmode=verify-full sslrootcert=${trustFile}`,
    implicit: `sslmode=verify-full sslrootcert=${trustFile} sslnegotiation=direct`,
  }[reach.tls];
  const { user, password } = reach.login;
  const target = `host=${hostOf(reach)} port=${reach.port} user=${user} dbname=${user} ${tls} ${more}`;
  return runIn(
    root,
    'sh',
    ['-c', 'exec /usr/lib/postgresql/*/bin/psql "$@"', 'sh', '-X', '-A', '-t', '-d', target, '-f', '-'],
    {
      ...reachable(reach),
      input: statements,
      env: { PGPASSWORD: password, PGCONNECT_TIMEOUT: '10', PGGSSENCMODE: 'disable' },
    },
  );
}
