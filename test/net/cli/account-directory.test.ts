/** The directory that `[account_database]` means: whom it believes, and that a login works with what it finds. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it, type TestContext } from 'node:test';
import { directoryOf } from '../../../src/cli/account-directory.ts';
import type { AccountDatabaseConfig, AccountDatabasePlace } from '../../../src/cli/config/config.ts';
import { parseHost } from '../../../src/names/address.ts';
import { openAccounts, openLoginDesk } from '../../../src/relay/accounts.ts';
import { openDirectory } from '../../../src/relay/directory.ts';
import { hashPassword } from '../../../src/relay/password.ts';
import { noQuota } from '../../../src/relay/quotas.ts';
import { createAuthority } from '../../support/certificates.ts';
import { postgresServer } from '../store/postgres-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-directory-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const hash = await hashPassword('sesame', 'scrypt', (octets) => new Uint8Array(octets).fill(7));
const authority = await createAuthority();

function configOf(place: AccountDatabasePlace): AccountDatabaseConfig {
  return {
    place,
    query: 'SELECT password_hash FROM users WHERE name = $1',
    scram: false,
    connections: 1,
    withinMs: 2_000,
    rememberMs: 0,
    ownAddressOnly: false,
    quota: { ...noQuota, messagesPerHour: 7 },
  };
}

/** What a login as anna with that password comes to, and what the log says. */
async function loginAt(place: AccountDatabasePlace, password = 'sesame') {
  const told: string[] = [];
  const settings = directoryOf(configOf(place), 'secret', [authority.certPem]);
  const directory = openDirectory(settings, { now: Date.now, onOddity: (what) => told.push(what) });
  const verdict = await openAccounts([], openLoginDesk(), directory).check('anna', password);
  directory.close();
  return { verdict, told: told.join() };
}

describe('a directory in PostgreSQL', () => {
  async function at(t: TestContext, host: string, names: readonly string[], cn = names[0]) {
    const certificate = await authority.issue({ names: [...names], ...(cn === undefined ? {} : { cn }) });
    const server = await postgresServer({ certificate, rows: [hash] });
    t.after(() => server.close());
    const parsed = parseHost(host);
    if (parsed.kind === 'invalid') assert.fail(parsed.because);
    return loginAt({
      kind: 'postgresql',
      host: parsed.value,
      port: server.port,
      database: 'mail',
      user: 'waxwing',
      passwordFile: null,
      tls: 'verify',
    });
  }

  it('lets in whom a server knows that has proved its name, with the rights of the table', async (t) => {
    const { verdict } = await at(t, 'localhost', ['localhost']);
    assert.equal(verdict.kind === 'yes' && verdict.rights.quota.messagesPerHour, 7);
  });

  it('does not believe a certificate for localhost at an address, nor a common name (RFC 9525 §6)', async (t) => {
    for (const { verdict, told } of [
      await at(t, '127.0.0.1', ['localhost']),
      await at(t, 'localhost', [], 'localhost'),
      await at(t, 'localhost', ['other.test']),
    ]) {
      assert.equal(verdict.kind, 'unknown');
      assert.match(told, /PostgreSQL: the certificate of the server is not for its name/);
    }
  });
});

it('a directory in PostgreSQL is believed by its certificate only, whatever the environment says', async (t) => {
  t.after(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  const stranger = await createAuthority();
  const certificate = await stranger.issue({ names: ['localhost'], cn: 'localhost' });
  const server = await postgresServer({ certificate, rows: [hash] });
  t.after(() => server.close());
  const parsed = parseHost('localhost');
  if (parsed.kind === 'invalid') assert.fail(parsed.because);
  const { port } = server;
  const { verdict } = await loginAt({
    kind: 'postgresql',
    host: parsed.value,
    port,
    database: 'mail',
    user: 'waxwing',
    passwordFile: null,
    tls: 'verify',
  });
  assert.equal(verdict.kind, 'unknown');
});

describe('a directory in SQLite', () => {
  it('lets in who is there, and nobody else', async () => {
    const path = join(folder, 'users.db');
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE users (name TEXT, password_hash TEXT)');
    database.prepare('INSERT INTO users VALUES (?, ?)').run('anna', hash);
    assert.equal((await loginAt({ kind: 'sqlite', path })).verdict.kind, 'yes');
    assert.equal((await loginAt({ kind: 'sqlite', path }, 'Sesame')).verdict.kind, 'no');
    assert.equal((await loginAt({ kind: 'sqlite', path: `${path}.none` })).verdict.kind, 'unknown');
  });
});
