/** A relay that is told something new while it runs. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { freePort } from '../../peers/support/ports.ts';
import { createAuthority } from '../../support/certificates.ts';
import { startHostileServer } from '../../support/hostile-server.ts';
import { greetedClient, rawClient } from '../../support/raw-client.ts';
import { account, eventually, startTestRelay, transaction } from '../../support/relay.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });

describe('a reload', () => {
  it('leaves a listener that did not move where it is, with its connections, and new clients meet the new rules', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const before = await greetedClient(relay.port);
    await before.expect('MAIL FROM:<anna@origin.test>', '250');
    await relay.reload({
      keyPair,
      listeners: [{ networks: [] }],
      accounts: [await account('anna', 'x', 'scram')],
    });
    assert.equal(relay.relay.listeners[0]?.port, relay.port);
    // The session goes on as it began.
    await before.expect('RCPT TO:<eve@far.test>', '250');
    const after = await greetedClient(relay.port);
    await after.expect('MAIL FROM:<anna@origin.test>', '530');
    before.close();
    after.close();
  });

  it('binds what is new and closes what is gone', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const port = await freePort('127.0.0.1');
    const staying = await greetedClient(relay.port);
    await staying.expect('MAIL FROM:<anna@origin.test>', '250');
    await relay.reload({ keyPair, listeners: [{ port }] });
    assert.deepEqual(
      relay.relay.listeners.map((listener) => listener.port),
      [port],
    );
    const client = await greetedClient(port);
    client.close();
    await assert.rejects(rawClient(relay.port));
    assert.match(await staying.reply(), /^421 4\.3\.2 /);
    staying.close();
  });

  it('rebinds the same address where the kind of TLS changed', async (t) => {
    const port = await freePort('127.0.0.1');
    const relay = await startTestRelay(t, { keyPair, listeners: [{ port }] });
    await relay.reload({ keyPair, listeners: [{ port, tls: 'implicit' }] });
    const client = await rawClient(port);
    await client.secure();
    assert.match(await client.reply(), /^220 /);
    client.close();
  });

  it('that cannot bind changes nothing', async (t) => {
    const other = createServer().listen(0, '127.0.0.1');
    t.after(() => other.close());
    await once(other, 'listening');
    const address = other.address();
    const taken = address !== null && typeof address === 'object' ? address.port : assert.fail();
    const relay = await startTestRelay(t, { keyPair });
    const free = await freePort('127.0.0.1');
    await assert.rejects(
      relay.reload({ keyPair, listeners: [{ networks: [] }, { port: free }, { port: taken }] }),
      { code: 'EADDRINUSE' },
    );
    await relay.send({ to: ['eve@far.test'] });
    await assert.rejects(rawClient(free));
  });

  it('takes back no port that is needed by nobody, even where a new one cannot be bound', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    await assert.rejects(relay.reload({ keyPair, listeners: [{ address: '192.0.2.1' }] }), {
      code: 'EADDRNOTAVAIL',
    });
    await relay.send({ to: ['eve@far.test'] });
  });

  it('sends what comes from now on to the new backend', async (t) => {
    const [old, fresh] = [await startHostileServer(keyPair), await startHostileServer(keyPair)];
    t.after(() => Promise.all([old.close(), fresh.close()]));
    const withBackend = ({ port }: { readonly port: number }) => ({
      keyPair,
      domains: [{ name: 'ours.test', backend: { port }, recipients: ['anna'] }],
    });
    const relay = await startTestRelay(t, withBackend(old));
    await relay.send({ to: ['anna@ours.test'] });
    await eventually('the first delivery', () => (old.messages.length === 1 ? true : undefined));
    await relay.reload(withBackend(fresh));
    const client = await greetedClient(relay.port);
    await transaction(client, { to: ['anna@ours.test'] });
    client.close();
    await eventually('the second delivery', () => (fresh.messages.length === 1 ? true : undefined));
    assert.equal(old.messages.length, 1);
  });
});
