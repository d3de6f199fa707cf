/** MariaDB in a sandbox, and its client. */
import type { Certificate } from '../../support/certificates.ts';
import type { Accounts } from './accounts.ts';
import type { Finished } from './command.ts';
import { freePort } from './ports.ts';
import { hostOf, type Reach, reachable, trustFile } from './reach.ts';
import { runIn, type SandboxOptions } from './sandbox.ts';
import { startServer } from './server.ts';

/** How a MariaDB is set up. */
export interface MariadbOptions extends SandboxOptions {
  /** An address of 127.0.0.0/8. */
  readonly address?: string;
  /** By default one that is free. */
  readonly port?: number;
  /** Who may log in, by mysql_native_password; each owns a database of the same name. */
  readonly accounts: Accounts;
  /** With it nobody logs in over TCP without TLS; without it there is none. */
  readonly certificate?: Certificate;
}

/** A running MariaDB. */
export interface Mariadb {
  readonly address: string;
  readonly port: number;
  /** Its socket of the file system, as the host sees it. */
  readonly socket: string;
  log(): string;
  close(): Promise<void>;
}

const logFile = '/var/log/mariadb.log';
const socketFile = '/run/mysqld/mysqld.sock';

/** Its own mariadb-install-db does the same, and much that nobody needs here. */
const launch = `
set -e
mkdir -p /run/mysqld
mkdir -m 700 /var/lib/mysql
chown mysql:mysql /run/mysqld /var/lib/mysql /peer/key.pem
cd /usr/share/mysql
{
  echo 'CREATE DATABASE mysql;'
  echo 'USE mysql;'
  cat mysql_system_tables.sql mysql_performance_tables.sql mysql_system_tables_data.sql
} | mariadbd --defaults-file=/peer/my.cnf --bootstrap >>${logFile} 2>&1
exec mariadbd --defaults-file=/peer/my.cnf --init-file=/peer/accounts.sql >>${logFile} 2>&1
`;

/** Starts MariaDB and waits until it answers. */
export async function startMariadb(root: string, options: MariadbOptions): Promise<Mariadb> {
  const address = options.address ?? '127.0.0.1';
  const port = options.port ?? (await freePort(address));
  const { sandbox, log } = await startServer(root, {
    name: 'mariadbd',
    launch,
    address,
    port,
    logs: [logFile],
    hosts: options.hosts ?? {},
    files: {
      '/peer/my.cnf': configuration(address, port, options),
      '/peer/accounts.sql': Object.entries(options.accounts).flatMap(accountOf).join('\n'),
      '/peer/cert.pem': options.certificate?.certPem ?? '',
      '/peer/key.pem': options.certificate?.keyPem ?? '',
      ...options.files,
    },
  });
  return { address, port, socket: sandbox.path(socketFile), log, close: sandbox.close };
}

function configuration(address: string, port: number, { certificate }: MariadbOptions): string {
  const settings: Record<string, string> = {
    user: 'mysql',
    datadir: '/var/lib/mysql',
    socket: socketFile,
    'bind-address': address,
    port: `${port}`,
    'skip-name-resolve': 'ON',
    'innodb-log-file-size': '4M',
    'innodb-buffer-pool-size': '16M',
    'innodb-flush-log-at-trx-commit': '0',
    'innodb-use-native-aio': 'OFF',
    ...(certificate === undefined
      ? { ssl: 'OFF' }
      : { 'ssl-cert': '/peer/cert.pem', 'ssl-key': '/peer/key.pem', 'require-secure-transport': 'ON' }),
  };
  return `[mariadbd]\n${Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('')}`;
}

/** Each statement has a line of its own. */
function accountOf([user, password]: readonly [string, string]): readonly string[] {
  const secret = password.replaceAll("'", "''");
  return [
    `CREATE USER '${user}'@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('${secret}');`,
    `CREATE DATABASE \`${user}\`;`,
    `GRANT ALL ON \`${user}\`.* TO '${user}'@'%';`,
  ];
}

/** Runs statements with MariaDB's client; what they answer is on its standard output, a line for each row. */
export function mariadb(
  root: string,
  reach: Omit<Reach, 'tls'> & { tls: 'starttls' | 'none' },
  statements: string,
): Promise<Finished> {
  const { user, password } = reach.login;
  const tls = {
    none: ['--skip-ssl'],
    starttls: ['--ssl', `--ssl-ca=${trustFile}`, '--ssl-verify-server-cert'],
  }[reach.tls];
  return runIn(
    root,
    'mariadb',
    [
      '--no-defaults',
      '--protocol=tcp',
      `--host=${hostOf(reach)}`,
      `--port=${reach.port}`,
      `--user=${user}`,
      '--connect-timeout=10',
      '--batch',
      '--skip-column-names',
      ...tls,
      user,
    ],
    { ...reachable(reach), input: statements, env: { MYSQL_PWD: password } },
  );
}
