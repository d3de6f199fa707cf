/** Logins on a listener for submission: only inside TLS, and what is given away in clear is put on record. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { clientFinal, clientFirst, isServerProved } from '../../../src/protocols/sasl/scram.ts';
import { createAuthority } from '../../support/certificates.ts';
import { greetedClient, type RawClient } from '../../support/raw-client.ts';
import { account, startTestRelay, type TestRelay, transaction } from '../../support/relay.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });
const accounts = [
  await account('anna', 'a secret', 'argon2id'),
  await account('bernd', 'another secret', 'scram'),
];

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const plain = (user: string, password: string): string => base64(`\0${user}\0${password}`);

function submission(t: TestContext): Promise<TestRelay> {
  return startTestRelay(t, { keyPair, accounts, listeners: [{ networks: [] }] });
}

/** A client inside TLS that has said EHLO, and what it was offered. */
async function inTls({ port }: TestRelay): Promise<{ readonly client: RawClient; readonly offers: string }> {
  const client = await greetedClient(port);
  await client.expect('STARTTLS', '220');
  await client.secure();
  return { client, offers: await client.expect('EHLO client.test', '250') };
}

describe('AUTH', () => {
  it('RFC 4954 §4: is offered inside TLS, and in clear it is not', async (t) => {
    const relay = await submission(t);
    const clear = await greetedClient(relay.port);
    assert.doesNotMatch(await clear.expect('EHLO client.test', '250'), /AUTH/);
    clear.close();
    const { client, offers } = await inTls(relay);
    assert.match(offers, /^250[ -]AUTH [^\r]*\bPLAIN\b/m);
    client.close();
  });

  it('without a login there is no mail; with one there is, and a second one is refused', async (t) => {
    const relay = await submission(t);
    const { client } = await inTls(relay);
    await client.expect('MAIL FROM:<anna@origin.test>', '530 5.7.0');
    await client.expect(`AUTH PLAIN ${plain('anna', 'wrong')}`, '535 5.7.8');
    await client.expect(`AUTH PLAIN ${plain('nobody', 'a secret')}`, '535 5.7.8');
    await client.expect(`AUTH PLAIN ${plain('anna', 'a secret')}`, '235 2.7.0');
    await client.expect(`AUTH PLAIN ${plain('anna', 'a secret')}`, '503 5.5.1');
    await transaction(client, { from: 'anna@origin.test', to: ['b@far.test'] });
    client.close();
    assert.deepEqual(relay.exposed, []);
  });

  it('LOGIN, and PLAIN on a challenge; what is pipelined behind the last answer waits for it', async (t) => {
    const relay = await submission(t);
    const { client } = await inTls(relay);
    await client.expect('AUTH PLAIN', '334 ');
    await client.expect('*', '501 5.7.0');
    await client.expect('AUTH LOGIN', '334 VXNlcm5hbWU6');
    await client.expect(base64('anna'), '334 UGFzc3dvcmQ6');
    client.write(`${base64('a secret')}\r\nMAIL FROM:<anna@origin.test>\r\nQUIT\r\n`);
    const codes = (await client.rest()).split('\r\n').map((line) => line.slice(0, 3));
    assert.deepEqual(codes, ['235', '250', '221', '']);
  });

  it('SCRAM-SHA-256: both sides prove that they know the password', async (t) => {
    const relay = await submission(t);
    const { client } = await inTls(relay);
    const login = { user: 'bernd', password: 'another secret' };
    const first = clientFirst(login.user, 'client-nonce');
    assert.ok(first.kind === 'ok');
    const said = async (line: string, code: string): Promise<string> =>
      Buffer.from((await client.expect(line, code)).slice(4), 'base64').toString();
    const serverFirst = await said(`AUTH SCRAM-SHA-256 ${base64(first.value)}`, '334 ');
    const final = clientFinal(login, 'client-nonce', serverFirst);
    assert.ok(final.kind === 'ok');
    assert.ok(isServerProved(final.value, await said(base64(final.value.message), '334 ')));
    await client.expect('', '235 2.7.0');
    await transaction(client, { to: ['b@far.test'] });
    client.close();
  });

  it('SCRAM-SHA-256 with a wrong password, and for a user that is stored otherwise: 535', async (t) => {
    const relay = await submission(t);
    const { client } = await inTls(relay);
    for (const user of ['bernd', 'anna', 'nobody']) {
      const login = { user, password: 'wrong' };
      const first = `n,,n=${user},r=client-nonce`;
      const challenge = await client.expect(`AUTH SCRAM-SHA-256 ${base64(first)}`, '334 ');
      const serverFirst = Buffer.from(challenge.slice(4), 'base64').toString();
      const final = clientFinal(login, 'client-nonce', serverFirst);
      assert.ok(final.kind === 'ok', user);
      await client.expect(base64(final.value.message), '535 5.7.8');
    }
    client.close();
  });
});

describe('a login in clear', () => {
  for (const [how, requireTls, code] of [
    ['where TLS is optional', false, '538 5.7.11'],
    ['where TLS is required', true, '530 5.7.0'],
  ] as const) {
    it(`${how}: ${code}, and an event names the user and never the password`, async (t) => {
      const relay = await startTestRelay(t, { keyPair, accounts, listeners: [{ networks: [], requireTls }] });
      const client = await greetedClient(relay.port);
      await client.expect(`AUTH PLAIN ${plain('anna', 'a secret')}`, code);
      await client.expect('AUTH LOGIN', code);
      client.close();
      assert.deepEqual(
        relay.exposed.map(({ user, address }) => [user, address]),
        [
          ['anna', '127.0.0.1'],
          [null, '127.0.0.1'],
        ],
      );
      const record = JSON.stringify([relay.exposed, relay.oddities]);
      for (const secret of ['a secret', plain('anna', 'a secret')]) assert.ok(!record.includes(secret));
    });
  }

  it('RFC 3207 §4.2: what was tried in clear counts for nothing inside TLS', async (t) => {
    const relay = await submission(t);
    const client = await greetedClient(relay.port);
    await client.expect(`AUTH PLAIN ${plain('anna', 'a secret')}`, '538');
    await client.expect('STARTTLS', '220');
    await client.secure();
    await client.expect('EHLO client.test', '250');
    await client.expect('MAIL FROM:<anna@origin.test>', '530');
    client.close();
  });

  it('an AUTH that is injected behind STARTTLS does not run', async (t) => {
    const relay = await submission(t);
    const client = await greetedClient(relay.port);
    client.write(`STARTTLS\r\nAUTH PLAIN ${plain('anna', 'a secret')}\r\n`);
    await client.reply();
    await assert.rejects(client.secure());
    assert.deepEqual(relay.exposed, []);
    assert.ok(!JSON.stringify(relay.oddities).includes(plain('anna', 'a secret')));
    client.close();
  });
});
