/**
 * Accounts in PostgreSQL.
 *
 * The package `pg` brings TLS up by itself (SSLRequest). It takes no octet that came before TLS for one from inside it,
 * and goes on in clear for nobody (CVE-2021-23222; test/net/store/postgres-accounts.test.ts tries both).
 */
import { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { Client, DatabaseError, Query } from 'pg';
import { type AccountRow, type AccountRows, MOST_ROWS } from './account-rows.ts';
import { StoreError } from './store-error.ts';

export interface PostgresSource {
  /** A name, an address, or the folder in which its socket is. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** null: the server asks for none. */
  readonly password: string | null;
  /** null: in clear. */
  readonly tls: ConnectionOptions | null;
  /** `$1` stands for the user. */
  readonly query: string;
}

/** A connection that nobody uses is closed after that long, so that a server that is stopped waits for nobody. */
const IDLE_MS = 30_000;

/** As many connections as there are queries at once; one that is free is used again. */
export function postgresAccounts(source: PostgresSource): AccountRows {
  const idle = new Set<Connection>();
  let closed = false;

  function keep(connection: Connection): void {
    if (closed || connection.isOver()) return connection.end();
    idle.add(connection);
    const timer = setTimeout(() => {
      idle.delete(connection);
      connection.end();
    }, IDLE_MS);
    timer.unref();
    connection.onTaken = () => clearTimeout(timer);
  }

  function take(): Connection | undefined {
    for (const connection of idle) {
      idle.delete(connection);
      connection.onTaken();
      if (!connection.isOver()) return connection;
    }
    return undefined;
  }

  /** A connection that was free may be one to a server that is gone: it has one more try, on a new one. */
  async function find(user: string, signal: AbortSignal): Promise<readonly AccountRow[]> {
    const free = take();
    if (free === undefined) return use(await connect(source, signal), user, signal);
    try {
      return await use(free, user, signal);
    } catch (error) {
      if (signal.aborted || !free.isOver()) throw error;
      return use(await connect(source, signal), user, signal);
    }
  }

  async function use(
    connection: Connection,
    user: string,
    signal: AbortSignal,
  ): Promise<readonly AccountRow[]> {
    try {
      return await connection.ask(user, signal);
    } finally {
      keep(connection);
    }
  }

  return {
    async find(user, signal) {
      try {
        signal.throwIfAborted();
        return await find(user, signal);
      } catch (error) {
        throw shaped(error, signal);
      }
    },
    close() {
      closed = true;
      for (const connection of idle) {
        connection.onTaken();
        connection.end();
      }
      idle.clear();
    },
  };
}

interface Connection {
  ask(user: string, signal: AbortSignal): Promise<readonly AccountRow[]>;
  isOver(): boolean;
  end(): void;
  /** Called when it is free no longer. */
  onTaken: () => void;
}

async function connect(source: PostgresSource, signal: AbortSignal): Promise<Connection> {
  const { query, tls, password, ...where } = source;
  const socket = new Socket();
  const client = new Client({
    ...where,
    // Given none it would look for one in the environment and in a file of its own.
    password: password ?? (() => ''),
    ssl: tls ?? false,
    application_name: 'waxwing',
    stream: () => socket,
  });
  let over = false;
  /** An error while nobody waits: the connection is gone, which the next query finds. */
  client.on('error', () => end());
  client.on('end', () => {
    over = true;
  });
  function end(): void {
    over = true;
    // What is under way is rejected by this; a server that hangs is not waited for.
    socket.destroy();
  }
  async function within<Result>(
    step: () => Promise<Result>,
    until: AbortSignal,
    survives: (error: unknown) => boolean,
  ): Promise<Result> {
    until.addEventListener('abort', end, { once: true });
    try {
      until.throwIfAborted();
      return await step();
    } catch (error) {
      if (!survives(error)) end();
      throw error;
    } finally {
      until.removeEventListener('abort', end);
    }
  }
  await within(
    () => client.connect(),
    signal,
    () => false,
  );
  return {
    ask: (user, until) => within(() => rowsOf(client, query, user, end), until, isOfQuery),
    isOver: () => over,
    end,
    onTaken: () => undefined,
  };
}

/** @param end ends the connection: nobody wants more than two rows, however many a query without a condition has. */
function rowsOf(client: Client, text: string, user: string, end: () => void): Promise<readonly AccountRow[]> {
  return new Promise((resolve, reject) => {
    const rows: AccountRow[] = [];
    const query = new Query<AccountRow>({ text, values: [user] });
    query.on('row', (row) => {
      // What has come already goes on being read.
      if (rows.length === MOST_ROWS) return;
      rows.push(row);
      if (rows.length < MOST_ROWS) return;
      resolve(rows);
      end();
    });
    query.on('end', () => resolve(rows));
    query.on('error', reject);
    client.query(query);
  });
}

/** The connection is as good as before; after FATAL the server ends it. */
function isOfQuery(error: unknown): boolean {
  return error instanceof DatabaseError && error.severity === 'ERROR';
}

/** The text of the server or of Node, which names no password; what it adds in other fields may quote a row. */
function shaped(error: unknown, signal: AbortSignal): StoreError {
  if (signal.aborted) return new StoreError('failed', 'PostgreSQL has not answered in time');
  const because = error instanceof Error && error.message !== '' ? error.message : 'no connection';
  return new StoreError('failed', `PostgreSQL: ${because}`, { cause: error });
}
