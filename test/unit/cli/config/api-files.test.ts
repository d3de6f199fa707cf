import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readFiles } from '../../../../src/cli/config/files.ts';
import { loadConfig } from '../../../../src/cli/config/load.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-api-'));
after(() => rmSync(folder, { recursive: true }));

function read(hash: string | undefined, more = '') {
  const file = join(folder, 'waxwing.toml');
  const key = '[[api_key]]\nname = "shop"\nkey_hash_file = "shop.hash"\n';
  writeFileSync(file, `[api]\nlisten = ["127.0.0.1:8025"]\n${key}${more}`);
  rmSync(join(folder, 'shop.hash'), { force: true });
  if (hash !== undefined) writeFileSync(join(folder, 'shop.hash'), hash);
  const loaded = loadConfig({ file, env: {}, flags: {} });
  assert.ok(loaded.kind === 'ok', JSON.stringify(loaded));
  return readFiles(loaded.config, loaded.effective, Date.now());
}

describe('two API keys', () => {
  it('have two hashes, wherever they stand: which of them a client uses could not be told', async () => {
    const keys = ['0a', '0b', '0a'].map(
      (octet, index) => `[[api_key]]\nname = "n${index}"\nkey_hash = "sha256:${octet.repeat(32)}"\n`,
    );
    const { errors } = await read(`sha256:${'0a'.repeat(32)}\n`, keys.join(''));
    assert.deepEqual(
      errors.map(({ path, message }) => `${path}: ${message}`),
      [
        'api_key[1].key_hash: the hash of "n0": it is that of "shop", too',
        'api_key[3].key_hash: the hash of "n2": it is that of "shop", too',
      ],
    );
  });
});

describe('the file with the hash of an API key', () => {
  it('holds it alone', async () => {
    const { files, errors } = await read(`sha256:${'0a'.repeat(32)}\n`);
    assert.deepEqual(errors, []);
    assert.deepEqual(files?.apiKeys[0]?.hash, new Uint8Array(32).fill(10));
  });

  for (const [why, content, message] of [
    ['it is not there', undefined, /shop\.hash: .*ENOENT|shop\.hash: .*no such file/i],
    ['something else stands in it', 'waxwing_secret\n', /shop\.hash: is not the hash of an API key/],
  ] as const)
    it(`is an error where ${why}`, async () => {
      const { errors } = await read(content);
      assert.equal(errors[0]?.path, 'api_key[0].key_hash_file');
      assert.match(errors[0].message, message);
      assert.ok(!errors[0].message.includes('secret'));
    });
});
