import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readFiles } from '../../../../../src/cli/config/files.ts';
import { noQuota } from '../../../../../src/relay/quotas.ts';
import { configOf, errorsOf, folder, good, load } from '../support.ts';

const table = (url: string, rest = ''): string =>
  `[account_database]\nurl = "${url}"\nquery = "SELECT password_hash FROM users WHERE name = $1"\n${rest}\n`;
const place = (url: string, rest = '') => configOf(table(url, rest)).accountDatabase?.place;
const faults = (toml: string): readonly string[] =>
  errorsOf(load(toml)).map(({ path, message }) => `${path}: ${message}`);

describe('[account_database]', () => {
  it('is asked nothing unless it is said where it is', () =>
    assert.equal(configOf('').accountDatabase, null));

  it('is a PostgreSQL over verified TLS', () => {
    assert.deepEqual(configOf(table('postgresql://waxwing@db.example.test/mail')).accountDatabase, {
      place: {
        kind: 'postgresql',
        host: { kind: 'name', name: 'db.example.test' },
        port: 5_432,
        database: 'mail',
        user: 'waxwing',
        passwordFile: null,
        tls: 'verify',
      },
      query: 'SELECT password_hash FROM users WHERE name = $1',
      scram: false,
      connections: 4,
      withinMs: 5_000,
      rememberMs: 0,
      ownAddressOnly: false,
      quota: noQuota,
    });
  });

  it('may be at an address, at another port, or behind a socket, which has no TLS', () => {
    const at = { kind: 'postgresql', database: 'm/x', user: 'a@b', passwordFile: null } as const;
    assert.deepEqual(place('postgres://a%40b@[2001:db8::1]:6432/m%2Fx'), {
      ...at,
      host: { kind: 'ip', address: '2001:db8::1' },
      port: 6_432,
      tls: 'verify',
    });
    assert.deepEqual(place('postgresql://a%40b@%2Frun%2Fpostgresql/m%2Fx'), {
      ...at,
      host: { kind: 'folder', path: '/run/postgresql' },
      port: 5_432,
      tls: 'off',
    });
    for (const host of ['localhost', '127.0.0.1', '[::1]'])
      assert.equal(place(`postgresql://a@${host}/m`, 'tls = "off"')?.kind, 'postgresql');
  });

  it('may be a file of SQLite', () => {
    for (const url of ['sqlite:/var/lib/mail/users.db', 'sqlite:///var/lib/mail/users.db'])
      assert.deepEqual(place(url), { kind: 'sqlite', path: '/var/lib/mail/users.db' });
  });

  const refused: readonly (readonly [toml: string, told: RegExp])[] = [
    [table('postgresql://a:secret@db.test/m'), /^account_database\.url: holds a password/],
    [table('mysql://a@db.test/m'), /^account_database\.url: is not a URL such as postgresql:/],
    [table('sqlite:users.db'), /^account_database\.url: is not a URL/],
    [table('postgresql://db.test/m'), /^account_database\.url: does not say who we are/],
    [table('postgresql://a@db.test'), /^account_database\.url: does not say which database/],
    [table('postgresql://a@db.test/m?sslmode=disable'), /^account_database\.url: has a part behind \?/],
    [table('postgresql://a@db.test/%ff'), /^account_database\.url: does not say which database/],
    [table('postgresql://a@db..test/m'), /^account_database\.url: /],
    [table('postgresql://a@db.test/m', 'tls = "off"'), /^account_database\.tls: is "off" for another host/],
    [table('sqlite:/a', 'password_file = "x"'), /^account_database\.password_file: is for PostgreSQL/],
    [table('sqlite:/a', 'timeout = "31s"'), /^account_database\.timeout: must be 30s at most/],
    [table('sqlite:/a', 'remember = "2d"'), /^account_database\.remember: must be 1d at most/],
    ['[account_database]\nurl = "sqlite:/a"', /^account_database\.query: is missing beside url/],
    ['[account_database]\nquery = "SELECT $1"', /^account_database\.url: is missing beside query/],
  ];
  for (const [toml, told] of refused)
    it(`is refused: ${told.source}`, () => {
      const [first] = faults(toml);
      assert.match(first ?? '', told);
      assert.doesNotMatch(first ?? '', /secret/);
    });

  for (const query of ['SELECT 1', 'SELECT $10', 'SELECT $1, $2'])
    it(`takes no query without exactly the user in it: ${query}`, () => {
      const found = faults(`[account_database]\nurl = "sqlite:/a"\nquery = "${query}"`);
      assert.match(found.join(), /has to ask about the user/);
    });

  it('needs a listener at which anybody can log in', () => {
    const mx =
      '[[listener]]\nrole = "mx"\naddress = "127.0.0.1:25"\n[[domain]]\nname = "a.test"\nbackend = "lmtp://127.0.0.1:24"\n';
    assert.match(faults(mx + table('sqlite:/a')).join('\n'), /account_database\.query: nobody can log in/);
  });

  it('has the password of its file, and says what is wrong with that', async () => {
    writeFileSync(join(folder, 'database.password'), 'pencil\n');
    const read = async (file: string) => {
      const loaded = good(load(table('postgresql://a@db.test/m', `password_file = "${file}"`)));
      return readFiles(loaded.config, loaded.effective, Date.now());
    };
    assert.equal((await read('database.password')).files?.databasePassword, 'pencil');
    const [error] = (await read('none')).errors;
    assert.equal(error?.path, 'account_database.password_file');
  });
});
