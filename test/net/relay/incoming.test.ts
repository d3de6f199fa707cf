/** What is counted of sessions with clients. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IncomingNote } from '../../../src/relay/incoming-watch.ts';
import { createAuthority } from '../../support/certificates.ts';
import { greetedClient, rawClient } from '../../support/raw-client.ts';
import { startTestRelay } from '../../support/relay.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });

describe('sessions of clients', () => {
  it('count once they have ended, by TLS, and so does whatever was refused and whoever was sent away', async (t) => {
    const notes: IncomingNote[] = [];
    const relay = await startTestRelay(t, {
      keyPair,
      listeners: [{ networks: [], role: 'mx' }],
      limits: { sessionsPerAddress: 1 },
      onIncoming: (note) => notes.push(note),
    });
    const seen = async (count: number): Promise<readonly unknown[]> => {
      for (let tries = 0; notes.length < count && tries < 200; tries++) await sleep(10);
      return notes.splice(0).map(({ listener: { role }, ...note }) => ({ role, ...note }));
    };
    const inside = await greetedClient(relay.port);
    const second = await rawClient(relay.port);
    assert.match(await second.reply(), /^421 4\.7\.0 /);
    await inside.expect('STARTTLS', '220');
    await inside.secure();
    await inside.expect('EHLO client.test', '250');
    await inside.expect('MAIL FROM:<a@far.test>', '250');
    await inside.expect('RCPT TO:<b@other.test>', '550');
    assert.deepEqual(await seen(2), [
      { role: 'mx', kind: 'turned-away', reason: 'client-sessions' },
      { role: 'mx', kind: 'refused', status: '5.7.1' },
    ]);
    await inside.expect('QUIT', '221');
    inside.close();
    assert.deepEqual(await seen(1), [{ role: 'mx', kind: 'session', tls: 'TLSv1.3' }]);
    const clear = await greetedClient(relay.port);
    clear.close();
    assert.deepEqual(await seen(1), [{ role: 'mx', kind: 'session', tls: null }]);
  });
});
