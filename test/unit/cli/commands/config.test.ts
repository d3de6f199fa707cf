import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

const bin = join(import.meta.dirname, '../../../../src/cli/bin.ts');
const folder = mkdtempSync(join(tmpdir(), 'waxwing-config-'));
after(() => rmSync(folder, { recursive: true }));

function waxwing(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [bin, ...args], {
    encoding: 'utf8',
    env: { PATH: '', HOME: folder, ...env },
  });
}

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe('config init', () => {
  it('writes a file that passes config check, and never overwrites one', () => {
    const file = join(folder, 'init.toml');
    assert.deepEqual(waxwing(['config', 'init', '--output', file]).status, 0);
    const written = readFileSync(file, 'utf8');
    assert.equal(waxwing(['config', 'init']).stdout, written);
    const check = waxwing(['config', 'check', '--config', file]);
    assert.deepEqual([check.status, check.stdout], [0, `${file}: ok\n`]);

    writeFileSync(file, 'mine');
    const again = waxwing(['config', 'init', '--output', file]);
    assert.equal(again.status, 1);
    assert.match(again.stderr, /^error: EEXIST/);
    assert.equal(readFileSync(file, 'utf8'), 'mine');
  });
});

describe('config check', () => {
  const broken = write('broken.toml', 'hostname = 5\n[relay]\nretires = []\n');

  it('prints every error with its origin and path, and exits with 1', () => {
    const run = waxwing(['config', 'check', '--config', broken], { WAXWING_DATA: '' });
    assert.deepEqual([run.status, run.stdout], [1, '']);
    assert.deepEqual(run.stderr.split('\n'), [
      `${broken}:1: hostname: must be text in quotes`,
      'WAXWING_DATA: data: "" is not a path',
      `${broken}:3: relay.retires: is not a key; did you mean relay.retry?`,
      '',
    ]);
  });

  it('prints the same as JSON', () => {
    const run = waxwing(['config', 'check', '--config', broken, '--json']);
    assert.deepEqual([run.status, run.stderr], [1, '']);
    assert.deepEqual(JSON.parse(run.stdout), {
      errors: [
        { path: 'hostname', origin: `${broken}:1`, message: 'must be text in quotes' },
        { path: 'relay.retires', origin: `${broken}:3`, message: 'is not a key; did you mean relay.retry?' },
      ],
      warnings: [],
    });
  });

  it('looks at the files that are named', () => {
    const run = waxwing([
      'config',
      'check',
      '--config',
      write('ca.toml', ''),
      '--ca',
      join(folder, 'none.pem'),
    ]);
    assert.equal(run.status, 1);
    assert.match(run.stderr, /^--ca: tls\.ca: cannot be read: ENOENT/m);
  });

  it('passes with warnings, which go to stderr', () => {
    const file = write('warn.toml', 'hostname = "a.test"\n[[route]]\nmatch = "*"\nnames = ["b.test"]\n');
    const run = waxwing(['config', 'check', '--config', file]);
    assert.deepEqual([run.status, run.stdout], [0, `${file}: ok\n`]);
    assert.equal(run.stderr, 'warning: route[0].names: is not used, the TLS level is may\n');
  });
});

describe('config show', () => {
  const file = write('show.toml', 'hostname = "a.test"\n[relay]\nretry = ["2m"]\n');

  it('shows what was set and where', () => {
    const run = waxwing(
      ['config', 'show', '--config', file, '--resolver', '::1', '--resolver', '127.0.0.1'],
      {
        WAXWING_RELAY_TLS: 'encrypt',
      },
    );
    assert.equal(run.status, 0);
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

  it('--effective shows the defaults too, as JSON where it is asked for', () => {
    const run = waxwing(['config', 'show', '--effective', '--json', '--config', file, '--data', '/d']);
    assert.deepEqual([run.status, run.stderr], [0, '']);
    const printed: readonly { path: string }[] = JSON.parse(run.stdout);
    const values = new Map(printed.map(({ path, ...rest }) => [path, rest]));
    assert.deepEqual(values.get('events.file'), { value: '/d/events.ndjson', origin: 'default' });
    assert.deepEqual(values.get('tls.cert'), { value: null, origin: 'default' });
    assert.deepEqual(values.get('listener[1].require_tls'), { value: true, origin: 'default' });
    assert.deepEqual(values.get('relay.give_up_after'), { value: '5d', origin: 'default' });
  });

  it('of a broken configuration shows its errors and exits with 1', () => {
    const run = waxwing(['config', 'show', '--config', join(folder, 'nowhere.toml')]);
    assert.deepEqual([run.status, run.stdout], [1, '']);
    assert.match(run.stderr, /^--config: there is no file /);
  });
});

it('config schema prints the JSON Schema', () => {
  const run = waxwing(['config', 'schema']);
  assert.equal(run.status, 0);
  assert.equal(JSON.parse(run.stdout).properties.relay.properties.smtp_port.maximum, 65_535);
});
