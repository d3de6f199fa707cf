/** Listeners: addresses that cannot be had. What they do with connections is in test/net/server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { it } from 'node:test';
import { freePort } from '../../peers/support/ports.ts';
import { createAuthority } from '../../support/certificates.ts';
import { startTestRelay } from '../../support/relay.ts';
import { listening, portOf } from './peer.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });

it('an address in use is an error, and what was bound before is given back', async (t) => {
  const taken = portOf(await listening(t));
  const first = await freePort('127.0.0.1');
  await assert.rejects(
    startTestRelay(t, { keyPair, listeners: [{ port: first }, { port: taken }] }),
    /EADDRINUSE/,
  );
  const again = createServer().listen(first, '127.0.0.1');
  await once(again, 'listening');
  again.close();
});

it('port 0 is the choice of the system, and is told', async (t) => {
  const relay = await startTestRelay(t, { keyPair, listeners: [{}, { tls: 'implicit' }] });
  const ports = relay.relay.listeners.map(({ port }) => port);
  assert.equal(new Set(ports).size, 2);
  assert.ok(ports.every((port) => port > 0));
});
