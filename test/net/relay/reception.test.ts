/** Who is let in and what he may do: logins, the roles of listeners, rates. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createTransport } from 'nodemailer';
import { clientFinal, clientFirst, isServerProved } from '../../../src/protocols/sasl/scram.ts';
import { createAuthority } from '../../support/certificates.ts';
import { startHostileServer } from '../../support/hostile-server.ts';
import { greetedClient, type RawClient, rawClient } from '../../support/raw-client.ts';
import {
  account,
  eventually,
  startTestRelay,
  type TestRelay,
  type TestRelayOptions,
  transaction,
} from '../../support/relay.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });
const accounts = [await account('anna', 'sesame', 'argon2id'), await account('bert', 'abracadabra', 'scram')];

function submission(t: TestContext, options: Partial<TestRelayOptions> = {}): Promise<TestRelay> {
  // Nothing listens there: what is taken in stays.
  const routes = [{ domain: 'far.test', to: { host: 'mx.test', port: 9 } }];
  return startTestRelay(t, { keyPair, accounts, routes, listeners: [{ networks: [] }], ...options });
}

/** Inside TLS, behind EHLO. */
async function secured(port: number): Promise<RawClient> {
  const client = await greetedClient(port);
  await client.expect('STARTTLS', '220');
  await client.secure();
  await client.expect('EHLO client.test', '250');
  return client;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const plain = (user: string, password: string): string => base64(`\0${user}\0${password}`);

type Login = (client: RawClient, user: string, password: string) => Promise<string>;

const viaPlain: Login = async (client, user, password) => {
  client.write(`AUTH PLAIN ${plain(user, password)}\r\n`);
  return client.reply();
};

const viaLogin: Login = async (client, user, password) => {
  await client.expect('AUTH LOGIN', '334 VXNlcm5hbWU6');
  await client.expect(base64(user), '334 UGFzc3dvcmQ6');
  client.write(`${base64(password)}\r\n`);
  return client.reply();
};

const viaScram: Login = async (client, user, password) => {
  const first = clientFirst(user, 'fyko+d2lbbFgONRv9qkxdawL');
  const challenge = await client.expect(
    `AUTH SCRAM-SHA-256 ${base64(first.kind === 'ok' ? first.value : assert.fail(first.because))}`,
    '334',
  );
  const serverFirst = Buffer.from(challenge.slice(4), 'base64').toString();
  const final = clientFinal({ user, password }, 'fyko+d2lbbFgONRv9qkxdawL', serverFirst);
  assert.ok(final.kind === 'ok', serverFirst);
  client.write(`${base64(final.value.message)}\r\n`);
  const proof = await client.reply();
  if (!proof.startsWith('334')) return proof;
  assert.ok(isServerProved(final.value, Buffer.from(proof.slice(4), 'base64').toString()));
  client.write('\r\n');
  return client.reply();
};

describe('a login', () => {
  const good: readonly [how: string, login: Login, user: string, password: string][] = [
    ['PLAIN', viaPlain, 'anna', 'sesame'],
    ['LOGIN', viaLogin, 'anna', 'sesame'],
    ['PLAIN, against a SCRAM verifier', viaPlain, 'bert', 'abracadabra'],
    ['SCRAM-SHA-256', viaScram, 'bert', 'abracadabra'],
  ];
  for (const [how, login, user, password] of good) {
    it(`by ${how} opens the relay, and is on record`, async (t) => {
      const relay = await submission(t);
      const client = await secured(relay.port);
      assert.match(await login(client, user, password), /^235 2\.7\.0 /);
      await transaction(client, { to: ['eve@far.test'] });
      client.close();
      const { id, tls } = await relay.until('received', ({ event }) => event === 'received');
      assert.match(
        tls?.because ?? '',
        new RegExp(`^taken over TLS from 127\\.0\\.0\\.1, logged in as ${user}$`),
      );
      const body = await relay.store.body(id);
      assert.ok(body?.kind === 'bytes');
      assert.match(
        Buffer.from(body.bytes).toString(),
        /^Received: from client\.test .* with ESMTPSA\s+id\s/s,
      );
    });
  }

  const bad: readonly [how: string, login: Login, user: string, password: string][] = [
    ['PLAIN with a wrong password', viaPlain, 'anna', 'Sesame'],
    ['PLAIN by an unknown user', viaPlain, 'eve', 'sesame'],
    ['LOGIN with a wrong password', viaLogin, 'anna', 'open'],
    ['SCRAM with a wrong password', viaScram, 'bert', 'open'],
    ['SCRAM by an unknown user', viaScram, 'eve', 'open'],
    ['SCRAM by a user without a verifier', viaScram, 'anna', 'sesame'],
  ];
  for (const [how, login, user, password] of bad) {
    it(`by ${how} opens nothing, and does not say what was wrong`, async (t) => {
      const relay = await submission(t);
      const client = await secured(relay.port);
      assert.equal(await login(client, user, password), '535 5.7.8 authentication credentials invalid\r\n');
      await client.expect('MAIL FROM:<eve@origin.test>', '530 5.7.0');
      client.close();
      const told = JSON.stringify([relay.oddities, relay.events, relay.exposed]);
      assert.ok(!told.includes(password), told);
    });
  }

  it('is wanted of whoever comes from elsewhere', async (t) => {
    const relay = await submission(t);
    const client = await secured(relay.port);
    await client.expect('MAIL FROM:<anna@origin.test>', '530 5.7.0');
    client.close();
  });

  it('is not wanted of whoever comes from a trusted network', async (t) => {
    const relay = await submission(t, { listeners: [{}] });
    await relay.send({ to: ['eve@far.test'] });
  });

  it('is wanted of a client that a trusted proxy does not name, whatever network the proxy is in', async (t) => {
    const loopback = [{ family: 'ipv4', address: '127.0.0.0', prefix: 8 }] as const;
    const relay = await submission(t, { listeners: [{ networks: loopback, proxies: loopback }] });
    for (const [header, answer] of [
      ['PROXY UNKNOWN', '530 5.7.0'],
      ['PROXY TCP4 192.0.2.1 192.0.2.2 4000 25', '530 5.7.0'],
      ['PROXY TCP4 127.0.0.9 127.0.0.1 4000 25', '250 2.1.0'],
    ] as const) {
      const client = await rawClient(relay.port);
      client.write(`${header}\r\n`);
      await client.reply();
      await client.expect('EHLO client.test', '250');
      await client.expect('MAIL FROM:<anna@origin.test>', answer);
      client.close();
    }
  });

  it('is forgotten at STARTTLS', async (t) => {
    const relay = await submission(t);
    const client = await secured(relay.port);
    await viaPlain(client, 'anna', 'sesame');
    await client.expect('STARTTLS', '503');
    await client.expect('MAIL FROM:<anna@origin.test>', '250');
    client.close();
  });

  it('in clear is refused and announced, with the user and without the password', async (t) => {
    const relay = await submission(t);
    const client = await greetedClient(relay.port);
    client.write(`AUTH PLAIN ${plain('anna', 'sesame')}\r\n`);
    assert.match(await client.reply(), /^538 5\.7\.11 /);
    await client.expect('MAIL FROM:<anna@origin.test>', '530');
    client.close();
    const [event, ...others] = relay.exposed;
    assert.deepEqual(others, []);
    assert.deepEqual(
      [event?.event, event?.user, event?.address],
      ['credential-exposed', 'anna', '127.0.0.1'],
    );
    assert.doesNotMatch(JSON.stringify([relay.exposed, relay.oddities]), /sesame|AGFubmEAc2VzYW1l/);
  });

  it('fails too often: the client is sent away, and stays away for a while', async (t) => {
    const relay = await submission(t, { limits: { loginFailures: 2 } });
    const client = await secured(relay.port);
    await viaPlain(client, 'anna', 'wrong');
    await viaPlain(client, 'anna', 'wrong');
    assert.match(await viaPlain(client, 'anna', 'sesame'), /^421 4\.7\.0 /);
    await client.rest();
    await assert.rejects(greetedClient(relay.port));
    client.close();
    const told = relay.oddities.map((line) => line.replace(/"listener":"[^"]*"|"until":"[^"]*"/g, '…'));
    const failed =
      'a login failed: the password is wrong {"client":"127.0.0.1",…,"user":"anna","mechanism":"PLAIN"}';
    assert.deepEqual(told, [
      failed,
      failed,
      'too many logins failed: nobody may log in from this address for a while {"client":"127.0.0.1",…,…}',
    ]);
  });
});

describe('nodemailer', () => {
  for (const method of ['PLAIN', 'LOGIN']) {
    it(`logs in by ${method} and hands in`, async (t) => {
      const relay = await submission(t);
      const transport = createTransport({
        host: '127.0.0.1',
        port: relay.port,
        requireTLS: true,
        tls: { ca: authority.certPem, servername: 'relay.test' },
        authMethod: method,
        auth: { user: 'anna', pass: 'sesame' },
      });
      const { response } = await transport.sendMail({
        from: 'anna@origin.test',
        to: 'eve@far.test',
        subject: 'hello',
        text: 'hello',
      });
      transport.close();
      assert.match(response, /^250 2\.0\.0 kept as /);
    });
  }
});

describe('a listener of role mx', () => {
  async function mx(t: TestContext, options: Partial<TestRelayOptions> = {}) {
    const backend = await startHostileServer(keyPair);
    t.after(() => backend.close());
    const relay = await startTestRelay(t, {
      keyPair,
      accounts,
      trust: [authority.certPem],
      domains: [{ name: 'ours.test', backend: { port: backend.port }, recipients: ['anna'] }],
      listeners: [{ role: 'mx', networks: [] }],
      ...options,
    });
    return { relay, backend };
  }

  it('takes mail for whom it knows and for postmaster, and delivers it to the backend', async (t) => {
    const { relay, backend } = await mx(t);
    const client = await greetedClient(relay.port);
    const to = ['anna@ours.test', 'ANNA@OURS.TEST', 'postmaster', 'PostMaster@ours.test'];
    await transaction(client, { from: '', to });
    client.close();
    await eventually('the delivery', () => (backend.messages.length > 0 ? true : undefined));
    const [message] = backend.messages;
    assert.deepEqual(message?.recipients.toSorted(), [
      'ANNA@ours.test',
      'PostMaster@ours.test',
      'anna@ours.test',
      'postmaster@ours.test',
    ]);
    // Mail that passes is not completed.
    assert.doesNotMatch(message.content.toString(), /^(?:Date|Message-ID):/m);
  });

  it('refuses in the session whom it does not know, and other domains, one by one', async (t) => {
    const { relay } = await mx(t);
    const client = await greetedClient(relay.port);
    await client.expect('MAIL FROM:<eve@origin.test>', '250');
    await client.expect('RCPT TO:<bert@ours.test>', '550 5.1.1');
    await client.expect('RCPT TO:<anna+tag@ours.test>', '550 5.1.1');
    await client.expect('RCPT TO:<anna@other.test>', '550 5.7.1');
    await client.expect('RCPT TO:<anna@ours.test>', '250');
    client.close();
  });

  it('lets a trusted network relay', async (t) => {
    const { relay } = await mx(t, { listeners: [{ role: 'mx' }] });
    await relay.send({ to: ['eve@far.test'] });
    await assert.rejects(relay.send({ to: ['bert@ours.test'] }), /550 5\.1\.1/);
  });

  it('has no logins, in TLS neither', async (t) => {
    const { relay } = await mx(t);
    const client = await secured(relay.port);
    assert.doesNotMatch(await client.expect('EHLO client.test', '250'), /AUTH/);
    assert.match(await viaPlain(client, 'anna', 'sesame'), /^502 /);
    client.close();
  });
});

describe('rates', () => {
  it('of messages and recipients answer 450, and a minute later the client may go on', async (t) => {
    const limits = { messagesPerMinute: 2, recipientsPerMinute: 2 };
    const relay = await submission(t, { limits });
    const client = await secured(relay.port);
    await viaPlain(client, 'anna', 'sesame');
    await client.expect('MAIL FROM:<anna@origin.test>', '250');
    await client.expect('RCPT TO:<one@far.test>', '250');
    await client.expect('RCPT TO:<two@far.test>', '250');
    await client.expect('RCPT TO:<three@far.test>', '450 4.7.1');
    await client.expect('RSET', '250');
    await client.expect('MAIL FROM:<anna@origin.test>', '250');
    await client.expect('RSET', '250');
    await client.expect('MAIL FROM:<anna@origin.test>', '450 4.7.1');
    relay.later(61_000);
    await client.expect('MAIL FROM:<anna@origin.test>', '250');
    await client.expect('RCPT TO:<three@far.test>', '250');
    client.close();
  });

  it('end a connection after its last message', async (t) => {
    const relay = await startTestRelay(t, { keyPair, settings: { maxMessagesPerSession: 2 } });
    const client = await greetedClient(relay.port);
    await transaction(client, { to: ['eve@far.test'] });
    await transaction(client, { to: ['eve@far.test'] });
    await client.expect('MAIL FROM:<anna@origin.test>', '421 4.7.0');
    await client.rest();
    client.close();
  });
});
