import assert from 'node:assert/strict';
import { KeyObject, webcrypto } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { ConfigError } from '../../../../src/cli/config/config.ts';
import { checkFiles, type FileFaults } from '../../../../src/cli/config/files.ts';
import { loadConfig } from '../../../../src/cli/config/load.ts';

// The library's dependency injection needs this to be there first.
await import('reflect-metadata');
const { X509CertificateGenerator } = await import('@peculiar/x509');

const folder = mkdtempSync(join(tmpdir(), 'waxwing-files-'));
after(() => rmSync(folder, { recursive: true }));

const START = Date.UTC(2026, 0, 1);
const END = Date.UTC(2027, 0, 1);
const NOW = Date.UTC(2026, 6, 1);

async function issue(): Promise<{ cert: string; key: string; encryptedKey: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    keys,
    name: 'CN=relay.example.test',
    notBefore: new Date(START),
    notAfter: new Date(END),
    signingAlgorithm: algorithm,
  });
  const key = KeyObject.from(keys.privateKey);
  return {
    cert: `${certificate.toString('pem')}\n`,
    key: key.export({ type: 'pkcs8', format: 'pem' }),
    encryptedKey: key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' }),
  };
}

const one = await issue();
const other = await issue();

function check(files: Readonly<Record<string, string | undefined>>, now = NOW): FileFaults {
  const lines = Object.entries(files).map(([name, content]) => {
    if (content !== undefined) writeFileSync(join(folder, `${name}.pem`), content);
    return `${name} = "${content === undefined ? 'none' : name}.pem"`;
  });
  const file = join(folder, 'waxwing.toml');
  writeFileSync(file, ['[tls]', ...lines].join('\n'));
  const loaded = loadConfig({ file, env: {}, flags: {} });
  assert.equal(loaded.kind, 'ok', JSON.stringify(loaded));
  return checkFiles(loaded.config, loaded.effective, now);
}

function assertOne([error, ...others]: readonly ConfigError[], path: string, message: RegExp): void {
  assert.equal(error?.path, path);
  assert.match(error.message, message);
  assert.match(error.origin, /waxwing\.toml:[0-9]$/);
  assert.deepEqual(others, []);
}

describe('the files of a configuration', () => {
  it('are right where the key fits the first certificate, which is in date', () => {
    const right = { errors: [], outOfDate: [] };
    assert.deepEqual(check({ cert: one.cert + other.cert, key: one.key, ca: other.cert }), right);
    assert.deepEqual(check({ cert: one.cert, key: one.key }, START), right);
    assert.deepEqual(check({ cert: one.cert, key: one.key }, END), right);
  });

  const damaged = one.cert.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
  const cases: readonly (readonly [why: string, Parameters<typeof check>, path: string, message: RegExp])[] =
    [
      [
        'a key of another certificate',
        [{ cert: one.cert, key: other.key }],
        'tls.key',
        /is not the key of the first certificate/,
      ],
      [
        'a chain in the wrong order',
        [{ cert: other.cert + one.cert, key: one.key }],
        'tls.key',
        /is not the key/,
      ],
      ['no certificate file', [{ cert: undefined, key: one.key }], 'tls.cert', /cannot be read: ENOENT/],
      ['no key file', [{ cert: one.cert, key: undefined }], 'tls.key', /cannot be read: ENOENT/],
      ['no file of roots', [{ ca: undefined }], 'tls.ca', /cannot be read: ENOENT/],
      ['roots that are a key', [{ ca: one.key }], 'tls.ca', /holds no PEM certificate$/],
      ['a damaged certificate', [{ ca: one.cert + damaged }], 'tls.ca', /^certificate 2 in .* is damaged$/],
      [
        'a key that is a certificate',
        [{ cert: one.cert, key: one.cert }],
        'tls.key',
        /holds no PEM private key$/,
      ],
      [
        'an encrypted key',
        [{ cert: one.cert, key: one.encryptedKey }],
        'tls.key',
        /is encrypted with a passphrase/,
      ],
      [
        'a file too large',
        [{ ca: '\n'.repeat(4 * 1024 * 1024 + 1) }],
        'tls.ca',
        /is larger than 4194304 bytes$/,
      ],
    ];
  for (const [why, args, path, message] of cases) {
    it(`are wrong with ${why}`, () => {
      const { errors, outOfDate } = check(...args);
      assertOne(errors, path, message);
      assert.deepEqual(outOfDate, []);
    });
  }

  for (const [why, now, message] of [
    ['has expired', END + 1000, /expired at 2027-01-01T00:00:00.000Z$/],
    ['is not valid yet', START - 1000, /not valid before 2026-01-01/],
  ] as const) {
    it(`are out of date, which is told apart from wrong, where the certificate ${why}`, () => {
      const { errors, outOfDate } = check({ cert: one.cert, key: one.key }, now);
      assertOne(outOfDate, 'tls.cert', message);
      assert.deepEqual(errors, []);
    });
  }

  it('are reported all at once, and nothing of a key is shown', () => {
    const broken = one.key.replace('PRIVATE KEY', 'PRIVATE KE');
    const { errors } = check({ cert: 'x', key: broken, ca: undefined });
    assert.deepEqual(errors.map(({ path }) => path).toSorted(), ['tls.ca', 'tls.cert', 'tls.key']);
    const shown = JSON.stringify(errors);
    for (const line of one.key.split('\n').slice(1, -2)) assert.ok(!shown.includes(line));
  });
});
