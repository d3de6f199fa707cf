import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { findApiKey, parseApiKeyHash } from '../../../../src/relay/http-api/api-key.ts';
import { isPassword, parsePasswordHash } from '../../../../src/relay/password.ts';
import { waxwing } from '../control-peer.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-config-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe('config init', { concurrency: 4 }, () => {
  it('writes a file that passes config check, and never overwrites one', async () => {
    const file = join(folder, 'init.toml');
    assert.deepEqual((await waxwing(['config', 'init', '--output', file])).code, 0);
    const written = readFileSync(file, 'utf8');
    assert.equal((await waxwing(['config', 'init'])).stdout, written);
    const check = await waxwing(['config', 'check', '--config', file]);
    assert.deepEqual([check.code, check.stdout], [0, `${file}: ok\n`]);

    writeFileSync(file, 'mine');
    const again = await waxwing(['config', 'init', '--output', file]);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /^error: EEXIST/);
    assert.equal(readFileSync(file, 'utf8'), 'mine');
  });
});

describe('config check', { concurrency: 4 }, () => {
  it('finds that this host has no such user, as serve would', async () => {
    const file = write('user.toml', 'user = "waxwing-nobody-has"\nhostname = "relay.test"\n');
    const run = await waxwing(['config', 'check', '--config', file]);
    assert.deepEqual([run.code, run.stdout], [1, '']);
    assert.equal(run.stderr, `${file}:1: user: this host has no user waxwing-nobody-has\n`);
  });
  it('is content with a user that there is', async () => {
    const file = write('nobody.toml', 'user = "nobody"\nhostname = "relay.test"\n');
    const run = await waxwing(['config', 'check', '--config', file]);
    assert.deepEqual([run.code, run.stdout], [0, `${file}: ok\n`]);
  });
  const broken = write('broken.toml', 'hostname = 5\n[relay]\nretires = []\n');

  it('prints every error with its origin and path, and exits with 1', async () => {
    const run = await waxwing(['config', 'check', '--config', broken], '', { WAXWING_DATA: '' });
    assert.deepEqual([run.code, run.stdout], [1, '']);
    assert.deepEqual(run.stderr.split('\n'), [
      `${broken}:1: hostname: must be text in quotes`,
      'WAXWING_DATA: data: "" is not a path',
      `${broken}:3: relay.retires: is not a key; did you mean relay.retry?`,
      '',
    ]);
  });

  it('prints the same as JSON', async () => {
    const run = await waxwing(['config', 'check', '--config', broken, '--json']);
    assert.deepEqual([run.code, run.stderr], [1, '']);
    assert.deepEqual(JSON.parse(run.stdout), {
      errors: [
        { path: 'hostname', origin: `${broken}:1`, message: 'must be text in quotes' },
        { path: 'relay.retires', origin: `${broken}:3`, message: 'is not a key; did you mean relay.retry?' },
      ],
      warnings: [],
    });
  });

  it('looks at the files that are named', async () => {
    const run = await waxwing([
      'config',
      'check',
      '--config',
      write('ca.toml', ''),
      '--ca',
      join(folder, 'none.pem'),
    ]);
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^--ca: tls\.ca: cannot be read: ENOENT/m);
  });

  it('passes with warnings, which go to stderr', async () => {
    const file = write('warn.toml', 'hostname = "a.test"\n[[route]]\nmatch = "*"\nnames = ["b.test"]\n');
    const run = await waxwing(['config', 'check', '--config', file]);
    assert.deepEqual([run.code, run.stdout], [0, `${file}: ok\n`]);
    assert.equal(run.stderr, 'warning: route[0].names: is not used, the TLS level is may\n');
  });
});

describe('config show', { concurrency: 4 }, () => {
  const file = write('show.toml', 'hostname = "a.test"\n[relay]\nretry = ["2m"]\n');

  it('shows what was set and where', async () => {
    const run = await waxwing(
      ['config', 'show', '--config', file, '--resolver', '::1', '--resolver', '127.0.0.1'],
      '',
      { WAXWING_RELAY_TLS: 'encrypt' },
    );
    assert.equal(run.code, 0);
    assert.deepEqual(
      run.stdout.split('\n').map((line) => line.split(/ {2,}/)),
      [
        ['hostname', '"a.test"', `${file}:1`],
        ['dns.resolver', '["::1","127.0.0.1"]', '--resolver'],
        ['relay.tls', '"encrypt"', 'WAXWING_RELAY_TLS'],
        ['relay.retry', '["2m"]', `${file}:3`],
        [''],
      ],
    );
  });

  it('--effective shows the defaults too, as JSON where it is asked for', async () => {
    const run = await waxwing(['config', 'show', '--effective', '--json', '--config', file, '--data', '/d']);
    assert.deepEqual([run.code, run.stderr], [0, '']);
    const printed: readonly { path: string }[] = JSON.parse(run.stdout);
    const values = new Map(printed.map(({ path, ...rest }) => [path, rest]));
    assert.deepEqual(values.get('events.file'), { value: '/d/events.ndjson', origin: 'default' });
    assert.deepEqual(values.get('tls.cert'), { value: null, origin: 'default' });
    assert.deepEqual(values.get('listener[1].require_tls'), { value: true, origin: 'default' });
    assert.deepEqual(values.get('relay.give_up_after'), { value: '5d', origin: 'default' });
  });

  it('of a broken configuration shows its errors and exits with 1', async () => {
    const run = await waxwing(['config', 'show', '--config', join(folder, 'nowhere.toml')]);
    assert.deepEqual([run.code, run.stdout], [1, '']);
    assert.match(run.stderr, /^--config: there is no file /);
  });
});

it('config schema prints the JSON Schema', async () => {
  const run = await waxwing(['config', 'schema']);
  assert.equal(run.code, 0);
  assert.equal(JSON.parse(run.stdout).properties.relay.properties.smtp_port.maximum, 65_535);
});

it('config api-key prints a new key each time, and its hash as [[api_key]] takes it', async () => {
  const [one, other] = await Promise.all([waxwing(['config', 'api-key']), waxwing(['config', 'api-key'])]);
  assert.deepEqual([one.code, one.stderr], [0, '']);
  assert.notEqual(one.stdout, other.stdout);
  const [, key = '', hash = ''] = /^key: +(\S+)\nkey_hash: (\S+)\n$/.exec(one.stdout) ?? [];
  const parsed = parseApiKeyHash(hash);
  assert.ok(parsed.kind === 'ok', one.stdout);
  const made = { name: 'shop', hash: parsed.value, scopes: [], senders: null, requestsPerMinute: 1 };
  assert.equal(findApiKey(key, [made]), made);
});

describe('config hash', { concurrency: 3 }, () => {
  for (const [option, kind] of [
    [[], 'argon2'],
    [['--scrypt'], 'scrypt'],
    [['--scram'], 'scram'],
  ] as const) {
    it(`${option.join('')} prints a hash of the password on stdin, as an account takes it`, async () => {
      const run = await waxwing(['config', 'hash', ...option], 'gehe1m\n');
      assert.deepEqual([run.code, run.stderr], [0, '']);
      const parsed = parsePasswordHash(run.stdout.replace(/\n$/, ''));
      assert.ok(parsed.kind === 'ok', run.stdout);
      assert.equal(parsed.value.kind, kind);
      assert.equal(await isPassword('gehe1m', parsed.value), true);
    });
  }

  it('exits with 1 where there is no password', async () => {
    const run = await waxwing(['config', 'hash']);
    assert.deepEqual([run.code, run.stdout], [1, '']);
    assert.match(run.stderr, /^error: what was entered is not a password/);
  });
});
