import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readFiles } from '../../../src/cli/config/files.ts';
import { type LoadedConfig, loadConfig } from '../../../src/cli/config/load.ts';
import { type Running, reload } from '../../../src/cli/reload.ts';
import { createAuthority } from '../../support/certificates.ts';
import { file, folder, good, host, load, route } from './config/support.ts';

const authority = await createAuthority();
const NOW = Date.now();
const DAY_MS = 86_400_000;

async function runningOn(toml: string): Promise<Running> {
  const { config, effective } = good(load(toml));
  const { files, errors } = await readFiles(config, effective, NOW);
  assert.ok(files !== undefined, JSON.stringify(errors));
  return { config, files, effective };
}

interface Reloaded {
  readonly before: Running;
  readonly after: Running;
  readonly applied: readonly Running[];
  readonly log: readonly string[];
}

/** From one configuration to another, which may be put in force or not. */
async function change(
  from: string,
  to: string,
  fails?: string,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<Reloaded> {
  const before = await runningOn(from);
  await between();
  writeFileSync(file, to);
  const applied: Running[] = [];
  const log: string[] = [];
  const put = (level: string) => (what: unknown) => void log.push(`${level}: ${String(what)}`);
  const after = await reload(before, {
    load: (): LoadedConfig => loadConfig({ file, env: {}, flags: {} }, host),
    now: () => NOW,
    apply: (next) => {
      applied.push(next);
      return fails === undefined ? Promise.resolve() : Promise.reject(new Error(fails));
    },
    log: { info: put('info'), warn: put('warn'), error: put('error') },
  });
  return { before, after, applied, log };
}

async function certificate(name: string, notAfter: number): Promise<void> {
  const { certPem, keyPem } = await authority.issue({
    names: ['relay.test'],
    notBefore: new Date(NOW - 9 * DAY_MS),
    notAfter: new Date(notAfter),
  });
  writeFileSync(join(folder, `${name}.pem`), certPem);
  writeFileSync(join(folder, `${name}.key`), keyPem);
}

const tls = (name: string): string => `[tls]\ncert = "${name}.pem"\nkey = "${name}.key"\n`;
const host1 = 'hostname = "a.test"\n';

describe('a configuration that is right', () => {
  it('is put in force, and the log says so', async () => {
    const { after, applied, log } = await change(
      host1,
      `${host1}${route('match = "b.test"\nto = "smtp://c.test"')}`,
    );
    assert.deepEqual(log, ['info: the configuration was reloaded']);
    assert.deepEqual(applied, [after]);
    assert.equal(after.config.routes.length, 1);
    assert.equal(after.files.routes.length, 1);
  });

  it('has its warnings in the log', async () => {
    const { log } = await change(host1, `${host1}${route('match = "b.test"\nnames = ["c.test"]')}`);
    assert.deepEqual(log, [
      'warn: route[0].names: is not used, the TLS level is may',
      'info: the configuration was reloaded',
    ]);
  });

  it('keeps what takes a restart as it was, names it, and changes all else', async () => {
    const to = 'hostname = "b.test"\ndata = "/other"\n[events]\nfile = "-"\n[relay]\nmax_hops = 30\n';
    const { before, after, log } = await change(host1, to);
    assert.deepEqual(
      log.map((line) => /^\w+: \S+/.exec(line)?.[0]),
      ['warn: hostname', 'warn: data', 'warn: events', 'warn: sendmail.spool', 'info: the'],
    );
    assert.equal(after.config.relay.maxHops, 30);
    const { hostname, dataFolder, events, spool } = before.config;
    assert.deepEqual(after.config, { ...after.config, hostname, dataFolder, events, spool });
  });
});

describe('everything stays as it was', () => {
  const refused = 'error: the configuration was not reloaded: everything stays as it was';

  it('where the new configuration is wrong: each mistake is in the log', async () => {
    const { before, after, applied, log } = await change(host1, 'hostname = 5\n[relay]\ntls = "x"\n');
    assert.equal(after, before);
    assert.deepEqual(applied, []);
    assert.deepEqual(log, [
      `error: ${file}:1: hostname: must be text in quotes`,
      `error: ${file}:3: relay.tls: must be "off" or "may" or "encrypt" or "authenticate"`,
      refused,
    ]);
  });

  it('where a file that it names cannot be read', async () => {
    const { before, after, log } = await change(host1, `${host1}[tls]\nca = "none.pem"\n`);
    assert.equal(after, before);
    assert.match(log.join('\n'), /^error: .*waxwing\.toml:3: tls\.ca: cannot be read: ENOENT/);
    assert.equal(log.at(-1), refused);
  });

  it('where it brings a certificate that is out of date', async () => {
    await certificate('right', NOW + DAY_MS);
    await certificate('wrong', NOW - DAY_MS);
    const { before, after, log } = await change(host1 + tls('right'), host1 + tls('wrong'));
    assert.equal(after, before);
    assert.match(log[0] ?? '', /tls\.cert: .*wrong\.pem expired at /);
    assert.equal(log.at(-1), refused);
  });

  it('where it cannot be put in force', async () => {
    const { before, after, log } = await change(host1, host1, 'listen EADDRINUSE');
    assert.equal(after, before);
    assert.deepEqual(log, ['error: the new configuration cannot be put in force: listen EADDRINUSE']);
  });
});

it('a certificate that ran out while in use keeps no other change back', async () => {
  await certificate('right', NOW - DAY_MS);
  const { after, log } = await change(
    host1 + tls('right'),
    `${host1}${tls('right')}[relay]\nmax_hops = 30\n`,
  );
  assert.equal(after.config.relay.maxHops, 30);
  assert.match(log[0] ?? '', /^warn: tls\.cert: .*right\.pem expired at /);
});
