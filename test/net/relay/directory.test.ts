/** A session of somebody whom only the database knows: what it may do, and what it is told while the database is gone. */
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { parseMailboxPattern } from '../../../src/cli/config/values.ts';
import { anyRights } from '../../../src/relay/accounts.ts';
import { hashPassword } from '../../../src/relay/password.ts';
import { noQuota } from '../../../src/relay/quotas.ts';
import { sqliteAccounts } from '../../../src/store/sqlite-accounts.ts';
import { createAuthority } from '../../support/certificates.ts';
import { greetedClient, type RawClient } from '../../support/raw-client.ts';
import { account, startTestRelay, type TestRelay } from '../../support/relay.ts';

const keyPair = await (await createAuthority()).issue({ names: ['relay.test'] });
const salt = (octets: number): Uint8Array => new Uint8Array(octets).fill(7);
const hash = await hashPassword('sesame', 'scram', salt);
const local = await account('local', 'abracadabra', 'scram');

/** Cleo may write as cleo@ours.test alone, in the header too, twice an hour. */
async function relayWith(t: TestContext): Promise<{ relay: TestRelay; path: string }> {
  const holder: { path: string } = { path: '' };
  const query =
    'SELECT password_hash, senders, check_header_from, messages_per_hour FROM users WHERE user = $1';
  const open = () => ({
    find: (user: string, signal: AbortSignal) =>
      sqliteAccounts({ path: holder.path, query }).find(user, signal),
    close: () => undefined,
  });
  const relay = await startTestRelay(t, {
    keyPair,
    accounts: [local],
    routes: [{ domain: 'far.test', to: { host: 'mx.test', port: 9 } }],
    listeners: [{ networks: [] }],
    settings: {
      directory: {
        open,
        scram: true,
        connections: 2,
        withinMs: 1_000,
        rememberMs: 0,
        rights: anyRights,
        ownAddressOnly: false,
        parseSender: parseMailboxPattern,
      },
    },
  });
  holder.path = join(relay.folder, 'users.db');
  const database = new DatabaseSync(holder.path);
  database.exec(
    'CREATE TABLE users (user TEXT, password_hash TEXT, senders TEXT, check_header_from INTEGER, messages_per_hour INTEGER)',
  );
  database.prepare('INSERT INTO users VALUES (?, ?, ?, 1, 2)').run('cleo', hash, 'cleo@ours.test');
  database.close();
  return { relay, path: holder.path };
}

async function login(relay: TestRelay, user: string, password: string): Promise<[RawClient, string]> {
  const client = await greetedClient(relay.port);
  await client.expect('STARTTLS', '220');
  await client.secure();
  await client.expect('EHLO client.test', '250');
  client.write(`AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}\r\n`);
  return [client, (await client.reply()).slice(0, 3)];
}

/** The code in which a message ends. */
async function send(client: RawClient, from: string, header: string): Promise<string> {
  client.write(`MAIL FROM:<${from}>\r\n`);
  const sender = await client.reply();
  if (!sender.startsWith('250')) return sender.slice(0, 9);
  await client.expect('RCPT TO:<u@far.test>', '250');
  await client.expect('DATA', '354');
  client.write(`${header}\r\n\r\ntext\r\n.\r\n`);
  return (await client.reply()).slice(0, 9);
}

describe('whom only the database knows', () => {
  it('logs in, may send as its row says, and no more than that', async (t) => {
    const { relay } = await relayWith(t);
    const [client, code] = await login(relay, 'cleo', 'sesame');
    assert.equal(code, '235');
    assert.equal(await send(client, 'eve@ours.test', 'From: <cleo@ours.test>'), '550 5.7.1');
    assert.equal(await send(client, 'cleo@ours.test', 'From: <eve@ours.test>'), '550 5.7.1');
    assert.equal(await send(client, 'cleo@ours.test', 'From: <cleo@ours.test>'), '250 2.0.0');
    assert.equal(await send(client, 'cleo@ours.test', 'From: <cleo@ours.test>'), '450 4.7.1');
    assert.deepEqual(
      relay.relay.quotas().map(({ subject, messages }) => [subject, messages]),
      [['account cleo', 2]],
    );
    assert.deepEqual(relay.relay.spenders(), [
      { subject: 'account cleo', quota: { ...noQuota, messagesPerHour: 2 } },
    ]);
    assert.equal((await login(relay, 'cleo', 'Sesame'))[1], '535');
  });

  it('is told to come later while the database is gone, which counts as no failure', async (t) => {
    const { relay, path } = await relayWith(t);
    const [client] = await login(relay, 'cleo', 'sesame');
    renameSync(path, `${path}.away`);
    assert.equal((await login(relay, 'cleo', 'sesame'))[1], '454');
    assert.equal((await login(relay, 'local', 'abracadabra'))[1], '235');
    assert.equal(
      await send(client, 'cleo@ours.test', 'From: <cleo@ours.test>'),
      '250 2.0.0',
      'who is in stays in',
    );
    renameSync(`${path}.away`, path);
    assert.equal((await login(relay, 'cleo', 'sesame'))[1], '235');
    assert.deepEqual(
      relay.oddities.filter((text) => text.includes('login')),
      [],
    );
    assert.match(
      relay.oddities.join(),
      /an account cannot be looked up: .*users\.db: unable to open database file/,
    );
  });
});
