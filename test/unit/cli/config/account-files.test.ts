import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readAccountsFile } from '../../../../src/cli/config/account-files.ts';
import type { AccountsConfig } from '../../../../src/cli/config/config.ts';
import { isPassword } from '../../../../src/relay/password.ts';
import { noQuota } from '../../../../src/relay/quotas.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-accounts-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'accounts');
const usual: AccountsConfig = { file, ownAddressOnly: false, quota: noQuota };

async function read(
  content: string | Buffer,
  parts: Partial<AccountsConfig> = {},
  known: readonly string[] = [],
) {
  writeFileSync(file, content);
  return readAccountsFile({ ...usual, ...parts }, new Set(known));
}

async function users(content: string): Promise<string> {
  const accounts = await read(content);
  return accounts.kind === 'ok'
    ? accounts.value.map(({ user, secret }) => `${user}:${secret?.kind}`).join(' ')
    : accounts.because;
}

const scram =
  'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=';
const argon2 = '$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA';

describe('a file of accounts', () => {
  it('has one a line, in every form of hash', async () =>
    assert.equal(
      await users(`# ours\nanna:${argon2}\n\nbert:${scram}\r\nc@example.test:{ARGON2ID}${argon2}\n`),
      'anna:argon2 bert:scram c@example.test:argon2',
    ));

  it("has Dovecot's other fields, which are Dovecot's", async () =>
    assert.equal(
      await users(`anna:{argon2id}${argon2}:1000:1000::/home/anna::userdb_mail=x:y\n`),
      'anna:argon2',
    ));

  // The verifier of RFC 7677 §3 in the order of Dovecot's scheme: iterations, salt, StoredKey, ServerKey.
  it("has Dovecot's SCRAM verifiers", async () => {
    const dovecot = scram.slice('SCRAM-SHA-256$'.length).replace(/[:$]/g, ',');
    const accounts = await read(`user:{SCRAM-SHA-256}${dovecot}:::\n`);
    const [first] = accounts.kind === 'ok' ? accounts.value : [];
    assert.ok(first?.secret !== null && first?.secret !== undefined);
    assert.equal(await isPassword('pencil', first.secret), true);
    assert.equal(await isPassword('pencils', first.secret), false);
  });

  const wrong: readonly [why: string, content: string | Buffer, message: RegExp][] = [
    ['a password in clear', 'anna:gehe1m\n', /accounts:1: the hash of "anna": it is no PHC string/],
    ['a password in clear that says so', 'anna:{PLAIN}gehe1m\n', /accounts:1: .*its scheme "PLAIN" is not/],
    ['a hash of bcrypt', '# x\nanna:{BLF-CRYPT}$2y$x\n', /accounts:2: .*its scheme "BLF-CRYPT" is not/],
    ['a hash of crypt that is cut', '# x\nanna:{SHA512-CRYPT}$6$x$y\n', /accounts:2: .*of CRYPT only/],
    ['no colon', `anna\nbert:${argon2}\n`, /accounts:1: there is no colon/],
    ['no user', `:${argon2}\n`, /accounts:1: "" is not a user/],
    ['the same user again', `anna:${argon2}\nanna:${argon2}\n`, /accounts:2: there is such a user already/],
    ['three parts of SCRAM', 'anna:{SCRAM-SHA-256}4096,a,b\n', /four parts/],
    ['nobody', '# nobody yet\n', /holds no account$/],
    ['octets that are no text', Buffer.from([0x61, 0xff]), /is not UTF-8/],
  ];
  for (const [why, content, message] of wrong) {
    it(`not ${why}`, async () => {
      const accounts = await read(content);
      assert.match(accounts.kind === 'invalid' ? accounts.because : 'was read', message);
      assert.doesNotMatch(accounts.kind === 'invalid' ? accounts.because : '', /gehe1m/);
    });
  }

  it('not a user who stands in the configuration, too', async () => {
    const accounts = await read(`anna:${argon2}\n`, {}, ['anna']);
    assert.match(accounts.kind === 'invalid' ? accounts.because : '', /there is such a user already/);
  });

  it('gives each the quota that is said for all', async () => {
    const quota = { ...noQuota, messagesPerDay: 5 };
    const accounts = await read(`anna:${argon2}\n`, { quota });
    assert.deepEqual(accounts.kind === 'ok' ? accounts.value[0]?.rights.quota : undefined, quota);
  });

  it('lets each write as itself only, where that is said', async () => {
    const accounts = await read(`anna@example.test:${argon2}\n`, { ownAddressOnly: true });
    const senders = accounts.kind === 'ok' ? accounts.value[0]?.rights.sender.senders : undefined;
    assert.equal(senders?.length, 1);
    assert.equal(senders[0]?.kind === 'mailbox' ? senders[0].mailbox.text : '', 'anna@example.test');
    const nobody = await read(`anna:${argon2}\n`, { ownAddressOnly: true });
    assert.match(nobody.kind === 'invalid' ? nobody.because : '', /a user has to be an address/);
  });
});
