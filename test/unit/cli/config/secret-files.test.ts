import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { warnAboutSecrets } from '../../../../src/cli/config/secret-files.ts';
import { configOf, folder } from './support.ts';

it('a secret that every user of the host can read is warned of, and what is not there is no warning', async () => {
  const names = ['database', 'bounces', 'srs'];
  for (const name of names) writeFileSync(join(folder, name), 'a secret of enough octets\n');
  const config = configOf(`
[account_database]
url = "postgresql://waxwing@localhost/mail"
query = "SELECT password_hash FROM users WHERE name = $1"
password_file = "database"
[bounces]
addresses = ["a@b.test"]
secret_file = "bounces"
[forwarding]
srs_domain = "b.test"
srs_secret_file = "srs"
[[domain]]
name = "b.test"
backend = "lmtp://127.0.0.1:24"
`);
  const modes = async (mode: number): Promise<readonly string[]> => {
    for (const name of names) chmodSync(join(folder, name), mode);
    return await warnAboutSecrets(config);
  };
  assert.deepEqual(
    (await modes(0o644)).map((text) => text.replace(`${folder}/`, '')),
    [
      'account_database.password_file: database has mode 0644: every user of this host can ask the database; 0600 is right',
      'bounces.secret_file: bounces has mode 0644: every user of this host can have recipients suppressed with it; 0600 is right',
      'forwarding.srs_secret_file: srs has mode 0644: every user of this host can send mail back by way of us with it; 0600 is right',
    ],
  );
  assert.deepEqual(await modes(0o640), []);
  const elsewhere = { ...config.bounces, secretFile: join(folder, 'none') };
  assert.deepEqual(await warnAboutSecrets({ ...config, bounces: elsewhere }), []);
  assert.deepEqual(await warnAboutSecrets(configOf('')), []);
});
