import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { keys } from '../../../../src/cli/config/keys.ts';
import { loadConfig } from '../../../../src/cli/config/load.ts';
import { configTemplate } from '../../../../src/cli/config/template.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-template-'));
after(() => rmSync(folder, { recursive: true }));

function load(text: string) {
  const file = join(folder, 'waxwing.toml');
  writeFileSync(file, text);
  const loaded = loadConfig({ file, env: {}, flags: {} });
  assert.equal(loaded.kind, 'ok', JSON.stringify(loaded));
  return loaded;
}

/** What the examples of accounts and of senders ask of listeners; the file itself has the default ones. */
const LISTENERS = ['submission', 'mx']
  .map(
    (role, index) =>
      `[[listener]]\nrole = "${role}"\naddress = "127.0.0.1:${2600 + index}"\nclient_certificates = "ask"\n`,
  )
  .join('');

describe('the commented file', () => {
  it('changes nothing as it is', () => {
    assert.ok(load(configTemplate()).effective.every(({ origin }) => origin === 'default'));
  });

  it('sets every key, and each to its default, once the comments are taken away', () => {
    const plain = load(configTemplate().replaceAll(/^#(?=[a-z[])/gm, '') + LISTENERS);
    for (const { path, default: fallback, items } of keys) {
      const set = plain.effective.filter((value) => value.path === path || value.path.startsWith(`${path}[`));
      assert.ok(
        set.some(({ origin }) => origin !== 'default'),
        `${path} is not in the file`,
      );
      if (items === undefined && fallback !== undefined) assert.deepEqual(set[0]?.value, fallback);
    }
  });

  it('has a word about every key of the lists of tables', () => {
    for (const item of keys.flatMap(({ items }) => items ?? [])) {
      assert.match(configTemplate(), new RegExp(`^# +${item.path}: `, 'm'));
    }
  });

  it('has no line of more than 110 columns', () => {
    assert.deepEqual(
      configTemplate()
        .split('\n')
        .filter((line) => line.length > 110),
      [],
    );
  });
});
